//! What one generation of a plugin did and cost. What every call touches lives in the slots; here is what is rare or sampled.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use wubbo_plugin_sdk::Kind;

/// One hook in so many is timed; a power of two.
pub(crate) const SAMPLE_EVERY: u64 = 64;
/// Buckets of sampled latency: bucket i counts hooks below 2^(i+5) ns; the last one is everything above.
const BUCKETS: usize = 24;
/// Upper bound of the first bucket, as a power of two of nanoseconds.
const FIRST_BUCKET: u32 = 5;

/// Why an instance was thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TripClass {
    /// The guest panicked, and said so.
    Panic,
    /// The guest trapped: unreachable code, out-of-bounds access, division by zero ...
    Trap,
    /// The hook used up its CPU time.
    Deadline,
    /// Memory or table grew above a limit.
    Memory,
    /// The guest's stack is exhausted.
    Stack,
    /// The guest gave a host function a range or text that cannot be.
    BadCall,
    /// The hook's answer was refused.
    BadAnswer,
    /// A list of providers that the instance could not take: it is not what its siblings are.
    Failed,
}

impl TripClass {
    /// Every class, in the order of the counters.
    pub const ALL: [Self; 8] = [
        Self::Panic,
        Self::Trap,
        Self::Deadline,
        Self::Memory,
        Self::Stack,
        Self::BadCall,
        Self::BadAnswer,
        Self::Failed,
    ];

    /// The class's stable name, as metrics label and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Trap => "trap",
            Self::Deadline => "deadline",
            Self::Memory => "memory",
            Self::Stack => "stack",
            Self::BadCall => "bad_call",
            Self::BadAnswer => "bad_answer",
            Self::Failed => "failed",
        }
    }

    const fn place(self) -> usize {
        self as usize
    }
}

/// Counters of one generation that are not touched by an ordinary call.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Hooks that answered a failure.
    pub(crate) failed: AtomicU64,
    /// Calls that found every instance busy.
    pub(crate) busy: AtomicU64,
    /// Calls that found no instance: back-off, quarantine, drain deadline.
    pub(crate) absent: AtomicU64,
    /// Hooks that took more than a second of wall time without using up their CPU time.
    pub(crate) overloads: AtomicU64,
    /// Log lines that were dropped: share used up.
    pub(crate) log_dropped: AtomicU64,
    /// Writes to shared state that were refused: share used up.
    pub(crate) state_refused: AtomicU64,
    /// Instances built after a trip.
    pub(crate) rebuilt: AtomicU64,
    /// Calls over a table that the instance was not given, or that no instance may be given.
    pub(crate) unknown_table: AtomicU64,
    /// Tables and new weights that instances took.
    pub(crate) tables: AtomicU64,
    /// Tables that an instance failed to take.
    pub(crate) table_failures: AtomicU64,
    /// Editions made for a change of the rules.
    pub(crate) editions: AtomicU64,
    /// Hooks, and those that decided, of editions that are gone.
    pub(crate) past_hooks: AtomicU64,
    pub(crate) past_decided: AtomicU64,
    trips: [AtomicU64; TripClass::ALL.len()],
    latency: [AtomicU64; BUCKETS],
    latency_ns: AtomicU64,
}

