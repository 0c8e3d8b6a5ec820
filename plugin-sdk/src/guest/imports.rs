//! The imports of ABI.md section 8, each behind a safe function.

use crate::abi::interest::Space;
use crate::abi::{names, providers};
use crate::error::ErrorKind;
use crate::native::{Clock, Expect, Form, HostResult, Level, LogTarget, MetricKind, Part};
use std::borrow::Cow;

/// Room of the first try of a read; most values of a call are shorter.
const FIRST_TRY: usize = 256;

mod raw {
    #[link(wasm_import_module = "wubbo")]
    unsafe extern "C" {
        pub(super) fn get(
            space: u32,
            id: u32,
            key: *const u8,
            key_len: usize,
            out: *mut u8,
            cap: usize,
        ) -> i32;
        pub(super) fn list(space: u32, out: *mut u8, cap: usize) -> i32;
        pub(super) safe fn number(what: u32) -> i64;
        pub(super) fn body(
            part: u32,
            index: u32,
            form: u32,
            path: *const u8,
            path_len: usize,
            out: *mut u8,
            cap: usize,
        ) -> i32;
        pub(super) fn text(what: u32, out: *mut u8, cap: usize) -> i32;
        pub(super) fn interest(records: *const u8, len: usize) -> i32;
        pub(super) fn fail(line: u32, column: u32, message: *const u8, len: usize);
        pub(super) fn panic(
            message: *const u8,
            message_len: usize,
            file: *const u8,
            file_len: usize,
            line: u32,
        );
        pub(super) fn table(section: i32, out: *mut u8, cap: usize) -> i32;
        pub(super) safe fn cell(row: u32, what: u32) -> i64;
        pub(super) fn column(what: u32, out: *mut u8, cap: usize) -> i32;
        pub(super) fn note(row: i32, text: *const u8, len: usize) -> i32;
        pub(super) fn log(target: u32, level: u32, text: *const u8, len: usize) -> i32;
        pub(super) safe fn clock(which: u32) -> i64;
        pub(super) safe fn random() -> i64;
        pub(super) fn state_get(key: *const u8, key_len: usize, out: *mut u8, cap: usize) -> i32;
        pub(super) fn state_add(
            key: *const u8,
            key_len: usize,
            delta: i64,
            ttl_ms: i64,
            out: *mut u8,
        ) -> i32;
        pub(super) fn state_cas(
            key: *const u8,
            key_len: usize,
            old: *const u8,
            old_len: usize,
            new: *const u8,
            new_len: usize,
            ttl_ms: i64,
        ) -> i32;
        pub(super) fn metric_define(
            kind: u32,
            name: *const u8,
            name_len: usize,
            help: *const u8,
            help_len: usize,
        ) -> i32;
        pub(super) safe fn metric_update(id: u32, value: i64) -> i32;
    }
}

fn done(code: i32) -> HostResult<()> {
    if code < 0 {
        Err(ErrorKind::from_code(code))
    } else {
        Ok(())
    }
}

/// Reads into a buffer; `ask` answers the full length, and is asked again with room when that was more.
fn buffer(ask: impl Fn(*mut u8, usize) -> i32) -> HostResult<Vec<u8>> {
    buffer_of(FIRST_TRY, ask)
}

/// The same where the length is likely known: the first try has that much room.
fn buffer_of(room: usize, ask: impl Fn(*mut u8, usize) -> i32) -> HostResult<Vec<u8>> {
    let mut bytes = vec![0; room];
    for _ in 0..2 {
        let answer = ask(bytes.as_mut_ptr(), bytes.len());
        let len = usize::try_from(answer).map_err(|_| ErrorKind::from_code(answer))?;
        if len <= bytes.len() {
            bytes.truncate(len);
            return Ok(bytes);
        }
        bytes = vec![0; len];
    }
    // The value grew between two reads of one hook, which the host rules out.
    Err(ErrorKind::Unavailable)
}

fn buffer_text(ask: impl Fn(*mut u8, usize) -> i32) -> HostResult<String> {
    String::from_utf8(buffer(ask)?).map_err(|_| ErrorKind::Unavailable)
}

