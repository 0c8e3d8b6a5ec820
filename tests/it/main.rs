//! The integration tests: one binary, so that wasmtime is linked once.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "tests fail by panicking, print what they measured, and hold tables of cases"
)]

mod attach;
mod bad_input;
mod bench;
mod cookbook;
mod gateway;
mod go;
mod house;
mod java;
mod memory;
mod node;
mod plugin_cli;
mod quickstart;
mod references;
mod robust;
mod routing;
mod scenarios;
mod statuses;
mod swap;
mod tls;
mod vectors;

// The certificates, servers and fault proxy of the registries' own tests, which a crate below this one cannot take from here.
#[path = "../../host/registry/tests/registries/certificates.rs"]
mod certificates;
#[path = "../../host/registry/tests/registries/proxy.rs"]
#[allow(dead_code, reason = "each suite uses a part")]
mod proxy;
#[path = "../../host/registry/tests/registries/server.rs"]
#[allow(dead_code, reason = "each suite uses a part")]
mod server;
