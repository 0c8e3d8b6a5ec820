//! The body of a request (spec/40 section 3.5): five texts, the arguments, the attachments.

use std::borrow::Cow;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use wubbo_core::{
    Attachments, Deadline, Error, ErrorKind, Invocation, RawStream, Request, RequestBody,
    ServiceKey, Url, keys,
};
use wubbo_hessian2::{Decoder, Encoder};

use super::header::{FrameKind, HEADER_BYTES, HESSIAN2, Header};
use super::{attachments, descriptor};

/// Reads the body of a request frame.
///
/// # Errors
/// [`ErrorKind::BadRequest`] with the text that Dubbo Java answers with.
pub(crate) fn decode(body: &Bytes, two_way: bool) -> Result<Request, Error> {
    let mut decoder = Decoder::new(body);
    let head = Head::read(&mut decoder).map_err(|error| malformed(&error))?;
    let count = descriptor::count(&head.types).ok_or_else(|| {
        malformed(&format_args!(
            "{:?} is no list of parameter types",
            head.types
        ))
    })?;
    let start = decoder.position();
    for _ in 0..count {
        decoder.skip_value().map_err(|error| malformed(&error))?;
    }
    // Texts take no numbers, so the arguments' tables start at zero.
    let arguments = RawStream {
        bytes: body.slice(start..decoder.position()),
        count,
        tables: decoder.tables(),
    };
    let attachments = attachments::read(&mut decoder, body).map_err(|error| malformed(&error))?;
    Ok(head.request(arguments, attachments, two_way))
}

fn malformed(cause: &dyn std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::BadRequest,
        format!("Fail to decode request due to: {cause}"),
    )
}

/// The five texts in front.
struct Head<'a> {
    protocol_version: Cow<'a, str>,
    path: Cow<'a, str>,
    version: Cow<'a, str>,
    method: Cow<'a, str>,
    types: Cow<'a, str>,
}

impl<'a> Head<'a> {
    fn read(decoder: &mut Decoder<'a>) -> wubbo_hessian2::Result<Self> {
        Ok(Self {
            protocol_version: decoder.read_optional_str()?.unwrap_or_default(),
            path: decoder.read_optional_str()?.unwrap_or_default(),
            version: decoder.read_optional_str()?.unwrap_or_default(),
            method: decoder.read_str()?,
            types: decoder.read_optional_str()?.unwrap_or_default(),
        })
    }

    /// The request; attachments win over the texts in front (live-peer fact LJ-2).
    fn request(self, arguments: RawStream, attachments: Attachments, two_way: bool) -> Request {
        let path = attachments
            .get(keys::PATH)
            .filter(|path| !path.is_empty())
            .unwrap_or(&self.path);
        let interface = attachments
            .get(keys::INTERFACE)
            .filter(|name| !name.is_empty())
            .unwrap_or(path);
        let version = attachments.get(keys::VERSION).unwrap_or(&self.version);
        let group = attachments.get(keys::GROUP).unwrap_or_default();
        Request {
            service: ServiceKey::new(interface, group, version),
            path: path.into(),
            method: self.method.as_ref().into(),
            descriptor: self.types.as_ref().into(),
            body: RequestBody::Raw(arguments),
            deadline: timeout(&attachments).map(Deadline::after),
            one_way: !two_way,
            protocol_version: self.protocol_version.as_ref().into(),
            remote: None,
            local: None,
            policies: Default::default(),
            attachments,
        }
    }
}

/// The consumer's time-out, as text (Dubbo Java 3) or as a number; 0 and less is none.
fn timeout(attachments: &Attachments) -> Option<Duration> {
    let entry = attachments.find(keys::TIMEOUT)?;
    let millis = match entry.value {
        Some(value) => value.as_i64(),
        None => entry.text.and_then(|text| text.parse().ok()),
    };
    millis
        .and_then(|millis| u64::try_from(millis).ok())
        .filter(|millis| *millis > 0)
        .map(Duration::from_millis)
}

/// Writes the frame of `invocation` with `id`, as a consumer of the provider at `url`.
///
/// # Errors
/// [`ErrorKind::ClientError`] when a value cannot be written or the frame is above `payload` bytes.
pub(crate) fn encode(
    out: &mut BytesMut,
    id: i64,
    invocation: &Invocation,
    url: &Url,
    payload: usize,
) -> Result<(), Error> {
    let unwritable = |error: wubbo_hessian2::Error| {
        Error::with_source(
            ErrorKind::ClientError,
            format!("the call of {} cannot be written", invocation.method()),
            error,
        )
    };
    let request = invocation.request();
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    let arguments = invocation.body().to_raw()?;
    let mut encoder = Encoder::new(out);
    let version = match request.service.version() {
        "" => "0.0.0",
        version => version,
    };
    encoder.write_str(keys::DUBBO_PROTOCOL_VERSION);
    encoder.write_str(&request.path);
    encoder.write_str(version);
    encoder.write_str(&request.method);
    encoder.write_str(&request.descriptor);
    encoder.write_raw(&arguments.bytes, arguments.tables);

    // What a Java consumer adds; the caller's own values for these keys do not travel. The time-out is what is left of the budget.
    let timeout = invocation
        .deadline()
        .map(|deadline| deadline.remaining().as_millis().max(1).to_string());
    let mut more = vec![
        (keys::PATH, &*request.path),
        (keys::INTERFACE, request.service.interface()),
        (keys::VERSION, version),
    ];
    let mut replaced = vec![keys::PATH, keys::INTERFACE, keys::VERSION];
    if let Some(timeout) = &timeout {
        more.push((keys::TIMEOUT, timeout));
        replaced.push(keys::TIMEOUT);
    }
    if !request.service.group().is_empty() {
        more.push((keys::GROUP, request.service.group()));
        replaced.push(keys::GROUP);
    }
    // The chosen provider's secret, whatever came in.
    if let Some(token) = url.get(keys::TOKEN) {
        more.push((keys::TOKEN, token));
        replaced.push(keys::TOKEN);
    }
    attachments::write(&mut encoder, invocation.attachments(), &replaced, &more)
        .map_err(unwritable)?;

    let body_bytes = out.len().saturating_sub(start).saturating_sub(HEADER_BYTES);
    if payload > 0 && body_bytes > payload {
        out.truncate(start);
        let message = format!(
            "Data length too large: {body_bytes}, max payload: {payload}, channel: {}",
            url.location()
        );
        return Err(Error::new(ErrorKind::ClientError, message));
    }
    let kind = FrameKind::Request {
        two_way: !request.one_way,
    };
    let header = Header {
        kind,
        event: false,
        serialization: HESSIAN2,
        id,
        body_bytes,
    };
    if let Some(place) = out.get_mut(start..start.saturating_add(HEADER_BYTES)) {
        place.copy_from_slice(&header.to_bytes());
    }
    Ok(())
}
