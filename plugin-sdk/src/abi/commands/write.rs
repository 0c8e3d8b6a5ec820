//! Appending commands to a batch. Limits are the host's to check; nothing here can fail.

use super::{
    OUTCOME_ERROR, OUTCOME_EXCEPTION, OUTCOME_VALUE, RECORD_HEAD, SET_ARGUMENT, SET_RESULT,
    SET_SCRATCH, Value,
};
use crate::abi::names::{FORM_HESSIAN, FORM_JSON, FORM_TEXT};

fn record(out: &mut Vec<u8>, op: u8, form: u32, id: u16, parts: (&[u8], &[u8])) {
    let (first, second) = parts;
    // A part of 4 GiB cannot exist in a wasm32 guest; a linked plugin's is refused for its length.
    let len = |part: &[u8]| u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes();
    let ([low, high], [f0, f1, f2, f3], [s0, s1, s2, s3]) =
        (id.to_le_bytes(), len(first), len(second));
    out.reserve(RECORD_HEAD + first.len() + second.len());
    // One copy of the head: guests are optimised for size, where each append is a call.
    out.extend_from_slice(&[
        op,
        form.to_le_bytes()[0],
        low,
        high,
        f0,
        f1,
        f2,
        f3,
        s0,
        s1,
        s2,
        s3,
    ]);
    out.extend_from_slice(first);
    out.extend_from_slice(second);
}

fn parts(value: Value<'_>) -> (u32, &[u8]) {
    match value {
        Value::Hessian(stream) => (FORM_HESSIAN, stream),
        Value::Json(text) => (FORM_JSON, text.as_bytes()),
        Value::Text(text) => (FORM_TEXT, text.as_bytes()),
    }
}

/// `SET_ATTACHMENT`, `SET_RESPONSE_ATTACHMENT`, `SET_PARAMETER`: `op` says which. `id` 0: by text.
pub fn set(out: &mut Vec<u8>, op: u8, id: u16, key: &str, value: &str) {
    let key = if id == 0 { key } else { "" };
    record(out, op, 0, id, (key.as_bytes(), value.as_bytes()));
}

/// `REMOVE_ATTACHMENT`, `REMOVE_RESPONSE_ATTACHMENT`, `REMOVE_PARAMETER`. `id` 0: by text.
pub fn remove(out: &mut Vec<u8>, op: u8, id: u16, key: &str) {
    let key = if id == 0 { key } else { "" };
    record(out, op, 0, id, (key.as_bytes(), &[]));
}

/// `SET_ARGUMENT`.
pub fn set_argument(out: &mut Vec<u8>, index: u16, value: Value<'_>) {
    let (form, bytes) = parts(value);
    record(out, SET_ARGUMENT, form, index, (&[], bytes));
}

/// `SET_RESULT`.
pub fn set_result(out: &mut Vec<u8>, path: &str, value: Value<'_>) {
    let (form, bytes) = parts(value);
    record(out, SET_RESULT, form, 0, (path.as_bytes(), bytes));
}

/// `OUTCOME_VALUE`.
pub fn outcome_value(out: &mut Vec<u8>, value: Value<'_>) {
    let (form, bytes) = parts(value);
    record(out, OUTCOME_VALUE, form, 0, (&[], bytes));
}

/// `OUTCOME_ERROR`.
pub fn outcome_error(out: &mut Vec<u8>, status: u8, code: u8, message: &str) {
    record(
        out,
        OUTCOME_ERROR,
        0,
        u16::from_le_bytes([status, code]),
        (&[], message.as_bytes()),
    );
}

/// `OUTCOME_EXCEPTION`.
pub fn outcome_exception(out: &mut Vec<u8>, class: &str, message: &str) {
    record(
        out,
        OUTCOME_EXCEPTION,
        0,
        0,
        (class.as_bytes(), message.as_bytes()),
    );
}

/// `SET_SCRATCH`.
pub fn set_scratch(out: &mut Vec<u8>, number: u64, blob: &[u8]) {
    record(out, SET_SCRATCH, 0, 0, (&number.to_le_bytes(), blob));
}
