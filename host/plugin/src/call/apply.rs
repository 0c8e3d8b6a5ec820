//! Doing what a hook wants done: the batch is checked whole, every value in it is built, and only then is the call touched.
//! So a batch that is refused leaves the call byte for byte as it was.

use wubbo_core::{
    AttachmentValue, Error, ErrorKind, Flow, Invocation, Outcome, RequestBody, RpcResult, Scratch,
    Status,
};
use wubbo_hessian2::{Decoder, Value, extract, join};
use wubbo_plugin_sdk::abi::commands::{self, Batch, Command, WriteGrants, check};
use wubbo_plugin_sdk::abi::error_code;
use wubbo_plugin_sdk::abi::interest::Hook;

use super::{json, rewrite};

/// Why a hook's answer was refused.
pub(crate) type BadAnswer = String;

/// Applies the answer of `on_request`.
pub(crate) fn request(
    batch: &[u8],
    grants: WriteGrants,
    invocation: &mut Invocation,
    scratch: impl FnOnce(u64, &[u8]) -> Scratch,
    kept: &mut Scratch,
) -> Result<Flow, BadAnswer> {
    let batch = check(batch, Hook::OnRequest, grants).map_err(|bad| bad.to_string())?;
    let reply = batch.outcome().map(|given| outcome(&given)).transpose()?;
    let body = arguments(&batch, invocation)?;

    if let Some(body) = body {
        invocation.set_body(body);
    }
    let mut keep = None;
    for command in batch.iter() {
        match command {
            Command::SetAttachment(key, value) => invocation.set_attachment(key.to_owned(), value),
            Command::RemoveAttachment(key) => {
                invocation.remove_attachment(key);
            }
            Command::SetScratch(number, blob) => keep = Some((number, blob)),
            _ => {}
        }
    }
    if let Some((number, blob)) = keep {
        *kept = scratch(number, blob);
    }
    Ok(match reply {
        None => Flow::Continue,
        Some(mut reply) => {
            response_attachments(&batch, &mut reply);
            Flow::Reply(reply)
        }
    })
}

/// Applies the answer of `on_response`.
pub(crate) fn response(
    batch: &[u8],
    grants: WriteGrants,
    kept: &mut Outcome,
) -> Result<(), BadAnswer> {
    let batch = check(batch, Hook::OnResponse, grants).map_err(|bad| bad.to_string())?;
    let replacement = batch.outcome().map(|given| outcome(&given)).transpose()?;
    let rewritten = match &replacement {
        Some(_) => None,
        None => rewrite::result(&batch, kept)?,
    };
    if let (Some(rewritten), Ok(result)) = (rewritten, &mut *kept) {
        result.kind = rewritten;
    }
    if let Some(mut replacement) = replacement {
        if let (Ok(new), Ok(old)) = (&mut replacement, &mut *kept) {
            new.attachments = std::mem::take(&mut old.attachments);
        }
        *kept = replacement;
    }
    response_attachments(&batch, kept);
    Ok(())
}

fn response_attachments(batch: &Batch<'_>, outcome: &mut Outcome) {
    // A failure of the framework carries no attachments.
    let Ok(result) = outcome else { return };
    for command in batch.iter() {
        match command {
            Command::SetResponseAttachment(key, value) => result
                .attachments
                .set(key.to_owned(), AttachmentValue::from(value)),
            Command::RemoveResponseAttachment(key) => {
                result.attachments.remove(key);
            }
            _ => {}
        }
    }
}

/// The body with the rewritten arguments, if there are any.
fn arguments(batch: &Batch<'_>, invocation: &Invocation) -> Result<Option<RequestBody>, BadAnswer> {
    let mut documents: Option<Vec<Value>> = None;
    for command in batch.iter() {
        let Command::SetArgument(index, given) = command else {
            continue;
        };
        let documents = match &mut documents {
            Some(documents) => documents,
            None => documents.insert(taken_apart(invocation.body())?),
        };
        let count = documents.len();
        let argument = documents
            .get_mut(usize::from(index))
            .ok_or_else(|| format!("argument {index} of a call with {count}"))?;
        *argument = value(given)?;
    }
    Ok(documents.map(|documents| RequestBody::Values(join(documents))))
}

/// Each argument as a document of its own, so that one can be replaced without moving the references of the others.
fn taken_apart(body: &RequestBody) -> Result<Vec<Value>, BadAnswer> {
    let values = body
        .to_values()
        .map_err(|error| format!("arguments that cannot be read cannot be rewritten: {error}"))?;
    let documents = (0..values.len()).map(|index| extract(&values, index));
    documents
        .collect::<Result<_, _>>()
        .map_err(|error| format!("arguments cannot be taken apart: {error}"))
}

/// A value as a plugin wrote it.
pub(super) fn value(given: commands::Value<'_>) -> Result<Value, BadAnswer> {
    match given {
        commands::Value::Text(text) => Ok(Value::String(text.to_owned())),
        commands::Value::Json(text) => {
            json::from_text(text).ok_or_else(|| "a value that is no json".to_owned())
        }
        commands::Value::Hessian(bytes) => {
            let mut decoder = Decoder::new(bytes);
            let value = decoder
                .read_value()
                .map_err(|error| format!("a value that is no hessian: {error}"))?;
            match decoder.is_empty() {
                true => Ok(value),
                false => Err("bytes behind a hessian value".to_owned()),
            }
        }
    }
}

fn outcome(given: &commands::Outcome<'_>) -> Result<Outcome, BadAnswer> {
    match *given {
        commands::Outcome::Value(given) => value(given).map(|value| Ok(RpcResult::value(value))),
        commands::Outcome::Exception { class, message } => {
            Ok(Ok(RpcResult::exception(class, Some(message))))
        }
        commands::Outcome::Error {
            status,
            code,
            message,
        } => Ok(Err(Error::new(kind(status, code), message))),
    }
}

/// The failure that a plugin's status byte and `RpcException` code stand for. A policy's refusal is not retried elsewhere.
pub(crate) fn kind(status: u8, code: u8) -> ErrorKind {
    let refused = matches!(code, error_code::FORBIDDEN | error_code::LIMIT_EXCEEDED);
    match ErrorKind::from_status(Status(status)) {
        Some(ErrorKind::ServiceError) if refused => ErrorKind::Forbidden,
        Some(kind) => kind,
        // A byte that Dubbo does not define reaches the peer as the failure of a service.
        None => ErrorKind::Plugin,
    }
}
