//! Strings on the wire: lengths count UTF-16 units, each unit is written as UTF-8 of its own, so that a character above
//! U+FFFF becomes two three-byte sequences (CESU-8).
//!
//! Everything here works on one chunk; chunks are joined by the decoder, which carries a high surrogate from one to
//! the next.
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used
)]

use crate::{
    error::{Error, ErrorKind, Result},
    limits::Text,
};

/// One chunk of a string, measured but not decoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk<'a> {
    pub(crate) bytes: &'a [u8],
    /// The bytes hold no surrogate, so they are UTF-8 as they stand.
    pub(crate) plain: bool,
}

/// Takes `units` UTF-16 units from the front of `input`, which starts at `offset` of the stream.
#[inline]
pub(crate) fn chunk(input: &[u8], units: usize, policy: Text, offset: usize) -> Result<Chunk<'_>> {
    match input.get(..units) {
        Some(bytes) if bytes.is_ascii() => Ok(Chunk { bytes, plain: true }),
        Some(_) => measure(input, units, policy, offset),
        None => Err(truncated(offset.saturating_add(input.len()))),
    }
}

#[cold]
fn truncated(offset: usize) -> Error {
    Error::at(ErrorKind::Truncated, offset, "input ends inside a string")
}

/// The general case: walks the sequences one by one.
fn measure(input: &[u8], units: usize, policy: Text, offset: usize) -> Result<Chunk<'_>> {
    let mut plain = true;
    let mut left = units;
    let mut rest = input;
    while left > 0 {
        let at = offset.saturating_add(input.len().saturating_sub(rest.len()));
        let (size, taken) = match *rest {
            [0x00..=0x7f, ..] => (1, 1),
            [0xc2..=0xdf, 0x80..=0xbf, ..] => (2, 1),
            [0xe0, 0xa0..=0xbf, 0x80..=0xbf, ..] => (3, 1),
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => {
                plain = false;
                (3, 1)
            }
            [0xe1..=0xef, 0x80..=0xbf, 0x80..=0xbf, ..] => (3, 1),
            [0xf0..=0xf4, _, _, _, ..] if policy == Text::Lenient && left >= 2 => {
                let whole = rest
                    .get(..4)
                    .is_some_and(|bytes| std::str::from_utf8(bytes).is_ok());
                if !whole {
                    return Err(bad_utf8(rest, at));
                }
                (4, 2)
            }
            _ => return Err(bad_utf8(rest, at)),
        };
        rest = rest.get(size..).ok_or_else(|| truncated(at))?;
        left = left.saturating_sub(taken);
    }
    let bytes = input
        .get(..input.len().saturating_sub(rest.len()))
        .unwrap_or_default();
    Ok(Chunk { bytes, plain })
}

/// Names what is wrong with the sequence at the front of `rest`.
#[cold]
fn bad_utf8(rest: &[u8], offset: usize) -> Error {
    let Some(&first) = rest.first() else {
        return truncated(offset);
    };
    let needed = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 1,
    };
    let tail = rest.get(1..).unwrap_or_default();
    if rest.len() < needed && tail.iter().all(|byte| byte & 0xc0 == 0x80) {
        return truncated(offset.saturating_add(rest.len()));
    }
    Error::at(
        ErrorKind::Text,
        offset,
        format!("bad utf-8 sequence in a string, first byte {first:#04x}"),
    )
}

/// Joins chunks into one Rust string.
#[derive(Debug)]
pub(crate) struct Joiner {
    out: String,
    /// High surrogate that waits for its other half.
    high: Option<u16>,
    policy: Text,
    /// A lone surrogate became U+FFFD.
    pub(crate) lossy: bool,
}

impl Joiner {
    pub(crate) fn new(policy: Text) -> Self {
        Self {
            out: String::new(),
            high: None,
            policy,
            lossy: false,
        }
    }

    /// Appends a chunk that [`chunk`] measured.
    pub(crate) fn push(&mut self, chunk: Chunk<'_>, offset: usize) -> Result<()> {
        let mut rest = chunk.bytes;
        while !rest.is_empty() {
            let plain = if chunk.plain {
                rest.len()
            } else {
                surrogate(rest).unwrap_or(rest.len())
            };
            let (before, from) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
            if !before.is_empty() {
                self.flush(offset)?;
                let text = std::str::from_utf8(before).map_err(|_| bad_utf8(before, offset))?;
                self.out.push_str(text);
            }
            rest = match *from {
                [_, second, third, ref after @ ..] => {
                    self.unit(
                        0xd000 | (u16::from(second & 0x3f) << 6) | u16::from(third & 0x3f),
                        offset,
                    )?;
                    after
                }
                _ => &[],
            };
        }
        Ok(())
    }

    /// Takes one surrogate.
    fn unit(&mut self, unit: u16, offset: usize) -> Result<()> {
        if unit < 0xdc00 {
            self.flush(offset)?;
            self.high = Some(unit);
            return Ok(());
        }
        match self.high.take() {
            Some(high) => {
                let pair = char::decode_utf16([high, unit])
                    .next()
                    .and_then(|scalar| scalar.ok());
                self.out.push(pair.unwrap_or(char::REPLACEMENT_CHARACTER));
                Ok(())
            }
            None => self.lone(unit, offset),
        }
    }

    /// Ends a high surrogate that found no partner.
    fn flush(&mut self, offset: usize) -> Result<()> {
        match self.high.take() {
            Some(high) => self.lone(high, offset),
            None => Ok(()),
        }
    }

    fn lone(&mut self, unit: u16, offset: usize) -> Result<()> {
        if self.policy == Text::Strict {
            return Err(Error::at(
                ErrorKind::Text,
                offset,
                format!("lone surrogate {unit:#06x} in a string"),
            ));
        }
        self.lossy = true;
        self.out.push(char::REPLACEMENT_CHARACTER);
        Ok(())
    }

    /// The whole string.
    pub(crate) fn finish(mut self, offset: usize) -> Result<(String, bool)> {
        self.flush(offset)?;
        Ok((self.out, self.lossy))
    }
}

/// Offset of the first surrogate in bytes that [`chunk`] measured.
fn surrogate(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(2)
        .position(|pair| matches!(pair, [0xed, 0xa0..=0xbf]))
}
