//! Hessian 2.0, as Dubbo speaks it.

mod annotate;
mod de;
mod decode;
mod document;
mod encode;
mod error;
mod limits;
mod magic;
mod ser;
mod tag;
mod text;
pub mod types;
mod value;

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

pub use crate::{
    annotate::{Span, annotate},
    decode::{Decoder, Mark},
    document::{Resolver, extract, join},
    encode::Encoder,
    error::{Error, ErrorKind, Result},
    limits::{Limits, Tables, Text},
    tag::Kind,
    types::{Array, BigDecimal, BigInteger, Binary, Date, Throwable, TypedList, TypedMap, Uuid},
    value::{Children, Class, List, Map, Object, Value},
};

/// Writes one Rust value as a stream of its own.
///
/// # Errors
/// As [`Encoder::write`].
pub fn to_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Bytes> {
    let mut out = BytesMut::new();
    Encoder::new(&mut out).write(value)?;
    Ok(out.freeze())
}

/// Reads one Rust value from a stream that holds nothing else.
///
/// # Errors
/// As [`Decoder::read`], and when bytes are left.
pub fn from_slice<'a, T: Deserialize<'a>>(input: &'a [u8]) -> Result<T> {
    let mut decoder = Decoder::new(input);
    let value = decoder.read()?;
    match decoder.remaining().len() {
        0 => Ok(value),
        left => Err(Error::at(
            ErrorKind::Malformed,
            decoder.position(),
            format!("{left} bytes behind the value"),
        )),
    }
}
