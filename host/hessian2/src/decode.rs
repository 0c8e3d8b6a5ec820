//! Reading a stream of Hessian values.
//!
//! A decoder walks a byte slice once, forward. What it meets, read or skipped, enters three tables (slots, classes, types)
//! whose entries know their offset, so that a reference to a skipped value can still be read later. Going back is a
//! matter of the position and of three counters: an entry that is met again is recognised by its number.
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used
)]

mod constant;
mod container;
mod document;
mod quick;
mod scalar;
mod skip;
mod table;
mod value;

use std::{borrow::Cow, ops::Range};

use serde::Deserialize;

pub(crate) use self::container::short_list;
pub(crate) use self::scalar::{Scalar, integer};
pub(crate) use self::table::BYTES_PER_VALUE;
use self::table::{ClassEntry, Return, SlotEntry, TypeEntry};
use crate::{
    error::{Error, ErrorKind, Result},
    limits::{Limits, Tables},
    tag::{Kind, Lead, lead},
    value::Value,
};

/// Reads, skips and looks at the values of one stream.
///
/// After an error the position is somewhere inside the broken value; [`rewind`](Decoder::rewind) to a [`Mark`] brings
/// the decoder back to a known state.
#[derive(Debug)]
pub struct Decoder<'a> {
    input: &'a [u8],
    position: usize,
    limits: Limits,
    /// Values that may still be read.
    budget: u32,
    /// Table sizes at `position`. The tables themselves may already hold more, after a look back.
    now: Tables,
    slots: Vec<SlotEntry>,
    classes: Vec<ClassEntry<'a>>,
    /// Field names of all classes, one class after the other.
    names: Vec<Cow<'a, str>>,
    types: Vec<TypeEntry<'a>>,
    /// Where references that are being followed were met.
    returns: Vec<Return>,
    /// Enum constants that serde read, with their slots: most later ones are references to them.
    constants: Vec<(u32, &'a str)>,
    /// Lists, maps and objects around the position.
    depth: u32,
    lossy: bool,
    /// Fields are given to serde by name only.
    by_name: bool,
}

/// A position to come back to, with [`Decoder::rewind`].
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    position: usize,
    now: Tables,
    budget: u32,
    depth: u32,
}

impl Mark {
    /// Table sizes at the marked position.
    pub fn tables(&self) -> Tables {
        self.now
    }
}

impl<'a> Decoder<'a> {
    /// A decoder at the start of a stream, with the default [`Limits`].
    pub fn new(input: &'a [u8]) -> Self {
        Self::with_limits(input, Limits::default())
    }

    /// A decoder with other limits.
    pub fn with_limits(input: &'a [u8], limits: Limits) -> Self {
        Self {
            input,
            position: 0,
            limits,
            budget: limits.values,
            now: Tables::default(),
            slots: Vec::new(),
            classes: Vec::new(),
            names: Vec::new(),
            types: Vec::new(),
            returns: Vec::new(),
            constants: Vec::new(),
            depth: 0,
            lossy: false,
            by_name: false,
        }
    }

