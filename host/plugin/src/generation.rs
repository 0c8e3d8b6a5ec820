//! One generation of a plugin: its instances in their slots, and what happens when one is thrown away, drained or missing.
//!
//! A generation lives as long as a call, or the published set, holds it. The keeper thread holds it weakly and does all slow work.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use wubbo_core::Applies;
use wubbo_plugin_sdk::abi::interest::Hook;
use wubbo_plugin_sdk::native::Create;
use wubbo_plugin_sdk::{Side, Stage};

use crate::counters::Counters;
use crate::error::{PluginError, PluginErrorKind};
use crate::health::{Condition, Health};
use crate::instance::{HookEnd, Instance, Seat, Trip};
use crate::keeper::Keeper;
use crate::native::NativeInstance;
use crate::news::News;
use crate::shared::Shared;
use crate::slots::{NoneFree, Slots, Taken};
use crate::status::TripReport;
#[cfg(feature = "wasm")]
use crate::wasm::{WasmInstance, WasmModule};

/// After so long a retired generation gives up its instances; hooks that still come get the failure policy.
pub(crate) const DRAIN_MAX: Duration = Duration::from_secs(30);
/// How often the keeper looks at a probe or at slots that were in use.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Trips that are remembered for the status.
const TRIPS_KEPT: usize = 64;

/// What instances are made of.
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
}

/// One generation.
pub(crate) struct Generation {
    pub(crate) identity: Arc<str>,
    pub(crate) number: u64,
    pub(crate) shared: Arc<Shared>,
    pub(crate) placement: Placement,
    pub(crate) digest: Option<[u8; 32]>,
    pub(crate) slots: Slots<Seat>,
    form: Form,
    health: Mutex<Health>,
    trips: Mutex<VecDeque<TripReport>>,
    retired: OnceLock<Instant>,
    closed: AtomicBool,
    /// Part of the published set; only then it ticks.
    active: AtomicBool,
    keeper: Keeper,
    news: News,
}

impl Generation {
    /// Builds the canary, lets it test itself, and fills every slot. Off the call path; takes as long as the plugin's `new`, once per slot.
    ///
    /// # Errors
    /// Kind `Start` or `Capacity`: what the first instance that did not start said.
    pub(crate) fn start(making: Making) -> Result<Arc<Self>, PluginError> {
        let generation = Self {
            identity: making.identity,
            number: making.number,
            shared: Arc::new(making.shared),
            placement: making.placement,
            digest: making.digest,
            slots: Slots::new(making.slots),
            form: making.form,
            health: Mutex::new(Health::new()),
            trips: Mutex::default(),
            retired: OnceLock::new(),
            closed: AtomicBool::new(false),
            active: AtomicBool::new(false),
            keeper: making.keeper,
            news: making.news,
        };
        let mut canary = generation.build()?;
        if generation.shared.manifest.has(Hook::SelfTest) {
            canary.aside(Hook::SelfTest).map_err(|end| {
                let reason = match end {
                    HookEnd::Failed(reason) => reason,
                    HookEnd::Trip(trip) => format!("{}: {}", trip.class.name(), trip.reason),
                };
                PluginError::new(
                    PluginErrorKind::Start,
                    format!("self test failed: {reason}"),
                )
            })?;
        }
        let _ = generation.slots.put(Seat::new(canary));
        for _ in 1..generation.slots.len() {
            let _ = generation.slots.put(Seat::new(generation.build()?));
        }
        let generation = Arc::new(generation);
        generation.keeper.watch(&generation);
        Ok(generation)
    }

