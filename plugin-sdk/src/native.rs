//! The linked form of a plugin: what the plugin host drives when a policy is not a wasm module.
//!
//! The same source makes both forms. Here a hook gets a [`HostCall`] where the wasm form has imports, and answers
//! with the same batch of commands (`abi::commands`), so the host checks and applies both alike.

mod policy;
mod view;

pub use policy::{
    Create, CreateConfigurator, CreateFilter, CreateLoadBalance, CreateRouter, Factory,
    NativeConfigurator, NativeFilter, NativeLoadBalance, NativeRouter, RuleText,
};
pub use view::{HostCall, HostRouting, HostTable, HostUrl, Scalars};

use crate::error::ErrorKind;

/// What a host function answers.
pub type HostResult<T> = std::result::Result<T, ErrorKind>;

/// Where a log line goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogTarget {
    /// The host's log.
    Host,
    /// The access log of the called service; the host adds the time and chooses the place (ABI.md 8.4).
    Access,
}

/// How much a log line matters; the numbers are the ABI's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// Someone must act.
    Error = 0,
    /// We coped.
    Warn = 1,
    /// State changes an operator wants.
    Info = 2,
    /// Decisions.
    Debug = 3,
    /// Bytes.
    Trace = 4,
}

impl Level {
    /// The level of an ABI number.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        [
            Self::Error,
            Self::Warn,
            Self::Info,
            Self::Debug,
            Self::Trace,
        ]
        .get(usize::try_from(number).ok()?)
        .copied()
    }
}

/// Which clock is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Unix time in milliseconds.
    UnixMs,
    /// Nanoseconds from an arbitrary start.
    MonotonicNs,
}

/// Kind of a metric; the numbers are the ABI's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum MetricKind {
    /// Only grows.
    Counter = 0,
    /// The last value counts.
    Gauge = 1,
    /// Observations in buckets of powers of two.
    Histogram = 2,
}

impl MetricKind {
    /// The kind of an ABI number.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        [Self::Counter, Self::Gauge, Self::Histogram]
            .get(usize::try_from(number).ok()?)
            .copied()
    }
}

/// What compare-and-set expects to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect<'a> {
    /// No value.
    Absent,
    /// Whatever is there.
    Any,
    /// Exactly this value.
    Value(&'a [u8]),
}

/// Part of a call's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// One argument, from 0.
    Argument(u32),
    /// All arguments; form JSON only, an array.
    Arguments,
    /// The result's value or exception.
    Result,
}

/// How a value of the body is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A self-contained Hessian stream.
    Hessian,
    /// JSON text.
    Json,
    /// A scalar as text.
    Text,
}

impl Form {
    /// The form of an ABI number.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        [Self::Hessian, Self::Json, Self::Text]
            .get(usize::try_from(number).ok()?)
            .copied()
    }
}

/// What the host does for a plugin outside the call: log, time, randomness, shared state, metrics.
///
/// Called by the plugin inside a hook, on the hook's thread; must not block. One trait although it has eight methods:
/// it mirrors sections 8.4 to 8.6 of the ABI, whose codes are the error kinds here.
pub trait HostFunctions {
    /// Writes one line.
    ///
    /// # Errors
    /// `Quota` when the line was dropped, `NotAllowed` for the access log outside a call.
    fn log(&self, target: LogTarget, level: Level, text: &str) -> HostResult<()>;

    /// Reads a clock.
    ///
    /// # Errors
    /// `NotAllowed` where the hook may not.
    fn clock(&self, clock: Clock) -> HostResult<i64>;

    /// 64 random bits, not for secrets.
    ///
    /// # Errors
    /// `NotAllowed` where the hook may not.
    fn random(&self) -> HostResult<u64>;

    /// The value under a key of the plugin's shared state.
    ///
    /// # Errors
    /// `Absent`, `TooLarge` (key), `NotAllowed`.
    fn state_get(&self, key: &str) -> HostResult<Vec<u8>>;

    /// Adds to a number and answers the new one; `ttl_ms` counts only when the key is made, 0: never expires.
    ///
    /// # Errors
    /// `WrongType`, `Quota`, `TooLarge`, `BadArgument` (a negative `ttl_ms`), `NotAllowed`.
    fn state_add(&self, key: &str, delta: i64, ttl_ms: i64) -> HostResult<i64>;

    /// Sets (`None`: removes) a value if the present one is as expected; `ttl_ms` -1 keeps the expiry.
    ///
    /// # Errors
    /// `Conflict`, `Quota`, `TooLarge`, `BadArgument` (a `ttl_ms` below -1), `NotAllowed`.
    fn state_cas(
        &self,
        key: &str,
        expected: Expect<'_>,
        new: Option<&[u8]>,
        ttl_ms: i64,
    ) -> HostResult<()>;

    /// Names a metric, in `new` only; the same name and kind give the same number.
    ///
    /// # Errors
    /// `Quota`, `Conflict` (another kind), `BadArgument` (name), `NotAllowed`.
    fn metric_define(&self, kind: MetricKind, name: &str, help: &str) -> HostResult<u32>;

    /// Adds to a counter, sets a gauge, observes in a histogram.
    ///
    /// # Errors
    /// `BadArgument` (number unknown, or negative where it must not be), `NotAllowed`.
    fn metric_update(&self, metric: u32, value: i64) -> HostResult<()>;
}
