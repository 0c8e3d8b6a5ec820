//! The body of a request (spec/40 section 3.5): five texts, the arguments, the attachments.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use wubbo_core::{
    Deadline, Error, ErrorKind, Invocation, PolicySet, RawStream, Request, RequestBody, Url,
    is_any_or_several, keys,
};
use wubbo_hessian2::{Decoder, Encoder};

use super::attachments::{self, Unreadable};
use super::decimal::Decimal;
use super::head::{Head, Heads};
use super::header::{self, FrameKind};
use super::unsent::{self, Apart};

/// A request that was read, and how to answer it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) request: Request,
    /// Whether the consumer reads attachments in an answer.
    pub(crate) answer_attachments: bool,
}

/// Reads the body of a request frame. `heads` are those of its connection.
///
/// # Errors
/// [`ErrorKind::BadRequest`] with the text that Dubbo Java answers with.
pub(crate) fn decode(body: &Bytes, two_way: bool, heads: &mut Heads) -> Result<Call, Error> {
    let policies = heads.policies.clone();
    if let Some(head) = heads.find(body) {
        let mut behind = body.clone();
        behind.advance(head.length());
        let mut decoder = Decoder::with_limits(&behind, attachments::limits(body.len()));
        if let Ok(call) = read(&mut decoder, &behind, head, two_way, &policies) {
            return Ok(call);
        }
        // Read once more from the front: the error is to say where in the body it is.
    }
    let mut decoder = Decoder::with_limits(body, attachments::limits(body.len()));
    let mut head = Head::read(&mut decoder, body).map_err(|error| malformed(&error))?;
    let call = read(&mut decoder, body, &mut head, two_way, &policies)
        .map_err(|error| malformed(&error))?;
    heads.keep(head);
    Ok(call)
}

/// Reads what stands behind the five texts in `bytes`. The texts took no numbers, so the arguments' tables start at zero.
fn read(
    decoder: &mut Decoder<'_>,
    bytes: &Bytes,
    head: &mut Head,
    two_way: bool,
    policies: &Arc<PolicySet>,
) -> Result<Call, Unreadable> {
    let start = decoder.position();
    for _ in 0..head.arguments {
        decoder.skip_value()?;
    }
    let arguments = RawStream {
        bytes: bytes.slice(start..decoder.position()),
        count: head.arguments,
        tables: decoder.tables(),
    };
    let tail = head.tail(decoder, bytes)?;
    let request = Request {
        service: tail.service,
        path: tail.path,
        method: head.method.clone(),
        descriptor: head.descriptor.clone(),
        body: RequestBody::Raw(arguments),
        deadline: tail.timeout.map(Deadline::after),
        one_way: !two_way,
        protocol_version: head.protocol_version.clone(),
        remote: None,
        local: None,
        policies: policies.clone(),
        attachments: tail.attachments,
    };
    Ok(Call {
        request,
        answer_attachments: head.answer_attachments,
    })
}

fn malformed(cause: &dyn std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::BadRequest,
        format!("Fail to decode request due to: {cause}"),
    )
}

/// What a consumer of the provider at `url` writes.
pub(crate) struct Outgoing<'a> {
    pub(crate) id: i64,
    pub(crate) invocation: &'a Invocation,
    /// What is left of the call's time; travels as attachment.
    pub(crate) remaining: Duration,
    pub(crate) url: &'a Url,
    /// Largest body in bytes; 0 is no limit.
    pub(crate) payload: usize,
}

