//! The plugin host with real modules, through its public face: a directory, a policy slot, calls.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, helpers included"
)]

mod calls;
mod directory;
mod guests;
mod hostile;
mod limits;
mod linked;
mod rig;
mod swap;
