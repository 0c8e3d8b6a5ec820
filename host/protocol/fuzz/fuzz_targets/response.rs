//! Any body of an answer is read or refused, with the status in front of it.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use wubbo_core::Status;
use wubbo_protocol::Codec;

fuzz_target!(|data: &[u8]| {
    let Some((status, body)) = data.split_first() else {
        return;
    };
    let codec = Codec::new();
    let body = Bytes::copy_from_slice(body);
    drop(codec.read_response(Status(*status), &body));
    drop(codec.read_response(Status::OK, &body));
});
