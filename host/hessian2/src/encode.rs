//! Writing a stream of Hessian values.
//!
//! The encoder appends to a buffer of the caller and picks the shortest form, as Java's encoders do. It keeps the numbers
//! that a reader of the stream will give to slots, classes and types; they may start above zero when the first part of
//! the stream was copied raw.

mod index;
mod scalar;
mod table;
mod value;

use bytes::BytesMut;
use serde::Serialize;

pub(crate) use self::table::{Known, TypeUse, same, unstable};
use self::{
    index::Index,
    table::{ClassSlot, ConstantSlot, TypeSlot},
};
use crate::{
    error::{Error, ErrorKind, Result},
    limits::Tables,
    value::{Class, Value},
};

/// Writes the values of one stream.
///
/// After an error the buffer may hold a part of the value that failed.
#[derive(Debug)]
pub struct Encoder<'b> {
    pub(crate) out: &'b mut BytesMut,
    /// Numbers of the next slot, class and type.
    next: Tables,
    /// Classes that this encoder defined, with their numbers.
    classes: Vec<ClassSlot>,
    /// Field names of the Rust structs among them, one struct after the other.
    fields: Vec<&'static str>,
    /// Type names that this encoder wrote, with their numbers.
    types: Vec<TypeSlot>,
    /// The same classes and types by address and content, once they are many.
    class_index: Option<Box<Index<Class>>>,
    type_index: Option<Box<Index<str>>>,
    /// Enum constants that this encoder wrote through serde, with their slots.
    constants: Vec<ConstantSlot>,
    /// Type of the list or map that serde writes next.
    pending: Option<TypeUse>,
}

impl<'b> Encoder<'b> {
    /// An encoder at the start of a stream.
    pub fn new(out: &'b mut BytesMut) -> Self {
        Self::with_tables(out, Tables::default())
    }

    /// An encoder that goes on where the tables have these sizes, the values before being in the buffer or sent.
    pub fn with_tables(out: &'b mut BytesMut, tables: Tables) -> Self {
        Self {
            out,
            next: tables,
            classes: Vec::new(),
            fields: Vec::new(),
            types: Vec::new(),
            class_index: None,
            type_index: None,
            constants: Vec::new(),
            pending: None,
        }
    }

    /// Table sizes here.
    pub fn tables(&self) -> Tables {
        self.next
    }

    /// Bytes in the buffer.
    #[allow(
        clippy::len_without_is_empty,
        reason = "the buffer is the caller's; its being empty says nothing here"
    )]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Appends values that are encoded already. `after` are the table sizes behind them: this encoder's own sizes when
    /// they hold no list, map, object or class definition.
    pub fn write_raw(&mut self, bytes: &[u8], after: Tables) {
        self.put(bytes);
        self.next = after;
    }

    /// Writes a value. Its references name slots of the whole stream.
    ///
    /// # Errors
    /// At a reference to a slot that was not written, and at an object whose fields are not as many as its class says.
    pub fn write_value(&mut self, value: &Value) -> Result<()> {
        self.value(value, 0)
    }

    /// Writes a value whose slots count from 0, such as [`Decoder::read_document`](crate::Decoder::read_document) and
    /// [`extract`](crate::extract) give.
    ///
    /// # Errors
    /// As [`write_value`](Self::write_value).
    pub fn write_document(&mut self, value: &Value) -> Result<()> {
        let base = self.next.refs;
        self.value(value, base)
    }

    /// Writes a Rust value through serde.
    ///
    /// # Errors
    /// When the type can not be written: an integer above 64 bits, or an error of its own `Serialize`.
    pub fn write<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.pending = None;
        crate::ser::write(self, value)
    }

    /// Starts a map, of a class or untyped. Keys and values follow in turn, then [`end_map`](Self::end_map).
    pub fn begin_map(&mut self, type_name: Option<&str>) {
        let type_use = type_name.map(|name| self.type_use(name));
        self.map_head(type_use);
    }

    /// Ends a map.
    pub fn end_map(&mut self) {
        self.put(b"Z");
    }

    /// Starts a list or array of `length` elements, which follow.
    ///
    /// # Errors
    /// When the length exceeds what a Java list can hold, 2^31-1.
    pub fn begin_list(&mut self, type_name: Option<&str>, length: usize) -> Result<()> {
        let type_use = type_name.map(|name| self.type_use(name));
        self.list_head(type_use, length)
    }

    /// Writes the head of a map and takes its slot.
    pub(crate) fn map_head(&mut self, type_use: Option<TypeUse>) {
        self.take_slot();
        match type_use {
            None => self.put(b"H"),
            Some(type_use) => {
                self.put(b"M");
                self.write_type(type_use);
            }
        }
    }

    /// Writes the head of a list and takes its slot.
    pub(crate) fn list_head(&mut self, type_use: Option<TypeUse>, length: usize) -> Result<()> {
        self.take_slot();
        self.list_head_again(type_use, length)
    }

    /// Writes the head of a list whose slot was taken before.
    pub(crate) fn list_head_again(
        &mut self,
        type_use: Option<TypeUse>,
        length: usize,
    ) -> Result<()> {
        let short = u8::try_from(length).ok().filter(|length| *length <= 7);
        match (type_use, short) {
            (None, Some(length)) => self.put(&[0x78 | length]),
            (None, None) => {
                self.put(b"X");
                self.write_length(length)?;
            }
            (Some(type_use), Some(length)) => {
                self.put(&[0x70 | length]);
                self.write_type(type_use);
            }
            (Some(type_use), None) => {
                self.put(b"V");
                self.write_type(type_use);
                self.write_length(length)?;
            }
        }
        Ok(())
    }

    pub(crate) fn write_length(&mut self, length: usize) -> Result<()> {
        let length = i32::try_from(length).map_err(|_| {
            Error::new(
                ErrorKind::Unwritable,
                format!("{length} elements, Java holds 2^31-1 at most"),
            )
        })?;
        self.write_i32(length);
        Ok(())
    }

    /// Moves the bytes from `tail` to the end of the buffer in front of the offset `to`.
    pub(crate) fn move_tail(&mut self, tail: usize, to: usize) {
        let length = self.out.len().saturating_sub(tail);
        if let Some(stretch) = self.out.get_mut(to..) {
            stretch.rotate_right(length);
        }
    }

    #[inline]
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }
}
