//! `java.math.BigInteger`: just enough arithmetic to go from its words to decimal text and back.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeStruct,
};

use super::Array;
use crate::error::{Error, ErrorKind};

/// Decimal digits handled at once, the most that fit 32 bits.
const DIGITS: usize = 9;

/// An integer of any size. `java.math.BigInteger`, an object with the fields `signum` and `mag`; the further fields that
/// the JDK writes are caches and are ignored.
///
/// Conversion to and from text takes time quadratic in the length.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BigInteger {
    negative: bool,
    /// Words of the magnitude, most significant first, without leading zeros. Empty for 0.
    words: Vec<u32>,
}

impl BigInteger {
    /// -1, 0 or 1.
    pub fn signum(&self) -> i32 {
        match (self.words.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    /// Words of the magnitude, most significant first; none for 0.
    pub fn magnitude(&self) -> &[u32] {
        &self.words
    }

    fn new(negative: bool, mut words: Vec<u32>) -> Self {
        let zeros = words.iter().take_while(|word| **word == 0).count();
        words.drain(..zeros);
        Self {
            negative: negative && !words.is_empty(),
            words,
        }
    }
}

impl From<i64> for BigInteger {
    fn from(number: i64) -> Self {
        let magnitude = u128::from(number.unsigned_abs());
        Self {
            negative: number < 0,
            ..Self::from(magnitude)
        }
    }
}

impl From<u128> for BigInteger {
    fn from(number: u128) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = number.to_be_bytes();
        let words = [[a, b, c, d], [e, f, g, h], [i, j, k, l], [m, n, o, p]];
        Self::new(false, words.into_iter().map(u32::from_be_bytes).collect())
    }
}

impl FromStr for BigInteger {
    type Err = Error;

    /// # Errors
    /// When the text is not an optional sign and decimal digits.
    fn from_str(text: &str) -> Result<Self, Error> {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::new(
                ErrorKind::Type,
                format!("\"{text}\" is no integer"),
            ));
        }
        // Least significant word first while calculating.
        let mut words: Vec<u32> = Vec::new();
        for group in digits.as_bytes().chunks(DIGITS) {
            let (mut carry, mut scale) = (0_u64, 1_u64);
            for digit in group {
                carry = carry * 10 + u64::from(digit - b'0');
                scale *= 10;
            }
            for word in &mut words {
                carry += u64::from(*word) * scale;
                (*word, carry) = split(carry);
            }
            if carry > 0 {
                words.push(split(carry).0);
            }
        }
        words.reverse();
        Ok(Self::new(text.starts_with('-'), words))
    }
}

/// Low and high half.
#[allow(
    clippy::cast_possible_truncation,
    reason = "the low half is what is wanted"
)]
fn split(number: u64) -> (u32, u64) {
    (number as u32, number >> 32)
}

impl fmt::Display for BigInteger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The largest power of ten that fits 32 bits.
        const BASE: u64 = 1_000_000_000;
        let mut words = self.words.clone();
        let mut groups = Vec::new();
        while !words.is_empty() {
            let mut rest = 0_u64;
            for word in &mut words {
                let number = (rest << 32) | u64::from(*word);
                (*word, rest) = (split(number / BASE).0, number % BASE);
            }
            groups.push(rest);
            let zeros = words.iter().take_while(|word| **word == 0).count();
            words.drain(..zeros);
        }
        let mut text = groups.pop().unwrap_or(0).to_string();
        for group in groups.iter().rev() {
            text.push_str(&format!("{group:09}"));
        }
        f.pad_integral(!self.negative, "", &text)
    }
}

impl Serialize for BigInteger {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let words: Vec<i32> = self.words.iter().map(|word| word.cast_signed()).collect();
        let mut object = serializer.serialize_struct("java.math.BigInteger", 2)?;
        object.serialize_field("signum", &self.signum())?;
        object.serialize_field("mag", &Array::from(words))?;
        object.end()
    }
}

impl<'de> Deserialize<'de> for BigInteger {
    /// Reads the object, decimal text, or an integer.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntegerVisitor)
    }
}

struct IntegerVisitor;

impl<'de> Visitor<'de> for IntegerVisitor {
    type Value = BigInteger;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer of any size")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<BigInteger, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E>(self, number: i64) -> Result<BigInteger, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<BigInteger, E> {
        Ok(u128::from(number).into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<BigInteger, A::Error> {
        let (mut signum, mut words) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match &*key {
                "signum" => signum = Some(map.next_value::<i32>()?),
                "mag" => words = Some(map.next_value::<Vec<i32>>()?),
                _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
            }
        }
        let signum = signum.ok_or_else(|| serde::de::Error::missing_field("signum"))?;
        let words = words.ok_or_else(|| serde::de::Error::missing_field("mag"))?;
        let number = BigInteger::new(
            signum < 0,
            words.into_iter().map(i32::cast_unsigned).collect(),
        );
        if number.signum() == signum {
            return Ok(number);
        }
        Err(serde::de::Error::custom(format!(
            "a BigInteger of signum {signum} does not match its magnitude"
        )))
    }
}
