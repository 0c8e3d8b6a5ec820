//! Tests of the crate from outside, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failing test should stop at the spot"
)]

mod annotate;
mod documents;
mod fields;
mod hostile;
mod losses;
mod notation;
mod properties;
mod reading;
mod streams;
mod types;
mod vectors;
mod writing;
