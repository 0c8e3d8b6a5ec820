//! What a hook answers: a range of commands, a code, or a failure whose message went to the host.

use super::imports;
use crate::abi::{codes, pack_range};
use crate::error::{Error, Result};

/// Above this the command buffer of a hook is given back, so that one large rewrite does not stay for ever.
const KEEP_BYTES: usize = 64 << 10;

/// An emptied buffer for the commands of one hook.
pub(super) fn fresh(out: &mut Vec<u8>) -> &mut Vec<u8> {
    if out.capacity() > KEEP_BYTES {
        *out = Vec::new();
    }
    out.clear();
    out
}

pub(super) fn address(pointer: *const u8) -> u32 {
    // An address of wasm32 has 32 bits.
    u32::try_from(pointer.addr()).unwrap_or(0)
}

/// Body of the export `describe`.
#[must_use]
pub fn describe(schema: &'static str) -> i64 {
    range(schema.as_bytes())
}

fn range(bytes: &[u8]) -> i64 {
    if bytes.is_empty() {
        return 0;
    }
    pack_range(
        address(bytes.as_ptr()),
        u32::try_from(bytes.len()).unwrap_or(0),
    )
}

/// The answer of a hook that gives commands.
pub(super) fn commands(result: Result<&[u8]>) -> i64 {
    match result {
        Ok(bytes) => range(bytes),
        Err(error) => i64::from(failed(&error)),
    }
}

/// The answer of a hook that only succeeds or fails.
pub(super) fn status(result: Result<()>) -> i32 {
    number(result.map(|()| 0))
}

/// The answer of a hook that gives a number.
pub(super) fn number(result: Result<i32>) -> i32 {
    result.unwrap_or_else(|error| failed(&error))
}

#[cold]
fn failed(error: &Error) -> i32 {
    let (line, column) = error.place();
    imports::fail(line, column, &error.to_string());
    codes::FAILED
}
