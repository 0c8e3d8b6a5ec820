//! One generation of a plugin: its instances in their slots, and what happens when one is missing or thrown away.
//!
//! A generation lives as long as a call, or the published set, holds it. The keeper thread holds it weakly and does all slow work.
//! When the rules change it is followed by another *edition* of itself: the same module, number, configuration and counters, with
//! fresh instances that follow the new rules.

mod start;
mod upkeep;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use wubbo_core::Applies;
use wubbo_plugin_sdk::abi::interest::Hook;
use wubbo_plugin_sdk::native::Create;
use wubbo_plugin_sdk::{Side, Stage};

use crate::counters::Counters;
use crate::health::{Condition, Health};
use crate::instance::{Seat, Trip};
use crate::keeper::Keeper;
use crate::news::News;
use crate::rules::{Accepted, HostRules};
use crate::shared::Shared;
use crate::slots::{NoneFree, Slots, Taken};
use crate::status::PluginHealth;
use crate::tables::{RefusedTable, Tables};
#[cfg(feature = "wasm")]
use crate::wasm::WasmModule;
pub(crate) use start::Change;

/// After so long a retired generation gives up its instances; hooks that still come get the failure policy.
pub(crate) const DRAIN_MAX: Duration = Duration::from_secs(30);

/// What instances are made of.
#[derive(Clone)]
pub(crate) enum Form {
    Native(Create),
    #[cfg(feature = "wasm")]
    Wasm(Arc<WasmModule>),
}

/// Where a plugin stands in the chain.
#[derive(Debug, Clone)]
pub(crate) struct Placement {
    pub(crate) order: i32,
    pub(crate) side: Side,
    pub(crate) stage: Stage,
    pub(crate) applies: Applies,
}

/// What a generation is made from.
pub(crate) struct Making {
    pub(crate) identity: Arc<str>,
    pub(crate) number: u64,
    pub(crate) shared: Shared,
    pub(crate) form: Form,
    pub(crate) placement: Placement,
    /// SHA-256 of module, configuration and grants; of a linked plugin nothing.
    pub(crate) digest: Option<[u8; 32]>,
    pub(crate) slots: usize,
    pub(crate) keeper: Keeper,
    pub(crate) news: News,
    pub(crate) tables: Arc<Tables>,
    /// The rules that the published set follows.
    pub(crate) rules: Arc<HostRules>,
    /// The rules that the plugin's previous generation follows: a refused rule falls back to its last good text.
    pub(crate) before: Option<Arc<Accepted>>,
}

/// One generation.
pub(crate) struct Generation {
    pub(crate) identity: Arc<str>,
    pub(crate) number: u64,
    /// Which edition of the generation, from 1.
    pub(crate) edition: u64,
    pub(crate) shared: Arc<Shared>,
    pub(crate) placement: Placement,
    pub(crate) digest: Option<[u8; 32]>,
    pub(crate) slots: Slots<Seat>,
    pub(crate) tables: Arc<Tables>,
    /// The rules that every instance follows.
    accepted: Mutex<Arc<Accepted>>,
    /// Tables that instances do without.
    pub(crate) refused: Mutex<Vec<RefusedTable>>,
    form: Form,
    health: Mutex<Health>,
    retired: OnceLock<Instant>,
    closed: AtomicBool,
    /// Part of the published set; only then it ticks.
    active: AtomicBool,
    keeper: Keeper,
    news: News,
}

impl Generation {
    /// The compiled module, for a generation that differs in its settings only.
    #[cfg(feature = "wasm")]
    pub(crate) fn module(&self) -> Option<Arc<WasmModule>> {
        match &self.form {
            Form::Native(_) => None,
            Form::Wasm(module) => Some(Arc::clone(module)),
        }
    }

    /// Whether the host must note when a call began: the plugin may ask for the elapsed time.
    pub(crate) fn times(&self) -> bool {
        self.shared.manifest.has(Hook::OnResponse)
            && match &self.form {
                Form::Native(_) => true,
                #[cfg(feature = "wasm")]
                Form::Wasm(module) => module.times(),
            }
    }

    /// Why no instance could be taken, counted, in words for the failure policy.
    #[cold]
    pub(crate) fn missing(&self, missing: NoneFree) -> &'static str {
        match missing {
            NoneFree::Busy => {
                Counters::add(&self.shared.counters.busy);
                "every instance is busy"
            }
            NoneFree::Empty => {
                Counters::add(&self.shared.counters.absent);
                match self.condition() {
                    Condition::Quarantined => "quarantined after repeated failures",
                    _ if self.is_closed() => "its drain time is over",
                    _ => "its instance is being replaced",
                }
            }
        }
    }

    /// Throws an instance away and has it replaced.
    #[cold]
    pub(crate) fn tripped(&self, taken: Taken<'_, Seat>, hook: Hook, trip: &Trip) {
        if let Some(seat) = taken.throw_away() {
            self.keeper.drop_later(vec![seat]);
        }
        self.note_trip(hook, trip);
        let (before, after) = {
            let mut health = self.lock_health();
            let before = health.condition();
            health.trip(Instant::now());
            (before, health.condition())
        };
        if after == Condition::Quarantined && before != after {
            let text = "quarantined after repeated failures; its failure policy answers";
            self.shared.note(tracing::Level::ERROR, text);
        }
        self.keeper.nudge();
        self.news.tell();
    }

    /// Counts and remembers that an instance goes.
    #[cold]
    pub(crate) fn note_trip(&self, hook: Hook, trip: &Trip) {
        self.shared.counters.trip(trip.class);
        self.shared.trips.add(hook, trip);
        let (hook, class, reason) = (hook.name(), trip.class.name(), &trip.reason);
        let text = format!("{hook}: {class}: {reason}; the instance is thrown away");
        self.shared.note(tracing::Level::WARN, &text);
    }

    /// The rules that every instance follows.
    pub(crate) fn accepted(&self) -> Arc<Accepted> {
        Arc::clone(&self.accepted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn condition(&self) -> Condition {
        self.lock_health().condition()
    }

    /// How it is doing, as it is shown.
    pub(crate) fn health(&self) -> PluginHealth {
        self.lock_health().report(Instant::now())
    }

    fn lock_health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hooks(&self) -> u64 {
        self.slots.sum(|tally| &tally.hooks)
    }

    /// Instances and the guest memory that free ones hold.
    pub(crate) fn holding(&self) -> (usize, usize) {
        let memory = self.slots.free(|seat| seat.instance.memory_bytes());
        (self.slots.filled(), memory.into_iter().sum())
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        // The next edition goes on counting where this one ends.
        let counters = &self.shared.counters;
        let decided = self.slots.sum(|tally| &tally.decided);
        counters
            .past_hooks
            .fetch_add(self.hooks(), Ordering::Relaxed);
        counters.past_decided.fetch_add(decided, Ordering::Relaxed);
        // The last call may end on a worker: unmapping its instances is the keeper's work.
        self.keeper.drop_later(self.slots.drain(0));
        self.news.drained();
    }
}
