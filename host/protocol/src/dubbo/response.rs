//! The body of a response (spec/40 section 3.6): a flag, the value or exception, the attachments; or one text when it failed.

use bytes::{Bytes, BytesMut};
use wubbo_core::{
    Attachments, Error, ErrorKind, Outcome, Payload, RawStream, ResultKind, RpcResult, Status, keys,
};
use wubbo_hessian2::{Decoder, Encoder, Value};

use super::attachments::{self, Unreadable};
use super::header::{self, FrameKind};
use super::unsent::{self, Apart};

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

/// How an answer is to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answering {
    /// The request's id.
    pub(crate) id: i64,
    /// Whether the consumer reads attachments in an answer.
    pub(crate) attachments: bool,
    /// Largest body in bytes; 0 is no limit.
    pub(crate) payload: usize,
}

impl Answering {
    /// Writes the frame; an outcome that is too large, or cannot be written, becomes an error that can.
    pub(crate) fn encode(self, out: &mut BytesMut, outcome: &Outcome) {
        if let Some(apart) = self.encode_apart(out, outcome) {
            apart.join(out);
        }
    }

    /// Writes the frame, without the value when it is long and encoded already.
    pub(crate) fn encode_apart(self, out: &mut BytesMut, outcome: &Outcome) -> Option<Apart> {
        let result = match outcome {
            Ok(result) => result,
            Err(error) => {
                encode_error(out, self.id, error.kind().status(), &error.report());
                return None;
            }
        };
        let start = header::begin(out);
        let failure = match self.write_result(&mut Encoder::new(out), result) {
            Ok(apart) => {
                let body_bytes = header::whole_body_bytes(out, start, apart.as_ref());
                if !header::is_above(body_bytes, self.payload) {
                    let kind = FrameKind::Response { status: Status::OK };
                    header::finish(out, start, kind, self.id, body_bytes);
                    return apart;
                }
                format!(
                    "Data length too large: {body_bytes}, max payload: {}",
                    self.payload
                )
            }
            Err(error) => error.report(),
        };
        out.truncate(start);
        encode_error(out, self.id, ErrorKind::BadResponse.status(), &failure);
        None
    }

    fn write_result(
        self,
        encoder: &mut Encoder<'_>,
        result: &RpcResult,
    ) -> Result<Option<Apart>, Error> {
        let (flag, payload) = match &result.kind {
            ResultKind::Exception(payload) => (EXCEPTION, Some(payload)),
            // A value that is null has a flag of its own.
            ResultKind::Value(payload) if is_null(payload) => (NULL, None),
            ResultKind::Value(payload) => (VALUE, Some(payload)),
            ResultKind::Null => (NULL, None),
        };
        encoder.write_i32(if self.attachments {
            flag + WITH_ATTACHMENTS
        } else {
            flag
        });
        let mut apart = None;
        match payload {
            None => {}
            Some(Payload::Value(value)) => encoder
                .write_value(value)
                .map_err(|error| unwritable("the result", error))?,
            Some(other) => apart = unsent::write_raw(encoder, &other.to_raw()?),
        }
        if self.attachments {
            encoder.begin_map(None);
            attachments::copy(encoder, &result.attachments, |key| key == keys::DUBBO)
                .map_err(|error| unwritable("the response attachments", error))?;
            attachments::write(encoder, keys::DUBBO, keys::DUBBO_PROTOCOL_VERSION);
            encoder.end_map();
        }
        Ok(apart)
    }
}

fn is_null(payload: &Payload) -> bool {
    match payload {
        Payload::Raw(stream) => *stream.bytes == *b"N",
        Payload::Value(value) => *value == Value::Null,
        _ => false,
    }
}

fn unwritable(what: &str, error: wubbo_hessian2::Error) -> Error {
    let message = format!("{what} cannot be written as hessian2");
    Error::with_source(ErrorKind::BadResponse, message, error)
}

/// Writes a response of another status than 20: its body is one text.
pub(crate) fn encode_error(out: &mut BytesMut, id: i64, status: Status, text: &str) {
    let start = header::begin(out);
    let end = (0..=ERROR_TEXT_BYTES.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0);
    Encoder::new(out).write_str(text.get(..end).unwrap_or_default());
    let body_bytes = header::body_bytes(out, start);
    header::finish(out, start, FrameKind::Response { status }, id, body_bytes);
}

/// Reads a response. Surplus bytes are ignored: dubbo-go appends one (spec/40 section 3.7).
pub(crate) fn decode(status: Status, body: &Bytes, provider: &str) -> Outcome {
    if status != Status::OK {
        return Err(failure(status, body, provider));
    }
    read(body).map_err(|error| {
        let message = format!("fail to decode the response of {provider}");
        Error::with_source(ErrorKind::ClientError, message, error)
    })
}

/// What a body of another status than 20 says.
fn failure(status: Status, body: &Bytes, provider: &str) -> Error {
    let text = match Decoder::new(body).read_str() {
        Ok(text) => text.into_owned(),
        Err(_) => format!(
            "{provider} answered with status {} and no readable text",
            status.0
        ),
    };
    Error::new(
        ErrorKind::from_status(status).unwrap_or(ErrorKind::ServerError),
        text,
    )
}

fn read(body: &Bytes) -> Result<RpcResult, Unreadable> {
    let mut decoder = Decoder::with_limits(body, attachments::limits(body.len()));
    let number = decoder.read_i32()?;
    let (flag, with_attachments) = match number {
        WITH_ATTACHMENTS.. => (number.saturating_sub(WITH_ATTACHMENTS), true),
        _ => (number, false),
    };
    let kind = match flag {
        EXCEPTION => ResultKind::Exception(payload(&mut decoder, body)?),
        VALUE if decoder.is_null() => {
            decoder.read_null()?;
            ResultKind::Null
        }
        VALUE => ResultKind::Value(payload(&mut decoder, body)?),
        NULL => ResultKind::Null,
        _ => return Err(Unreadable::ResultFlag(number)),
    };
    let attachments = if with_attachments {
        attachments::read(&mut decoder, body)?
    } else {
        Attachments::new()
    };
    Ok(RpcResult { kind, attachments })
}

fn payload(decoder: &mut Decoder<'_>, body: &Bytes) -> wubbo_hessian2::Result<Payload> {
    let range = decoder.skip_value()?;
    Ok(Payload::Raw(RawStream {
        bytes: body.slice(range),
        count: 1,
        tables: decoder.tables(),
    }))
}
