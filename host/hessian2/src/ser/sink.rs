//! Where our own types hand over their exact forms; see [`magic`](crate::magic).

use serde::{
    Serialize, Serializer,
    ser::{Impossible, SerializeTuple},
};

use super::Ser;
use crate::{
    decode::Decoder,
    encode::Encoder,
    error::{Error, ErrorKind, Result},
};

/// Serializer that takes one exact form and refuses everything else.
pub(crate) struct Sink<'e, 'b> {
    pub(crate) encoder: &'e mut Encoder<'b>,
    pub(crate) wanted: Wanted,
}

/// What a sink waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Bytes of a stream that holds one value.
    Document,
    /// Milliseconds.
    Date,
    /// A pair of an optional type name and elements.
    Typed,
    /// The optional type name.
    TypeName,
}

#[cold]
fn refused(wanted: Wanted) -> Error {
    Error::new(
        ErrorKind::Unwritable,
        format!("a type under a private name of this crate gave no {wanted:?}"),
    )
}

/// The pair of [`Wanted::Typed`].
pub(crate) struct Typed<'e, 'b> {
    encoder: &'e mut Encoder<'b>,
    named: bool,
}

impl SerializeTuple for Typed<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, part: &T) -> Result<()> {
        if self.named {
            return part.serialize(Ser(self.encoder));
        }
        self.named = true;
        part.serialize(Sink {
            encoder: self.encoder,
            wanted: Wanted::TypeName,
        })
    }

    fn end(self) -> Result<()> {
        Ok(())
    }
}

macro_rules! refuse {
    ($($method:ident($($argument:ty),*) -> $ok:ty;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$ok> {
            Err(refused(self.wanted))
        })*
    };
}

type Never = Impossible<(), Error>;

impl<'e, 'b> Serializer for Sink<'e, 'b> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Never;
    type SerializeTuple = Typed<'e, 'b>;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<()> {
        if self.wanted != Wanted::Document {
            return Err(refused(self.wanted));
        }
        let document = Decoder::new(bytes).read_value()?;
        self.encoder.write_document(&document)
    }

    fn serialize_i64(self, millis: i64) -> Result<()> {
        if self.wanted != Wanted::Date {
            return Err(refused(self.wanted));
        }
        self.encoder.write_date(millis);
        Ok(())
    }

    fn serialize_str(self, text: &str) -> Result<()> {
        if self.wanted != Wanted::TypeName {
            return Err(refused(self.wanted));
        }
        let type_use = self.encoder.type_use(text);
        self.encoder.set_pending(type_use);
        Ok(())
    }

    fn serialize_none(self) -> Result<()> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_tuple(self, _length: usize) -> Result<Typed<'e, 'b>> {
        if self.wanted != Wanted::Typed {
            return Err(refused(self.wanted));
        }
        Ok(Typed {
            encoder: self.encoder,
            named: false,
        })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<()> {
        Err(refused(self.wanted))
    }

    refuse! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> Never;
        serialize_tuple_struct(&'static str, usize) -> Never;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never;
        serialize_map(Option<usize>) -> Never;
        serialize_struct(&'static str, usize) -> Never;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never;
    }
}
