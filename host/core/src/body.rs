//! Arguments and results: the bytes as they came, or values.

use bytes::{Bytes, BytesMut};
use wubbo_hessian2::{Decoder, Encoder, Tables, Value};

use crate::{Error, ErrorKind};

/// Consecutive Hessian values whose references, classes and types start at zero, exactly as they came or were encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawStream {
    /// The encoded values.
    pub bytes: Bytes,
    /// How many values.
    pub count: u32,
    /// The sizes of the stream's tables behind the last value; what follows in the same frame is numbered after them.
    pub tables: Tables,
}

impl RawStream {
    /// The stream of no value.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            bytes: Bytes::new(),
            count: 0,
            tables: Tables::default(),
        }
    }

    /// Encodes `values` as one stream.
    ///
    /// # Errors
    /// A [`Value::Ref`] that points at nothing.
    pub fn encode(values: &[Value]) -> Result<Self, Error> {
        let mut bytes = BytesMut::new();
        let mut encoder = Encoder::new(&mut bytes);
        for value in values {
            encoder
                .write_value(value)
                .map_err(|error| unwritable(error.into()))?;
        }
        let tables = encoder.tables();
        let count = u32::try_from(values.len()).map_err(|error| unwritable(error.into()))?;
        Ok(Self {
            bytes: bytes.freeze(),
            count,
            tables,
        })
    }

    /// Reads every value. Their references are numbered over the whole stream.
    ///
    /// # Errors
    /// Malformed or excessive bytes.
    pub fn decode(&self) -> Result<Vec<Value>, Error> {
        let mut decoder = Decoder::new(&self.bytes);
        (0..self.count)
            .map(|_| {
                decoder
                    .read_value()
                    .map_err(|error| unreadable(error.into()))
            })
            .collect()
    }
}

fn unwritable(source: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::with_source(
        ErrorKind::ClientError,
        "the arguments cannot be written as hessian2",
        source,
    )
}

fn unreadable(source: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::with_source(ErrorKind::BadRequest, "fail to decode request", source)
}

/// The arguments of a call. A streaming form will join these two.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RequestBody {
    /// As they came, or as a typed client encoded them.
    Raw(RawStream),
    /// As values; references are numbered over all arguments together.
    Values(Vec<Value>),
}

impl RequestBody {
    /// How many arguments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Raw(stream) => stream.count as usize,
            Self::Values(values) => values.len(),
        }
    }

    /// Whether the call has no argument.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The arguments as values.
    ///
    /// # Errors
    /// [`ErrorKind::BadRequest`] when the bytes are malformed.
    pub fn to_values(&self) -> Result<Vec<Value>, Error> {
        match self {
            Self::Raw(stream) => stream.decode(),
            Self::Values(values) => Ok(values.clone()),
        }
    }

    /// The arguments as one encoded stream; cheap when they are one already.
    ///
    /// # Errors
    /// [`ErrorKind::ClientError`] when a value cannot be written.
    pub fn to_raw(&self) -> Result<RawStream, Error> {
        match self {
            Self::Raw(stream) => Ok(stream.clone()),
            Self::Values(values) => RawStream::encode(values),
        }
    }
}

/// A result or an exception. A streaming form will join these two.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Payload {
    /// One encoded value whose tables start at zero.
    Raw(RawStream),
    /// A self-contained value.
    Value(Value),
}

impl Payload {
    /// The payload as a value.
    ///
    /// # Errors
    /// [`ErrorKind::ClientError`] when the bytes are malformed.
    pub fn to_value(&self) -> Result<Value, Error> {
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::Raw(stream) => {
                let values = stream.decode().map_err(|error| {
                    Error::with_source(ErrorKind::ClientError, "fail to decode response", error)
                })?;
                Ok(values.into_iter().next().unwrap_or(Value::Null))
            }
        }
    }

    /// The payload as one encoded value; cheap when it is one already.
    ///
    /// # Errors
    /// [`ErrorKind::BadResponse`] when the value cannot be written.
    pub fn to_raw(&self) -> Result<RawStream, Error> {
        match self {
            Self::Raw(stream) => Ok(stream.clone()),
            Self::Value(value) => RawStream::encode(std::slice::from_ref(value)).map_err(|error| {
                Error::with_source(
                    ErrorKind::BadResponse,
                    "the result cannot be written as hessian2",
                    error,
                )
            }),
        }
    }
}