    /// Offset of the next byte.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Bytes that were not consumed.
    pub fn remaining(&self) -> &'a [u8] {
        self.input.get(self.position..).unwrap_or_default()
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.position >= self.input.len()
    }

    /// Table sizes at this position: what an encoder needs to go on after a raw copy of all bytes so far.
    pub fn tables(&self) -> Tables {
        self.now
    }

    /// Whether some string so far held a lone surrogate, which was read as U+FFFD.
    pub fn lossy(&self) -> bool {
        self.lossy
    }

    /// This position, for [`rewind`](Self::rewind).
    pub fn mark(&self) -> Mark {
        Mark {
            position: self.position,
            now: self.now,
            budget: self.budget,
            depth: self.depth,
        }
    }

    /// Goes back to a mark of this decoder. A mark that was taken inside a map is for use inside that map.
    pub fn rewind(&mut self, mark: Mark) {
        self.position = mark.position;
        self.now = mark.now;
        self.budget = mark.budget;
        self.depth = mark.depth;
    }

    /// Kind of the next value, which is not consumed. A class definition says [`Kind::Object`].
    ///
    /// # Errors
    /// At the end of the input, and at a byte that starts no value.
    pub fn kind(&self) -> Result<Kind> {
        let tag = self.peek()?;
        match lead(tag) {
            Lead::Value(kind) => Ok(kind),
            Lead::Class => Ok(Kind::Object),
            Lead::End | Lead::Reserved => Err(self.not_a_value(tag)),
        }
    }

    /// Whether the next value is there and null.
    pub fn is_null(&self) -> bool {
        self.remaining().first() == Some(&b'N')
    }

    /// Reads the next value. Its [`Value::Ref`]s name slots of the whole stream.
    ///
    /// # Errors
    /// When the bytes are no value, end too early, or exceed a limit.
    pub fn read_value(&mut self) -> Result<Value> {
        self.guarded(Self::value)
    }

    /// Reads the next value as a document of its own: its slots count from 0, and what it refers to outside of itself
    /// is copied in, once.
    ///
    /// # Errors
    /// As [`read_value`](Self::read_value).
    pub fn read_document(&mut self) -> Result<Value> {
        self.guarded(Self::document)
    }

    /// Steps over the next value, with its class definitions, and gives the range of its bytes. No memory is taken for
    /// the value itself; a later value may refer into it.
    ///
    /// # Errors
    /// As [`read_value`](Self::read_value), except that references are checked but not followed.
    pub fn skip_value(&mut self) -> Result<Range<usize>> {
        let start = self.position;
        self.guarded(Self::skip)?;
        Ok(start..self.position)
    }

    /// Reads the next value into a Rust type, through serde. An object whose class has the fields of the Rust struct in its
    /// order is given to it without their names; when that fails, all is read once more by name, also what went well.
    ///
    /// # Errors
    /// As [`read_value`](Self::read_value), and when the value does not fit the type.
    pub fn read<T: Deserialize<'a>>(&mut self) -> Result<T> {
        let (start, by_name) = (self.mark(), self.by_name);
        let out = self.read_once();
        if self.by_name == by_name {
            return out;
        }
        // Some field could not be read in the order of its struct: its value is bad, or its visitor takes names only.
        self.rewind(start);
        self.close_all();
        self.read_once()
    }

    fn read_once<T: Deserialize<'a>>(&mut self) -> Result<T> {
        self.guarded(|decoder| {
            crate::de::read(decoder).map_err(|error| error.or_at(decoder.position))
        })
    }

    /// Gives fields by name from now on, also those of the value that is being read.
    #[cold]
    pub(crate) fn refuse_order(&mut self) {
        self.by_name = true;
    }

    /// Runs `read`; after a failure nothing counts as being read any more.
    #[inline]
    pub(crate) fn guarded<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let depth = self.depth;
        let outcome = read(self);
        if outcome.is_err() {
            self.depth = depth;
            self.close_all();
        }
        outcome
    }

    #[inline]
    pub(crate) fn peek(&self) -> Result<u8> {
        match self.input.get(self.position) {
            Some(&byte) => Ok(byte),
            None => Err(self.truncated()),
        }
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8> {
        let byte = self.peek()?;
        self.position = self.position.wrapping_add(1);
        Ok(byte)
    }

    #[inline]
    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        match self.remaining().get(..count) {
            Some(bytes) => {
                self.position = self.position.wrapping_add(count);
                Ok(bytes)
            }
            None => Err(self.truncated()),
        }
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        match self.remaining().first_chunk::<N>() {
            Some(bytes) => {
                self.position = self.position.wrapping_add(N);
                Ok(*bytes)
            }
            None => Err(self.truncated()),
        }
    }

    /// First byte of the next value and its kind, both consumed and counted, behind any class definitions.
    #[inline]
    pub(crate) fn begin(&mut self) -> Result<(u8, Kind)> {
        if let Some(&tag) = self.input.get(self.position)
            && let Lead::Value(kind) = lead(tag)
            && let Some(left) = self.budget.checked_sub(1)
        {
            self.position = self.position.wrapping_add(1);
            self.budget = left;
            return Ok((tag, kind));
        }
        self.begin_behind_classes()
    }

    /// The general case of [`begin`](Self::begin).
    #[inline(never)]
    pub(crate) fn begin_behind_classes(&mut self) -> Result<(u8, Kind)> {
        let start = self.lead_in()?;
        self.spend(1)?;
        Ok(start)
    }

    /// As [`begin`](Self::begin), for a value that was counted.
    #[inline]
    pub(crate) fn lead_in(&mut self) -> Result<(u8, Kind)> {
        loop {
            let tag = self.byte()?;
            match lead(tag) {
                Lead::Value(kind) => return Ok((tag, kind)),
                Lead::Class => self.define_class()?,
                Lead::End | Lead::Reserved => {
                    self.position = self.position.wrapping_sub(1);
                    return Err(self.not_a_value(tag));
                }
            }
        }
    }

    /// Counts values against the limit.
    #[inline]
    pub(crate) fn spend(&mut self, values: u32) -> Result<()> {
        match self.budget.checked_sub(values) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(self.limit("values", self.limits.values)),
        }
    }

    #[cold]
    pub(crate) fn truncated(&self) -> Error {
        Error::at(
            ErrorKind::Truncated,
            self.input.len(),
            "input ends inside a value",
        )
    }

    #[cold]
    pub(crate) fn not_a_value(&self, tag: u8) -> Error {
        let what = if tag == b'Z' {
            "end marker where a value should start"
        } else {
            "reserved byte"
        };
        Error::at(
            ErrorKind::Malformed,
            self.position,
            format!("{what}: {tag:#04x}"),
        )
    }

    #[cold]
    pub(crate) fn limit(&self, what: &str, bound: u32) -> Error {
        let message = format!("more than {bound} {what}; raise the limit if this is meant");
        Error::at(ErrorKind::Limit, self.position, message)
    }

    #[cold]
    pub(crate) fn malformed(&self, message: impl Into<String>) -> Error {
        Error::at(ErrorKind::Malformed, self.position, message)
    }

    #[cold]
    pub(crate) fn mismatch(&self, wanted: &str, found: Kind) -> Error {
        let message = format!("found {} where {wanted} was expected", found.name());
        Error::at(ErrorKind::Type, self.position, message)
    }
}
