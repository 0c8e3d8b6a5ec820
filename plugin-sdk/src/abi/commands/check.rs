//! Checking a batch whole before any of it is applied, then walking it without a copy.

use super::{
    Command, OUTCOME_ERROR, OUTCOME_EXCEPTION, OUTCOME_VALUE, Outcome, RECORD_HEAD,
    REMOVE_ATTACHMENT, REMOVE_PARAMETER, REMOVE_RESPONSE_ATTACHMENT, SET_ARGUMENT, SET_ATTACHMENT,
    SET_PARAMETER, SET_RESPONSE_ATTACHMENT, SET_RESULT, SET_SCRATCH, Value, WriteGrants,
};
use crate::abi::interest::Hook;
use crate::abi::names::{FORM_HESSIAN, FORM_JSON, FORM_TEXT};
use crate::abi::{error_code, keys, limits, read_u16, read_u32, read_u64, status};
use core::fmt;

/// What is wrong with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadBatchKind {
    /// Longer than `COMMANDS_BYTES_MAX`, or more than `COMMANDS_MAX` records.
    TooLong,
    /// A record reaches past the end.
    CutShort,
    /// An op that this version does not know.
    UnknownOp,
    /// A form that this version does not know, or a form where none belongs.
    BadForm,
    /// An op that this hook may not give, or a response attachment without an outcome in `on_request`.
    WrongHook,
    /// Rewriting without the manifest's grant.
    NotGranted,
    /// An interned key that this version does not know, or an id where none belongs.
    BadId,
    /// A part that is empty, missing, or present where none belongs.
    BadPart,
    /// A key, value, class, message or blob above its limit.
    PartTooLarge,
    /// Text that is not UTF-8.
    NotUtf8,
    /// A status below 21 or an unknown `RpcException` code.
    BadStatus,
    /// A second outcome.
    SecondOutcome,
}

/// A batch was refused; nothing of it is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadBatch {
    /// Number of the bad record, from 0.
    pub record: usize,
    /// What is wrong with it.
    pub kind: BadBatchKind,
}

impl fmt::Display for BadBatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            BadBatchKind::TooLong => "the batch is too long",
            BadBatchKind::CutShort => "the record reaches past the end",
            BadBatchKind::UnknownOp => "unknown op",
            BadBatchKind::BadForm => "bad form",
            BadBatchKind::WrongHook => "op not allowed in this hook",
            BadBatchKind::NotGranted => "rewriting is not granted by the manifest",
            BadBatchKind::BadId => "unknown id",
            BadBatchKind::BadPart => "a part is missing or does not belong",
            BadBatchKind::PartTooLarge => "a part is too large",
            BadBatchKind::NotUtf8 => "text is not utf-8",
            BadBatchKind::BadStatus => "bad status or error code",
            BadBatchKind::SecondOutcome => "second outcome",
        };
        write!(out, "command {}: {what}", self.record)
    }
}

impl core::error::Error for BadBatch {}

/// A batch in which every record was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch<'a> {
    bytes: &'a [u8],
    outcome: Option<Outcome<'a>>,
}

impl<'a> Batch<'a> {
    /// The commands in order; the outcome is among them.
    #[must_use]
    pub const fn iter(&self) -> Commands<'a> {
        Commands { rest: self.bytes }
    }

    /// The outcome, if the hook gave one.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome<'a>> {
        self.outcome
    }
}

impl<'a> IntoIterator for Batch<'a> {
    type Item = Command<'a>;
    type IntoIter = Commands<'a>;

    fn into_iter(self) -> Commands<'a> {
        self.iter()
    }
}

/// Walks a checked batch.
#[derive(Debug, Clone)]
pub struct Commands<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Commands<'a> {
    type Item = Command<'a>;

    fn next(&mut self) -> Option<Command<'a>> {
        // The batch was checked: the only end here is the real one.
        let (record, rest) = split(self.rest).ok()?;
        self.rest = rest;
        decode(&record).ok()
    }
}

/// Walks a batch that its own writer reads back, unchecked: it ends at the first record that is not well formed.
#[must_use]
pub const fn staged(bytes: &[u8]) -> Commands<'_> {
    Commands { rest: bytes }
}

