//! Null, bool, numbers, dates, strings and binaries: their forms, and the conversions that Java's typed reads do.

use std::borrow::Cow;

use super::Decoder;
use crate::{
    error::{Error, ErrorKind, Result},
    tag::{HIGH_BITS, Kind, Lead, lead},
    text::{self, Chunk, Joiner},
};

/// A value that is neither list nor map nor object.
#[derive(Debug)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i32),
    Long(i64),
    Double(f64),
    Date(i64),
    Text(Cow<'a, str>),
    Binary(Cow<'a, [u8]>),
}

impl Scalar<'_> {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Scalar::Null => Kind::Null,
            Scalar::Bool(_) => Kind::Bool,
            Scalar::Int(_) => Kind::Int,
            Scalar::Long(_) => Kind::Long,
            Scalar::Double(_) => Kind::Double,
            Scalar::Date(_) => Kind::Date,
            Scalar::Text(_) => Kind::String,
            Scalar::Binary(_) => Kind::Binary,
        }
    }
}

impl<'a> Decoder<'a> {
    /// Reads an integer; null reads as 0, a bool as 0 or 1, a long or whole double when it fits (Java's typed read,
    /// narrowing checked).
    ///
    /// # Errors
    /// When the next value is of another kind or out of range.
    pub fn read_i32(&mut self) -> Result<i32> {
        let wide = self.read_integer("an int")?;
        i32::try_from(wide).map_err(|_| self.out_of_range(wide, "an int"))
    }

    /// Reads a long, with the conversions of [`read_i32`](Self::read_i32).
    ///
    /// # Errors
    /// When the next value is of another kind or out of range.
    pub fn read_i64(&mut self) -> Result<i64> {
        self.read_integer("a long")
    }

