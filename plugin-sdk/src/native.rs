//! The linked form of a plugin: what the plugin host drives when a policy is not a wasm module.
//!
//! The same source makes both forms. Here a hook gets a [`HostCall`] where the wasm form has imports, and answers
//! with the same batch of commands (`abi::commands`), so the host checks and applies both alike.

use crate::abi::interest::Space;
use crate::error::{Error, ErrorKind};
use std::borrow::Cow;
use std::fmt;

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

/// The numbers of a call, as in the header of ABI.md 5.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scalars {
    /// Bits of [`crate::abi::call::flags`].
    pub flags: u16,
    /// Names the service within the process; 0: none.
    pub service_token: u64,
    /// Number of the try, from 0.
    pub attempt: u32,
    /// Number of arguments.
    pub argument_count: u32,
    /// `on_response`: what `on_request` of this call set.
    pub scratch: u64,
    /// `on_response`: [`crate::abi::call::outcome`].
    pub outcome: u8,
    /// `on_response`: Dubbo's status byte.
    pub status: u8,
    /// `on_response`: code of Dubbo's `RpcException`.
    pub error_code: u8,
}

/// One call as a hook sees it. It does not change while the hook runs: what the plugin stages is applied afterwards.
pub trait HostCall {
    /// What the host does besides the call; here the access log is open.
    fn functions(&self) -> &dyn HostFunctions;

    /// The call's numbers.
    fn scalars(&self) -> Scalars;

    /// `on_response`: the blob that `on_request` of this call set; else empty.
    fn scratch_blob(&self) -> &[u8];

    /// The text under a key of a space; `None` if there is none. An empty URL parameter counts as none.
    ///
    /// # Errors
    /// `NotAllowed` (space in this hook), `BadArgument` (unknown field), `TooLarge` (key).
    fn get(&self, space: Space, key: &str) -> HostResult<Option<Cow<'_, str>>>;

    /// Visits all pairs of the space `Attachment`, `Url` or `Response` in the call's order.
    ///
    /// # Errors
    /// `NotAllowed`, `BadArgument`.
    fn list(&self, space: Space, each: &mut dyn FnMut(&str, &str)) -> HostResult<()>;

    /// One of `abi::names::NUMBER_*`.
    ///
    /// # Errors
    /// `Absent`, `NotAllowed`, `BadArgument`.
    fn number(&self, what: u32) -> HostResult<u64>;

    /// A value of the body, whole (`path` empty) or at a path.
    ///
    /// # Errors
    /// `Absent`, `BadArgument`, `NotGranted`, `NotAllowed`, `NotReadable`, `WrongType`, `TooLarge`.
    fn body(&self, part: Part, form: Form, path: &str) -> HostResult<Vec<u8>>;
}

/// A linked filter. The host keeps one per slot, as it does with wasm instances, and asks it for one call at a time.
///
/// Commands are appended to `out`, which the host hands over empty and may reuse. When a hook errs the host drops
/// them and applies the plugin's failure policy. Hooks that the manifest does not list need not be called.
pub trait NativeFilter: Send {
    /// Runs the way in.
    ///
    /// # Errors
    /// The plugin's failure.
    fn on_request(&mut self, call: &dyn HostCall, out: &mut Vec<u8>) -> Result<(), Error>;

    /// Runs the way back.
    ///
    /// # Errors
    /// The plugin's failure.
    fn on_response(&mut self, call: &dyn HostCall, out: &mut Vec<u8>) -> Result<(), Error>;

    /// Runs every `tick_ms` on one instance.
    ///
    /// # Errors
    /// The plugin's failure.
    fn tick(&mut self, host: &dyn HostFunctions) -> Result<(), Error>;

    /// Runs once before the plugin goes live.
    ///
    /// # Errors
    /// The plugin is not fit to go live.
    fn self_test(&mut self, host: &dyn HostFunctions) -> Result<(), Error>;
}

/// Builds a filter from its configuration (JSON text, `{}` for none).
pub type CreateFilter =
    fn(config: &str, host: &dyn HostFunctions) -> Result<Box<dyn NativeFilter>, Error>;

/// How a linked plugin is built, by kind.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Create {
    /// A filter.
    Filter(CreateFilter),
}

impl fmt::Debug for Create {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filter(_) => out.write_str("Filter"),
        }
    }
}

/// A linked plugin: its manifest and the way to build instances of it. `#[wubbo_plugin]` makes one per plugin crate.
#[derive(Debug, Clone, Copy)]
pub struct Factory {
    /// The bytes that the wasm form carries as section `wubbo.plugin`; [`crate::Manifest::parse`] reads them.
    pub manifest: &'static [u8],
    /// Builds an instance.
    pub create: Create,
}

const _: () = {
    const fn object_safe(_: Option<&dyn HostCall>, _: Option<&dyn NativeFilter>) {}
    object_safe(None, None);
    const fn send<T: Send + ?Sized>() {}
    send::<Box<dyn NativeFilter>>();
    const fn shared<T: Send + Sync + 'static>() {}
    shared::<Factory>();
};
