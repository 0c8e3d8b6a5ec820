//! Where our own types get their exact forms from; see [`magic`](crate::magic).

use std::borrow::Cow;

use bytes::BytesMut;
use serde::{
    Deserializer,
    de::{DeserializeSeed, SeqAccess, Visitor},
    forward_to_deserialize_any,
};

use super::{
    access::{Entries, Items, Nothing},
    wanted,
};
use crate::{
    decode::Decoder,
    encode::Encoder,
    error::{Error, Result},
    limits::Tables,
    tag::Kind,
};

/// Gives the next value as the bytes of a stream of its own.
pub(crate) struct Document<'d, 'de>(pub(crate) &'d mut Decoder<'de>);

impl<'de> Deserializer<'de> for Document<'_, 'de> {
    type Error = Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.0.tables() == Tables::default() {
            // At the start of a stream the value's own bytes are such a stream.
            let (start, input) = (self.0.position(), self.0.remaining());
            self.0.skip()?;
            let length = self.0.position().saturating_sub(start);
            return visitor.visit_borrowed_bytes(input.get(..length).unwrap_or_default());
        }
        let document = self.0.document()?;
        let mut bytes = BytesMut::new();
        Encoder::new(&mut bytes).write_value(&document)?;
        // Each document has its own copy of the names of its classes and types.
        self.0.charge(bytes.len())?;
        visitor.visit_bytes(&bytes)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Gives the next list or map as a pair of its type name, or none, and its elements.
pub(crate) struct Typed<'d, 'de>(pub(crate) &'d mut Decoder<'de>);

impl<'de> Deserializer<'de> for Typed<'_, 'de> {
    type Error = Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let decoder = self.0;
        let (tag, kind, followed) = decoder.begin_followed()?;
        if kind == Kind::Null {
            return visitor.visit_seq(Pair {
                decoder,
                name: Some(None),
                parts: Parts::Nothing,
            });
        }
        if !matches!(kind, Kind::List | Kind::Map) {
            return Err(decoder.mismatch(&wanted(&visitor), kind));
        }
        let scope = decoder.enter_open()?;
        let (type_index, parts) = if kind == Kind::List {
            let head = decoder.list_head(tag)?;
            (head.type_index, Parts::Items(head.length))
        } else {
            (decoder.map_head(tag)?, Parts::Entries)
        };
        let name = type_index.and_then(|index| decoder.type_name(index).cloned());
        decoder.charge(name.as_ref().map_or(0, |name| name.len()))?;
        let out = visitor.visit_seq(Pair {
            decoder: &mut *decoder,
            name: Some(name),
            parts,
        });
        decoder.leave_open(scope);
        decoder.end_followed(followed, out)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// What follows the type name.
#[derive(Clone, Copy)]
enum Parts {
    Nothing,
    Items(Option<u32>),
    Entries,
}

struct Pair<'d, 'de> {
    decoder: &'d mut Decoder<'de>,
    /// The type name; `None` once it was given.
    name: Option<Option<Cow<'de, str>>>,
    parts: Parts,
}

impl<'de> SeqAccess<'de> for Pair<'_, 'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        match self.name.take() {
            Some(name) => seed.deserialize(Name(name)).map(Some),
            None => seed
                .deserialize(Elements {
                    decoder: self.decoder,
                    parts: self.parts,
                })
                .map(Some),
        }
    }
}

/// Gives the type name.
struct Name<'de>(Option<Cow<'de, str>>);

impl<'de> Deserializer<'de> for Name<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0 {
            None => visitor.visit_none(),
            Some(name) => visitor.visit_some(serde::de::value::CowStrDeserializer::new(name)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Gives the elements or entries.
struct Elements<'d, 'de> {
    decoder: &'d mut Decoder<'de>,
    parts: Parts,
}

impl<'de> Deserializer<'de> for Elements<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.parts {
            Parts::Nothing => visitor.visit_seq(Nothing),
            Parts::Items(left) => Items::rest(self.decoder, left, visitor),
            Parts::Entries => Entries::rest(self.decoder, visitor),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.parts {
            Parts::Nothing => visitor.visit_map(Nothing),
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct struct enum identifier ignored_any
    }
}
