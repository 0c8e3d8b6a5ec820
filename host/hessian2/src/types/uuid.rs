//! `java.util.UUID`, in both of its forms.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeStruct,
};

use crate::error::{Error, ErrorKind};

/// A UUID. hessian-lite writes an object whose field `value` is the text, which is what this type writes; Caucho's
/// Hessian writes two longs, `mostSigBits` and `leastSigBits`. Both are read, and the text alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(
    /// The 128 bits.
    pub u128,
);

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0;
        let (first, second, third) = (bits >> 96, bits >> 80 & 0xffff, bits >> 64 & 0xffff);
        let (fourth, fifth) = (bits >> 48 & 0xffff, bits & 0xffff_ffff_ffff);
        write!(
            f,
            "{first:08x}-{second:04x}-{third:04x}-{fourth:04x}-{fifth:012x}"
        )
    }
}

impl FromStr for Uuid {
    type Err = Error;

    /// # Errors
    /// When the text is not five groups of 8, 4, 4, 4 and 12 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, Error> {
        let groups: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
        let digits = groups.concat();
        if lengths == [8, 4, 4, 4, 12]
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            && let Ok(bits) = u128::from_str_radix(&digits, 16)
        {
            return Ok(Self(bits));
        }
        Err(Error::new(
            ErrorKind::Type,
            format!("\"{text}\" is no UUID"),
        ))
    }
}

impl Serialize for Uuid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("java.util.UUID", 1)?;
        object.serialize_field("value", &format_args!("{self}"))?;
        object.end()
    }
}

impl<'de> Deserialize<'de> for Uuid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UuidVisitor)
    }
}

struct UuidVisitor;

impl<'de> Visitor<'de> for UuidVisitor {
    type Value = Uuid;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a UUID")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Uuid, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Uuid, A::Error> {
        let (mut text, mut most, mut least) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            match &*key {
                "value" => text = Some(map.next_value::<String>()?),
                "mostSigBits" => most = Some(map.next_value::<i64>()?),
                "leastSigBits" => least = Some(map.next_value::<i64>()?),
                _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
            }
        }
        match (text, most, least) {
            (Some(text), _, _) => self.visit_str(&text),
            (None, Some(most), Some(least)) => {
                let (most, least) = (
                    u128::from(most.cast_unsigned()),
                    u128::from(least.cast_unsigned()),
                );
                Ok(Uuid(most << 64 | least))
            }
            _ => Err(serde::de::Error::custom("a UUID has neither text nor bits")),
        }
    }
}
