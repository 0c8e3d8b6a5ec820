//! Imports that read the call or the URL that a hook is about, and those of its configuration and failure.

use wasmtime::{Caller, Linker, Result};
use wubbo_plugin_sdk::ErrorKind;
use wubbo_plugin_sdk::abi::interest::{self, BadInterest, Hook, Space};
use wubbo_plugin_sdk::abi::names;
use wubbo_plugin_sdk::native::{Form, HostResult, Part};

use super::{WUBBO, bytes, check_buffer, give, parts, text, wide};
use crate::call::input::Interests;
use crate::call::{CallView, Text, body, url};
use crate::instance::Said;
use crate::shared::{Phase, message};
use crate::wasm::guest::{Guest, ServedUrl};

type Cx<'a> = Caller<'a, Guest>;

pub(super) fn define(linker: &mut Linker<Guest>) -> Result<()> {
    linker.func_wrap(WUBBO, "get", get)?;
    linker.func_wrap(WUBBO, "list", list)?;
    linker.func_wrap(WUBBO, "number", number)?;
    linker.func_wrap(WUBBO, "body", read_body)?;
    linker.func_wrap(WUBBO, "text", read_text)?;
    linker.func_wrap(WUBBO, "interest", set_interest)?;
    linker.func_wrap(WUBBO, "fail", fail)?;
    linker.func_wrap(WUBBO, "panic", panic)?;
    Ok(())
}

/// Reads the call that the hook serves.
fn served<R>(guest: &Guest, read: impl FnOnce(&CallView<'_>) -> HostResult<R>) -> HostResult<R> {
    let call = guest.call.ok_or(ErrorKind::NotAllowed)?;
    call.view(read)
}

/// The key of a read: interned, or the text at `key`.
fn key(memory: &[u8], space: Space, id: u32, key: u32, key_len: u32) -> Result<Option<&str>> {
    Ok(match id {
        0 => Some(text(memory, "get", key, key_len)?).filter(|key| !key.is_empty()),
        id => u16::try_from(id).ok().and_then(|id| space.key_name(id)),
    })
}

fn get(
    mut cx: Cx<'_>,
    space: u32,
    id: u32,
    name: u32,
    name_len: u32,
    out: u32,
    cap: u32,
) -> Result<i32> {
    let (memory, guest) = parts(&mut cx, "get")?;
    check_buffer(memory, "get", out, cap)?;
    if guest.call.is_none() && guest.url.is_none() {
        return Ok(ErrorKind::NotAllowed.code());
    }
    let Some(space) = Space::from_number(space) else {
        return Ok(ErrorKind::BadArgument.code());
    };
    let Some(call) = guest.call else {
        let Some(key) = key(memory, space, id, name, name_len)? else {
            return Ok(ErrorKind::BadArgument.code());
        };
        return match configured(guest, space, key) {
            Ok(value) => give(memory, "get", out, cap, value.as_str().as_bytes()),
            Err(kind) => Ok(kind.code()),
        };
    };
    call.view(|view| {
        let Some(key) = key(memory, space, id, name, name_len)? else {
            return Ok(ErrorKind::BadArgument.code());
        };
        match view.get(space, key) {
            Ok(Some(value)) => give(memory, "get", out, cap, value.as_str().as_bytes()),
            Ok(None) => Ok(ErrorKind::Absent.code()),
            Err(kind) => Ok(kind.code()),
        }
    })
}

/// A text of the URL that `configure_url` is about.
fn configured<'g>(guest: &'g Guest, space: Space, key: &str) -> HostResult<Text<'g>> {
    let ServedUrl(url) = guest.url.as_ref().ok_or(ErrorKind::NotAllowed)?;
    url::get(url, space, key, ErrorKind::NotAllowed)?.ok_or(ErrorKind::Absent)
}

fn list(mut cx: Cx<'_>, space: u32, out: u32, cap: u32) -> Result<i32> {
    let (memory, guest) = parts(&mut cx, "list")?;
    check_buffer(memory, "list", out, cap)?;
    match pairs(guest, space) {
        Ok(pairs) => give(memory, "list", out, cap, &pairs),
        Err(kind) => Ok(kind.code()),
    }
}

