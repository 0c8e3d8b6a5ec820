//! When an instance that was thrown away is replaced: at once the first time, later after a growing pause, and after too many
//! rounds only on probation. A pure state machine; the keeper thread drives it and supplies the time.

use std::time::{Duration, Instant};

use crate::status::PluginHealth;

/// First pause between a trip and the replacement; each further round doubles it.
pub(crate) const BACK_OFF_FIRST: Duration = Duration::from_secs(1);
/// Longest pause.
pub(crate) const BACK_OFF_MAX: Duration = Duration::from_secs(30);
/// So long without a trip, and the next one counts as the first again.
pub(crate) const HEALTHY_AFTER: Duration = Duration::from_secs(10);
/// Window in which rounds are counted for quarantine.
pub(crate) const WINDOW: Duration = Duration::from_secs(60);
/// So many rounds of trips inside [`WINDOW`] put a generation into quarantine.
pub(crate) const ROUNDS_MAX: usize = 5;
/// Pause between two probes of a generation in quarantine.
pub(crate) const PROBE_EVERY: Duration = Duration::from_secs(30);
/// So many hooks without a trip end a probe well.
pub(crate) const PROBE_HOOKS: u64 = 100;

/// How a generation is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Every slot has its instance, or is about to.
    Healthy,
    /// Instances were thrown away; replacements come after a pause, the failure policy answers for missing ones.
    BackOff,
    /// It tripped too often: the failure policy answers, one instance is tried now and then.
    Quarantined,
}

impl Condition {
    /// The condition's stable name, in JSON and as metrics label.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::BackOff => "back_off",
            Self::Quarantined => "quarantined",
        }
    }
}

/// Trips of one generation and when to try again.
#[derive(Debug, Clone)]
pub(crate) struct Health {
    /// Starts of the rounds inside the window. A round is all trips between two refills.
    rounds: Vec<Instant>,
    /// Pause before the next refill.
    pause: Duration,
    /// When the empty slots are to be refilled.
    refill_at: Option<Instant>,
    /// When instances last were put in.
    refilled: Option<Instant>,
    /// In quarantine, and the number of hooks at the start of the running probe.
    quarantine: Option<Option<u64>>,
}

impl Health {
    pub(crate) fn new() -> Self {
        Self {
            rounds: Vec::new(),
            pause: Duration::ZERO,
            refill_at: None,
            refilled: None,
            quarantine: None,
        }
    }

    /// What the next edition of the generation begins with, and how many of its `slots` instances may stand: a change of the rules
    /// forgives nothing. It counts hooks from 0.
    pub(crate) fn of_next_edition(&self, now: Instant, slots: usize) -> (Self, usize) {
        let mut next = self.clone();
        next.quarantine = self.quarantine.map(|probe| probe.map(|_| 0));
        let stand = match next.refill_at {
            Some(due) if due <= now => next.refill(now, slots, 0),
            Some(_) => 0,
            None if next.quarantine.is_some() => 1,
            None => slots,
        };
        (next, stand)
    }

    /// Notes a trip; when the empty slots are due.
    pub(crate) fn trip(&mut self, now: Instant) -> Instant {
        if let Some(due) = self.refill_at {
            return due;
        }
        self.rounds
            .retain(|round| now.duration_since(*round) < WINDOW);
        self.rounds.push(now);
        if self.quarantine.is_some() || self.rounds.len() >= ROUNDS_MAX {
            self.quarantine = Some(None);
            let due = now + PROBE_EVERY;
            self.refill_at = Some(due);
            return due;
        }
        let healthy = self
            .refilled
            .is_none_or(|refilled| now.duration_since(refilled) >= HEALTHY_AFTER);
        let pause = if healthy { Duration::ZERO } else { self.pause };
        self.pause = (pause * 2).clamp(BACK_OFF_FIRST, BACK_OFF_MAX);
        let due = now + pause;
        self.refill_at = Some(due);
        due
    }

