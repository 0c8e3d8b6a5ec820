//! What the keeper and the swap do to a generation: refill, drain, close, tick.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use wubbo_plugin_sdk::abi::interest::Hook;

use super::{DRAIN_MAX, Generation};
use crate::counters::Counters;
use crate::health::Condition;
use crate::instance::HookEnd;

/// How often the keeper looks at a probe or at slots that were in use.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl Generation {
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

    /// Ends a quarantine because an operator says so; false when there is none.
    pub(crate) fn forgive(&self) -> bool {
        {
            let mut health = self.lock_health();
            if health.condition() != Condition::Quarantined {
                return false;
            }
            health.clear(Instant::now());
        }
        tracing::info!(plugin = %self.shared.label, "quarantine cleared by the operator");
        self.keeper.nudge();
        self.news.tell();
        true
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

    /// Runs `tick` when its interval is over; when the next is due, while it is published. On a thread of its own.
    ///
    /// The first comes one interval after the start; one that is late does not make the next ones hurry, and another edition does not
    /// make one late.
    pub(crate) fn tick_if_due(&self) -> Option<Instant> {
        let every = self.shared.manifest.tick_ms.map(Duration::from_millis)?;
        if !self.active.load(Ordering::Relaxed) {
            return None;
        }
        let last = || {
            self.shared
                .ticked
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if last().elapsed() >= every {
            self.tick();
            *last() = Instant::now();
        }
        Some(*last() + every)
    }

    /// Runs `tick` on one instance.
    fn tick(&self) {
        let Ok(mut taken) = self.slots.take() else {
            return;
        };
        let Some(seat) = taken.as_mut() else { return };
        match seat.instance.aside(Hook::Tick) {
            Ok(()) => {}
            Err(HookEnd::Trip(trip)) => self.tripped(taken, Hook::Tick, &trip),
            Err(end) => {
                Counters::add(&self.shared.counters.failed);
                self.shared
                    .note(tracing::Level::WARN, &format!("tick: {end}"));
            }
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
            match self.replace_one() {
                Ok(true) => Counters::add(&self.shared.counters.rebuilt),
                Ok(false) => break,
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
}
