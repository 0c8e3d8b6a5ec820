//! Any body of a request is read or refused; a connection that saw it before reads it as the first time.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use wubbo_protocol::Codec;

fuzz_target!(|data: &[u8]| {
    let body = Bytes::copy_from_slice(data);
    let mut codec = Codec::new();
    let first = codec.read_request(&body).is_ok();
    assert_eq!(codec.read_request(&body).is_ok(), first);
});
