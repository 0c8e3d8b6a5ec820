//! Stepping over a value: the tables are kept, nothing is built.
//!
//! A gateway steps over every argument of every call, so the common values go by a table: their first byte alone says
//! how far to step.

use super::{Decoder, scalar::is_short_ascii};
use crate::{
    error::Result,
    tag::{END, Kind, LIST, MAP, OBJECT, REF, TEXT, payload, stride},
};

/// Containers around the position that one call of [`Decoder::skip_many`] keeps count of; deeper ones are left to a
/// call of its own.
const LEVELS: usize = 16;

/// What is left of a container: a number of values, or values up to an end marker.
#[derive(Clone, Copy)]
struct Left(u64);

impl Left {
    /// Set when an end marker follows the values.
    const ENDED: u64 = 1 << 62;
    /// Set when it stands behind pairs only, in a map.
    const PAIRS: u64 = 1 << 61;
    /// What the values up to an end marker are counted down from. It is even, and no input has as many.
    const MANY: u64 = 1 << 40;

    fn values(count: u32) -> Self {
        Self(u64::from(count))
    }
}

impl Decoder<'_> {
    /// Steps over one value.
    pub(crate) fn skip(&mut self) -> Result<()> {
        self.spend(1)?;
        self.skip_many(Left::values(1))
    }

    /// Steps over the rest of a value whose tag was consumed and counted.
    pub(crate) fn skip_rest(&mut self, tag: u8, kind: Kind) -> Result<()> {
        match kind {
            Kind::List | Kind::Map | Kind::Object => {
                let left = self.skip_head(tag, kind)?;
                self.skip_many(left)?;
                self.depth = self.depth.saturating_sub(1);
                Ok(())
            }
            Kind::String => self.skip_text(tag),
            Kind::Binary => self.skip_binary(tag),
            Kind::Ref => self.reference().map(drop),
            _ => self.bytes(payload(tag)).map(drop),
        }
    }

    /// Steps over values that were counted.
    fn skip_many(&mut self, mut left: Left) -> Result<()> {
        let mut around = [Left(0); LEVELS];
        let mut level = 0_usize;
        loop {
            let (tag, form) = self.skip_plain(&mut left)?;
            if left.0 == 0 {
                level = match level.checked_sub(1) {
                    Some(level) => level,
                    None => return Ok(()),
                };
                self.depth = self.depth.wrapping_sub(1);
                left = around.get(level).copied().unwrap_or(Left(0));
                continue;
            }
            if let Some(outer) = around.get_mut(level)
                && let Some(inner) = self.skip_short_head(tag, form)?
            {
                *outer = Left(left.0.wrapping_sub(1));
                left = inner;
                level = level.wrapping_add(1);
            } else {
                self.skip_odd(&mut left)?;
            }
        }
    }

    /// Steps over one value of whatever form.
    #[inline(never)]
    fn skip_odd(&mut self, left: &mut Left) -> Result<()> {
        let (tag, kind) = self.lead_in()?;
        left.0 = left.0.wrapping_sub(1);
        self.skip_rest(tag, kind)
    }

    /// Steps over values until none is left or one is not plain, whose first byte and stride are given.
    #[inline]
    fn skip_plain(&mut self, left: &mut Left) -> Result<(u8, usize)> {
        let input = self.input;
        let mut position = self.position;
        while left.0 != 0 {
            let Some(&tag) = input.get(position) else {
                return Err(self.truncated());
            };
            let behind = position.wrapping_add(1);
            let form = stride(tag);
            match form {
                1..TEXT => position = position.wrapping_add(form),
                TEXT if input
                    .get(behind..)
                    .is_some_and(|rest| is_short_ascii(rest, tag)) =>
                {
                    position = behind.wrapping_add(usize::from(tag));
                }
                // A short one, to what was there.
                REF if matches!(input.get(behind), Some(index @ 0x90..=0xbf)
                    if u32::from(index.wrapping_sub(0x90)) < self.now.refs) =>
                {
                    position = behind.wrapping_add(1);
                }
                END if left.0 >= Left::ENDED => {
                    self.position = position;
                    self.skip_end(left)?;
                    return Ok((tag, form));
                }
                _ => {
                    self.position = position;
                    return Ok((tag, form));
                }
            }
            left.0 = left.0.wrapping_sub(1);
        }
        if position > input.len() {
            return Err(self.truncated());
        }
        self.position = position;
        Ok((0, 0))
    }

    /// Consumes the end marker, and counts the values before it.
    #[inline]
    fn skip_end(&mut self, left: &mut Left) -> Result<()> {
        let pairs = left.0 & Left::PAIRS != 0;
        let values = Left::MANY.wrapping_sub(left.0 & !(Left::ENDED | Left::PAIRS));
        if pairs && values & 1 != 0 {
            return Err(self.not_a_value(b'Z'));
        }
        self.spend(u32::try_from(values).unwrap_or(u32::MAX))?;
        self.position = self.position.wrapping_add(1);
        *left = Left(0);
        Ok(())
    }

    /// Enters the container at the position if its head is of the shortest form, as its first byte and stride say.
    #[inline]
    fn skip_short_head(&mut self, tag: u8, form: usize) -> Result<Option<Left>> {
        let count = match form {
            OBJECT => {
                let class = u32::from(tag & 0x0f);
                if class >= self.now.classes {
                    return Ok(None);
                }
                self.field_count(class)
            }
            LIST => u32::from(tag & 0x07),
            MAP => 0,
            _ => return Ok(None),
        };
        self.position = self.position.wrapping_add(1);
        let _scope = self.enter()?;
        if form == MAP {
            return Ok(Some(Left(Left::ENDED | Left::PAIRS | Left::MANY)));
        }
        self.spend(count)?;
        Ok(Some(Left::values(count)))
    }

    /// Enters a container whose tag was consumed, and counts its values if their number is known.
    fn skip_head(&mut self, tag: u8, kind: Kind) -> Result<Left> {
        let _scope = self.enter()?;
        let count = match kind {
            Kind::Map => {
                self.map_head(tag)?;
                return Ok(Left(Left::ENDED | Left::PAIRS | Left::MANY));
            }
            Kind::List => match self.list_head(tag)?.length {
                Some(length) => length,
                None => return Ok(Left(Left::ENDED | Left::MANY)),
            },
            _ => {
                let class = self.class_index(tag)?;
                self.field_count(class)
            }
        };
        self.spend(count)?;
        Ok(Left::values(count))
    }

    fn skip_text(&mut self, mut tag: u8) -> Result<()> {
        loop {
            self.text_chunk(tag)?;
            if tag != b'R' {
                return Ok(());
            }
            tag = self.chunk_tag(Kind::String)?;
        }
    }

    fn skip_binary(&mut self, mut tag: u8) -> Result<()> {
        loop {
            self.binary_chunk(tag)?;
            if tag != b'A' {
                return Ok(());
            }
            tag = self.chunk_tag(Kind::Binary)?;
        }
    }
}