impl Outgoing<'_> {
    /// Writes the frame at the end of `out`.
    ///
    /// # Errors
    /// As [`encode_apart`](Self::encode_apart).
    pub(crate) fn encode(&self, out: &mut BytesMut) -> Result<(), Error> {
        if let Some(apart) = self.encode_apart(out)? {
            apart.join(out);
        }
        Ok(())
    }

    /// Writes the frame at the end of `out`, without its arguments when they are long and encoded already.
    ///
    /// # Errors
    /// [`ErrorKind::ClientError`] when a value cannot be written or the frame is too large; `out` holds a part of it then.
    pub(crate) fn encode_apart(&self, out: &mut BytesMut) -> Result<Option<Apart>, Error> {
        let request = self.invocation.request();
        let start = header::begin(out);
        let mut encoder = Encoder::new(out);
        let version = match self.of_provider(request.service.version(), keys::VERSION) {
            "" => "0.0.0",
            version => version,
        };
        encoder.write_str(keys::DUBBO_PROTOCOL_VERSION);
        // Java says the interface here and the path in the attachments (live-peer fact LJ-2).
        encoder.write_str(request.service.interface());
        encoder.write_str(version);
        encoder.write_str(&request.method);
        encoder.write_str(&request.descriptor);
        let apart = self.write_arguments(&mut encoder)?;
        self.write_attachments(&mut encoder, version)
            .map_err(|error| self.unwritable(error))?;
        let body_bytes = header::whole_body_bytes(out, start, apart.as_ref());
        if header::is_above(body_bytes, self.payload) {
            let message = format!(
                "Data length too large: {body_bytes}, max payload: {}, channel: {}",
                self.payload,
                self.url.location()
            );
            return Err(Error::new(ErrorKind::ClientError, message));
        }
        let kind = FrameKind::Request {
            two_way: !request.one_way,
        };
        header::finish(out, start, kind, self.id, body_bytes);
        Ok(apart)
    }

    fn write_arguments(&self, encoder: &mut Encoder<'_>) -> Result<Option<Apart>, Error> {
        match self.invocation.body() {
            RequestBody::Values(values) => {
                for value in values {
                    encoder
                        .write_value(value)
                        .map_err(|error| self.unwritable(error))?;
                }
            }
            other => return Ok(unsent::write_raw(encoder, &other.to_raw()?)),
        }
        Ok(None)
    }

    /// What came in, and what a Java consumer says itself; the caller's own values for those keys do not travel.
    fn write_attachments(
        &self,
        encoder: &mut Encoder<'_>,
        version: &str,
    ) -> wubbo_hessian2::Result<()> {
        let request = self.invocation.request();
        let group = self.of_provider(request.service.group(), keys::GROUP);
        // The chosen provider's secret.
        let token = self.url.get(keys::TOKEN);
        let own = |key: &str| match key {
            // The length of our own frame is the provider's to tell.
            keys::PATH | keys::INTERFACE | keys::VERSION | keys::TIMEOUT | keys::INPUT => true,
            keys::GROUP => !group.is_empty(),
            keys::TOKEN => token.is_some(),
            _ => false,
        };
        let millis = u64::try_from(self.remaining.as_millis()).unwrap_or(u64::MAX);
        encoder.begin_map(None);
        attachments::copy(encoder, self.invocation.attachments(), own)?;
        attachments::write(encoder, keys::PATH, &request.path);
        attachments::write(encoder, keys::INTERFACE, request.service.interface());
        attachments::write(encoder, keys::VERSION, version);
        attachments::write(encoder, keys::TIMEOUT, Decimal::new(millis.max(1)).as_str());
        if !group.is_empty() {
            attachments::write(encoder, keys::GROUP, group);
        }
        if let Some(token) = token {
            attachments::write(encoder, keys::TOKEN, token);
        }
        encoder.end_map();
        Ok(())
    }

    /// What a reference to any or several groups or versions becomes at the chosen provider: that one's own.
    fn of_provider<'s>(&'s self, asked: &'s str, key: &str) -> &'s str {
        if is_any_or_several(asked) {
            self.url.get(key).unwrap_or_default()
        } else {
            asked
        }
    }

    fn unwritable(&self, error: wubbo_hessian2::Error) -> Error {
        let message = format!("the call of {} cannot be written", self.invocation.method());
        Error::with_source(ErrorKind::ClientError, message, error)
    }
}
