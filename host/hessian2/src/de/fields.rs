//! The fields of an object, handed to serde one by one: by name, or in the order of the Rust struct when the class has
//! the same fields in the same order.

use std::{borrow::Cow, ops::Range};

use serde::de::{
    DeserializeSeed, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor,
    value::BorrowedStrDeserializer,
};

use super::De;
use crate::{
    decode::{BYTES_PER_VALUE, Decoder},
    error::{Error, Result},
};

/// The fields of an object, by name.
pub(crate) struct Fields<'d, 'de> {
    decoder: &'d mut Decoder<'de>,
    /// Names of the fields that were not read, in the decoder's table.
    names: Range<usize>,
}

impl<'de> Fields<'_, 'de> {
    /// Reads the object whose tag was consumed.
    pub(crate) fn visit<V: Visitor<'de>>(
        decoder: &mut Decoder<'de>,
        tag: u8,
        visitor: V,
    ) -> Result<V::Value> {
        let (scope, class) = decoder.enter_object(tag)?;
        let out = Fields::rest(decoder, class, visitor);
        decoder.leave_open(scope);
        out
    }

    /// Reads the fields of an object of a class.
    #[inline(never)]
    fn rest<V: Visitor<'de>>(
        decoder: &mut Decoder<'de>,
        class: u32,
        visitor: V,
    ) -> Result<V::Value> {
        let names = decoder.field_range(class);
        let mut fields = Fields { decoder, names };
        let mut out = visitor.visit_map(&mut fields);
        if !fields.names.is_empty() && out.is_ok() {
            out = Err(fields
                .decoder
                .malformed("the object has more fields than its Rust type"));
        }
        out
    }
}

impl<'de> MapAccess<'de> for &mut Fields<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        let Some(index) = self.names.next() else {
            return Ok(None);
        };
        match self.decoder.name_at(index) {
            Some(&Cow::Borrowed(name)) => {
                if name.len() >= BYTES_PER_VALUE {
                    // A map keeps a copy of the name for each object of the class.
                    self.decoder.charge(name.len())?;
                }
                seed.deserialize(BorrowedStrDeserializer::new(name))
                    .map(Some)
            }
            Some(Cow::Owned(name)) => {
                let name = name.clone();
                self.decoder.charge(name.len())?;
                seed.deserialize(name.into_deserializer()).map(Some)
            }
            None => Ok(None),
        }
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        seed.deserialize(De(self.decoder))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.names.len().min(256))
    }
}

/// The fields of an object whose class has those of the Rust struct, in its order: the values alone, as a binary format
/// without names gives them. A visitor need not take them so: where that fails, for whatever reason, all is read again
/// by name, and what comes of it then counts; see [`Decoder::read`].
pub(crate) struct InOrder<'d, 'de> {
    decoder: &'d mut Decoder<'de>,
    left: usize,
}

impl<'de> InOrder<'_, 'de> {
    /// Reads the object of a class, which was entered, into a struct of these fields.
    #[inline]
    pub(crate) fn visit<V: Visitor<'de>>(
        decoder: &mut Decoder<'de>,
        class: u32,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        if decoder.in_order(class, fields) {
            InOrder::rest(decoder, fields.len(), visitor)
        } else {
            Fields::rest(decoder, class, visitor)
        }
    }

    /// Reads so many fields. Inlined, their number is known, and nothing is counted.
    #[inline]
    fn rest<V: Visitor<'de>>(
        decoder: &mut Decoder<'de>,
        count: usize,
        visitor: V,
    ) -> Result<V::Value> {
        let mut fields = InOrder {
            decoder,
            left: count,
        };
        let out = visitor.visit_seq(&mut fields);
        if fields.left != 0 || out.is_err() {
            return Err(fields.refused(out.err()));
        }
        out
    }

    /// The order of the fields was of no use.
    #[cold]
    fn refused(self, error: Option<Error>) -> Error {
        self.decoder.refuse_order();
        error.unwrap_or_else(|| Error::custom("not all fields were taken"))
    }
}

impl<'de> SeqAccess<'de> for &mut InOrder<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => return Ok(None),
        }
        seed.deserialize(De(self.decoder)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}
