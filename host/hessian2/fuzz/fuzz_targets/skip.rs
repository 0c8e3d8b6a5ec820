//! Reading, skipping and explaining agree on where each value ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wubbo_hessian2::{Decoder, Tables};

/// Ends and tables after each value that `step` gets over.
fn walk(bytes: &[u8], step: impl Fn(&mut Decoder<'_>) -> bool) -> Vec<(usize, Tables)> {
    let mut decoder = Decoder::new(bytes);
    let mut ends = Vec::new();
    while !decoder.is_empty() && step(&mut decoder) {
        ends.push((decoder.position(), decoder.tables()));
    }
    ends
}

fuzz_target!(|data: &[u8]| {
    let read = walk(data, |decoder| decoder.read_value().is_ok());
    assert_eq!(read, walk(data, |decoder| decoder.skip_value().is_ok()));
    assert_eq!(read, walk(data, |decoder| decoder.annotate_value().is_ok()));
});
