//! Serde's way out: bytes straight to Rust values.
//!
//! Reading is as lenient as Java's typed reads where nothing is lost: null reads as the empty value of a type that has
//! one (0, false, "", no elements), integers and whole doubles convert when they fit, any list reads as any sequence,
//! maps and objects as either, and an object whose only field is `value`, `_value` or `name` (number handles, BigDecimal,
//! Timestamp, an enum) as that field. References are followed; one to a value that is still being read is a cycle: an
//! `Option` reads it as `None`, everything else refuses it.
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used
)]

mod access;
mod fields;
mod follow;
mod source;

use std::borrow::Cow;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IntoDeserializer, Visitor, value::SeqDeserializer},
};

use self::{
    access::{Entries, Items, Nothing},
    fields::{Fields, InOrder},
    source::{Document, Typed},
};
use crate::{
    decode::{Decoder, Scalar, integer},
    error::{Error, ErrorKind, Result},
    magic,
    tag::Kind,
};

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

/// Reads a `T` through serde.
pub(crate) fn read<'de, T: Deserialize<'de>>(decoder: &mut Decoder<'de>) -> Result<T> {
    T::deserialize(De(decoder))
}

/// The bits of eight ASCII characters.
const ASCII: u64 = 0x7f7f_7f7f_7f7f_7f7f;

/// The deserializer of one value.
pub(crate) struct De<'d, 'de>(pub(crate) &'d mut Decoder<'de>);

macro_rules! integers {
    ($($method:ident)*) => {
        $(#[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            self.integer(visitor)
        })*
    };
}

macro_rules! texts {
    ($($method:ident)*) => {
        $(#[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            match self.0.quick_text() {
                Some(text) => visitor.visit_borrowed_str(text),
                None => self.text(visitor),
            }
        })*
    };
}

macro_rules! binaries {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            if self.0.kind()? == Kind::List {
                return self.deserialize_seq(visitor);
            }
            match self.0.plain(&visitor)? {
                Scalar::Null => visitor.visit_borrowed_bytes(&[]),
                other => give(other, visitor),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for De<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let (tag, kind, followed) = self.0.begin_followed()?;
        if let Some(scalar) = self.0.scalar(tag, kind)? {
            return give(scalar, visitor);
        }
        let out = match kind {
            Kind::List => Items::visit(self.0, tag, visitor),
            _ => entries(self.0, tag, kind, visitor),
        };
        self.0.end_followed(followed, out)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0.plain(&visitor)? {
            Scalar::Null => visitor.visit_bool(false),
            Scalar::Int(number) => visitor.visit_bool(number != 0),
            Scalar::Long(number) => visitor.visit_bool(number != 0),
            Scalar::Double(number) => visitor.visit_bool(number != 0.0),
            other => give(other, visitor),
        }
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_f64(visitor)
    }

    #[inline]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0.quick_double() {
            Some(number) => visitor.visit_f64(number),
            None => self.any_double(visitor),
        }
    }

    texts! { deserialize_str deserialize_char deserialize_identifier }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0.quick_word() {
            Some((word, length)) => visitor.visit_string(short(word, length)),
            None => self.long_string(visitor),
        }
    }

    binaries! { deserialize_bytes deserialize_byte_buf }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.0.take_none()? {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0.plain(&visitor)? {
            Scalar::Null => visitor.visit_unit(),
            other => give(other, visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        self.0.skip()?;
        visitor.visit_unit()
    }

    // Inlined, the name is known and nothing is compared.
    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        match name {
            _ if !magic::is_magic(name) => visitor.visit_newtype_struct(self),
            magic::VALUE => visitor.visit_newtype_struct(Document(self.0)),
            magic::TYPED => visitor.visit_newtype_struct(Typed(self.0)),
            magic::DATE => match self.0.quick_date() {
                Some(millis) => visitor.visit_newtype_struct(millis.into_deserializer()),
                None if self.0.is_null() => Err(null_for(&"a date")),
                None => visitor.visit_newtype_struct(self),
            },
            _ => visitor.visit_newtype_struct(self),
        }
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0.begin()? {
            (tag, Kind::List) => Items::visit(self.0, tag, visitor),
            (tag, kind) => self.no_list(tag, kind, visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0.begin()? {
            (tag, Kind::Map) => Entries::visit(self.0, tag, visitor),
            (_, Kind::Null) => visitor.visit_map(Nothing),
            (tag, kind) => self.no_map(tag, kind, visitor),
        }
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let (scope, class) = match self.0.quick_object() {
            Some(class) => (self.0.enter_open()?, class),
            None => match self.0.begin_behind_classes()? {
                (tag, Kind::Object) => self.0.enter_object(tag)?,
                (_, Kind::Null) => return Err(null_for(&name)),
                (tag, kind) => return self.no_map(tag, kind, visitor),
            },
        };
        let out = InOrder::visit(self.0, class, fields, visitor);
        self.0.leave_open(scope);
        out
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        if let Some(constant) = self.0.take_known_constant() {
            return visitor.visit_enum(constant.into_deserializer());
        }
        let (tag, kind, followed) = self.0.begin_followed()?;
        let out = match kind {
            Kind::String => visitor.visit_enum((&*self.0.text(tag)?).into_deserializer()),
            Kind::Object => {
                let constant = self.0.constant(tag, followed)?;
                visitor.visit_enum((&*constant).into_deserializer())
            }
            Kind::Map => access::variant(self.0, tag, visitor),
            Kind::Null => Err(null_for(&name)),
            other => Err(self
                .0
                .mismatch(&format!("an enum constant of {name}"), other)),
        };
        self.0.end_followed(followed, out)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.0.skip()?;
        visitor.visit_unit()
    }
}

impl<'de> De<'_, 'de> {
    /// The rest of a value that is not simply a list, where a sequence is wanted.
    #[inline(never)]
    fn no_list<V: Visitor<'de>>(self, tag: u8, kind: Kind, visitor: V) -> Result<V::Value> {
        let (tag, kind, followed) = self.0.followed(tag, kind)?;
        let out = match kind {
            Kind::List => Items::visit(self.0, tag, visitor),
            Kind::Null => visitor.visit_seq(Nothing),
            Kind::Binary => {
                let bytes = self.0.binary(tag)?;
                visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied()))
            }
            other => Err(self.0.mismatch(&wanted(&visitor), other)),
        };
        self.0.end_followed(followed, out)
    }

    /// The rest of a value that is not simply a map or object, where one is wanted.
    #[inline(never)]
    fn no_map<V: Visitor<'de>>(self, tag: u8, kind: Kind, visitor: V) -> Result<V::Value> {
        let (tag, kind, followed) = self.0.followed(tag, kind)?;
        let out = entries(self.0, tag, kind, visitor);
        self.0.end_followed(followed, out)
    }

    /// The general case of a string that is to be owned.
    #[inline(never)]
    fn long_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    /// The general case of a string.
    #[inline(never)]
    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0.plain(&visitor)? {
            Scalar::Null => visitor.visit_borrowed_str(""),
            other => give(other, visitor),
        }
    }

    #[inline]
    fn integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0.quick_int() {
            Some(number) => visitor.visit_i32(number),
            None => self.any_integer(visitor),
        }
    }

    /// The general case of a double.
    #[inline(never)]
    fn any_double<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let (tag, kind) = self.0.begin()?;
        if kind == Kind::Double {
            return visitor.visit_f64(self.0.double(tag)?);
        }
        match self.0.plain_rest(tag, kind, &visitor)? {
            Scalar::Null => visitor.visit_f64(0.0),
            Scalar::Bool(truth) => visitor.visit_f64(f64::from(u8::from(truth))),
            other => give(other, visitor),
        }
    }

    /// The general case of an integer.
    #[inline(never)]
    fn any_integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let (tag, kind) = self.0.begin()?;
        match kind {
            Kind::Int => return visitor.visit_i32(self.0.int(tag)?),
            Kind::Long => return visitor.visit_i64(self.0.long(tag)?),
            Kind::Date => return visitor.visit_i64(self.0.date(tag)?),
            _ => {}
        }
        match self.0.plain_rest(tag, kind, &visitor)? {
            Scalar::Date(millis) => visitor.visit_i64(millis),
            other => match integer(&other) {
                Some(number) => visitor.visit_i64(number),
                None => give(other, visitor),
            },
        }
    }
}

