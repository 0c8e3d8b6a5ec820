//! What the plugin host costs: calls in CPU time of their thread, since other work on the machine is none of theirs; lists and swaps in
//! wall time. Bookkeeping is included: slot, deadline, counters, checks, what a hook wants applied.

mod cpu;
mod filter;
mod first_party;
mod guests;
mod memory;
mod rig;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

use cpu::CpuTime;

/// A hundred figures of some hundred nanoseconds each: a second is enough for one.
fn brief() -> Criterion<CpuTime> {
    Criterion::default()
        .with_measurement(CpuTime)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1))
        .sample_size(30)
}

criterion_group! {
    name = calls;
    config = brief();
    targets = memory::instances, first_party::chain, first_party::filters, first_party::routers, first_party::balancers, filter::calls, guests::calls
}
criterion_group!(waits, guests::lists, filter::swaps);
criterion_main!(calls, waits);
