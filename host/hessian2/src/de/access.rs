//! Elements, entries and variants, handed to serde one by one.

use serde::de::{DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::De;
use crate::{
    decode::{Decoder, short_list},
    error::{Error, Result},
};

/// The elements of a list.
pub(crate) struct Items<'d, 'de> {
    decoder: &'d mut Decoder<'de>,
    /// Elements left, as far as their number is known.
    left: u32,
    /// The elements go on until an end marker, which was not met.
    open: bool,
}

impl<'de> Items<'_, 'de> {
    /// Reads the list whose tag was consumed.
    pub(crate) fn visit<V: Visitor<'de>>(
        decoder: &mut Decoder<'de>,
        tag: u8,
        visitor: V,
    ) -> Result<V::Value> {
        let scope = decoder.enter_open()?;
        let left = match short_list(tag) {
            Some(length) => Some(length),
            None => decoder.list_head(tag)?.length,
        };
        let out = Items::rest(decoder, left, visitor)?;
        decoder.leave_open(scope);
        Ok(out)
    }

    /// Reads the elements of a list whose head was consumed.
    pub(crate) fn rest<V: Visitor<'de>>(
        decoder: &mut Decoder<'de>,
        left: Option<u32>,
        visitor: V,
    ) -> Result<V::Value> {
        let mut items = Items {
            decoder,
            left: left.unwrap_or_default(),
            open: left.is_none(),
        };
        let out = visitor.visit_seq(&mut items)?;
        if items.more()? {
            return Err(items
                .decoder
                .malformed("the list has more elements than its Rust type"));
        }
        Ok(out)
    }

    /// Whether there is a further element. Consumes the end marker.
    #[inline]
    fn more(&mut self) -> Result<bool> {
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            return Ok(true);
        }
        if self.open {
            self.open = !self.decoder.ended()?;
        }
        Ok(self.open)
    }
}

impl<'de> SeqAccess<'de> for &mut Items<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if self.more()? {
            seed.deserialize(De(self.decoder)).map(Some)
        } else {
            Ok(None)
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.decoder.room(Some(self.left)))
    }
}

/// The entries of a map.
pub(crate) struct Entries<'d, 'de> {
    decoder: &'d mut Decoder<'de>,
    done: bool,
}

impl<'de> Entries<'_, 'de> {
    /// Reads the map whose tag was consumed.
    pub(crate) fn visit<V: Visitor<'de>>(
        decoder: &mut Decoder<'de>,
        tag: u8,
        visitor: V,
    ) -> Result<V::Value> {
        let scope = decoder.enter_open()?;
        decoder.map_head(tag)?;
        let out = Entries::rest(decoder, visitor)?;
        decoder.leave_open(scope);
        Ok(out)
    }

    /// Reads the entries of a map whose head was consumed, and its end.
    pub(crate) fn rest<V: Visitor<'de>>(
        decoder: &mut Decoder<'de>,
        visitor: V,
    ) -> Result<V::Value> {
        let mut entries = Entries {
            decoder,
            done: false,
        };
        let out = visitor.visit_map(&mut entries)?;
        if !entries.done && !entries.decoder.ended()? {
            return Err(entries
                .decoder
                .malformed("the map has more entries than its Rust type"));
        }
        Ok(out)
    }
}

impl<'de> MapAccess<'de> for &mut Entries<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if self.done || self.decoder.ended()? {
            self.done = true;
            return Ok(None);
        }
        seed.deserialize(De(self.decoder)).map(Some)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        seed.deserialize(De(self.decoder))
    }
}

/// No elements and no entries: what null holds.
pub(crate) struct Nothing;

impl<'de> SeqAccess<'de> for Nothing {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, _seed: S) -> Result<Option<S::Value>> {
        Ok(None)
    }
}

impl<'de> MapAccess<'de> for Nothing {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, _seed: S) -> Result<Option<S::Value>> {
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, _seed: S) -> Result<S::Value> {
        Err(serde::de::Error::custom("no entry is left"))
    }
}

/// Reads a map of one entry as an enum variant with content. The tag of the map was consumed.
pub(crate) fn variant<'de, V: Visitor<'de>>(
    decoder: &mut Decoder<'de>,
    tag: u8,
    visitor: V,
) -> Result<V::Value> {
    let scope = decoder.enter_open()?;
    decoder.map_head(tag)?;
    let out = visitor.visit_enum(Variant(decoder))?;
    if !decoder.ended()? {
        return Err(decoder.malformed("an enum variant is a map of one entry, this one has more"));
    }
    decoder.leave_open(scope);
    Ok(out)
}

/// An entry from a variant's name to its content.
struct Variant<'d, 'de>(&'d mut Decoder<'de>);

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self)> {
        let name = seed.deserialize(De(self.0))?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<()> {
        self.0.skip()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value> {
        seed.deserialize(De(self.0))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value> {
        serde::Deserializer::deserialize_seq(De(self.0), visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        serde::Deserializer::deserialize_map(De(self.0), visitor)
    }
}
