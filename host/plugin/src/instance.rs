//! One instance of a plugin in either form, and how a hook of it can end.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wubbo_core::{Candidates, ConfigureSide, Invocation, Outcome, Routing, Stage, Url};
use wubbo_plugin_sdk::abi::interest::Hook;
use wubbo_plugin_sdk::native::RuleText;

use crate::counters::TripClass;
use crate::native::NativeInstance;
use crate::tables::{HeldTables, KnownTable};
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
    Failed(Said),
    /// It was not entered: the call is about a table that the instance does not have.
    Unprepared,
    /// The instance is not to be used again.
    Trip(Trip),
}

impl fmt::Display for HookEnd {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(said) => said.fmt(out),
            Self::Unprepared => out.write_str("it does not have this list of providers"),
            Self::Trip(trip) => write!(out, "{}: {}", trip.class.name(), trip.reason),
        }
    }
}

/// What a plugin said about its own failure. Line and column count from 1; 0: unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) message: String,
}

impl Said {
    pub(crate) fn message(message: impl Into<String>) -> Self {
        Self {
            line: 0,
            column: 0,
            message: message.into(),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => out.write_str(&self.message),
            line => write!(out, "line {line} column {}: {}", self.column, self.message),
        }
    }
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

    /// Runs `route`. If it narrowed, `words` holds what the plugin left, unchecked.
    #[inline]
    pub(crate) fn route(
        &mut self,
        routing: &Routing<'_>,
        candidates: &Candidates,
        words: &mut Vec<u64>,
    ) -> Result<bool, HookEnd> {
        match self {
            Self::Native(instance) => instance.route(routing, candidates, words),
            #[cfg(feature = "wasm")]
            Self::Wasm(instance) => instance.route(routing, candidates, words),
        }
    }

    /// Runs `select`; the row that it chose, unchecked, or `None` for nobody.
    #[inline]
    pub(crate) fn select(
        &mut self,
        routing: &Routing<'_>,
        candidates: &Candidates,
    ) -> Result<Option<u32>, HookEnd> {
        match self {
            Self::Native(instance) => instance.select(routing, candidates),
            #[cfg(feature = "wasm")]
            Self::Wasm(instance) => instance.select(routing, candidates),
        }
    }

    /// Runs `configure_url`; what it wants done is left in `commands`.
    pub(crate) fn configure(
        &mut self,
        url: &Url,
        side: ConfigureSide,
        commands: &mut Vec<u8>,
    ) -> Result<(), HookEnd> {
        match self {
            Self::Native(instance) => instance.configure(url, side, commands),
            #[cfg(feature = "wasm")]
            Self::Wasm(instance) => instance.configure(url, side, commands),
        }
    }

    /// Runs `on_rule`.
    pub(crate) fn on_rule(&mut self, rule: RuleText<'_>) -> Result<(), HookEnd> {
        match self {
            Self::Native(instance) => instance.on_rule(rule),
            #[cfg(feature = "wasm")]
            Self::Wasm(instance) => instance.on_rule(rule),
        }
    }

    /// Runs `on_providers` for a table that the instance does not have; from then on it has it.
    pub(crate) fn on_providers(&mut self, known: &Arc<KnownTable>) -> Result<(), HookEnd> {
        match self {
            Self::Native(instance) => instance.on_providers(known, false),
            #[cfg(feature = "wasm")]
            Self::Wasm(instance) => instance.on_providers(known, false),
        }?;
        self.tables_mut().keep(Arc::clone(known));
        Ok(())
    }

    /// Runs `on_providers` for a table that the instance has: its weights changed.
    pub(crate) fn on_weights(&mut self, known: &Arc<KnownTable>) -> Result<(), HookEnd> {
        match self {
            Self::Native(instance) => instance.on_providers(known, true),
            #[cfg(feature = "wasm")]
            Self::Wasm(instance) => instance.on_providers(known, true),
        }
    }

    /// Runs `drop_providers`; the instance has no table of that service any more, whatever it says.
    pub(crate) fn drop_providers(&mut self, token: u64) -> Result<(), HookEnd> {
        if !self.tables_mut().forget(token) {
            return Ok(());
        }
        match self {
            Self::Native(instance) => instance.drop_providers(token),
            #[cfg(feature = "wasm")]
            Self::Wasm(instance) => instance.drop_providers(token),
        }
    }

    /// The tables that it was given.
    pub(crate) fn tables(&self) -> &HeldTables {
        match self {
            Self::Native(instance) => instance.tables(),
            #[cfg(feature = "wasm")]
            Self::Wasm(instance) => instance.tables(),
        }
    }

    fn tables_mut(&mut self) -> &mut HeldTables {
        match self {
            Self::Native(instance) => instance.tables_mut(),
            #[cfg(feature = "wasm")]
            Self::Wasm(instance) => instance.tables_mut(),
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

/// An instance and the buffers that its answers are copied into; all live in a slot.
pub(crate) struct Seat {
    pub(crate) instance: Instance,
    pub(crate) commands: Vec<u8>,
    /// The bitmap that `route` left.
    pub(crate) words: Vec<u64>,
}

/// A buffer above this is given back after a large answer.
const COMMANDS_KEPT: usize = 64 << 10;

impl Seat {
    pub(crate) fn new(instance: Instance) -> Self {
        Self {
            instance,
            commands: Vec::new(),
            words: Vec::new(),
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
