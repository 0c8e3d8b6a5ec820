//! Imports about providers: the table while it is handed out, live numbers of its rows and reasons while a call is routed.

use wasmtime::{Caller, Linker, Result};
use wubbo_core::ProviderTable;
use wubbo_plugin_sdk::ErrorKind;
use wubbo_plugin_sdk::abi::interest::Hook;
use wubbo_plugin_sdk::abi::{limits, providers};
use wubbo_plugin_sdk::native::HostResult;

use super::{WUBBO, check_buffer, code, give, parts, text};
use crate::call::routing::Cells;
use crate::log;
use crate::shared::Phase;
use crate::wasm::guest::{BadCall, Guest};

/// Reasons that one hook may write.
const NOTES_MAX: usize = wubbo_core::Remarks::MAX;

type Cx<'a> = Caller<'a, Guest>;

pub(super) fn define(linker: &mut Linker<Guest>) -> Result<()> {
    linker.func_wrap(WUBBO, "table", table)?;
    linker.func_wrap(WUBBO, "cell", cell)?;
    linker.func_wrap(WUBBO, "column", column)?;
    linker.func_wrap(WUBBO, "note", note)?;
    Ok(())
}

fn table(mut cx: Cx<'_>, section: i32, out: u32, cap: u32) -> Result<i32> {
    let (memory, guest) = parts(&mut cx, "table")?;
    check_buffer(memory, "table", out, cap)?;
    let (Phase::Hook(Hook::OnProviders), Some(offered)) = (guest.phase, &guest.offered) else {
        return Ok(ErrorKind::NotAllowed.code());
    };
    let found = match section {
        providers::TABLE_WORDS => Some(offered.words()),
        section => usize::try_from(section)
            .ok()
            .and_then(|column| offered.column(column)),
    };
    match found {
        Some(section) => give(memory, "table", out, cap, section),
        None => Ok(ErrorKind::BadArgument.code()),
    }
}

/// The table that the running hook is about, and the live numbers that the guest asks for.
fn cells(guest: &Guest, what: u32) -> HostResult<(&ProviderTable, Cells<'_>)> {
    let table = guest.routed().ok_or(ErrorKind::NotAllowed)?;
    Ok((table, Cells::new(table, &guest.method, what)?))
}

fn cell(cx: Cx<'_>, row: i32, what: u32) -> i64 {
    let found = cells(cx.data(), what).and_then(|(_, cells)| {
        let row = usize::try_from(row).ok().and_then(|row| cells.row(row));
        row.ok_or(ErrorKind::BadArgument)
    });
    found.unwrap_or_else(|kind| i64::from(kind.code()))
}

fn column(mut cx: Cx<'_>, what: u32, out: u32, cap: u32) -> Result<i32> {
    let (memory, guest) = parts(&mut cx, "column")?;
    check_buffer(memory, "column", out, cap)?;
    let (table, cells) = match cells(guest, what) {
        Ok(found) => found,
        Err(kind) => return Ok(kind.code()),
    };
    let len = table.rows().len() * size_of::<i64>();
    let start = usize::try_from(out).unwrap_or(usize::MAX);
    if u32::try_from(len).is_ok_and(|len| len <= cap) {
        let place = start
            .checked_add(len)
            .and_then(|end| memory.get_mut(start..end));
        let place = place.ok_or_else(|| BadCall::error("column", "a buffer outside the memory"))?;
        for (place, number) in place.as_chunks_mut::<8>().0.iter_mut().zip(cells.all()) {
            *place = number.to_le_bytes();
        }
    }
    Ok(i32::try_from(len).unwrap_or_else(|_| ErrorKind::TooLarge.code()))
}

fn note(mut cx: Cx<'_>, row: i32, start: u32, len: u32) -> Result<i32> {
    let (memory, guest) = parts(&mut cx, "note")?;
    let line = text(memory, "note", start, len)?;
    let Some(rows) = guest.routed().map(|table| table.rows().len()) else {
        return Ok(ErrorKind::NotAllowed.code());
    };
    let row = match row {
        -1 => Ok(None),
        row => match usize::try_from(row) {
            Ok(row) if row < rows => Ok(Some(row)),
            _ => Err(ErrorKind::BadArgument),
        },
    };
    let Some(notes) = &mut guest.notes else {
        return Ok(0);
    };
    Ok(code(row.and_then(|row| {
        if notes.len() == NOTES_MAX {
            return Err(ErrorKind::Quota);
        }
        notes.push((row, log::cut(line, limits::LOG_LINE_MAX).to_owned()));
        Ok(())
    })))
}
