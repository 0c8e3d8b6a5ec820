//! `java.math.BigDecimal`.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeStruct,
};

use crate::error::{Error, ErrorKind};

/// A decimal number of any precision, as its text. `java.math.BigDecimal`, an object whose field `value` is that text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BigDecimal(String);

impl BigDecimal {
    /// The text: a sign, digits with at most one point, and an exponent, the first and last as needed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BigDecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BigDecimal {
    type Err = Error;

    /// # Errors
    /// When Java's `new BigDecimal(text)` refuses the text.
    fn from_str(text: &str) -> Result<Self, Error> {
        if is_decimal(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::new(
            ErrorKind::Type,
            format!("\"{text}\" is no decimal number"),
        ))
    }
}

fn is_decimal(text: &str) -> bool {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().is_ok()),
        None => (text, true),
    };
    let unsigned = number.strip_prefix(['+', '-']).unwrap_or(number);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    exponent && digits(whole) && digits(fraction) && (!whole.is_empty() || !fraction.is_empty())
}

impl Serialize for BigDecimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("java.math.BigDecimal", 1)?;
        object.serialize_field("value", &self.0)?;
        object.end()
    }
}

impl<'de> Deserialize<'de> for BigDecimal {
    /// Reads the object, its text alone, or a number.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DecimalVisitor)
    }
}

struct DecimalVisitor;

impl<'de> Visitor<'de> for DecimalVisitor {
    type Value = BigDecimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<BigDecimal, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<BigDecimal, E> {
        Ok(BigDecimal(number.to_string()))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<BigDecimal, E> {
        Ok(BigDecimal(number.to_string()))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<BigDecimal, E> {
        number.to_string().parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<BigDecimal, A::Error> {
        let mut value = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == "value" {
                value = Some(map.next_value::<String>()?);
            } else {
                map.next_value::<serde::de::IgnoredAny>()?;
            }
        }
        let text = value.ok_or_else(|| serde::de::Error::missing_field("value"))?;
        self.visit_str(&text)
    }
}
