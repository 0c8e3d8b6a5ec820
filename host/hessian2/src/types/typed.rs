//! Lists and maps that keep the Java type the wire gives them.

use std::{fmt, marker::PhantomData, sync::Arc};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
    ser::SerializeTuple,
};

use crate::magic;

/// A list, set or array of a Java type: `java.util.HashSet`, `[org.wubbo.demo.User`. Untyped without a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedList<T> {
    /// Type name as the wire has it.
    pub type_name: Option<Arc<str>>,
    /// The elements.
    pub items: Vec<T>,
}

/// A map of a Java class: `java.util.TreeMap`. Untyped, which Java reads as a `HashMap`, without a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedMap<K, V> {
    /// Class name of the map.
    pub type_name: Option<Arc<str>>,
    /// The entries, in the order of the stream.
    pub entries: Vec<(K, V)>,
}

impl<T> TypedList<T> {
    /// A list of the type `type_name`.
    pub fn new(type_name: &str, items: Vec<T>) -> Self {
        Self {
            type_name: Some(type_name.into()),
            items,
        }
    }
}

impl<K, V> TypedMap<K, V> {
    /// A map of the class `type_name`.
    pub fn new(type_name: &str, entries: Vec<(K, V)>) -> Self {
        Self {
            type_name: Some(type_name.into()),
            entries,
        }
    }
}

impl<T: Serialize> Serialize for TypedList<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_typed(serializer, self.type_name.as_deref(), &self.items)
    }
}

impl<K: Serialize, V: Serialize> Serialize for TypedMap<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_typed(
            serializer,
            self.type_name.as_deref(),
            &Entries(&self.entries),
        )
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for TypedList<T> {
    /// Reads any list; null reads as an empty one.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (type_name, items) = deserialize_typed::<D, Vec<T>>(deserializer)?;
        Ok(Self { type_name, items })
    }
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for TypedMap<K, V> {
    /// Reads any map; null reads as an empty one.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (type_name, OwnedEntries(entries)) =
            deserialize_typed::<D, OwnedEntries<K, V>>(deserializer)?;
        Ok(Self { type_name, entries })
    }
}

/// Writes `parts`, a sequence or map, as one of the type `type_name`.
pub(crate) fn serialize_typed<S: Serializer, P: Serialize>(
    serializer: S,
    type_name: Option<&str>,
    parts: &P,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_newtype_struct(magic::TYPED, &Form { type_name, parts })
}

/// The pair of name and parts in the exact form, the parts alone in the natural form.
struct Form<'p, P> {
    type_name: Option<&'p str>,
    parts: &'p P,
}

impl<P: Serialize> Serialize for Form<'_, P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return self.parts.serialize(serializer);
        }
        let mut pair = serializer.serialize_tuple(2)?;
        pair.serialize_element(&self.type_name)?;
        pair.serialize_element(self.parts)?;
        pair.end()
    }
}

/// Reads a sequence or map with its type name, which the natural form has not.
pub(crate) fn deserialize_typed<'de, D: Deserializer<'de>, P: Deserialize<'de>>(
    deserializer: D,
) -> Result<(Option<Arc<str>>, P), D::Error> {
    deserializer.deserialize_newtype_struct(magic::TYPED, TypedVisitor(PhantomData))
}

struct TypedVisitor<P>(PhantomData<P>);

impl<'de, P: Deserialize<'de>> Visitor<'de> for TypedVisitor<P> {
    type Value = (Option<Arc<str>>, P);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or map")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        if deserializer.is_human_readable() {
            return Ok((None, P::deserialize(deserializer)?));
        }
        deserializer.deserialize_tuple(2, self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<Self::Value, A::Error> {
        let name = pair
            .next_element::<Option<String>>()?
            .ok_or_else(|| A::Error::invalid_length(0, &"2"))?;
        let parts = pair
            .next_element()?
            .ok_or_else(|| A::Error::invalid_length(1, &"2"))?;
        Ok((name.map(Arc::from), parts))
    }
}

/// Pairs that serialize as a map.
struct Entries<'e, K, V>(&'e [(K, V)]);

impl<K: Serialize, V: Serialize> Serialize for Entries<'_, K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// Pairs that deserialize from a map.
struct OwnedEntries<K, V>(Vec<(K, V)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for OwnedEntries<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_map(EntriesVisitor(PhantomData))
            .map(OwnedEntries)
    }
}

struct EntriesVisitor<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for EntriesVisitor<K, V> {
    type Value = Vec<(K, V)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}
