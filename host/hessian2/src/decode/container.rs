//! Heads of lists, maps and objects, and the scope that a container opens. Every reader (documents, serde, skipping,
//! annotation) goes through here, so that slots, types and depth are counted in one place.

use std::borrow::Cow;

use super::Decoder;
use crate::{error::Result, tag::Kind};

/// An open list, map or object: to be given to [`Decoder::leave`].
#[derive(Debug)]
#[must_use]
pub(crate) struct Scope {
    slot: u32,
}

/// What stands before the elements of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListHead {
    /// Index of the type in the table.
    pub(crate) type_index: Option<u32>,
    /// Number of elements; `None` when an end marker follows them.
    pub(crate) length: Option<u32>,
}

/// Length of a list whose tag says all of its head.
#[inline]
pub(crate) fn short_list(tag: u8) -> Option<u32> {
    (tag >= 0x78).then_some(u32::from(tag & 0x07))
}

impl<'a> Decoder<'a> {
    /// Starts the container whose tag was just consumed: takes its slot and one level of depth.
    #[inline]
    pub(crate) fn enter(&mut self) -> Result<Scope> {
        self.deeper()?;
        Ok(Scope {
            slot: self.take_slot(),
        })
    }

    #[inline]
    fn deeper(&mut self) -> Result<()> {
        if self.depth >= self.limits.depth {
            return Err(self.limit("levels of depth", self.limits.depth));
        }
        if self.now.refs >= self.limits.refs {
            return Err(self.limit("lists, maps and objects", self.limits.refs));
        }
        self.depth = self.depth.wrapping_add(1);
        Ok(())
    }

    /// As [`enter`](Self::enter), for a reader that follows references: one to this container is a cycle from now on.
    #[inline]
    pub(crate) fn enter_open(&mut self) -> Result<Scope> {
        if self.depth < self.limits.depth
            && self.now.refs < self.limits.refs
            && let Some(slot) = self.take_new_open_slot()
        {
            self.depth = self.depth.wrapping_add(1);
            return Ok(Scope { slot });
        }
        self.enter_again()
    }

    /// Starts the object whose tag was consumed, and gives its class.
    #[inline(never)]
    pub(crate) fn enter_object(&mut self, tag: u8) -> Result<(Scope, u32)> {
        let scope = self.enter_open()?;
        let class = self.class_index(tag)?;
        Ok((scope, class))
    }

    /// The general case of [`enter_open`](Self::enter_open).
    #[inline(never)]
    fn enter_again(&mut self) -> Result<Scope> {
        self.deeper()?;
        Ok(Scope {
            slot: self.take_open_slot(),
        })
    }

    /// Ends a container.
    #[inline]
    pub(crate) fn leave(&mut self, _scope: Scope) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Ends a container that [`enter_open`](Self::enter_open) started.
    #[inline]
    pub(crate) fn leave_open(&mut self, scope: Scope) {
        self.set_open(scope.slot, false);
        self.leave(scope);
    }

    /// Type and length of the list whose slot was taken.
    #[inline]
    pub(crate) fn list_head(&mut self, tag: u8) -> Result<ListHead> {
        match short_list(tag) {
            None => self.long_list_head(tag),
            length => Ok(ListHead {
                type_index: None,
                length,
            }),
        }
    }

    #[inline(never)]
    fn long_list_head(&mut self, tag: u8) -> Result<ListHead> {
        let typed = matches!(tag, 0x55 | 0x56 | 0x70..=0x77);
        let type_index = if typed {
            Some(self.type_index()?)
        } else {
            None
        };
        let length = match tag {
            0x55 | 0x57 => None,
            0x56 | 0x58 => Some(self.length("elements")?),
            _ => Some(u32::from(tag & 0x07)),
        };
        Ok(ListHead { type_index, length })
    }

    /// Whether a list has a further element, `left` being what its head said and what was read since. Consumes the
    /// end marker.
    #[inline]
    pub(crate) fn more(&mut self, left: &mut Option<u32>) -> Result<bool> {
        match left {
            Some(0) => Ok(false),
            Some(left) => {
                *left = left.wrapping_sub(1);
                Ok(true)
            }
            None => Ok(!self.ended()?),
        }
    }

    /// Consumes the end marker of a map or list, if it is next.
    #[inline]
    pub(crate) fn ended(&mut self) -> Result<bool> {
        let ended = self.peek()? == b'Z';
        if ended {
            self.position = self.position.wrapping_add(1);
        }
        Ok(ended)
    }

    /// Room to reserve for a claimed number of elements: never more than what a short input can fill.
    pub(crate) fn room(&self, claimed: Option<u32>) -> usize {
        claimed.map_or(0, |length| {
            (length as usize).min(self.remaining().len()).min(256)
        })
    }

    /// Type of the map whose slot was taken.
    pub(crate) fn map_head(&mut self, tag: u8) -> Result<Option<u32>> {
        if tag == b'M' {
            self.type_index().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Starts reading a map entry by entry and gives its type. Then, until [`at_end`](Self::at_end), a key and a value
    /// are read or skipped in turn; [`end_map`](Self::end_map) closes it.
    ///
    /// # Errors
    /// When the next value is no map.
    pub fn begin_map(&mut self) -> Result<Option<Cow<'a, str>>> {
        let (tag, kind) = self.begin()?;
        if kind != Kind::Map {
            return Err(self.mismatch("a map", kind));
        }
        let _scope = self.enter()?;
        let index = self.map_head(tag)?;
        Ok(index.and_then(|index| self.type_name(index).cloned()))
    }

    /// Whether the map that was begun has no further entry.
    ///
    /// # Errors
    /// At the end of the input.
    pub fn at_end(&self) -> Result<bool> {
        Ok(self.peek()? == b'Z')
    }

    /// Closes the map that was begun.
    ///
    /// # Errors
    /// When an entry is next.
    pub fn end_map(&mut self) -> Result<()> {
        if !self.ended()? {
            return Err(self.malformed("the map has a further entry"));
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }
}
