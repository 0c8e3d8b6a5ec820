//! The ZooKeeper registry against a real ZooKeeper. Where none is installed the tests say so and are left out, except with
//! `CI=true`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "tests fail by panicking and print what they measured"
)]

mod config_center;
#[path = "../../src/config/conformance.rs"]
mod config_conformance;
#[path = "../../src/conformance.rs"]
mod conformance;
mod faults;
mod proxy;
mod raw;
mod rounds;
mod server;
