//! Entering a per-call hook: what every kind of policy has in common. No allocation, no blocking lock, and a clock once in 64 calls.

use std::time::Instant;

use wubbo_plugin_sdk::abi::interest::Hook;

use crate::counters::{Counters, SAMPLE_EVERY, TripClass};
use crate::generation::Generation;
use crate::instance::{HookEnd, Seat, Trip};
use crate::slots::{Taken, Tally};

/// Takes an instance and runs `hook` on it; the instance, still held, and what came of it.
///
/// # Errors
/// Why the failure policy is to answer; counted, and the instance thrown away where it must be.
#[inline]
pub(crate) fn run<'g, R>(
    generation: &'g Generation,
    hook: Hook,
    run: impl FnOnce(&mut Seat) -> Result<R, HookEnd>,
) -> Result<(Taken<'g, Seat>, R), String> {
    match generation.slots.take() {
        Ok(taken) => run_on(generation, taken, hook, run),
        Err(missing) => Err(generation.missing(missing).to_owned()),
    }
}

/// The same on an instance that is taken already.
#[inline]
pub(crate) fn run_on<'g, R>(
    generation: &'g Generation,
    mut taken: Taken<'g, Seat>,
    hook: Hook,
    run: impl FnOnce(&mut Seat) -> Result<R, HookEnd>,
) -> Result<(Taken<'g, Seat>, R), String> {
    let hooks = Tally::add(&taken.tally().hooks);
    let timer = hooks.is_multiple_of(SAMPLE_EVERY).then(Instant::now);
    let Some(seat) = taken.as_mut() else {
        return Err("no instance".to_owned());
    };
    let ended = run(seat);
    if let Some(timer) = timer {
        generation.shared.counters.sample(timer.elapsed());
    }
    match ended {
        Ok(answer) => Ok((taken, answer)),
        Err(end) => Err(failed(generation, taken, hook, end)),
    }
}

#[cold]
fn failed(generation: &Generation, taken: Taken<'_, Seat>, hook: Hook, end: HookEnd) -> String {
    let reason = end.to_string();
    match end {
        HookEnd::Failed(_) => Counters::add(&generation.shared.counters.failed),
        HookEnd::Unprepared => Counters::add(&generation.shared.counters.unknown_table),
        HookEnd::Trip(trip) => generation.tripped(taken, hook, &trip),
    }
    reason
}

/// The answer was refused: the instance goes, like after a trap.
#[cold]
pub(crate) fn bad_answer(
    generation: &Generation,
    taken: Taken<'_, Seat>,
    hook: Hook,
    reason: String,
) -> String {
    let trip = Trip::new(TripClass::BadAnswer, reason);
    failed(generation, taken, hook, HookEnd::Trip(trip))
}
