//! Arguments and results between Rust values and the bytes of a frame, by serde.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use serde::{Serialize, de::DeserializeOwned};
use wubbo_core::{
    Error, ErrorKind, Invocation, Outcome, Payload, RawStream, RequestBody, ResultKind, RpcResult,
};
use wubbo_hessian2::{Decoder, Encoder, Value};

use super::{CallError, Context, Throwable};

/// Room for the arguments or the result of an ordinary call, bytes; more is taken as needed.
const USUAL_BYTES: usize = 256;
/// Null, encoded.
const NULL: &[u8] = b"N";

/// Reads the arguments of a call, one after the other.
#[derive(Debug)]
pub struct Arguments<'call> {
    method: &'call str,
    decoder: Decoder<'call>,
    left: usize,
}

/// The bytes of a call's arguments, which [`Arguments`] reads from.
pub(crate) fn argument_bytes(invocation: &Invocation) -> Result<Cow<'_, Bytes>, Error> {
    match invocation.body() {
        RequestBody::Raw(stream) => Ok(Cow::Borrowed(&stream.bytes)),
        other => other.to_raw().map(|stream| Cow::Owned(stream.bytes)),
    }
}

impl<'call> Arguments<'call> {
    /// A reader of the `count` arguments in `bytes`, which those of `invocation` must be.
    ///
    /// # Errors
    /// [`ErrorKind::BadRequest`] when the call has another number of arguments.
    pub(crate) fn new(
        invocation: &'call Invocation,
        bytes: &'call [u8],
        count: usize,
    ) -> Result<Self, Error> {
        let (method, came) = (invocation.method(), invocation.body().len());
        if came != count {
            let message = format!(
                "Fail to decode request due to: {method} takes {count} arguments, {came} came"
            );
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        Ok(Self {
            method,
            decoder: Decoder::new(bytes),
            left: count,
        })
    }

    /// The next argument; `name` is for the error.
    ///
    /// # Errors
    /// [`ErrorKind::BadRequest`] when the bytes are malformed or are of another type.
    pub fn read<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, Error> {
        self.left = self.left.saturating_sub(1);
        self.decoder.read().map_err(|error| {
            let message = format!(
                "Fail to decode request due to: argument {name} of {}",
                self.method
            );
            Error::with_source(ErrorKind::BadRequest, message, error)
        })
    }
}

/// Writes the arguments of a call, one after the other.
#[derive(Debug)]
pub struct ArgumentWriter<'call> {
    method: &'call str,
    encoder: Encoder<'call>,
    count: u32,
}

impl ArgumentWriter<'_> {
    /// Appends an argument; `name` is for the error.
    ///
    /// # Errors
    /// [`ErrorKind::ClientError`] when the value has no Hessian form, such as an integer above 64 bits.
    pub fn write<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        self.count = self.count.saturating_add(1);
        self.encoder.write(value).map_err(|error| {
            let message = format!(
                "argument {name} of {} cannot be written as hessian2",
                self.method
            );
            Error::with_source(ErrorKind::ClientError, message, error)
        })
    }
}

/// Encodes the arguments that `write` gives as one stream.
pub(crate) fn encode_arguments(
    method: &str,
    write: impl FnOnce(&mut ArgumentWriter<'_>) -> Result<(), Error>,
) -> Result<RawStream, Error> {
    let mut bytes = BytesMut::with_capacity(USUAL_BYTES);
    let mut writer = ArgumentWriter {
        method,
        encoder: Encoder::new(&mut bytes),
        count: 0,
    };
    write(&mut writer)?;
    let (count, tables) = (writer.count, writer.encoder.tables());
    Ok(RawStream {
        bytes: bytes.freeze(),
        count,
        tables,
    })
}

/// The outcome of a service method. `interface` and `method` become the stack trace of an exception made here.
pub(crate) fn encode_result<T: Serialize>(
    interface: &str,
    method: &str,
    result: Result<T, CallError>,
) -> Outcome {
    match result {
        Ok(value) => encode_value(interface, method, &value).map(RpcResult::new),
        Err(CallError::Exception(throwable)) => {
            let value = throwable.into_value(interface, method);
            Ok(RpcResult::new(ResultKind::Exception(Payload::Value(value))))
        }
        Err(CallError::Framework(error)) => Err(error),
    }
}

/// [`encode_result`] with the response attachments that the method set on `context`.
pub(crate) fn encode_result_in<T: Serialize>(
    context: &Context,
    interface: &str,
    method: &str,
    result: Result<T, CallError>,
) -> Outcome {
    let mut result = encode_result(interface, method, result)?;
    result.attachments = context.take_response();
    Ok(result)
}

fn encode_value<T: Serialize>(
    interface: &str,
    method: &str,
    value: &T,
) -> Result<ResultKind, Error> {
    let mut bytes = BytesMut::with_capacity(USUAL_BYTES);
    let mut encoder = Encoder::new(&mut bytes);
    encoder.write(value).map_err(|error| {
        let message = format!("the result of {interface}.{method} cannot be written as hessian2");
        Error::with_source(ErrorKind::BadResponse, message, error)
    })?;
    let tables = encoder.tables();
    Ok(result_kind(RawStream {
        bytes: bytes.freeze(),
        count: 1,
        tables,
    }))
}

/// One encoded value as a result; null has a form of its own (spec/40 section 3.6).
pub(crate) fn result_kind(stream: RawStream) -> ResultKind {
    if &*stream.bytes == NULL {
        ResultKind::Null
    } else {
        ResultKind::Value(Payload::Raw(stream))
    }
}

/// The result of a call as `T`; an exception as an error.
pub(crate) fn decode_result<T: DeserializeOwned>(
    method: &str,
    kind: ResultKind,
) -> Result<T, CallError> {
    let read = |bytes: &[u8]| {
        Decoder::new(bytes).read().map_err(|error| {
            let message =
                format!("the result of {method} is not of the type that this client declares");
            CallError::Framework(Error::with_source(ErrorKind::ClientError, message, error))
        })
    };
    match kind {
        ResultKind::Null => read(NULL),
        ResultKind::Value(Payload::Raw(stream)) => read(&stream.bytes),
        ResultKind::Value(payload) => read(&payload.to_raw()?.bytes),
        ResultKind::Exception(payload) => Err(CallError::Exception(read_throwable(payload)?)),
    }
}

fn read_throwable(payload: Payload) -> Result<Throwable, Error> {
    let value: Value = match payload {
        Payload::Value(value) => value,
        other => other.to_value()?,
    };
    Ok(Throwable::from_value(value))
}
