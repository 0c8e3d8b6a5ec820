//! Any frame is shown or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wubbo_protocol::{annotate, describe, reencode};

fuzz_target!(|data: &[u8]| {
    let _ = describe(data);
    let _ = reencode(data);
    if let Ok(spans) = annotate(data) {
        let mut end = 0;
        for span in spans {
            assert_eq!(span.range.start, end);
            end = span.range.end;
        }
        assert_eq!(end, data.len());
    }
});
