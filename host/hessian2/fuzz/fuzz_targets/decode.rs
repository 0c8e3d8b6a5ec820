//! Any bytes are read or refused; what was read survives writing and reading.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use wubbo_hessian2::{Date, Decoder, Encoder, Limits, Value};

#[derive(Deserialize)]
#[allow(dead_code, reason = "only that it is read matters")]
struct Holder {
    number: Option<i64>,
    date: Option<Date>,
    any: Option<Value>,
    texts: Option<Vec<String>>,
    cause: Option<Box<Holder>>,
}

fn limits() -> Limits {
    Limits {
        values: 100_000,
        ..Limits::default()
    }
}

fn read_all(bytes: &[u8]) -> Option<Vec<Value>> {
    let mut decoder = Decoder::with_limits(bytes, limits());
    let mut values = Vec::new();
    while !decoder.is_empty() {
        values.push(decoder.read_value().ok()?);
    }
    Some(values)
}

fn write_all(values: &[Value]) -> BytesMut {
    let mut out = BytesMut::new();
    let mut encoder = Encoder::new(&mut out);
    for value in values {
        encoder.write_value(value).expect("what was read can be written");
    }
    out
}

fuzz_target!(|data: &[u8]| {
    let mut decoder = Decoder::with_limits(data, limits());
    let start = decoder.mark();
    let _ = decoder.read::<Holder>();
    decoder.rewind(start);
    let _ = decoder.read::<Vec<Option<String>>>();
    decoder.rewind(start);
    let _ = decoder.read::<Value>();
    decoder.rewind(start);
    let _ = decoder.read_document();
    if let Some(values) = read_all(data) {
        let written = write_all(&values);
        let again = read_all(&written).expect("what was written can be read");
        assert_eq!(write_all(&again), written);
    }
});