    fn build(&self) -> Result<Instance, PluginError> {
        let shared = Arc::clone(&self.shared);
        match &self.form {
            Form::Native(create) => NativeInstance::start(*create, shared).map(Instance::Native),
            #[cfg(feature = "wasm")]
            Form::Wasm(module) => WasmInstance::start(module, shared)
                .map(|instance| Instance::Wasm(Box::new(instance))),
        }
    }

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
        self.shared.counters.trip(trip.class);
        self.remember(hook, trip);
        let (before, after) = {
            let mut health = self.lock_health();
            let before = health.condition();
            health.trip(Instant::now());
            (before, health.condition())
        };
        let (hook, class, reason) = (hook.name(), trip.class.name(), &trip.reason);
        let text = format!("{hook}: {class}: {reason}; the instance is thrown away");
        self.shared.note(tracing::Level::WARN, &text);
        if after == Condition::Quarantined && before != after {
            let text = "quarantined after repeated failures; its failure policy answers";
            self.shared.note(tracing::Level::ERROR, text);
        }
        self.keeper.nudge();
        self.news.tell();
    }

    fn remember(&self, hook: Hook, trip: &Trip) {
        let mut trips = self.trips.lock().unwrap_or_else(PoisonError::into_inner);
        if trips.len() == TRIPS_KEPT {
            trips.pop_front();
        }
        trips.push_back(TripReport::new(hook, trip));
    }

    /// The last trips, oldest first.
    pub(crate) fn trips(&self) -> Vec<TripReport> {
        let trips = self.trips.lock().unwrap_or_else(PoisonError::into_inner);
        trips.iter().cloned().collect()
    }

    pub(crate) fn condition(&self) -> Condition {
        self.lock_health().condition()
    }

    fn lock_health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hooks(&self) -> u64 {
        self.slots.sum(|tally| &tally.hooks)
    }

    /// Part of the published set, or shadowed.
    pub(crate) fn set_active(&self, active: bool) {
        self.active.store(active, Ordering::Relaxed);
    }

    /// Another generation took over: instances stay for the calls in flight, no more than can run at once.
    pub(crate) fn retire(&self) {
        self.set_active(false);
        let _ = self.retired.set(Instant::now());
        self.keeper
            .drop_later(self.slots.drain(self.draining_slots()));
        self.keeper.nudge();
    }

    /// Slots that stay while calls in flight end: as many as can run at once.
    fn draining_slots(&self) -> usize {
        self.slots.len().div_ceil(2)
    }

    /// When it was retired.
    pub(crate) fn retired(&self) -> Option<Instant> {
        self.retired.get().copied()
    }

    /// Whether its drain time is over and its instances are gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// The interval of its tick, while it is published.
    pub(crate) fn tick_every(&self) -> Option<Duration> {
        let every = self.shared.manifest.tick_ms.map(Duration::from_millis);
        every.filter(|_| self.active.load(Ordering::Relaxed))
    }

    /// Runs `tick` on one instance. On a thread of its own.
    pub(crate) fn tick(&self) {
        let Ok(mut taken) = self.slots.take() else {
            return;
        };
        let Some(seat) = taken.as_mut() else { return };
        match seat.instance.aside(Hook::Tick) {
            Ok(()) => {}
            Err(HookEnd::Failed(reason)) => {
                Counters::add(&self.shared.counters.failed);
                self.shared
                    .note(tracing::Level::WARN, &format!("tick: {reason}"));
            }
            Err(HookEnd::Trip(trip)) => self.tripped(taken, Hook::Tick, &trip),
        }
    }

    /// Does what is due; when to come again. On the keeper's thread.
    pub(crate) fn maintain(&self, now: Instant) -> Option<Instant> {
        if self.is_closed() {
            return None;
        }
        let drained = self.retired().map(|retired| retired + DRAIN_MAX);
        if drained.is_some_and(|drained| drained <= now) {
            return self.close(now);
        }
        let (due, resting) = {
            let health = self.lock_health();
            (health.due(), health.is_resting())
        };
        if resting {
            // Those that did not trip yet go too: what tripped the others may come to them.
            let out = self.slots.drain(0);
            if !out.is_empty() {
                drop(out);
                self.news.tell();
            }
        }
        let next = match due {
            Some(due) if due <= now => self.refill(now),
            due => due,
        };
        let probe = self.probe(now);
        [drained, next, probe].into_iter().flatten().min()
    }

    /// Takes the instances away; those in use a little later.
    fn close(&self, now: Instant) -> Option<Instant> {
        drop(self.slots.drain(0));
        if self.slots.filled() > 0 {
            return Some(now + LOOK_AGAIN);
        }
        self.closed.store(true, Ordering::Relaxed);
        tracing::warn!(plugin = %self.shared.label, "calls outlived the drain time; the instances of the old generation are gone");
        self.news.drained();
        None
    }

    fn refill(&self, now: Instant) -> Option<Instant> {
        let full = match self.retired() {
            None => self.slots.len(),
            Some(_) => self.draining_slots(),
        };
        let target = self.lock_health().refill(now, full, self.hooks());
        while self.slots.filled() < target {
            match self.build() {
                Ok(instance) => {
                    if self.slots.put(Seat::new(instance)).is_err() {
                        break;
                    }
                    Counters::add(&self.shared.counters.rebuilt);
                }
                Err(error) => {
                    self.shared
                        .note(tracing::Level::ERROR, &format!("no new instance: {error}"));
                    let due = self.lock_health().trip(now + Duration::from_nanos(1));
                    self.news.tell();
                    // A refill that fails at once is not to spin.
                    return Some(due.max(now + LOOK_AGAIN));
                }
            }
        }
        self.news.tell();
        None
    }

    /// Ends quarantine when the probe did well.
    fn probe(&self, now: Instant) -> Option<Instant> {
        let mut health = self.lock_health();
        if !health.is_probing() {
            return None;
        }
        if health.probe(self.hooks()) {
            drop(health);
            tracing::info!(plugin = %self.shared.label, "the probe did well, quarantine is over");
            return self.refill(now);
        }
        Some(now + LOOK_AGAIN)
    }

    /// Instances and the guest memory that free ones hold.
    pub(crate) fn holding(&self) -> (usize, usize) {
        let memory = self.slots.free(|seat| seat.instance.memory_bytes());
        (self.slots.filled(), memory.into_iter().sum())
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        // The last call may end on a worker: unmapping its instances is the keeper's work.
        self.keeper.drop_later(self.slots.drain(0));
        self.news.drained();
    }
}