impl Counters {
    pub(crate) fn add(cell: &AtomicU64) {
        cell.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn trip(&self, class: TripClass) {
        if let Some(cell) = self.trips.get(class.place()) {
            Self::add(cell);
        }
    }

    /// Notes the sampled duration of one hook.
    pub(crate) fn sample(&self, elapsed: Duration) {
        let ns = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        let power = u64::BITS - ns.leading_zeros();
        let bucket = power.saturating_sub(FIRST_BUCKET) as usize;
        if let Some(cell) = self.latency.get(bucket.min(BUCKETS - 1)) {
            Self::add(cell);
        }
        self.latency_ns.fetch_add(ns, Ordering::Relaxed);
    }

    /// `hooks` and `decided` are those of the instances that there are now.
    pub(crate) fn report(&self, kind: Kind, hooks: u64, decided: u64) -> CallCounters {
        let get = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        let trips = TripClass::ALL
            .into_iter()
            .map(|class| (class.name(), self.trips.get(class.place()).map_or(0, get)))
            .collect();
        let decided = decided + get(&self.past_decided);
        let of = |wanted: Kind| if kind == wanted { decided } else { 0 };
        CallCounters {
            hooks: hooks + get(&self.past_hooks),
            replies: of(Kind::Filter),
            narrowed: of(Kind::Router),
            nobody: of(Kind::LoadBalance),
            configured: of(Kind::Configurator),
            unknown_table: get(&self.unknown_table),
            tables: get(&self.tables),
            table_failures: get(&self.table_failures),
            editions: get(&self.editions),
            failed: get(&self.failed),
            busy: get(&self.busy),
            absent: get(&self.absent),
            overloads: get(&self.overloads),
            log_dropped: get(&self.log_dropped),
            state_refused: get(&self.state_refused),
            rebuilt: get(&self.rebuilt),
            trips,
            latency: Latency {
                samples: self.latency.iter().map(get).sum(),
                total_ns: get(&self.latency_ns),
                buckets: self.latency.iter().map(get).collect(),
            },
        }
    }
}

/// Counters of one generation since it was loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CallCounters {
    /// Hooks entered, whatever came of them.
    pub hooks: u64,
    /// Request hooks that replied for the service.
    pub replies: u64,
    /// Calls that a router narrowed.
    pub narrowed: u64,
    /// Calls for which a balancer chose nobody.
    pub nobody: u64,
    /// URLs that a configurator changed.
    pub configured: u64,
    /// Calls over a list of providers that the instance does not have; its input passed, or the cluster picked.
    pub unknown_table: u64,
    /// Lists of providers, and new weights, that instances took.
    pub tables: u64,
    /// Lists of providers that an instance failed to take; it was thrown away.
    pub table_failures: u64,
    /// Times that fresh instances were made because the rules had changed.
    pub editions: u64,
    /// Hooks that answered a failure; the failure policy decided.
    pub failed: u64,
    /// Hooks not run since every instance was busy; the failure policy decided.
    pub busy: u64,
    /// Hooks not run since there was no instance (back-off, quarantine); the failure policy decided.
    pub absent: u64,
    /// Hooks above one second of wall time: the host is overloaded, the plugin is not at fault.
    pub overloads: u64,
    /// Log lines dropped because the plugin's share was used up.
    pub log_dropped: u64,
    /// Writes to shared state refused because the plugin's share of keys was used up.
    pub state_refused: u64,
    /// Instances built to replace thrown-away ones.
    pub rebuilt: u64,
    /// Instances thrown away, by [`TripClass::name`].
    pub trips: std::collections::BTreeMap<&'static str, u64>,
    /// Duration of one hook in 64.
    pub latency: Latency,
}

/// Sampled latency: a histogram with bounds of powers of two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// How many hooks were timed.
    pub samples: u64,
    /// Their time together, nanoseconds.
    pub total_ns: u64,
    /// Bucket i counts hooks below 2^(i+5) ns, the last one all above.
    pub buckets: Vec<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_fall_into_powers_of_two() {
        let counters = Counters::default();
        for (ns, bucket) in [(0, 0), (31, 0), (32, 1), (63, 1), (64, 2), (1 << 40, 23)] {
            let before = counters.report(Kind::Filter, 0, 0).latency.buckets;
            counters.sample(Duration::from_nanos(ns));
            let after = counters.report(Kind::Filter, 0, 0).latency.buckets;
            let grown: Vec<_> = (0..BUCKETS).filter(|i| after[*i] > before[*i]).collect();
            assert_eq!(grown, [bucket], "{ns} ns");
        }
        assert_eq!(counters.report(Kind::Filter, 0, 0).latency.samples, 6);
    }

    #[test]
    fn every_class_has_its_own_counter() {
        let counters = Counters::default();
        TripClass::ALL
            .into_iter()
            .for_each(|class| counters.trip(class));
        assert!(
            counters
                .report(Kind::Filter, 0, 0)
                .trips
                .values()
                .all(|count| *count == 1)
        );
        assert_eq!(
            counters.report(Kind::Filter, 0, 0).trips.len(),
            TripClass::ALL.len()
        );
    }
}