    /// Reads a double; null reads as 0, integers and bools are widened.
    ///
    /// # Errors
    /// When the next value is no number.
    pub fn read_f64(&mut self) -> Result<f64> {
        match self.read_scalar("a double")? {
            Scalar::Null => Ok(0.0),
            Scalar::Bool(truth) => Ok(f64::from(u8::from(truth))),
            Scalar::Int(number) => Ok(f64::from(number)),
            #[allow(
                clippy::cast_precision_loss,
                reason = "Java's own widening of long to double rounds the same way"
            )]
            Scalar::Long(number) => Ok(number as f64),
            Scalar::Double(number) => Ok(number),
            other => Err(self.mismatch("a double", other.kind())),
        }
    }

    /// Reads a bool; null reads as false, a number as whether it differs from 0.
    ///
    /// # Errors
    /// When the next value is of another kind.
    pub fn read_bool(&mut self) -> Result<bool> {
        match self.read_scalar("a bool")? {
            Scalar::Null => Ok(false),
            Scalar::Bool(truth) => Ok(truth),
            Scalar::Int(number) => Ok(number != 0),
            Scalar::Long(number) => Ok(number != 0),
            Scalar::Double(number) => Ok(number != 0.0),
            other => Err(self.mismatch("a bool", other.kind())),
        }
    }

    /// Reads a string; it borrows from the input unless it is chunked or holds surrogates.
    ///
    /// # Errors
    /// When the next value is no string. Null is an error; ask [`is_null`](Self::is_null) first where it may occur.
    pub fn read_str(&mut self) -> Result<Cow<'a, str>> {
        match self.begin()? {
            (tag, Kind::String) => self.text(tag),
            (_, other) => Err(self.mismatch("a string", other)),
        }
    }

    /// Reads a string or null.
    ///
    /// # Errors
    /// When the next value is something else.
    pub fn read_optional_str(&mut self) -> Result<Option<Cow<'a, str>>> {
        match self.begin()? {
            (_, Kind::Null) => Ok(None),
            (tag, Kind::String) => self.text(tag).map(Some),
            (_, other) => Err(self.mismatch("a string or null", other)),
        }
    }

    /// Reads a binary; it borrows from the input unless it is chunked.
    ///
    /// # Errors
    /// When the next value is no binary.
    pub fn read_bytes(&mut self) -> Result<Cow<'a, [u8]>> {
        match self.begin()? {
            (tag, Kind::Binary) => self.binary(tag),
            (_, other) => Err(self.mismatch("a binary", other)),
        }
    }

    /// Reads a date, in milliseconds since the epoch.
    ///
    /// # Errors
    /// When the next value is no date.
    pub fn read_date(&mut self) -> Result<i64> {
        match self.begin()? {
            (tag, Kind::Date) => self.date(tag),
            (_, other) => Err(self.mismatch("a date", other)),
        }
    }

    /// Reads a null.
    ///
    /// # Errors
    /// When the next value is something else.
    pub fn read_null(&mut self) -> Result<()> {
        match self.begin()? {
            (_, Kind::Null) => Ok(()),
            (_, other) => Err(self.mismatch("null", other)),
        }
    }

    fn read_integer(&mut self, wanted: &str) -> Result<i64> {
        let scalar = self.read_scalar(wanted)?;
        let kind = scalar.kind();
        integer(&scalar).ok_or_else(|| self.mismatch(wanted, kind))
    }

    fn read_scalar(&mut self, wanted: &str) -> Result<Scalar<'a>> {
        let (tag, kind) = self.begin()?;
        self.scalar(tag, kind)?
            .ok_or_else(|| self.mismatch(wanted, kind))
    }

    #[cold]
    fn out_of_range(&self, number: i64, wanted: &str) -> Error {
        Error::at(
            ErrorKind::Type,
            self.position,
            format!("{number} does not fit {wanted}"),
        )
    }

    /// The scalar whose tag was consumed; `None` for a list, map, object or reference.
    #[inline]
    pub(crate) fn scalar(&mut self, tag: u8, kind: Kind) -> Result<Option<Scalar<'a>>> {
        Ok(Some(match kind {
            Kind::Null => Scalar::Null,
            Kind::Bool => Scalar::Bool(tag == b'T'),
            Kind::Int => Scalar::Int(self.int(tag)?),
            Kind::Long => Scalar::Long(self.long(tag)?),
            Kind::Double => Scalar::Double(self.double(tag)?),
            Kind::Date => Scalar::Date(self.date(tag)?),
            Kind::String => Scalar::Text(self.text(tag)?),
            Kind::Binary => Scalar::Binary(self.binary(tag)?),
            Kind::List | Kind::Map | Kind::Object | Kind::Ref => return Ok(None),
        }))
    }

    #[inline]
    pub(crate) fn int(&mut self, tag: u8) -> Result<i32> {
        match tag {
            0x80..=0xbf => Ok(i32::from(tag).wrapping_sub(0x90)),
            0xc0..=0xcf => Ok(i32::from(i16::from_be_bytes([
                tag.wrapping_sub(0xc8),
                self.byte()?,
            ]))),
            0xd0..=0xd7 => self.three(tag.wrapping_sub(0xd4)),
            _ => self.array().map(i32::from_be_bytes),
        }
    }

    #[inline]
    pub(crate) fn long(&mut self, tag: u8) -> Result<i64> {
        match tag {
            0xd8..=0xef => Ok(i64::from(tag).wrapping_sub(0xe0)),
            0xf0..=0xff => Ok(i64::from(i16::from_be_bytes([
                tag.wrapping_sub(0xf8),
                self.byte()?,
            ]))),
            0x38..=0x3f => self.three(tag.wrapping_sub(0x3c)).map(i64::from),
            0x59 => self.array().map(i32::from_be_bytes).map(i64::from),
            _ => self.array().map(i64::from_be_bytes),
        }
    }

    /// A number of three bytes; the first, signed one is given.
    #[inline]
    fn three(&mut self, high: u8) -> Result<i32> {
        let [middle, low] = self.array()?;
        let sign = if high & 0x80 == 0 { 0x00 } else { 0xff };
        Ok(i32::from_be_bytes([sign, high, middle, low]))
    }

    #[inline]
    pub(crate) fn double(&mut self, tag: u8) -> Result<f64> {
        match tag {
            0x5b => Ok(0.0),
            0x5c => Ok(1.0),
            0x5d => self.array().map(|byte| f64::from(i8::from_be_bytes(byte))),
            0x5e => self
                .array()
                .map(|bytes| f64::from(i16::from_be_bytes(bytes))),
            // Java multiplies; a division by 1000 differs in the last bit for some values, the first being 9.
            0x5f => self
                .array()
                .map(|bytes| 0.001 * f64::from(i32::from_be_bytes(bytes))),
            _ => self.array().map(f64::from_be_bytes),
        }
    }

    #[inline]
    pub(crate) fn date(&mut self, tag: u8) -> Result<i64> {
        match tag {
            0x4b => self
                .array()
                .map(|bytes| i64::from(i32::from_be_bytes(bytes)).wrapping_mul(60_000)),
            _ => self.array().map(i64::from_be_bytes),
        }
    }

    /// A class, field or type name, or any string that stands where no other value may.
    pub(crate) fn name(&mut self, what: &str) -> Result<Cow<'a, str>> {
        let tag = self.byte()?;
        match lead(tag) {
            Lead::Value(Kind::String) => self.text(tag),
            _ => Err(self.malformed(format!("{what} is no string, it starts with {tag:#04x}"))),
        }
    }

    /// An index into a table: an int, and nothing else.
    pub(crate) fn index(&mut self, what: &str) -> Result<i64> {
        let tag = self.byte()?;
        match lead(tag) {
            Lead::Value(Kind::Int) => self.int(tag).map(i64::from),
            _ => Err(self.malformed(format!("{what} index is no int, it starts with {tag:#04x}"))),
        }
    }

    /// A claimed number of elements. Each has at least one byte, so it can not exceed what is left of the input.
    pub(crate) fn length(&mut self, what: &str) -> Result<u32> {
        let at = self.position;
        let claimed = self.index(what)?;
        match u32::try_from(claimed) {
            Ok(length) if length as usize <= self.remaining().len() => Ok(length),
            Ok(_) => {
                let message = format!(
                    "{claimed} {what} are claimed, {} bytes are left",
                    self.remaining().len()
                );
                Err(Error::at(ErrorKind::Truncated, at, message))
            }
            Err(_) => Err(Error::at(
                ErrorKind::Malformed,
                at,
                format!("negative number of {what}: {claimed}"),
            )),
        }
    }

    /// The string whose first tag was consumed.
    #[inline]
    pub(crate) fn text(&mut self, tag: u8) -> Result<Cow<'a, str>> {
        match self
            .short_ascii(tag)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
        {
            Some(text) => {
                self.position = self.position.wrapping_add(text.len());
                Ok(Cow::Borrowed(text))
            }
            None => self.long_text(tag),
        }
    }

    /// The contents of an ASCII string of the shortest form. They are not consumed yet.
    #[inline]
    pub(crate) fn short_ascii(&self, tag: u8) -> Option<&'a [u8]> {
        short_ascii(self.remaining(), tag)
    }

    fn long_text(&mut self, tag: u8) -> Result<Cow<'a, str>> {
        let at = self.position;
        if tag != b'R' {
            let chunk = self.text_chunk(tag)?;
            if chunk.plain {
                return match std::str::from_utf8(chunk.bytes) {
                    Ok(text) => Ok(Cow::Borrowed(text)),
                    Err(_) => Err(Error::at(ErrorKind::Text, at, "bad utf-8 in a string")),
                };
            }
            let mut whole = Joiner::new(self.limits.text);
            whole.push(chunk, at)?;
            return self.joined(whole);
        }
        self.text_chunks()
    }

    /// A string of several chunks; the tag of the first, `R`, was consumed.
    fn text_chunks(&mut self) -> Result<Cow<'a, str>> {
        let mut whole = Joiner::new(self.limits.text);
        let mut tag = b'R';
        loop {
            let at = self.position;
            let chunk = self.text_chunk(tag)?;
            whole.push(chunk, at)?;
            if tag != b'R' {
                return self.joined(whole);
            }
            tag = self.chunk_tag(Kind::String)?;
        }
    }

    fn joined(&mut self, whole: Joiner) -> Result<Cow<'a, str>> {
        let (text, lossy) = whole.finish(self.position)?;
        self.lossy |= lossy;
        Ok(Cow::Owned(text))
    }

    /// Contents of one chunk, its tag being consumed.
    #[inline]
    pub(crate) fn text_chunk(&mut self, tag: u8) -> Result<Chunk<'a>> {
        let units = match tag {
            0x00..=0x1f => usize::from(tag),
            0x30..=0x33 => usize::from(u16::from_be_bytes([tag.wrapping_sub(0x30), self.byte()?])),
            _ => usize::from(u16::from_be_bytes(self.array()?)),
        };
        let chunk = text::chunk(self.remaining(), units, self.limits.text, self.position)?;
        self.position = self.position.saturating_add(chunk.bytes.len());
        Ok(chunk)
    }

    /// Tag of the chunk after a chunk that was not the last one.
    pub(crate) fn chunk_tag(&mut self, kind: Kind) -> Result<u8> {
        let tag = self.byte()?;
        if lead(tag) == Lead::Value(kind) {
            return Ok(tag);
        }
        Err(self.malformed(format!(
            "a chunk of a {} is followed by {tag:#04x}",
            kind.name()
        )))
    }

    /// The binary whose first tag was consumed.
    pub(crate) fn binary(&mut self, tag: u8) -> Result<Cow<'a, [u8]>> {
        if tag != b'A' {
            return self.binary_chunk(tag).map(Cow::Borrowed);
        }
        let mut whole = Vec::new();
        let mut tag = tag;
        loop {
            whole.extend_from_slice(self.binary_chunk(tag)?);
            if tag != b'A' {
                return Ok(Cow::Owned(whole));
            }
            tag = self.chunk_tag(Kind::Binary)?;
        }
    }

    /// Contents of one chunk, its tag being consumed.
    pub(crate) fn binary_chunk(&mut self, tag: u8) -> Result<&'a [u8]> {
        let length = match tag {
            0x20..=0x2f => usize::from(tag & 0x0f),
            0x34..=0x37 => usize::from(u16::from_be_bytes([tag.wrapping_sub(0x34), self.byte()?])),
            _ => usize::from(u16::from_be_bytes(self.array()?)),
        };
        self.bytes(length)
    }
}

