//! Serde's way in: Rust values straight to bytes.
//!
//! | Rust | Hessian |
//! |---|---|
//! | bool, i8..i32, u8, u16 | bool, int |
//! | i64, u32, u64 up to 2^63-1 | long |
//! | f64; f32 by its decimal text | double |
//! | char, str; bytes | string; binary |
//! | Option, unit | null or the value |
//! | sequence, tuple | untyped list |
//! | map | untyped map |
//! | struct, unit struct | object; the serde name is the Java class |
//! | unit variant | enum object with the field `name`; a repeated constant is a reference, as Java writes it |
//! | other variants | map of one entry, from the variant's name to its content |

mod compound;
mod sink;

use bytes::{Bytes, BytesMut};
use serde::{Serialize, Serializer};

use self::{
    compound::{Entries, Fields, Items},
    sink::{Sink, Wanted},
};
use crate::{
    encode::Encoder,
    error::{Error, ErrorKind, Result},
    magic,
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

/// Writes `value` through serde.
pub(crate) fn write<T: Serialize + ?Sized>(encoder: &mut Encoder<'_>, value: &T) -> Result<()> {
    value.serialize(Ser(encoder))
}

/// The serializer of one value.
pub(crate) struct Ser<'e, 'b>(pub(crate) &'e mut Encoder<'b>);

impl<'e, 'b> Serializer for Ser<'e, 'b> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Items<'e, 'b>;
    type SerializeTuple = Items<'e, 'b>;
    type SerializeTupleStruct = Items<'e, 'b>;
    type SerializeTupleVariant = Items<'e, 'b>;
    type SerializeMap = Entries<'e, 'b>;
    type SerializeStruct = Fields<'e, 'b>;
    type SerializeStructVariant = Entries<'e, 'b>;

    fn serialize_bool(self, truth: bool) -> Result<()> {
        self.0.write_bool(truth);
        Ok(())
    }

    fn serialize_i8(self, number: i8) -> Result<()> {
        self.serialize_i32(i32::from(number))
    }

    fn serialize_i16(self, number: i16) -> Result<()> {
        self.serialize_i32(i32::from(number))
    }

    #[inline]
    fn serialize_i32(self, number: i32) -> Result<()> {
        self.0.write_i32(number);
        Ok(())
    }

    #[inline]
    fn serialize_i64(self, number: i64) -> Result<()> {
        self.0.write_i64(number);
        Ok(())
    }

    fn serialize_u8(self, number: u8) -> Result<()> {
        self.serialize_i32(i32::from(number))
    }

    fn serialize_u16(self, number: u16) -> Result<()> {
        self.serialize_i32(i32::from(number))
    }

    fn serialize_u32(self, number: u32) -> Result<()> {
        self.serialize_i64(i64::from(number))
    }

    fn serialize_u64(self, number: u64) -> Result<()> {
        match i64::try_from(number) {
            Ok(number) => self.serialize_i64(number),
            Err(_) => Err(too_large(number)),
        }
    }

    fn serialize_f32(self, number: f32) -> Result<()> {
        self.0.write_f32(number);
        Ok(())
    }

    fn serialize_f64(self, number: f64) -> Result<()> {
        self.0.write_f64(number);
        Ok(())
    }

    fn serialize_char(self, scalar: char) -> Result<()> {
        self.0.write_str(scalar.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    #[inline]
    fn serialize_str(self, text: &str) -> Result<()> {
        self.0.write_str(text);
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<()> {
        self.0.write_bytes(bytes);
        Ok(())
    }

    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.0.write_null();
        Ok(())
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<()> {
        serde::ser::SerializeStruct::end(Fields::begin(self.0, name, 0))
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<()> {
        compound::constant(self.0, name, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<()> {
        if !magic::is_magic(name) {
            return value.serialize(self);
        }
        match name {
            magic::VALUE => value.serialize(Sink {
                encoder: self.0,
                wanted: Wanted::Document,
            }),
            magic::TYPED => value.serialize(Sink {
                encoder: self.0,
                wanted: Wanted::Typed,
            }),
            magic::DATE => value.serialize(Sink {
                encoder: self.0,
                wanted: Wanted::Date,
            }),
            _ => value.serialize(self),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        self.0.begin_map(None);
        self.0.write_str(variant);
        value.serialize(Ser(self.0))?;
        self.0.end_map();
        Ok(())
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Items<'e, 'b>> {
        Items::begin(self.0, length)
    }

    fn serialize_tuple(self, length: usize) -> Result<Items<'e, 'b>> {
        Items::begin(self.0, Some(length))
    }

    fn serialize_tuple_struct(self, _name: &'static str, length: usize) -> Result<Items<'e, 'b>> {
        Items::begin(self.0, Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Items<'e, 'b>> {
        self.0.begin_map(None);
        self.0.write_str(variant);
        Items::begin(self.0, Some(length))
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Entries<'e, 'b>> {
        let type_use = self.0.take_pending();
        self.0.map_head(type_use);
        Ok(Entries(self.0))
    }

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Fields<'e, 'b>> {
        Ok(Fields::begin(self.0, name, length))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Entries<'e, 'b>> {
        self.0.begin_map(None);
        self.0.write_str(variant);
        self.0.begin_map(None);
        Ok(Entries(self.0))
    }
}

#[cold]
fn too_large(number: u64) -> Error {
    Error::new(
        ErrorKind::Unwritable,
        format!("{number} exceeds a Java long; use BigInteger"),
    )
}