/// The text of the first characters of a word, which are ASCII. So short a text is made sooner than checked and copied: a
/// character is valid by itself, and a known number of them takes one or two steps.
#[inline]
fn short(word: [u8; 8], length: usize) -> String {
    match length {
        0 => String::new(),
        1 => first::<1>(word),
        2 => first::<2>(word),
        3 => first::<3>(word),
        4 => first::<4>(word),
        5 => first::<5>(word),
        6 => first::<6>(word),
        7 => first::<7>(word),
        _ => first::<8>(word),
    }
}

#[inline]
fn first<const N: usize>(word: [u8; 8]) -> String {
    let word = (u64::from_le_bytes(word) & ASCII).to_le_bytes();
    let mut text = String::with_capacity(N);
    for byte in word.into_iter().take(N) {
        text.push(char::from(byte));
    }
    text
}

/// Hands a scalar to the visitor as what it is.
fn give<'de, V: Visitor<'de>>(scalar: Scalar<'de>, visitor: V) -> Result<V::Value> {
    match scalar {
        Scalar::Null => visitor.visit_unit(),
        Scalar::Bool(truth) => visitor.visit_bool(truth),
        Scalar::Int(number) => visitor.visit_i32(number),
        Scalar::Long(number) | Scalar::Date(number) => visitor.visit_i64(number),
        Scalar::Double(number) => visitor.visit_f64(number),
        Scalar::Text(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
        Scalar::Text(Cow::Owned(text)) => visitor.visit_string(text),
        Scalar::Binary(Cow::Borrowed(bytes)) => visitor.visit_borrowed_bytes(bytes),
        Scalar::Binary(Cow::Owned(bytes)) => visitor.visit_byte_buf(bytes),
    }
}

/// Hands a map or an object to the visitor as a map.
fn entries<'de, V: Visitor<'de>>(
    decoder: &mut Decoder<'de>,
    tag: u8,
    kind: Kind,
    visitor: V,
) -> Result<V::Value> {
    match kind {
        Kind::Map => Entries::visit(decoder, tag, visitor),
        Kind::Object => Fields::visit(decoder, tag, visitor),
        other => Err(decoder.mismatch(&wanted(&visitor), other)),
    }
}

/// What a visitor says it expects.
fn wanted(visitor: &dyn serde::de::Expected) -> String {
    format!("{visitor}")
}

/// Null for a type that has no empty value.
#[cold]
fn null_for(what: &dyn std::fmt::Display) -> Error {
    Error::custom(format!(
        "found null where {what} was expected; use Option if null is meant"
    ))
}
