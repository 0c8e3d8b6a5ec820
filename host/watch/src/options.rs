//! The few numbers of a watch, each with its reason.

use std::path::Path;
use std::time::Duration;

/// Whether a watch may use the operating system's file events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Events {
    /// Use file events, and poll beside them.
    #[default]
    On,
    /// Poll only: for network file systems, whose events never come from another machine.
    Off,
}

/// How a [`crate::Watch`] settles, polls and filters.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// How long size, times and identity of a file must stay the same before it is reported.
    /// Default 20 ms: longer than the 4 ms tick of Linux file times, short beside a compilation.
    pub settle: Duration,
    /// The same for a file that somebody may still hold open for writing: its writer was seen and has not
    /// closed it, or there are no events that would tell. Default 500 ms: a stalled copy is not cut in two.
    pub settle_unclosed: Duration,
    /// How long a busy directory may hold back files that have settled. Default 250 ms.
    /// After it they are reported, and those still changing keep their last settled entry.
    pub settle_max: Duration,
    /// How often the state is read without any event. Default 2 s: events get lost, and some file systems have none.
    pub poll: Duration,
    /// Which files count, by their path relative to the watched one. Default: all.
    /// Dot files and `*.tmp` never count, whatever this says.
    pub accept: fn(&Path) -> bool,
    /// More files than this are an unreadable state. Default 10,000: bounds memory and the time of a scan.
    pub entries_max: usize,
    /// Whether file events are used. Default on.
    pub events: Events,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            settle: Duration::from_millis(20),
            settle_unclosed: Duration::from_millis(500),
            settle_max: Duration::from_millis(250),
            poll: Duration::from_secs(2),
            accept: |_| true,
            entries_max: 10_000,
            events: Events::On,
        }
    }
}

impl Options {
    /// The same options with another filter; see [`Options::accept`].
    #[must_use]
    pub fn accept(mut self, accept: fn(&Path) -> bool) -> Self {
        self.accept = accept;
        self
    }

    /// The same options with another poll interval; see [`Options::poll`].
    #[must_use]
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// The same options with another settle time; see [`Options::settle`].
    #[must_use]
    pub fn settle(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// The same options with another settle time for files that may have a writer; see [`Options::settle_unclosed`].
    #[must_use]
    pub fn settle_unclosed(mut self, settle_unclosed: Duration) -> Self {
        self.settle_unclosed = settle_unclosed;
        self
    }

    /// The same options with another patience; see [`Options::settle_max`].
    #[must_use]
    pub fn settle_max(mut self, settle_max: Duration) -> Self {
        self.settle_max = settle_max;
        self
    }

    /// The same options with another bound; see [`Options::entries_max`].
    #[must_use]
    pub fn entries_max(mut self, entries_max: usize) -> Self {
        self.entries_max = entries_max;
        self
    }

    /// The same options with events on or off; see [`Options::events`].
    #[must_use]
    pub fn events(mut self, events: Events) -> Self {
        self.events = events;
        self
    }
}