/// Checks all of a batch: lengths, ops, forms, texts, limits, what the hook may do.
///
/// Left to the host, which alone knows the call: the argument's index and the inside of Hessian and JSON values.
///
/// # Errors
/// [`BadBatch`] with the first bad record.
pub fn check(bytes: &[u8], hook: Hook, grants: WriteGrants) -> Result<Batch<'_>, BadBatch> {
    if bytes.len() > limits::COMMANDS_BYTES_MAX {
        return Err(BadBatch {
            record: 0,
            kind: BadBatchKind::TooLong,
        });
    }
    let mut outcome = None;
    let mut response_attachment = None;
    let mut rest = bytes;
    let mut number = 0;
    while !rest.is_empty() {
        let bad = |kind| BadBatch {
            record: number,
            kind,
        };
        if number == limits::COMMANDS_MAX {
            return Err(bad(BadBatchKind::TooLong));
        }
        let (record, after) = split(rest).map_err(bad)?;
        let command = decode(&record).map_err(bad)?;
        allowed(&command, hook, grants).map_err(bad)?;
        match command {
            Command::Outcome(_) if outcome.is_some() => {
                return Err(bad(BadBatchKind::SecondOutcome));
            }
            Command::Outcome(given) => outcome = Some(given),
            Command::SetResponseAttachment(..) | Command::RemoveResponseAttachment(_) => {
                response_attachment = response_attachment.or(Some(number));
            }
            _ => {}
        }
        rest = after;
        number += 1;
    }
    match response_attachment {
        Some(record) if hook == Hook::OnRequest && outcome.is_none() => Err(BadBatch {
            record,
            kind: BadBatchKind::WrongHook,
        }),
        _ => Ok(Batch { bytes, outcome }),
    }
}

struct Record<'a> {
    op: u8,
    form: u8,
    id: u16,
    first: &'a [u8],
    second: &'a [u8],
}

fn split(bytes: &[u8]) -> Result<(Record<'_>, &[u8]), BadBatchKind> {
    let part = |offset| read_u32(bytes, offset).and_then(|len| usize::try_from(len).ok());
    let (Some(op), Some(form), Some(id), Some(first), Some(second)) = (
        bytes.first(),
        bytes.get(1),
        read_u16(bytes, 2),
        part(4),
        part(8),
    ) else {
        return Err(BadBatchKind::CutShort);
    };
    let middle = RECORD_HEAD.checked_add(first);
    let end = middle.and_then(|middle| middle.checked_add(second));
    let (Some(middle), Some(end)) = (middle, end) else {
        return Err(BadBatchKind::CutShort);
    };
    match (
        bytes.get(RECORD_HEAD..middle),
        bytes.get(middle..end),
        bytes.get(end..),
    ) {
        (Some(first), Some(second), Some(rest)) => Ok((
            Record {
                op: *op,
                form: *form,
                id,
                first,
                second,
            },
            rest,
        )),
        _ => Err(BadBatchKind::CutShort),
    }
}

fn decode<'a>(record: &Record<'a>) -> Result<Command<'a>, BadBatchKind> {
    if !matches!(record.op, SET_ARGUMENT | OUTCOME_VALUE | SET_RESULT) && record.form != 0 {
        return Err(BadBatchKind::BadForm);
    }
    match record.op {
        SET_ATTACHMENT => Ok(Command::SetAttachment(
            key(record)?,
            text(record.second, limits::VALUE_MAX)?,
        )),
        SET_RESPONSE_ATTACHMENT => Ok(Command::SetResponseAttachment(
            key(record)?,
            text(record.second, limits::VALUE_MAX)?,
        )),
        SET_PARAMETER => Ok(Command::SetParameter(
            key(record)?,
            text(record.second, limits::VALUE_MAX)?,
        )),
        REMOVE_ATTACHMENT => Ok(Command::RemoveAttachment(lone_key(record)?)),
        REMOVE_RESPONSE_ATTACHMENT => Ok(Command::RemoveResponseAttachment(lone_key(record)?)),
        REMOVE_PARAMETER => Ok(Command::RemoveParameter(lone_key(record)?)),
        SET_ARGUMENT if record.first.is_empty() => {
            Ok(Command::SetArgument(record.id, value(record)?))
        }
        OUTCOME_VALUE | SET_RESULT if record.id != 0 => Err(BadBatchKind::BadId),
        OUTCOME_VALUE if record.first.is_empty() => {
            Ok(Command::Outcome(Outcome::Value(value(record)?)))
        }
        // The whole result is an outcome's to replace.
        SET_RESULT if !record.first.is_empty() => Ok(Command::SetResult(
            text(record.first, limits::PATH_MAX)?,
            value(record)?,
        )),
        OUTCOME_ERROR if record.first.is_empty() => error(record),
        OUTCOME_EXCEPTION | SET_SCRATCH if record.id != 0 => Err(BadBatchKind::BadId),
        OUTCOME_EXCEPTION if !record.first.is_empty() => Ok(Command::Outcome(Outcome::Exception {
            class: text(record.first, limits::CLASS_MAX)?,
            message: text(record.second, limits::MESSAGE_MAX)?,
        })),
        SET_SCRATCH if record.first.len() == 8 => scratch(record),
        SET_ARGUMENT | SET_RESULT | OUTCOME_VALUE | OUTCOME_ERROR | OUTCOME_EXCEPTION
        | SET_SCRATCH => Err(BadBatchKind::BadPart),
        _ => Err(BadBatchKind::UnknownOp),
    }
}

