//! The plugin host with real modules, through its public face: a directory, a policy slot, calls.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, helpers included"
)]

mod calls;
mod configuring;
mod directory;
mod guests;
mod hostile;
mod limits;
mod linked;
mod linked_policies;
mod matrix;
mod providers;
mod rig;
mod routing;
mod rules;
mod swap;
mod tables;
