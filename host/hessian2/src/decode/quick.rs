//! The most common forms of the next value, each told and read in one look at the input. What is not of such a form is
//! left where it is.

use super::{Decoder, scalar::short_ascii};
use crate::tag::HIGH_BITS;

impl<'a> Decoder<'a> {
    /// The next value, consumed and counted, if it is an ASCII string of the shortest form, which most strings are.
    #[inline]
    pub(crate) fn quick_text(&mut self) -> Option<&'a str> {
        let tag = *self.input.get(self.position)?;
        let start = self.position.wrapping_add(1);
        let text = short_ascii(self.input.get(start..)?, tag)?;
        let text = std::str::from_utf8(text).ok()?;
        self.budget = self.budget.checked_sub(1)?;
        self.position = start.wrapping_add(text.len());
        Some(text)
    }

    /// The next value, consumed and counted, if it is an int of one to three bytes.
    #[inline]
    pub(crate) fn quick_int(&mut self) -> Option<i32> {
        let rest = self.input.get(self.position..)?;
        let (number, length) = match *rest {
            [tag @ 0x80..=0xbf, ..] => (i32::from(tag).wrapping_sub(0x90), 1),
            [tag @ 0xc0..=0xcf, low, ..] => {
                let high = tag.wrapping_sub(0xc8);
                (i32::from(i16::from_be_bytes([high, low])), 2)
            }
            _ => return None,
        };
        self.budget = self.budget.checked_sub(1)?;
        self.position = self.position.wrapping_add(length);
        Some(number)
    }

    /// The next value, consumed and counted, if it is an ASCII string of up to 8 characters which is not the very end of
    /// the input: its characters with what follows, and their number.
    #[inline]
    pub(crate) fn quick_word(&mut self) -> Option<([u8; 8], usize)> {
        let (&tag, behind) = self.input.get(self.position..)?.split_first()?;
        let word = *behind.first_chunk::<8>()?;
        let length = usize::from(tag);
        if u64::from_le_bytes(word) & HIGH_BITS.get(length)? != 0 {
            return None;
        }
        self.budget = self.budget.checked_sub(1)?;
        self.position = self.position.wrapping_add(length).wrapping_add(1);
        Some((word, length))
    }

    /// The next value, consumed and counted, if it is a double of one of the two longest forms, which most doubles are.
    #[inline]
    pub(crate) fn quick_double(&mut self) -> Option<f64> {
        let (&tag, behind) = self.input.get(self.position..)?.split_first()?;
        let (number, length) = match tag {
            0x44 => (f64::from_be_bytes(*behind.first_chunk()?), 9),
            0x5f => {
                let thousandths = i32::from_be_bytes(*behind.first_chunk()?);
                (0.001 * f64::from(thousandths), 5)
            }
            _ => return None,
        };
        self.budget = self.budget.checked_sub(1)?;
        self.position = self.position.wrapping_add(length);
        Some(number)
    }

    /// The next value, consumed and counted, if it is an object whose head is one byte: the index of its class.
    #[inline]
    pub(crate) fn quick_object(&mut self) -> Option<u32> {
        let tag = *self.input.get(self.position)?;
        let class = u32::from(tag).wrapping_sub(0x60);
        if class > 0x0f || class >= self.now.classes {
            return None;
        }
        self.budget = self.budget.checked_sub(1)?;
        self.position = self.position.wrapping_add(1);
        Some(class)
    }

    /// The next value, consumed and counted, if it is a date.
    #[inline]
    pub(crate) fn quick_date(&mut self) -> Option<i64> {
        let (&tag, behind) = self.input.get(self.position..)?.split_first()?;
        let (millis, length) = match tag {
            0x4a => (i64::from_be_bytes(*behind.first_chunk()?), 9),
            0x4b => {
                let minutes = i32::from_be_bytes(*behind.first_chunk()?);
                (i64::from(minutes).wrapping_mul(60_000), 5)
            }
            _ => return None,
        };
        self.budget = self.budget.checked_sub(1)?;
        self.position = self.position.wrapping_add(length);
        Some(millis)
    }
}