fn text(bytes: &[u8], max: usize) -> Result<&str, BadBatchKind> {
    if bytes.len() > max {
        return Err(BadBatchKind::PartTooLarge);
    }
    core::str::from_utf8(bytes).map_err(|_| BadBatchKind::NotUtf8)
}

fn key<'a>(record: &Record<'a>) -> Result<&'a str, BadBatchKind> {
    match record.id {
        0 if record.first.is_empty() => Err(BadBatchKind::BadPart),
        0 => text(record.first, limits::KEY_MAX),
        _ if !record.first.is_empty() => Err(BadBatchKind::BadPart),
        id => keys::name(id).ok_or(BadBatchKind::BadId),
    }
}

fn lone_key<'a>(record: &Record<'a>) -> Result<&'a str, BadBatchKind> {
    if !record.second.is_empty() {
        return Err(BadBatchKind::BadPart);
    }
    key(record)
}

fn value<'a>(record: &Record<'a>) -> Result<Value<'a>, BadBatchKind> {
    match u32::from(record.form) {
        FORM_HESSIAN if record.second.is_empty() => Err(BadBatchKind::BadPart),
        FORM_HESSIAN => Ok(Value::Hessian(record.second)),
        FORM_JSON => Ok(Value::Json(text(
            record.second,
            limits::COMMANDS_BYTES_MAX,
        )?)),
        FORM_TEXT => Ok(Value::Text(text(
            record.second,
            limits::COMMANDS_BYTES_MAX,
        )?)),
        _ => Err(BadBatchKind::BadForm),
    }
}

fn error<'a>(record: &Record<'a>) -> Result<Command<'a>, BadBatchKind> {
    let [given, code] = record.id.to_le_bytes();
    if given <= status::OK || code > error_code::LAST {
        return Err(BadBatchKind::BadStatus);
    }
    let message = text(record.second, limits::MESSAGE_MAX)?;
    Ok(Command::Outcome(Outcome::Error {
        status: given,
        code,
        message,
    }))
}

fn scratch<'a>(record: &Record<'a>) -> Result<Command<'a>, BadBatchKind> {
    if record.second.len() > limits::SCRATCH_MAX {
        return Err(BadBatchKind::PartTooLarge);
    }
    let number = read_u64(record.first, 0).ok_or(BadBatchKind::BadPart)?;
    Ok(Command::SetScratch(number, record.second))
}

fn allowed(command: &Command<'_>, hook: Hook, grants: WriteGrants) -> Result<(), BadBatchKind> {
    use Hook::{ConfigureUrl, OnRequest, OnResponse};
    let hooks: &[Hook] = match command {
        Command::SetAttachment(..) | Command::RemoveAttachment(_) => &[OnRequest],
        Command::SetArgument(..) | Command::SetScratch(..) => &[OnRequest],
        // Beside an outcome only, in on_request: `check` sees to it, for it sees the whole batch.
        Command::SetResponseAttachment(..) | Command::RemoveResponseAttachment(_) => {
            &[OnRequest, OnResponse]
        }
        Command::Outcome(_) => &[OnRequest, OnResponse],
        Command::SetResult(..) => &[OnResponse],
        Command::SetParameter(..) | Command::RemoveParameter(_) => &[ConfigureUrl],
    };
    if !hooks.contains(&hook) {
        return Err(BadBatchKind::WrongHook);
    }
    let granted = match command {
        Command::SetArgument(..) => grants.arguments,
        Command::SetResult(..) => grants.result,
        Command::Outcome(Outcome::Value(_)) if hook == OnResponse => grants.result,
        _ => true,
    };
    granted.then_some(()).ok_or(BadBatchKind::NotGranted)
}
