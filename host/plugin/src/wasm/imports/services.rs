//! Imports that have nothing to do with one call: log, clock, random, shared state, metrics.

use wasmtime::{Caller, Linker, Result};
use wubbo_plugin_sdk::ErrorKind;
use wubbo_plugin_sdk::abi::names;
use wubbo_plugin_sdk::native::{Clock, Expect, HostResult, Level, LogTarget, MetricKind};

use super::{WUBBO, bytes, check_buffer, code, give, parts, text, wide};
use crate::wasm::guest::Guest;

type Cx<'a> = Caller<'a, Guest>;

pub(super) fn define(linker: &mut Linker<Guest>) -> Result<()> {
    linker.func_wrap(WUBBO, "log", log)?;
    linker.func_wrap(WUBBO, "clock", clock)?;
    linker.func_wrap(WUBBO, "random", random)?;
    linker.func_wrap(WUBBO, "state_get", state_get)?;
    linker.func_wrap(WUBBO, "state_add", state_add)?;
    linker.func_wrap(WUBBO, "state_cas", state_cas)?;
    linker.func_wrap(WUBBO, "metric_define", metric_define)?;
    linker.func_wrap(WUBBO, "metric_update", metric_update)?;
    Ok(())
}

fn log(mut cx: Cx<'_>, target: u32, level: u32, start: u32, len: u32) -> Result<i32> {
    let (memory, guest) = parts(&mut cx, "log")?;
    let line = text(memory, "log", start, len)?;
    let target = match target {
        names::LOG_HOST => LogTarget::Host,
        names::LOG_ACCESS => LogTarget::Access,
        _ => return Ok(ErrorKind::BadArgument.code()),
    };
    let level = match target {
        LogTarget::Access => Some(Level::Info),
        LogTarget::Host => Level::from_number(level),
    };
    let Some(level) = level else {
        return Ok(ErrorKind::BadArgument.code());
    };
    let logged = match guest.call {
        Some(call) => call.view(|view| guest.functions_of(Some(*view)).log(target, level, line)),
        None => guest.functions().log(target, level, line),
    };
    Ok(code(logged))
}

fn clock(cx: Cx<'_>, which: u32) -> i64 {
    let which = match which {
        names::CLOCK_UNIX_MS => Clock::UnixMs,
        names::CLOCK_MONOTONIC_NS => Clock::MonotonicNs,
        _ => return i64::from(ErrorKind::BadArgument.code()),
    };
    let time = cx.data().functions().clock(which);
    wide(time.and_then(|time| u64::try_from(time).map_err(|_| ErrorKind::Unavailable)))
}

fn random(cx: Cx<'_>) -> i64 {
    match cx.data().functions().random() {
        Ok(bits) => bits.cast_signed(),
        Err(kind) => i64::from(kind.code()),
    }
}

fn state_get(mut cx: Cx<'_>, key: u32, key_len: u32, out: u32, cap: u32) -> Result<i32> {
    let (memory, guest) = parts(&mut cx, "state_get")?;
    check_buffer(memory, "state_get", out, cap)?;
    let key = text(memory, "state_get", key, key_len)?;
    match guest.functions().state_get(key) {
        Ok(value) => give(memory, "state_get", out, cap, &value),
        Err(kind) => Ok(kind.code()),
    }
}

fn state_add(
    mut cx: Cx<'_>,
    key: u32,
    key_len: u32,
    delta: i64,
    ttl_ms: i64,
    out: u32,
) -> Result<i32> {
    let (memory, guest) = parts(&mut cx, "state_add")?;
    // The place for the sum is checked first: a bad one must not have counted.
    check_buffer(memory, "state_add", out, 8)?;
    let key = text(memory, "state_add", key, key_len)?;
    match guest.functions().state_add(key, delta, ttl_ms) {
        Ok(sum) => give(memory, "state_add", out, 8, &sum.to_le_bytes()).map(|_| 0),
        Err(kind) => Ok(kind.code()),
    }
}

#[allow(clippy::too_many_arguments, reason = "the ABI's signature")]
fn state_cas(
    mut cx: Cx<'_>,
    key: u32,
    key_len: u32,
    old: u32,
    old_len: u32,
    new: u32,
    new_len: u32,
    ttl_ms: i64,
) -> Result<i32> {
    let (memory, guest) = parts(&mut cx, "state_cas")?;
    let key = text(memory, "state_cas", key, key_len)?;
    let expected = match old_len {
        names::STATE_ABSENT => Expect::Absent,
        names::STATE_ANY => Expect::Any,
        len => Expect::Value(bytes(memory, "state_cas", old, len)?),
    };
    let new = match new_len {
        names::STATE_ABSENT => None,
        len => Some(bytes(memory, "state_cas", new, len)?),
    };
    Ok(code(
        guest.functions().state_cas(key, expected, new, ttl_ms),
    ))
}

fn metric_define(
    mut cx: Cx<'_>,
    kind: u32,
    name: u32,
    name_len: u32,
    help: u32,
    help_len: u32,
) -> Result<i32> {
    let (memory, guest) = parts(&mut cx, "metric_define")?;
    let name = text(memory, "metric_define", name, name_len)?;
    let help = text(memory, "metric_define", help, help_len)?;
    let Some(kind) = MetricKind::from_number(kind) else {
        return Ok(ErrorKind::BadArgument.code());
    };
    let number = guest.functions().metric_define(kind, name, help);
    Ok(number_or_code(number))
}

fn metric_update(cx: Cx<'_>, metric: u32, value: i64) -> i32 {
    code(cx.data().functions().metric_update(metric, value))
}

fn number_or_code(number: HostResult<u32>) -> i32 {
    let number = number.and_then(|number| i32::try_from(number).map_err(|_| ErrorKind::Quota));
    number.unwrap_or_else(ErrorKind::code)
}
