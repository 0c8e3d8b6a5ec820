//! A descriptor of parameter types is refused, or is the sum of its parts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wubbo_protocol::descriptor;

fuzz_target!(|text: &str| {
    if let Some(parts) = descriptor::split(text) {
        assert!(parts.iter().all(|part| !part.is_empty()));
        assert_eq!(parts.concat(), text);
    }
});
