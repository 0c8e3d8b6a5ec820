//! The integration tests: one binary, so that wasmtime is linked once.

mod house;
