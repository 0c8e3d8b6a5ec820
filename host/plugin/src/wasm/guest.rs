//! What the store of one instance holds: the call it serves now, its limits, and what it said about its own failure.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use wasmtime::{Memory, Trap};
use wubbo_core::{ProviderTable, Url};

use super::deadline::{CpuDeadline, DeadlineReached};
use super::limiter::{Limiter, Refused};
use super::served::Served;
use crate::call::CallView;
use crate::call::input::Interests;
use crate::counters::TripClass;
use crate::instance::{Said, Trip};
use crate::shared::{Functions, Phase, Shared};
use crate::tables::{Columns, HeldTables, Place};

/// The data of one store.
pub(super) struct Guest {
    pub(super) shared: Arc<Shared>,
    pub(super) memory: Option<Memory>,
    pub(super) phase: Phase,
    /// The call that the running hook serves, when the guest can ask about it.
    pub(super) call: Option<Served>,
    pub(super) deadline: CpuDeadline,
    pub(super) limiter: Limiter,
    /// The URL that a configurator looks at.
    pub(super) url: Option<ServedUrl>,
    /// The tables that the guest was given, and the one that the running hook is about.
    pub(super) tables: HeldTables,
    pub(super) table: Option<Place>,
    /// The method of the call, when the guest can ask for live numbers; kept for its room.
    pub(super) method: String,
    /// The table that is handed out now.
    pub(super) offered: Option<Arc<Columns>>,
    /// The text of the rule that is handed out now.
    pub(super) rule: Option<String>,
    /// What `note` wrote, while somebody asks for reasons.
    pub(super) notes: Option<Vec<(Option<usize>, String)>>,
    /// What `interest` asked for in place of the list until now.
    pub(super) interests: Option<Interests>,
    /// What `fail` said.
    pub(super) failure: Option<Said>,
    /// What the panic hook said.
    pub(super) panic: Option<String>,
    pub(super) access_lines: Cell<u32>,
}

/// A URL while `configure_url` looks at it.
pub(super) struct ServedUrl(pub(super) Url);

impl Guest {
    pub(super) fn new(shared: Arc<Shared>, limiter: Limiter) -> Self {
        Self {
            deadline: CpuDeadline::new(shared.limits.configure()),
            shared,
            memory: None,
            phase: Phase::Setup,
            call: None,
            limiter,
            url: None,
            tables: HeldTables::default(),
            table: None,
            method: String::new(),
            offered: None,
            rule: None,
            notes: None,
            interests: None,
            failure: None,
            panic: None,
            access_lines: Cell::new(0),
        }
    }

    /// The functions that both forms of a plugin share, for the hook that runs now; none of them is about its call.
    pub(super) fn functions(&self) -> Functions<'_> {
        self.functions_of(None)
    }

    /// The same where the call that the hook serves counts.
    pub(super) fn functions_of<'a>(&'a self, view: Option<CallView<'a>>) -> Functions<'a> {
        Functions {
            shared: &self.shared,
            phase: self.phase,
            view,
            access_lines: &self.access_lines,
        }
    }

    /// The table that the running `route` or `select` is about.
    pub(super) fn routed(&self) -> Option<&ProviderTable> {
        let known = self.tables.get(self.table?)?;
        Some(known.table())
    }

    /// Why the guest did not come back.
    pub(super) fn trip(&mut self, error: &wasmtime::Error) -> Trip {
        if let Some(reached) = error.downcast_ref::<DeadlineReached>() {
            let mut trip = Trip::new(TripClass::Deadline, reached.to_string());
            trip.cpu = Some(reached.charged);
            return trip;
        }
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return Trip::new(TripClass::Memory, refused.to_string());
        }
        if let Some(bad) = error.downcast_ref::<BadCall>() {
            return Trip::new(TripClass::BadCall, bad.to_string());
        }
        match (error.downcast_ref::<Trap>(), self.panic.take()) {
            (_, Some(panic)) => Trip::new(TripClass::Panic, panic),
            (Some(Trap::StackOverflow), _) => {
                Trip::new(TripClass::Stack, "stack of 256 KiB exhausted")
            }
            (Some(trap), _) => Trip::new(TripClass::Trap, trap.to_string()),
            (None, _) => Trip::new(TripClass::Trap, error.root_cause().to_string()),
        }
    }
}

/// The guest gave a host function what cannot be; it ends the hook like a trap.
#[derive(Debug, Clone)]
pub(super) struct BadCall {
    function: &'static str,
    what: &'static str,
}

impl BadCall {
    pub(super) fn error(function: &'static str, what: &'static str) -> wasmtime::Error {
        wasmtime::Error::new(Self { function, what })
    }
}

impl fmt::Display for BadCall {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "bad call of `{}`: {}", self.function, self.what)
    }
}

impl std::error::Error for BadCall {}