pub(crate) fn get<'a>(space: Space, id: u16, key: &str) -> HostResult<Option<Cow<'a, str>>> {
    let (place, len) = if id == 0 {
        (key.as_ptr(), key.len())
    } else {
        (std::ptr::null(), 0)
    };
    // SAFETY: both ranges are of live slices.
    let read = buffer_text(|out, cap| unsafe {
        raw::get(space as u32, u32::from(id), place, len, out, cap)
    });
    match read {
        Ok(text) => Ok(Some(Cow::Owned(text))),
        Err(ErrorKind::Absent) => Ok(None),
        Err(kind) => Err(kind),
    }
}

pub(crate) fn list(space: Space) -> HostResult<Vec<u8>> {
    // SAFETY: the range is of a live buffer.
    buffer(|out, cap| unsafe { raw::list(space as u32, out, cap) })
}

pub(crate) fn number(what: u32) -> HostResult<u64> {
    let answer = raw::number(what);
    u64::try_from(answer).map_err(|_| ErrorKind::from_code(i32::try_from(answer).unwrap_or(0)))
}

pub(crate) fn body(part: Part, form: Form, path: &str) -> HostResult<Vec<u8>> {
    let (part, index) = match part {
        Part::Argument(index) => (names::BODY_ARGUMENT, index),
        Part::Arguments => (names::BODY_ARGUMENTS, 0),
        Part::Result => (names::BODY_RESULT, 0),
    };
    let form = match form {
        Form::Hessian => names::FORM_HESSIAN,
        Form::Json => names::FORM_JSON,
        Form::Text => names::FORM_TEXT,
    };
    // SAFETY: both ranges are of live slices.
    buffer(|out, cap| unsafe { raw::body(part, index, form, path.as_ptr(), path.len(), out, cap) })
}

pub(crate) fn config() -> HostResult<String> {
    // SAFETY: the range is of a live buffer.
    buffer_text(|out, cap| unsafe { raw::text(names::TEXT_CONFIG, out, cap) })
}

pub(crate) fn rule(len: u32) -> HostResult<String> {
    // SAFETY: the range is of a live buffer.
    let read = buffer_of(len as usize, |out, cap| unsafe {
        raw::text(names::TEXT_RULE, out, cap)
    });
    String::from_utf8(read?).map_err(|_| ErrorKind::Unavailable)
}

/// Fills a buffer whose length the host has told before.
fn fill<T>(numbers: &mut [T], ask: impl Fn(*mut u8, usize) -> i32) -> HostResult<()> {
    let bytes = size_of_val(numbers);
    let answer = ask(numbers.as_mut_ptr().cast(), bytes);
    done(answer)?;
    if answer as usize == bytes {
        Ok(())
    } else {
        Err(ErrorKind::Unavailable)
    }
}

pub(crate) fn table_words(len: u32) -> HostResult<Vec<u8>> {
    let mut bytes = vec![0; len as usize];
    // SAFETY: the range is of a live buffer.
    fill(&mut bytes, |out, cap| unsafe {
        raw::table(providers::TABLE_WORDS, out, cap)
    })?;
    Ok(bytes)
}

pub(crate) fn table_rows(column: u32, rows: u32) -> HostResult<Vec<u32>> {
    let column = i32::try_from(column).map_err(|_| ErrorKind::BadArgument)?;
    let mut numbers = vec![0; rows as usize];
    // SAFETY: the range is of a live buffer; any bytes are numbers, in this machine's order.
    fill(&mut numbers, |out, cap| unsafe {
        raw::table(column, out, cap)
    })?;
    Ok(numbers)
}

pub(crate) fn cell(row: u32, what: u32) -> HostResult<i64> {
    let answer = raw::cell(row, what);
    if answer < 0 {
        return Err(ErrorKind::from_code(i32::try_from(answer).unwrap_or(0)));
    }
    Ok(answer)
}

pub(crate) fn column(what: u32, numbers: &mut [i64]) -> HostResult<()> {
    // SAFETY: the range is of a live buffer; any bytes are numbers, in this machine's order.
    fill(numbers, |out, cap| unsafe { raw::column(what, out, cap) })
}