/// The contents of an ASCII string of the shortest form, whose tag stood before `rest`.
#[inline]
pub(crate) fn short_ascii(rest: &[u8], tag: u8) -> Option<&[u8]> {
    if is_short_ascii(rest, tag) {
        rest.get(..usize::from(tag))
    } else {
        None
    }
}

/// Whether an ASCII string of the shortest form is there, whose tag stood before `rest`.
#[inline]
pub(crate) fn is_short_ascii(rest: &[u8], tag: u8) -> bool {
    let length = usize::from(tag);
    match (rest.first_chunk::<8>(), HIGH_BITS.get(length)) {
        // One load tells of up to 8 bytes.
        (Some(word), Some(bits)) => u64::from_le_bytes(*word) & bits == 0,
        _ => tag <= 0x1f && rest.get(..length).is_some_and(<[u8]>::is_ascii),
    }
}

/// The integer that a scalar stands for, when it does.
pub(crate) fn integer(scalar: &Scalar<'_>) -> Option<i64> {
    match *scalar {
        Scalar::Null => Some(0),
        Scalar::Bool(truth) => Some(i64::from(truth)),
        Scalar::Int(number) => Some(i64::from(number)),
        Scalar::Long(number) => Some(number),
        Scalar::Double(number) => whole(number),
        Scalar::Date(_) | Scalar::Text(_) | Scalar::Binary(_) => None,
    }
}

/// A double without a fraction, as an integer.
fn whole(number: f64) -> Option<i64> {
    /// 2^63, the first double above every long.
    const END: f64 = 9_223_372_036_854_775_808.0;
    if number.trunc() != number || !(-END..END).contains(&number) {
        return None;
    }
    #[allow(
        clippy::cast_possible_truncation,
        reason = "checked above: a whole number within the range of i64"
    )]
    Some(number as i64)
}
