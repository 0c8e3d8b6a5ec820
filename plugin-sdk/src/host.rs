//! What the host does for a policy besides the call: log, time, random bits, shared state, metrics.

use crate::error::{Error, Result};
use crate::native::{Clock, Expect, Level, LogTarget, MetricKind};
use crate::seam::HostRef;
use std::fmt;

/// The host, during one hook.
#[derive(Clone, Copy)]
pub struct Host<'a> {
    inner: HostRef<'a>,
}

impl fmt::Debug for Host<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Host")
    }
}

impl<'a> Host<'a> {
    pub(crate) const fn new(inner: HostRef<'a>) -> Self {
        Self { inner }
    }

    /// Writes a line to the host's log; a longer one is cut at 1 KiB.
    ///
    /// # Errors
    /// `Quota` if the line was dropped, which a policy may well ignore.
    pub fn log(self, level: Level, text: &str) -> Result<()> {
        self.inner
            .log(LogTarget::Host, level, text)
            .map_err(|kind| Error::host(kind, "log"))
    }

    /// Hands a line to the access log of the called service; time, place and newline are the host's (ABI.md 8.4).
    ///
    /// # Errors
    /// `Quota` if the line was dropped, `NotAllowed` outside a call.
    pub fn access_log(self, text: &str) -> Result<()> {
        self.inner
            .log(LogTarget::Access, Level::Info, text)
            .map_err(|kind| Error::host(kind, "access log"))
    }

    /// Unix time in milliseconds.
    ///
    /// # Errors
    /// `NotAllowed` where the hook may not read it.
    pub fn now_ms(self) -> Result<i64> {
        self.inner
            .clock(Clock::UnixMs)
            .map_err(|kind| Error::host(kind, "clock"))
    }

    /// Nanoseconds from an arbitrary start, never going back.
    ///
    /// # Errors
    /// `NotAllowed` where the hook may not read it.
    pub fn monotonic_ns(self) -> Result<i64> {
        self.inner
            .clock(Clock::MonotonicNs)
            .map_err(|kind| Error::host(kind, "clock"))
    }

    /// 64 random bits, not for secrets.
    ///
    /// # Errors
    /// `NotAllowed` where the hook may not have them.
    pub fn random(self) -> Result<u64> {
        self.inner
            .random()
            .map_err(|kind| Error::host(kind, "random"))
    }

    /// The state that all instances of the plugin share, on all threads, across swaps.
    #[must_use]
    pub const fn state(self) -> State<'a> {
        State { inner: self.inner }
    }
}

/// Shared state: exact across threads, kept by the host under the plugin and its state version.
#[derive(Clone, Copy)]
pub struct State<'a> {
    inner: HostRef<'a>,
}

impl fmt::Debug for State<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("State")
    }
}

impl State<'_> {
    /// The value under a key, `None` if there is none or it has expired.
    ///
    /// # Errors
    /// `TooLarge` for a key above 256 bytes.
    pub fn get(self, key: &str) -> Result<Option<Vec<u8>>> {
        absent_is_none(self.inner.state_get(key)).map_err(|kind| Error::host(kind, "state get"))
    }

    /// The number under a key.
    ///
    /// # Errors
    /// `WrongType` if the value is not a number, `TooLarge` for a key above 256 bytes.
    pub fn number(self, key: &str) -> Result<Option<i64>> {
        let value = self.get(key)?;
        let number = value
            .map(|bytes| <[u8; 8]>::try_from(bytes.as_slice()).map(i64::from_le_bytes))
            .transpose();
        number.map_err(|_| Error::host(crate::ErrorKind::WrongType, "state number"))
    }

    /// Adds to a number and answers the new one. An absent one starts at 0 and expires after `ttl_ms` (0: never):
    /// a fixed window of one minute is `add(key, 1, 60_000)`.
    ///
    /// # Errors
    /// `WrongType`, `Quota` (10,000 keys), `TooLarge`, `BadArgument` (negative `ttl_ms`).
    pub fn add(self, key: &str, delta: i64, ttl_ms: i64) -> Result<i64> {
        self.inner
            .state_add(key, delta, ttl_ms)
            .map_err(|kind| Error::host(kind, "state add"))
    }

    /// Sets a value if the present one is as expected (`new` `None`: removes it). False: it was another one.
    /// `ttl_ms`: -1 keeps the expiry, 0 never expires.
    ///
    /// # Errors
    /// `Quota`, `TooLarge` (value above 4 KiB), `BadArgument`.
    pub fn compare_and_set(
        self,
        key: &str,
        expected: Expect<'_>,
        new: Option<&[u8]>,
        ttl_ms: i64,
    ) -> Result<bool> {
        match self.inner.state_cas(key, expected, new, ttl_ms) {
            Ok(()) => Ok(true),
            Err(crate::ErrorKind::Conflict) => Ok(false),
            Err(kind) => Err(Error::host(kind, "state compare and set")),
        }
    }
}

/// Turns the code `Absent` into `None`.
pub(crate) fn absent_is_none<T>(
    answer: crate::native::HostResult<T>,
) -> crate::native::HostResult<Option<T>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(crate::ErrorKind::Absent) => Ok(None),
        Err(kind) => Err(kind),
    }
}

/// A metric of the plugin, made once in [`crate::Filter::setup`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    id: u32,
}

impl Metric {
    pub(crate) fn define(
        host: HostRef<'_>,
        kind: MetricKind,
        name: &str,
        help: &str,
    ) -> Result<Self> {
        let id = host
            .metric_define(kind, name, help)
            .map_err(|kind| Error::host(kind, "metric"))?;
        Ok(Self { id })
    }

    /// Adds to a counter, sets a gauge, observes in a histogram.
    ///
    /// # Errors
    /// `BadArgument`: negative, for a counter or histogram.
    pub fn update(self, host: Host<'_>, value: i64) -> Result<()> {
        host.inner
            .metric_update(self.id, value)
            .map_err(|kind| Error::host(kind, "metric"))
    }
}