pub(crate) fn note(row: Option<u32>, text: &str) -> HostResult<()> {
    let row = match row {
        None => names::NOTE_ALL,
        Some(row) => i32::try_from(row).map_err(|_| ErrorKind::BadArgument)?,
    };
    // SAFETY: the range is of a live slice.
    done(unsafe { raw::note(row, text.as_ptr(), text.len()) })
}

pub(crate) fn interest(records: &[u8]) -> HostResult<()> {
    // SAFETY: the range is of a live slice.
    done(unsafe { raw::interest(records.as_ptr(), records.len()) })
}

pub(crate) fn fail(line: u32, column: u32, message: &str) {
    // SAFETY: the range is of a live slice.
    unsafe { raw::fail(line, column, message.as_ptr(), message.len()) }
}

pub(crate) fn panic(message: &str, file: &str, line: u32) {
    // SAFETY: both ranges are of live slices.
    unsafe {
        raw::panic(
            message.as_ptr(),
            message.len(),
            file.as_ptr(),
            file.len(),
            line,
        )
    }
}

pub(crate) fn log(target: LogTarget, level: Level, text: &str) -> HostResult<()> {
    let target = match target {
        LogTarget::Host => names::LOG_HOST,
        LogTarget::Access => names::LOG_ACCESS,
    };
    // SAFETY: the range is of a live slice.
    done(unsafe { raw::log(target, level as u32, text.as_ptr(), text.len()) })
}

pub(crate) fn clock(clock: Clock) -> HostResult<i64> {
    let answer = raw::clock(match clock {
        Clock::UnixMs => names::CLOCK_UNIX_MS,
        Clock::MonotonicNs => names::CLOCK_MONOTONIC_NS,
    });
    if answer < 0 {
        return Err(ErrorKind::from_code(i32::try_from(answer).unwrap_or(0)));
    }
    Ok(answer)
}

pub(crate) fn random() -> u64 {
    raw::random().cast_unsigned()
}

pub(crate) fn state_get(key: &str) -> HostResult<Vec<u8>> {
    // SAFETY: both ranges are of live slices.
    buffer(|out, cap| unsafe { raw::state_get(key.as_ptr(), key.len(), out, cap) })
}

pub(crate) fn state_add(key: &str, delta: i64, ttl_ms: i64) -> HostResult<i64> {
    let mut sum = [0; 8];
    // SAFETY: both ranges are of live slices; `sum` has the 8 bytes that are written.
    done(unsafe { raw::state_add(key.as_ptr(), key.len(), delta, ttl_ms, sum.as_mut_ptr()) })?;
    Ok(i64::from_le_bytes(sum))
}

pub(crate) fn state_cas(
    key: &str,
    expected: Expect<'_>,
    new: Option<&[u8]>,
    ttl_ms: i64,
) -> HostResult<()> {
    let mark = |mark: u32| (std::ptr::null(), mark as usize);
    let (old, old_len) = match expected {
        Expect::Absent => mark(names::STATE_ABSENT),
        Expect::Any => mark(names::STATE_ANY),
        Expect::Value(bytes) => (bytes.as_ptr(), bytes.len()),
    };
    let (new, new_len) = new.map_or_else(
        || mark(names::STATE_ABSENT),
        |bytes| (bytes.as_ptr(), bytes.len()),
    );
    // SAFETY: the ranges are of live slices, or marked as not to be read.
    done(unsafe { raw::state_cas(key.as_ptr(), key.len(), old, old_len, new, new_len, ttl_ms) })
}

pub(crate) fn metric_define(kind: MetricKind, name: &str, help: &str) -> HostResult<u32> {
    // SAFETY: both ranges are of live slices.
    let id = unsafe {
        raw::metric_define(
            kind as u32,
            name.as_ptr(),
            name.len(),
            help.as_ptr(),
            help.len(),
        )
    };
    u32::try_from(id).map_err(|_| ErrorKind::from_code(id))
}

pub(crate) fn metric_update(metric: u32, value: i64) -> HostResult<()> {
    done(raw::metric_update(metric, value))
}
