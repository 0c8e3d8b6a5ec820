//! The body of a response (spec/40 section 3.6): a flag, the value or exception, the attachments; or one text when it failed.

use bytes::{Bytes, BytesMut};
use wubbo_core::{
    Attachments, Error, ErrorKind, Outcome, Payload, RawStream, ResultKind, RpcResult, Status, keys,
};
use wubbo_hessian2::{Decoder, Encoder};

use super::attachments;
use super::header::{FrameKind, HEADER_BYTES, HESSIAN2, Header};

/// Longest error text that is sent; a Java stack trace is a few kilobytes.
const ERROR_TEXT_BYTES: usize = 8 * 1024;

const EXCEPTION: i32 = 0;
const VALUE: i32 = 1;
const NULL: i32 = 2;
/// Added to the three flags above when attachments follow.
const WITH_ATTACHMENTS: i32 = 3;

/// Whether a peer of this protocol version reads attachments in a response: 2.0.2 up to 2.0.99 (live-peer fact LJ-1).
pub(crate) fn attachments_allowed(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| {
        let digits = part
            .find(|c: char| !c.is_ascii_digit())
            .map_or(part, |end| part.get(..end).unwrap_or_default());
        digits.parse::<u32>().ok()
    });
    let three = (
        parts.next().flatten(),
        parts.next().flatten(),
        parts.next().flatten(),
        parts.next(),
    );
    matches!(three, (Some(2), Some(0), Some(2..=99), None))
}

/// Writes the frame that answers request `id`; an outcome that is too large, or cannot be written, becomes an error that can.
pub(crate) fn encode(
    out: &mut BytesMut,
    id: i64,
    outcome: &Outcome,
    version: &str,
    payload: usize,
) {
    let start = out.len();
    let written = match outcome {
        Ok(result) => encode_result(out, id, result, version),
        Err(error) => {
            encode_error(out, id, error.kind().status(), &error.report());
            return;
        }
    };
    let body_bytes = out.len().saturating_sub(start).saturating_sub(HEADER_BYTES);
    let failure = match written {
        Ok(()) if payload == 0 || body_bytes <= payload => return,
        Ok(()) => format!("Data length too large: {body_bytes}, max payload: {payload}"),
        Err(error) => error.report(),
    };
    out.truncate(start);
    encode_error(out, id, ErrorKind::BadResponse.status(), &failure);
}

fn encode_result(
    out: &mut BytesMut,
    id: i64,
    result: &RpcResult,
    version: &str,
) -> Result<(), Error> {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    let with_attachments = attachments_allowed(version);
    let (flag, payload) = match &result.kind {
        ResultKind::Exception(payload) => (EXCEPTION, Some(payload)),
        ResultKind::Value(payload) => (VALUE, Some(payload)),
        ResultKind::Null => (NULL, None),
    };
    let mut encoder = Encoder::new(out);
    encoder.write_i32(if with_attachments {
        flag + WITH_ATTACHMENTS
    } else {
        flag
    });
    if let Some(payload) = payload {
        let raw = payload.to_raw()?;
        encoder.write_raw(&raw.bytes, raw.tables);
    }
    if with_attachments {
        let own = [(keys::DUBBO, keys::DUBBO_PROTOCOL_VERSION)];
        attachments::write(&mut encoder, &result.attachments, &[keys::DUBBO], &own).map_err(
            |error| {
                Error::with_source(
                    ErrorKind::BadResponse,
                    "the response attachments cannot be written",
                    error,
                )
            },
        )?;
    }
    put_header(out, start, id, Status::OK);
    Ok(())
}

/// Writes a response of another status than 20: its body is one text.
pub(crate) fn encode_error(out: &mut BytesMut, id: i64, status: Status, text: &str) {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    let end = (0..=ERROR_TEXT_BYTES.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0);
    Encoder::new(out).write_str(text.get(..end).unwrap_or_default());
    put_header(out, start, id, status);
}

fn put_header(out: &mut BytesMut, start: usize, id: i64, status: Status) {
    let body_bytes = out.len().saturating_sub(start).saturating_sub(HEADER_BYTES);
    let header = Header {
        kind: FrameKind::Response { status },
        event: false,
        serialization: HESSIAN2,
        id,
        body_bytes,
    };
    if let Some(place) = out.get_mut(start..start.saturating_add(HEADER_BYTES)) {
        place.copy_from_slice(&header.to_bytes());
    }
}

/// Reads a response. Surplus bytes are ignored: dubbo-go appends one (spec/40 section 3.7).
pub(crate) fn decode(status: Status, body: &Bytes, provider: &str) -> Outcome {
    if status != Status::OK {
        let text = Decoder::new(body)
            .read_str()
            .map(std::borrow::Cow::into_owned);
        let text = text.unwrap_or_else(|_| {
            format!(
                "{provider} answered with status {} and no readable text",
                status.0
            )
        });
        return Err(Error::new(
            ErrorKind::from_status(status).unwrap_or(ErrorKind::ServerError),
            text,
        ));
    }
    let unreadable = |error: wubbo_hessian2::Error| {
        Error::with_source(
            ErrorKind::ClientError,
            format!("fail to decode the response of {provider}"),
            error,
        )
    };
    let mut decoder = Decoder::new(body);
    let flag = decoder.read_i32().map_err(unreadable)?;
    let (flag, with_attachments) = if (WITH_ATTACHMENTS..WITH_ATTACHMENTS * 2).contains(&flag) {
        (flag - WITH_ATTACHMENTS, true)
    } else {
        (flag, false)
    };
    let kind = match flag {
        EXCEPTION => ResultKind::Exception(payload(&mut decoder, body).map_err(unreadable)?),
        VALUE if decoder.is_null() => {
            decoder.read_null().map_err(unreadable)?;
            ResultKind::Null
        }
        VALUE => ResultKind::Value(payload(&mut decoder, body).map_err(unreadable)?),
        NULL => ResultKind::Null,
        _ => {
            let message = format!(
                "{provider}: Unknown result flag, expect '0' '1' '2' '3' '4' '5', but received: {flag}"
            );
            return Err(Error::new(ErrorKind::ClientError, message));
        }
    };
    let attachments = if with_attachments {
        attachments::read(&mut decoder, body).map_err(|error| {
            Error::with_source(
                ErrorKind::ClientError,
                format!("fail to decode the response of {provider}"),
                error,
            )
        })?
    } else {
        Attachments::new()
    };
    Ok(RpcResult { kind, attachments })
}

fn payload(decoder: &mut Decoder<'_>, body: &Bytes) -> wubbo_hessian2::Result<Payload> {
    let range = decoder.skip_value()?;
    let bytes = body
        .get(range.clone())
        .map(|_| body.slice(range))
        .unwrap_or_default();
    Ok(Payload::Raw(RawStream {
        bytes,
        count: 1,
        tables: decoder.tables(),
    }))
}
