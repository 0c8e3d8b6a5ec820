//! Frames as values, for the JSON form of `wubbo decode`.

use bytes::Bytes;
use wubbo_core::{AttachmentValue, Attachments, Error, ErrorKind, ResultKind, Status};
use wubbo_hessian2::{Decoder, Value};

use super::annotate::status_name;
use super::head::Heads;
use super::header::{self, FrameKind, HEADER_BYTES, Header};
use super::{request, response};

/// A decoded frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// The request's id, repeated by its answer.
    pub id: i64,
    /// Serialization id of the body.
    pub serialization: u8,
    /// Bytes of the frame, header included.
    pub length: usize,
    /// What it says.
    pub content: Content,
}

/// What a frame says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// A call.
    Request {
        /// Whether the caller waits for an answer.
        two_way: bool,
        /// The caller's protocol version.
        dubbo_version: String,
        /// The path that decides the lookup.
        path: String,
        /// `[group/]interface[:version]`.
        service: String,
        /// The method.
        method: String,
        /// Parameter types in JVM form.
        types: String,
        /// The arguments; references are numbered over all of them.
        arguments: Vec<Value>,
        /// The attachments in their order.
        attachments: Vec<(String, Value)>,
    },
    /// An answer with status 20.
    Result {
        /// The value, null, or what the service threw.
        value: Value,
        /// Whether it was thrown.
        exception: bool,
        /// The attachments in their order.
        attachments: Vec<(String, Value)>,
    },
    /// An answer with another status.
    Failure {
        /// The status byte.
        status: u8,
        /// Dubbo's name of it.
        name: &'static str,
        /// What the provider says.
        text: String,
    },
    /// A frame about the connection.
    Event {
        /// Whether it answers an event.
        answer: bool,
        /// Whether an answer is wanted.
        two_way: bool,
        /// Null for a heartbeat, `R` for read-only.
        data: Value,
    },
}

/// Decodes the frame at the front of `bytes`; what is behind it is left alone ([`Frame::length`]).
///
/// # Errors
/// [`ErrorKind::BadRequest`]: it is no whole frame, or its body cannot be read; the text says at which byte.
pub fn describe(bytes: &[u8]) -> Result<Frame, Error> {
    let (header, body) = header::split(bytes)?;
    Ok(Frame {
        id: header.id,
        serialization: header.serialization,
        length: HEADER_BYTES.saturating_add(body.len()),
        content: content(&header, &Bytes::copy_from_slice(body)).map_err(header::in_body)?,
    })
}

fn content(header: &Header, body: &Bytes) -> Result<Content, Error> {
    match header.kind {
        _ if header.event => event(header, body),
        FrameKind::Request { two_way } => {
            let request = request::decode(body, two_way, &mut Heads::default())?.request;
            Ok(Content::Request {
                two_way,
                dubbo_version: request.protocol_version.to_string(),
                path: request.path.to_string(),
                service: request.service.to_string(),
                method: request.method.to_string(),
                types: request.descriptor.to_string(),
                arguments: request.body.to_values()?,
                attachments: listed(&request.attachments),
            })
        }
        FrameKind::Response { status: Status::OK } => result(body),
        FrameKind::Response { status } => match response::decode(status, body, "the provider") {
            Err(error) => Ok(Content::Failure {
                status: status.0,
                name: status_name(status),
                text: error.message().to_owned(),
            }),
            // A status other than 20 is never a result.
            Ok(_) => Err(Error::new(
                ErrorKind::ClientError,
                format!("status {} with a result", status.0),
            )),
        },
    }
}

fn event(header: &Header, body: &Bytes) -> Result<Content, Error> {
    let data = if body.is_empty() {
        Ok(Value::Null)
    } else {
        Decoder::new(body).read_value()
    };
    let data =
        data.map_err(|error| Error::with_source(ErrorKind::BadRequest, "unreadable event", error))?;
    Ok(Content::Event {
        answer: matches!(header.kind, FrameKind::Response { .. }),
        two_way: matches!(header.kind, FrameKind::Request { two_way: true }),
        data,
    })
}

fn result(body: &Bytes) -> Result<Content, Error> {
    let result = response::decode(Status::OK, body, "the provider")?;
    let (value, exception) = match &result.kind {
        ResultKind::Value(payload) => (payload.to_value()?, false),
        ResultKind::Null => (Value::Null, false),
        ResultKind::Exception(payload) => (payload.to_value()?, true),
    };
    Ok(Content::Result {
        value,
        exception,
        attachments: listed(&result.attachments),
    })
}

fn listed(attachments: &Attachments) -> Vec<(String, Value)> {
    let entry = |entry: wubbo_core::Entry<'_>| {
        let value = match (entry.text, entry.value) {
            (Some(text), _) => AttachmentValue::from(text).to_value(),
            (None, Some(value)) => value.clone(),
            (None, None) => Value::Null,
        };
        (entry.key.to_owned(), value)
    };
    attachments.iter().map(entry).collect()
}
