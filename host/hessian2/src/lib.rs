//! Hessian 2.0, as the Dubbo world speaks it: streams of values, read, written, skipped and explained.
//!
//! - [`Decoder`] and [`Encoder`] walk a stream of several values that share its tables of references, classes and types.
//! - [`Value`] is any value as a document; [`extract`], [`join`] and [`Resolver`] deal with its references.
//! - [`from_slice`], [`to_bytes`], [`Decoder::read`] and [`Encoder::write`] go by serde, without a document between.
//! - [`types`] holds what serde's model has no word for: dates, arrays, decimals, exceptions.
//! - [`annotate`] says what each byte means.
//!
//! Bytes from outside never panic, nest or allocate beyond [`Limits`].
//!
//! The crate knows no Dubbo frames, no sockets and no runtime: bytes in, bytes out.

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

pub use crate::{
    annotate::{Span, annotate},
    de::from_slice,
    decode::{Decoder, Mark},
    document::{Resolver, extract, join},
    encode::Encoder,
    error::{Error, ErrorKind, Result},
    limits::{Limits, Tables, Text},
    ser::to_bytes,
    tag::Kind,
    types::{Array, BigDecimal, BigInteger, Binary, Date, Throwable, TypedList, TypedMap, Uuid},
    value::{Children, Class, List, Map, Object, Value},
};
