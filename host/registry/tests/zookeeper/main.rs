//! The ZooKeeper registry against a real ZooKeeper. Where none is installed the tests say so and are left out, except with
//! `CI=true`.

#[path = "../../src/conformance.rs"]
mod conformance;
mod proxy;
mod raw;
mod rounds;
mod server;
