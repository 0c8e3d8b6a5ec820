//! [`Value`] as a citizen of serde.
//!
//! In our own codec, and in foreign binary formats, a value travels as the bytes of a Hessian stream, so that class names,
//! type names and references survive. To a human-readable format it shows its natural form: an object is a map whose
//! first key is `class`, a reference is `{"$ref": slot}`, a date is its milliseconds. Reading the natural form takes these
//! two shapes back; an integer becomes an int when it fits, else a long.

use std::{fmt, sync::Arc};

use bytes::BytesMut;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
    ser::{Error as _, SerializeMap},
};

use super::{Class, List, Map, Object, Value};
use crate::{decode::Decoder, encode::Encoder, magic};

/// Key of the natural form that holds an object's class.
const CLASS: &str = "class";

/// Key of the natural form of a reference.
const REF: &str = "$ref";

impl Serialize for Value {
    /// The value must be a document of its own: its references count from its own first slot.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(magic::VALUE, &Form(self))
    }
}

/// A value that chooses its form.
struct Form<'v>(&'v Value);

impl Serialize for Form<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return Natural(self.0).serialize(serializer);
        }
        let mut bytes = BytesMut::new();
        Encoder::new(&mut bytes)
            .write_value(self.0)
            .map_err(S::Error::custom)?;
        serializer.serialize_bytes(&bytes)
    }
}

/// A value in its natural form.
struct Natural<'v>(&'v Value);

impl Serialize for Natural<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(truth) => serializer.serialize_bool(*truth),
            Value::Int(number) => serializer.serialize_i32(*number),
            Value::Long(number) | Value::Date(number) => serializer.serialize_i64(*number),
            Value::Double(number) => serializer.serialize_f64(*number),
            Value::String(text) => serializer.serialize_str(text),
            Value::Binary(bytes) => serializer.serialize_bytes(bytes),
            Value::List(list) => serializer.collect_seq(list.items.iter().map(Natural)),
            Value::Map(map) => serializer.collect_map(
                map.entries
                    .iter()
                    .map(|(key, value)| (Natural(key), Natural(value))),
            ),
            Value::Object(object) => {
                let mut map = serializer.serialize_map(Some(object.fields.len() + 1))?;
                map.serialize_entry(CLASS, object.class_name())?;
                for (name, value) in object.iter() {
                    map.serialize_entry(name, &Natural(value))?;
                }
                map.end()
            }
            Value::Ref(slot) => serializer.collect_map([(REF, slot)]),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    /// The value is a document of its own: its references count from its own first slot, and what it refers to outside
    /// of itself is copied in.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(magic::VALUE, ExactOrNatural)
    }
}

/// Takes whichever form the format gives.
struct ExactOrNatural;

impl<'de> Visitor<'de> for ExactOrNatural {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Hessian value")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Value, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(NaturalVisitor)
        } else {
            deserializer.deserialize_bytes(ExactVisitor)
        }
    }
}

/// Reads the bytes of a stream that holds one value.
struct ExactVisitor;

impl Visitor<'_> for ExactVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes of a Hessian stream")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Value, E> {
        let mut decoder = Decoder::new(bytes);
        let value = decoder.read_value().map_err(E::custom)?;
        if decoder.is_empty() {
            Ok(value)
        } else {
            Err(E::custom("bytes behind a Hessian value"))
        }
    }
}

/// Reads the natural form.
struct NaturalVisitor;

impl<'de> Visitor<'de> for NaturalVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(i32::try_from(number).map_or(Value::Long(number), Value::Int))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(E::custom(format!("{number} exceeds a Java long"))),
        }
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Double(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Binary(bytes.to_vec().into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(256));
        while let Some(Part(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(List::new(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((Part(key), Part(value))) = map.next_entry()? {
            entries.push((key, value));
        }
        shape(entries).map_err(A::Error::custom)
    }
}

/// A part of a natural form.
struct Part(Value);

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NaturalVisitor).map(Part)
    }
}

/// A map, or what the map stands for: an object, a reference.
fn shape(entries: Vec<(Value, Value)>) -> Result<Value, String> {
    match &*entries {
        [(key, Value::Int(slot))] if key.as_str() == Some(REF) => {
            return u32::try_from(*slot)
                .map(Value::Ref)
                .map_err(|_| format!("negative slot {slot}"));
        }
        [(key, Value::String(class)), rest @ ..]
            if key.as_str() == Some(CLASS)
                && rest.iter().all(|(name, _)| name.as_str().is_some()) =>
        {
            let fields = rest
                .iter()
                .filter_map(|(name, _)| name.as_str())
                .map(Arc::from)
                .collect();
            let class = Arc::new(Class {
                name: class.as_str().into(),
                fields,
            });
            let fields = entries
                .into_iter()
                .skip(1)
                .map(|(_, value)| value)
                .collect();
            return Ok(Value::Object(Object { class, fields }));
        }
        _ => {}
    }
    Ok(Value::Map(Map::new(entries)))
}
