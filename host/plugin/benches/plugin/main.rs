//! What the plugin host costs: calls in CPU time of their thread, since other work on the machine is none of theirs; lists and swaps in
//! wall time. Bookkeeping is included: slot, deadline, counters, checks, what a hook wants applied.

mod cpu;
mod filter;
mod first_party;
mod guests;
mod memory;
mod rig;

use criterion::{Criterion, criterion_group, criterion_main};

use cpu::CpuTime;

criterion_group! {
    name = calls;
    config = Criterion::default().with_measurement(CpuTime);
    targets = memory::instances, first_party::chain, first_party::filters, first_party::routers, first_party::balancers, filter::calls, guests::calls
}
criterion_group!(waits, guests::lists, filter::swaps);
criterion_main!(calls, waits);
