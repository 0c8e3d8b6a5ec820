//! The imports of module `wubbo` (ABI.md section 8): every one of them, each checking what the guest hands over.

mod call;
mod providers;
mod services;
mod watch;

use wasmtime::{Caller, Linker, Memory, Result};
use wubbo_plugin_sdk::ErrorKind;
use wubbo_plugin_sdk::abi::names::IMPORT_MODULE as WUBBO;
use wubbo_plugin_sdk::native::HostResult;

use super::guest::{BadCall, Guest};
pub(super) use watch::watched;

/// Defines all imports.
pub(super) fn define(linker: &mut Linker<Guest>) -> Result<()> {
    call::define(linker)?;
    providers::define(linker)?;
    services::define(linker)
}

/// The guest's memory and the store's data, side by side.
fn parts<'a>(
    caller: &'a mut Caller<'_, Guest>,
    function: &'static str,
) -> Result<(&'a mut [u8], &'a mut Guest)> {
    let memory = match caller.data().memory {
        Some(memory) => memory,
        None => exported(caller, function)?,
    };
    Ok(memory.data_and_store_mut(caller))
}

/// While the start function runs nobody has looked for the memory yet.
fn exported(caller: &mut Caller<'_, Guest>, function: &'static str) -> Result<Memory> {
    let export = caller
        .get_export("memory")
        .and_then(wasmtime::Extern::into_memory);
    export.ok_or_else(|| BadCall::error(function, "there is no memory yet"))
}

/// A range of the guest's memory.
fn bytes<'m>(memory: &'m [u8], function: &'static str, start: u32, len: u32) -> Result<&'m [u8]> {
    let range = range(start, len);
    let found = range.and_then(|range| memory.get(range));
    found.ok_or_else(|| BadCall::error(function, "a range outside the memory"))
}

/// A text in the guest's memory.
fn text<'m>(memory: &'m [u8], function: &'static str, start: u32, len: u32) -> Result<&'m str> {
    let bytes = bytes(memory, function, start, len)?;
    std::str::from_utf8(bytes).map_err(|_| BadCall::error(function, "text that is not utf-8"))
}

/// Whether the guest may have something written there; asked first, so that a bad buffer ends the hook whatever the value is.
fn check_buffer(memory: &[u8], function: &'static str, out: u32, cap: u32) -> Result<()> {
    let range = range(out, cap);
    let buffer = range.and_then(|range| memory.get(range));
    buffer
        .map(drop)
        .ok_or_else(|| BadCall::error(function, "a buffer outside the memory"))
}

/// Answers a read into a buffer: the value's length, written only if it fits `cap`.
fn give(
    memory: &mut [u8],
    function: &'static str,
    out: u32,
    cap: u32,
    value: &[u8],
) -> Result<i32> {
    let range = range(out, cap);
    let buffer = range.and_then(|range| memory.get_mut(range));
    let buffer = buffer.ok_or_else(|| BadCall::error(function, "a buffer outside the memory"))?;
    if let Some(place) = buffer.get_mut(..value.len()) {
        place.copy_from_slice(value);
    }
    Ok(i32::try_from(value.len()).unwrap_or_else(|_| ErrorKind::TooLarge.code()))
}

fn range(start: u32, len: u32) -> Option<std::ops::Range<usize>> {
    let (start, len) = (usize::try_from(start).ok()?, usize::try_from(len).ok()?);
    Some(start..start.checked_add(len)?)
}

/// The code that a function without a value answers.
fn code(result: HostResult<()>) -> i32 {
    result.map_or_else(ErrorKind::code, |()| 0)
}

/// The code or number that a function with an `i64` answers.
fn wide(result: HostResult<u64>) -> i64 {
    let number = result.and_then(|number| i64::try_from(number).map_err(|_| ErrorKind::TooLarge));
    number.unwrap_or_else(|kind| i64::from(kind.code()))
}
