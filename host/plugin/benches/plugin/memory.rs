//! What an instance of a first-party policy holds.

#![allow(
    clippy::print_stderr,
    reason = "criterion measures times; this figure is none"
)]

use criterion::Criterion;
use tokio::runtime::Runtime;

use crate::cpu::CpuTime;
use crate::first_party::{BALANCERS, FILTERS, ROUTERS, files};
use crate::rig::Rig;

/// Prints what an instance holds: of a second host over the same modules, so that what their compilation left behind does not count.
pub(crate) fn instances(_criterion: &mut Criterion<CpuTime>) {
    let runtime = Runtime::new().expect("a runtime");
    let cache = tempfile::tempdir().expect("a directory");
    let all = [&FILTERS[..], &ROUTERS, &BALANCERS].concat();
    let host = || Rig::start(&runtime, Vec::new(), &files(&all), Some(cache.path()));
    let _compiled = host();
    let before = resident_kib();
    let measured = host();
    let grown = resident_kib().saturating_sub(before);
    let plugins = measured.host.status().plugins;
    let instances: usize = plugins.iter().map(|plugin| plugin.instances).sum();
    assert!(instances >= all.len(), "{instances} instances");
    eprintln!(
        "resident memory per instance: {} KiB ({instances} instances of {} plugins, their code included)",
        grown / instances,
        plugins.len()
    );
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
