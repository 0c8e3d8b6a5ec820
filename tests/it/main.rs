//! The integration tests: one binary, so that wasmtime is linked once.

mod bad_input;
mod gateway;
mod house;
mod java;
mod statuses;
mod swap;
mod vectors;