fn pairs(guest: &Guest, space: u32) -> HostResult<Vec<u8>> {
    if guest.call.is_none() && guest.url.is_none() {
        return Err(ErrorKind::NotAllowed);
    }
    let space = Space::from_number(space).ok_or(ErrorKind::BadArgument)?;
    let mut out = Vec::new();
    let len = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes();
    let mut pair = |key: &str, value: &str| {
        out.extend_from_slice(&len(key));
        out.extend_from_slice(&len(value));
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(value.as_bytes());
    };
    match (&guest.call, &guest.url, space) {
        (Some(call), ..) => call.view(|view| view.list(space, &mut pair))?,
        (None, Some(ServedUrl(url)), Space::Url) => {
            url.first_params().for_each(|(key, value)| pair(key, value));
        }
        (None, Some(_), Space::Field) => return Err(ErrorKind::BadArgument),
        _ => return Err(ErrorKind::NotAllowed),
    }
    Ok(out)
}

fn number(cx: Cx<'_>, what: u32) -> i64 {
    wide(served(cx.data(), |view| view.number(what)))
}

#[allow(clippy::too_many_arguments, reason = "the ABI's signature")]
fn read_body(
    mut cx: Cx<'_>,
    part: u32,
    index: u32,
    form: u32,
    path: u32,
    path_len: u32,
    out: u32,
    cap: u32,
) -> Result<i32> {
    let (memory, guest) = parts(&mut cx, "body")?;
    check_buffer(memory, "body", out, cap)?;
    let path = text(memory, "body", path, path_len)?;
    let found = served(guest, |view| {
        let bad = ErrorKind::BadArgument;
        let part = match part {
            names::BODY_ARGUMENT => Part::Argument(index),
            names::BODY_ARGUMENTS if index == 0 => Part::Arguments,
            names::BODY_RESULT if index == 0 => Part::Result,
            _ => return Err(bad),
        };
        let form = Form::from_number(form).ok_or(bad)?;
        body::read(view, guest.shared.body, part, form, path)
    });
    match found {
        Ok(value) => give(memory, "body", out, cap, &value),
        Err(kind) => Ok(kind.code()),
    }
}

fn read_text(mut cx: Cx<'_>, what: u32, out: u32, cap: u32) -> Result<i32> {
    let (memory, guest) = parts(&mut cx, "text")?;
    check_buffer(memory, "text", out, cap)?;
    match what {
        names::TEXT_CONFIG if guest.phase == Phase::Hook(Hook::New) => {
            let shared = std::sync::Arc::clone(&guest.shared);
            give(memory, "text", out, cap, shared.config.as_bytes())
        }
        names::TEXT_RULE if guest.phase == Phase::Hook(Hook::OnRule) => match &guest.rule {
            Some(rule) => give(memory, "text", out, cap, rule.as_bytes()),
            None => Ok(ErrorKind::Absent.code()),
        },
        names::TEXT_CONFIG | names::TEXT_RULE => Ok(ErrorKind::NotAllowed.code()),
        _ => Ok(ErrorKind::BadArgument.code()),
    }
}

fn set_interest(mut cx: Cx<'_>, records: u32, len: u32) -> Result<i32> {
    let (memory, guest) = parts(&mut cx, "interest")?;
    let records = bytes(memory, "interest", records, len)?;
    if !matches!(guest.phase, Phase::Hook(Hook::New | Hook::OnRule)) {
        return Ok(ErrorKind::NotAllowed.code());
    }
    Ok(match interest::read(records) {
        Ok(all) => {
            guest.interests = Some(Interests::new(all.iter().copied()));
            0
        }
        Err(BadInterest::Record) => ErrorKind::BadArgument.code(),
        Err(BadInterest::TooLarge) => ErrorKind::TooLarge.code(),
    })
}

fn fail(mut cx: Cx<'_>, line: u32, column: u32, start: u32, len: u32) -> Result<()> {
    let (memory, guest) = parts(&mut cx, "fail")?;
    let message = message(text(memory, "fail", start, len)?);
    guest.failure = Some(Said {
        line,
        column,
        message,
    });
    Ok(())
}

fn panic(mut cx: Cx<'_>, start: u32, len: u32, file: u32, file_len: u32, line: u32) -> Result<()> {
    let (memory, guest) = parts(&mut cx, "panic")?;
    let said = message(text(memory, "panic", start, len)?);
    let file = message(text(memory, "panic", file, file_len)?);
    guest.panic = Some(format!("panicked at {file}:{line}: {said}"));
    Ok(())
}
