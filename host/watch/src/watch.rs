//! The watch itself: one thread that looks when it is woken, when a state may have settled, and at every poll.
//! A thread rather than a task: looking blocks, and a hung network file system must not hold a worker.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::error::{Error, ErrorKind};
use crate::options::{Events, Options};
use crate::scan::{Target, scan};
use crate::settle::Settler;
use crate::snapshot::{Change, Entry};
use crate::source::{Health, Open, Source, open};

/// After a look the next one waits this part of the settle time, so that a burst of events costs few looks
/// while the time of the last change is still known well enough.
const LOOKS_PER_SETTLE: u32 = 8;
/// And at least this many times as long as the look took: looking uses at most a fifth of a core.
const REST_PER_LOOK: u32 = 4;

/// The settled state of a directory, a shallow tree or a file, followed as long as this value lives.
///
/// Dropping it ends its thread. The drop does not wait for that: a look that hangs in a dead
/// network file system holds nobody but itself.
pub struct Watch {
    path: PathBuf,
    changes: watch::Receiver<Option<Change>>,
    wake: SyncSender<()>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    health: Arc<Health>,
}

impl Watch {
    /// Follows the files directly in the directory `path`. It need not exist yet.
    ///
    /// # Errors
    /// When `path` cannot be made absolute or no thread can be started.
    pub fn directory(path: impl AsRef<Path>, options: Options) -> Result<Self, Error> {
        Self::tree(path, 0, options)
    }

    /// Follows the files of `path` and of `levels` levels of sub-directories.
    ///
    /// # Errors
    /// As [`Watch::directory`].
    pub fn tree(path: impl AsRef<Path>, levels: usize, options: Options) -> Result<Self, Error> {
        let root = absolute(path.as_ref())?;
        Self::start(Target::Tree { root, levels }, options, open)
    }

    /// Follows the single file `path`. It need not exist yet.
    /// Its state is [`Change::Files`] with one entry, [`Change::Missing`] or [`Change::Unreadable`].
    ///
    /// # Errors
    /// As [`Watch::directory`], and when `path` names no file in a directory (`/`).
    pub fn file(path: impl AsRef<Path>, options: Options) -> Result<Self, Error> {
        let path = absolute(path.as_ref())?;
        if path.file_name().is_none() {
            let message = format!("{}: names no file", path.display());
            return Err(Error::new(ErrorKind::Path, message));
        }
        Self::start(Target::File { path }, options, open)
    }

    /// The next settled state that was not returned yet; the first call gives the state found at the start.
    /// States that nobody asked for in time are left out: only the newest is kept.
    /// `None` when the watch has ended, which only a defect of this crate can cause.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Change> {
        self.changes.changed().await.ok()?;
        self.changes.borrow_and_update().clone()
    }

    /// The last settled state, returned by [`Watch::next`] or not. `None` before the first has settled.
    pub fn current(&self) -> Option<Change> {
        self.changes.borrow().clone()
    }

    /// The absolute path that is watched.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why changes are found by polling alone, if they are. Changes then take up to [`Options::poll`] longer.
    pub fn degraded(&self) -> Option<String> {
        self.shared.health.degraded()
    }

    fn start(target: Target, options: Options, open: Open) -> Result<Self, Error> {
        let (wake, wakes) = sync_channel(1);
        let (sender, changes) = watch::channel(None);
        let shared = Arc::new(Shared::default());
        let path = target.path().to_owned();
        let open = (options.events == Events::On).then_some(open);
        let health = Arc::clone(&shared.health);
        let worker = Worker {
            source: Source::new(target.home(), open, wake.clone(), health),
            settler: Settler::new(&options),
            target,
            options,
            wakes,
            changes: sender,
            shared: Arc::clone(&shared),
        };
        std::thread::Builder::new()
            .name("wubbo-watch".into())
            .spawn(move || worker.run())
            .map_err(|error| Error::io(ErrorKind::Thread, "no thread to watch it", &path, error))?;
        Ok(Self {
            path,
            changes,
            wake,
            shared,
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        // A full channel wakes the thread as well.
        let _ = self.wake.try_send(());
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Watch")
            .field("path", &self.path)
            .field("degraded", &self.degraded())
            .finish_non_exhaustive()
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path)
        .map_err(|error| Error::io(ErrorKind::Path, "is not a usable path", path, error))
}

struct Worker {
    target: Target,
    options: Options,
    source: Source,
    settler: Settler,
    wakes: Receiver<()>,
    changes: watch::Sender<Option<Change>>,
    shared: Arc<Shared>,
}

impl Worker {
    fn run(mut self) {
        while !self.shared.stop.load(Ordering::Acquire) {
            let started = Instant::now();
            let look_at = self.look();
            let rest = (self.options.settle / LOOKS_PER_SETTLE)
                .max(started.elapsed() * REST_PER_LOOK)
                .min(self.options.poll);
            std::thread::sleep(rest.min(until(look_at)));
            // A wake-up, the time to look, or (never, we hold a sender) no sender: each means to look.
            let _ = self.wakes.recv_timeout(until(look_at));
        }
    }

    /// Looks once, reports what has settled, and says when to look again at the latest.
    fn look(&mut self) -> Instant {
        let mut found = scan(&self.target, &self.options);
        if self.source.sync(&found.directories, Instant::now()) {
            found = scan(&self.target, &self.options);
        }
        let now = Instant::now();
        let source = &self.source;
        let deaf = source.is_deaf().then_some(self.options.settle_unclosed);
        let verdict = self
            .settler
            .observe(now, found.state, |entry| is_unclosed(entry, source, deaf));
        if let Some(change) = verdict.report {
            self.changes.send_replace(Some(change));
        }
        let poll_at = now + self.options.poll;
        verdict.look_at.map_or(poll_at, |at| at.min(poll_at))
    }
}

/// Whether a writer may still hold the file open. Without events nobody tells: then any file
/// that was written within `deaf` may be.
fn is_unclosed(entry: &Entry, source: &Source, deaf: Option<Duration>) -> bool {
    match deaf {
        Some(recently) => entry.modified().elapsed().is_ok_and(|age| age < recently),
        None => !entry.is_linked() && source.has_writer(entry.path()),
    }
}

fn until(at: Instant) -> Duration {
    at.saturating_duration_since(Instant::now())
}

#[cfg(test)]
mod tests;
