//! One instance of a plugin in either form, and how a hook of it can end.

use std::time::{Duration, Instant};

use wubbo_core::{Invocation, Outcome, Stage};
use wubbo_plugin_sdk::abi::interest::Hook;

use crate::counters::TripClass;
use crate::native::NativeInstance;
#[cfg(feature = "wasm")]
use crate::wasm::WasmInstance;

/// An instance in its slot.
pub(crate) enum Instance {
    Native(NativeInstance),
    #[cfg(feature = "wasm")]
    Wasm(Box<WasmInstance>),
}

/// A per-call hook that is to run.
pub(crate) struct HookCall<'a> {
    pub(crate) hook: Hook,
    pub(crate) invocation: &'a Invocation,
    /// `on_response` only; an instance may move it while the hook runs and always puts it back.
    pub(crate) outcome: Option<&'a mut Outcome>,
    pub(crate) stage: Stage,
    pub(crate) started: Option<Instant>,
    pub(crate) scratch: (u64, &'a [u8]),
}

/// How a hook ended when it did not end well. Nothing that it staged counts.
#[derive(Debug)]
pub(crate) enum HookEnd {
    /// It answered a failure; the instance stays.
    Failed(String),
    /// The instance is not to be used again.
    Trip(Trip),
}

/// Why an instance is thrown away.
#[derive(Debug, Clone)]
pub(crate) struct Trip {
    pub(crate) class: TripClass,
    pub(crate) reason: String,
    /// CPU time charged to the hook, where its deadline ended it.
    pub(crate) cpu: Option<Duration>,
}

impl Trip {
    pub(crate) fn new(class: TripClass, reason: impl Into<String>) -> Self {
        Self {
            class,
            reason: reason.into(),
            cpu: None,
        }
    }
}

impl Instance {
    /// Runs a per-call hook; what it wants done is left in `commands`.
    #[inline]
    pub(crate) fn call(
        &mut self,
        call: &mut HookCall<'_>,
        commands: &mut Vec<u8>,
    ) -> Result<(), HookEnd> {
        match self {
            Self::Native(instance) => instance.call(call, commands),
            #[cfg(feature = "wasm")]
            Self::Wasm(instance) => instance.call(call, commands),
        }
    }

    /// Runs `tick` or `self_test`.
    pub(crate) fn aside(&mut self, hook: Hook) -> Result<(), HookEnd> {
        match self {
            Self::Native(instance) => instance.aside(hook),
            #[cfg(feature = "wasm")]
            Self::Wasm(instance) => instance.aside(hook),
        }
    }

    /// Bytes of guest memory; 0 for a linked plugin, whose memory is the host's.
    pub(crate) fn memory_bytes(&self) -> usize {
        match self {
            Self::Native(_) => 0,
            #[cfg(feature = "wasm")]
            Self::Wasm(instance) => instance.memory_bytes(),
        }
    }
}

/// An instance and the buffer that its answers are copied into; both live in a slot.
pub(crate) struct Seat {
    pub(crate) instance: Instance,
    pub(crate) commands: Vec<u8>,
}

/// A buffer above this is given back after a large answer.
const COMMANDS_KEPT: usize = 64 << 10;

impl Seat {
    pub(crate) fn new(instance: Instance) -> Self {
        Self {
            instance,
            commands: Vec::new(),
        }
    }

    /// Forgets the last answer.
    pub(crate) fn clear(&mut self) {
        self.commands.clear();
        if self.commands.capacity() > COMMANDS_KEPT {
            self.commands.shrink_to(COMMANDS_KEPT);
        }
    }
}
