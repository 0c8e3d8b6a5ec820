//! Tests about the memory of this process: each runs in a process of its own, where no neighbour takes any.

use std::fs;
use std::process::Command;

use crate::server::Kind;

/// Says to a process that it is the test's own one.
const ALONE: &str = "WUBBO_TEST_ALONE";

/// Whether the test `name` of `module` goes on here. If not, it was run in a process of its own.
pub(crate) fn is_alone(module: &str, kind: Kind, name: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let kind = format!("{kind:?}").to_lowercase();
    let test = format!("{module}::{kind}::{name}");
    let output = tokio::task::block_in_place(|| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &test, "--nocapture"])
            .env(ALONE, "1")
            .output()
    });
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{test}"
    );
    false
}

/// What this process holds in memory.
pub(crate) fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.unwrap().trim().strip_suffix(" kB").unwrap();
    kib.parse().unwrap()
}
