//! The plugin host with real modules, through its public face: a directory, a policy slot, calls.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and one that measures says what; helpers included"
)]

mod atomicity;
mod built;
mod calls;
mod configuring;
mod conformance;
mod directory;
mod guests;
mod hosted;
mod hostile;
mod limits;
mod linked;
mod linked_policies;
mod matrix;
mod property;
mod providers;
mod rig;
mod routing;
mod rules;
mod swap;
mod tables;
mod vectors;