    /// When [`Health::refill`] is due, if it is.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.refill_at
    }

    /// The refill is done now: how many instances may stand at most, of `slots`. `hooks` is the count so far.
    pub(crate) fn refill(&mut self, now: Instant, slots: usize, hooks: u64) -> usize {
        self.refill_at = None;
        self.refilled = Some(now);
        match &mut self.quarantine {
            None => slots,
            Some(probe) => {
                *probe = Some(hooks);
                1
            }
        }
    }

    /// Ends quarantine when the probe has served long enough; true if the other slots are to be refilled now.
    pub(crate) fn probe(&mut self, hooks: u64) -> bool {
        match self.quarantine {
            Some(Some(start)) if hooks.wrapping_sub(start) >= PROBE_HOOKS => {
                self.quarantine = None;
                self.rounds.clear();
                self.pause = BACK_OFF_FIRST;
                true
            }
            _ => false,
        }
    }

    /// An operator says that the cause is gone: everything is forgotten, and the empty slots are due now.
    pub(crate) fn clear(&mut self, now: Instant) {
        *self = Self::new();
        self.refill_at = Some(now);
    }

    /// As it is shown.
    pub(crate) fn report(&self, now: Instant) -> PluginHealth {
        let since = |round: &&Instant| now.saturating_duration_since(**round) < WINDOW;
        let next = self.refill_at.map(|due| due.saturating_duration_since(now));
        PluginHealth {
            condition: self.condition().name(),
            rounds: self.rounds.iter().filter(since).count(),
            next_attempt_ms: next.map(|next| u64::try_from(next.as_millis()).unwrap_or(u64::MAX)),
            probing: self.is_probing(),
        }
    }

    /// Whether it is in quarantine with no probe running: no instance is to stand.
    pub(crate) fn is_resting(&self) -> bool {
        self.quarantine.is_some() && self.refill_at.is_some()
    }

    /// Whether a probe is running, which somebody must look at.
    pub(crate) fn is_probing(&self) -> bool {
        matches!(self.quarantine, Some(Some(_))) && self.refill_at.is_none()
    }

    pub(crate) fn condition(&self) -> Condition {
        match (self.quarantine, self.refill_at) {
            (Some(_), _) => Condition::Quarantined,
            (None, Some(_)) => Condition::BackOff,
            (None, None) => Condition::Healthy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn the_first_round_is_refilled_at_once_and_later_ones_after_a_growing_pause() {
        let start = Instant::now();
        let mut health = Health::new();
        assert_eq!(health.trip(start), start);
        // A second trip before the refill belongs to the same round.
        assert_eq!(health.trip(start + seconds(0)), start);
        assert_eq!(health.condition(), Condition::BackOff);
        assert_eq!(health.refill(start, 4, 0), 4);
        assert_eq!(health.condition(), Condition::Healthy);
        let mut now = start;
        for pause in [1, 2, 4] {
            let due = health.trip(now);
            assert_eq!(due, now + seconds(pause));
            health.refill(due, 4, 0);
            now = due;
        }
    }

    #[test]
    fn ten_healthy_seconds_forgive() {
        let start = Instant::now();
        let mut health = Health::new();
        health.trip(start);
        health.refill(start, 4, 0);
        let later = start + HEALTHY_AFTER;
        assert_eq!(health.trip(later), later);
    }

    #[test]
    fn five_rounds_in_a_minute_are_quarantine_with_one_probe_at_a_time() {
        let mut now = Instant::now();
        let mut health = Health::new();
        for _ in 1..ROUNDS_MAX {
            now = health.trip(now);
            health.refill(now, 4, 0);
        }
        let due = health.trip(now);
        assert_eq!(due, now + PROBE_EVERY);
        assert_eq!(health.condition(), Condition::Quarantined);
        assert!(health.is_resting());
        assert_eq!(health.refill(due, 4, 50), 1);
        assert!(health.is_probing() && !health.is_resting());
        assert!(!health.probe(50 + PROBE_HOOKS - 1));
        // The probe trips: back to waiting.
        assert_eq!(health.trip(due), due + PROBE_EVERY);
        assert!(!health.is_probing());
        assert_eq!(health.refill(due + PROBE_EVERY, 4, 60), 1);
        assert!(health.probe(60 + PROBE_HOOKS));
        assert_eq!(health.condition(), Condition::Healthy);
    }

    #[test]
    fn an_operator_ends_a_quarantine_at_once_and_the_next_one_comes_as_slowly_as_the_first() {
        let mut now = Instant::now();
        let mut health = Health::new();
        for _ in 0..ROUNDS_MAX {
            now = health.trip(now);
            health.refill(now, 4, 0);
        }
        let shown = health.report(now);
        assert_eq!((shown.condition, shown.rounds), ("quarantined", ROUNDS_MAX));
        assert!(shown.probing);
        health.clear(now);
        let shown = health.report(now);
        assert_eq!((shown.condition, shown.rounds), ("back_off", 0));
        assert_eq!(shown.next_attempt_ms, Some(0));
        assert_eq!(health.refill(now, 4, 0), 4);
        assert_eq!(health.condition(), Condition::Healthy);
        for _ in 1..ROUNDS_MAX {
            now = health.trip(now);
            health.refill(now, 4, 0);
        }
        assert_eq!(health.condition(), Condition::Healthy);
        health.trip(now);
        assert_eq!(health.condition(), Condition::Quarantined);
    }

    #[test]
    fn another_edition_is_no_way_out_of_a_pause_or_a_quarantine() {
        let mut now = Instant::now();
        let mut health = Health::new();
        assert_eq!(health.of_next_edition(now, 4).1, 4);
        for round in 1..=ROUNDS_MAX {
            let due = health.trip(now);
            let (next, stand) = health.of_next_edition(now, 4);
            // The first pause is none.
            assert_eq!(stand, if round == 1 { 4 } else { 0 }, "round {round}");
            assert_eq!(next.due(), (round > 1).then_some(due));
            now = due;
            health.refill(now, 4, 700);
        }
        let (mut next, stand) = health.of_next_edition(now, 4);
        assert_eq!(next.condition(), Condition::Quarantined);
        assert!(next.is_probing() && stand == 1);
        assert!(!next.probe(PROBE_HOOKS - 1) && next.probe(PROBE_HOOKS));
        assert_eq!(next.of_next_edition(now, 4).1, 4);
    }

    #[test]
    fn rounds_far_apart_are_no_quarantine() {
        let mut now = Instant::now();
        let mut health = Health::new();
        for _ in 0..3 * ROUNDS_MAX {
            now += seconds(20);
            assert_eq!(health.trip(now), now);
            health.refill(now, 4, 0);
        }
        assert_eq!(health.condition(), Condition::Healthy);
    }
}
