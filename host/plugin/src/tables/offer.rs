//! Handing a table to the instances of one generation, one slot at a time, so that calls find the others free.

use std::sync::{Arc, MutexGuard, PoisonError};

use wubbo_plugin_sdk::Kind;
use wubbo_plugin_sdk::abi::interest::Hook;

use super::KnownTable;
use crate::counters::{Counters, TripClass};
use crate::generation::Generation;
use crate::instance::{HookEnd, Seat, Trip};
use crate::slots::Taken;

/// A table that two instances of a generation failed to take: no further one is given it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusedTable {
    token: u64,
    version: u64,
    pub(crate) service: String,
    pub(crate) reason: String,
}

impl RefusedTable {
    pub(crate) fn new(known: &KnownTable, reason: String) -> Self {
        Self {
            token: known.token(),
            version: known.version(),
            service: known.service().to_owned(),
            reason,
        }
    }

    pub(super) fn is(&self, known: &KnownTable) -> bool {
        (self.token, self.version) == (known.token(), known.version())
    }
}

impl Generation {
    /// Whether it has anything to do with tables.
    pub(crate) fn takes_tables(&self) -> bool {
        matches!(self.shared.manifest.kind, Kind::Router | Kind::LoadBalance)
    }

    /// The tables that it does without.
    pub(crate) fn refused_tables(&self) -> Vec<RefusedTable> {
        self.lock_refused().clone()
    }

    fn lock_refused(&self) -> MutexGuard<'_, Vec<RefusedTable>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No further instance is given this table; visibly.
    pub(crate) fn refuse_table(&self, known: &KnownTable, end: &HookEnd) {
        let refused = RefusedTable::new(known, end.to_string());
        let text = format!(
            "on_providers of {}: {end}; it does without this list, its failure policy answers",
            refused.service
        );
        self.shared.note(tracing::Level::ERROR, &text);
        let current = |refused: &RefusedTable| {
            !refused.is(known) && self.tables.is_current(refused.token, refused.version)
        };
        // Not asked under the lock of the list, which is taken behind that of the tables elsewhere.
        let mut all: Vec<_> = self.refused_tables().into_iter().filter(current).collect();
        all.push(refused);
        *self.lock_refused() = all;
    }

    /// Gives every instance the table. Waits for hooks that run; never on a worker.
    pub(super) fn deliver(&self, known: &Arc<KnownTable>) {
        let mut failures = 0;
        for index in 0..self.slots.len() {
            let Some(mut taken) = self.slots.wait(index) else {
                continue;
            };
            let Some(seat) = taken.as_mut() else { continue };
            // A replacement may have refused it, or taken it, meanwhile.
            if self.lock_refused().iter().any(|refused| refused.is(known)) {
                return;
            }
            if seat.instance.tables().has(known) {
                continue;
            }
            let given = seat.instance.on_providers(known);
            self.count_table(given.is_ok());
            let Err(end) = given else { continue };
            failures += 1;
            // The second in a row is not bad luck: the others are spared.
            let gives_up = failures == 2;
            if gives_up {
                self.refuse_table(known, &end);
            }
            self.throw(taken, Hook::OnProviders, end);
            if gives_up {
                return;
            }
        }
    }

    /// Tells every instance that has the table that its weights changed.
    pub(super) fn tell_weights(&self, known: &Arc<KnownTable>) {
        if !self.shared.manifest.has(Hook::OnProviders) {
            return;
        }
        for index in 0..self.slots.len() {
            let Some(mut taken) = self.slots.wait(index) else {
                continue;
            };
            let Some(seat) = taken.as_mut() else { continue };
            if !seat.instance.tables().has(known) {
                continue;
            }
            let told = seat.instance.on_weights(known);
            self.count_table(told.is_ok());
            if let Err(end) = told {
                self.throw(taken, Hook::OnProviders, end);
            }
        }
    }

    /// Has every instance drop a service.
    pub(super) fn drop_providers(&self, token: u64) {
        for index in 0..self.slots.len() {
            let Some(mut taken) = self.slots.wait(index) else {
                continue;
            };
            let Some(seat) = taken.as_mut() else { continue };
            if let Err(end) = seat.instance.drop_providers(token) {
                self.throw(taken, Hook::DropProviders, end);
            }
        }
    }

    /// Counts a table that an instance took, or failed to.
    pub(crate) fn count_table(&self, taken: bool) {
        let counters = &self.shared.counters;
        Counters::add(match taken {
            true => &counters.tables,
            false => &counters.table_failures,
        });
    }

    /// An instance that failed off the call path is not what its siblings are: it goes, whatever its answer was.
    fn throw(&self, taken: Taken<'_, Seat>, hook: Hook, end: HookEnd) {
        let trip = match end {
            HookEnd::Trip(trip) => trip,
            end => {
                Counters::add(&self.shared.counters.failed);
                Trip::new(TripClass::Failed, end.to_string())
            }
        };
        self.tripped(taken, hook, &trip);
    }
}
