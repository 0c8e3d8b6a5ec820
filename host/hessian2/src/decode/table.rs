//! The three tables of a stream: slots, class definitions, type names.
//!
//! Each has a vector of what was ever met and a counter of what lies before the position. An entry is added only when
//! both agree; else the decoder is on a stretch it has seen before.

use std::{borrow::Cow, ops::Range, sync::Arc};

use super::Decoder;
use crate::{
    error::{Error, ErrorKind, Result},
    limits::Tables,
    tag::{Kind, Lead, lead},
    value::Class,
};

/// Where a slot's value starts, and the tables there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotEntry {
    /// Twice the offset of the value's first byte, behind its class definitions; and 1 while serde is reading the value: a reference to
    /// it is a cycle. No input is longer than half of what an address holds.
    place: usize,
    classes: u32,
    types: u32,
}

impl SlotEntry {
    fn place(offset: usize, open: bool) -> usize {
        offset.wrapping_shl(1) | usize::from(open)
    }

    fn offset(self) -> usize {
        self.place >> 1
    }

    fn is_open(self) -> bool {
        self.place & 1 != 0
    }

    fn set_open(&mut self, open: bool) {
        self.place = Self::place(self.offset(), open);
    }
}

/// Room for slots that is taken at once, enough for most messages.
const SLOTS: usize = 16;

/// Room for field names that is taken at once, likewise.
const NAMES: u32 = 16;

/// Room for class definitions that is taken at once, likewise.
const CLASSES: usize = 4;

#[derive(Debug)]
pub(crate) struct ClassEntry<'a> {
    name: Cow<'a, str>,
    /// Index of the first field in `Decoder::names`.
    first: usize,
    count: u32,
    /// The fields of the Rust struct that the names were compared with last, and whether they are the same ones.
    compared: (&'static [&'static str], bool),
    /// The definition as documents share it, once one asked.
    shared: Option<Arc<Class>>,
}

#[derive(Debug)]
pub(crate) struct TypeEntry<'a> {
    text: Cow<'a, str>,
    shared: Option<Arc<str>>,
}

/// Where to go on after a reference was followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Return {
    position: usize,
    now: Tables,
    /// Where the target starts.
    target: usize,
}

/// Repeated bytes that cost as much as one value of [`Limits::values`](crate::Limits::values): a short reference or a
/// class index must not copy a long text for nothing.
pub(crate) const BYTES_PER_VALUE: usize = 32;

impl<'a> Decoder<'a> {
    /// Takes the next slot for the value whose first byte was just consumed.
    #[inline]
    pub(crate) fn take_slot(&mut self) -> u32 {
        self.slot_from_here(false)
    }

    /// As [`take_slot`](Self::take_slot), noting that the value is being read.
    pub(crate) fn take_open_slot(&mut self) -> u32 {
        let met_before = (self.now.refs as usize) < self.slots.len();
        let slot = self.slot_from_here(true);
        if met_before {
            self.set_open(slot, true);
        }
        slot
    }

    /// As [`take_open_slot`](Self::take_open_slot), for a slot that is met first and finds room.
    #[inline]
    pub(crate) fn take_new_open_slot(&mut self) -> Option<u32> {
        let slot = self.now.refs;
        if slot as usize != self.slots.len() || self.slots.len() == self.slots.capacity() {
            return None;
        }
        self.slots.push(SlotEntry {
            place: SlotEntry::place(self.position.wrapping_sub(1), true),
            classes: self.now.classes,
            types: self.now.types,
        });
        self.now.refs = slot.wrapping_add(1);
        Some(slot)
    }

    #[inline]
    fn slot_from_here(&mut self, open: bool) -> u32 {
        let slot = self.now.refs;
        if slot as usize == self.slots.len() {
            let offset = self.position.wrapping_sub(1);
            if self.slots.len() == self.slots.capacity() {
                self.more_slots();
            }
            self.slots.push(SlotEntry {
                place: SlotEntry::place(offset, open),
                classes: self.now.classes,
                types: self.now.types,
            });
        }
        self.now.refs = slot.wrapping_add(1);
        slot
    }

    /// Makes room for slots: at first as many as a message of this size is likely to have.
    #[cold]
    fn more_slots(&mut self) {
        let likely = (self.remaining().len() / 8).clamp(SLOTS, 64);
        if self.slots.capacity() == 0 {
            // Cheaper than growing, and for most messages all there is.
            self.slots = Vec::with_capacity(likely);
        } else {
            self.slots.reserve(likely);
        }
    }

    /// Notes that the value at `slot` is being read, or no more.
    #[inline]
    pub(crate) fn set_open(&mut self, slot: u32, open: bool) {
        if let Some(entry) = self.slots.get_mut(slot as usize) {
            entry.set_open(open);
        }
    }

    /// Whether the value at `slot` is being read: a reference to it is a cycle.
    pub(crate) fn is_open(&self, slot: u32) -> bool {
        self.slots
            .get(slot as usize)
            .is_some_and(|entry| entry.is_open())
    }

    /// Forgets what was being read when an error came between.
    #[cold]
    pub(crate) fn close_all(&mut self) {
        self.returns.clear();
        self.slots
            .iter_mut()
            .for_each(|entry| entry.set_open(false));
    }

    /// The slot that a reference names, its tag being consumed.
    pub(crate) fn reference(&mut self) -> Result<u32> {
        let at = self.position;
        let index = self.index("reference")?;
        match u32::try_from(index) {
            Ok(slot) if slot < self.now.refs => Ok(slot),
            _ => Err(self.bad_index(at, "reference", index, self.now.refs)),
        }
    }

    /// Goes to the value at `slot`, which [`reference`](Self::reference) checked, until
    /// [`come_back`](Self::come_back).
    pub(crate) fn jump(&mut self, slot: u32) -> Result<()> {
        let Some(&entry) = self.slots.get(slot as usize) else {
            return Err(self.bad_index(self.position, "reference", i64::from(slot), self.now.refs));
        };
        self.returns.push(Return {
            position: self.position,
            now: self.now,
            target: entry.offset(),
        });
        self.position = entry.offset();
        self.now = Tables {
            refs: slot,
            classes: entry.classes,
            types: entry.types,
        };
        Ok(())
    }

    /// Goes on behind the reference that was followed last, and charges for what was read there.
    pub(crate) fn come_back(&mut self) -> Result<()> {
        let Some(back) = self.returns.pop() else {
            return Ok(());
        };
        let read = self.position.saturating_sub(back.target);
        self.position = back.position;
        self.now = back.now;
        self.charge(read)
    }

    /// Counts bytes that the input holds once and the reader copies again.
    #[inline]
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<()> {
        let values = u32::try_from(bytes / BYTES_PER_VALUE).unwrap_or(u32::MAX);
        self.spend(values)
    }

    /// Reads a class definition, its tag being consumed.
    pub(crate) fn define_class(&mut self) -> Result<()> {
        if (self.now.classes as usize) < self.classes.len() {
            return self.pass_class();
        }
        if self.now.classes >= self.limits.classes {
            return Err(self.limit("classes", self.limits.classes));
        }
        let name = self.name("class name")?;
        let count = self.length("fields")?;
        let first = self.names.len();
        if first.saturating_add(count as usize) > self.limits.fields as usize {
            return Err(self.limit("fields", self.limits.fields));
        }
        if self.names.capacity() == 0 {
            self.names = Vec::with_capacity(count.clamp(NAMES, 64) as usize);
            self.classes = Vec::with_capacity(CLASSES);
        }
        self.names.reserve(count.min(64) as usize);
        if !self.plain_names(count) {
            self.names.truncate(first);
            for _ in 0..count {
                let field = self.name("field name")?;
                self.names.push(field);
            }
        }
        self.classes.push(ClassEntry {
            name,
            first,
            count,
            compared: (&[], false),
            shared: None,
        });
        self.now.classes = self.now.classes.wrapping_add(1);
        Ok(())
    }

    /// Reads names that are all ASCII of the shortest form, the common case: the lengths between them are ASCII
    /// characters as well, so the whole stretch is text and is checked at once.
    fn plain_names(&mut self, count: u32) -> bool {
        let rest = self.remaining();
        let mut end = 0_usize;
        for _ in 0..count {
            match rest.get(end) {
                Some(&tag @ 0..=0x1f) => end = end.wrapping_add(usize::from(tag)).wrapping_add(1),
                _ => return false,
            }
        }
        let stretch = rest.get(..end).filter(|stretch| stretch.is_ascii());
        let Some(text) = stretch.and_then(|stretch| std::str::from_utf8(stretch).ok()) else {
            return false;
        };
        let mut left = text;
        while let Some(&length) = left.as_bytes().first() {
            let after = usize::from(length).wrapping_add(1);
            let (Some(name), Some(behind)) = (left.get(1..after), left.get(after..)) else {
                return false;
            };
            self.names.push(Cow::Borrowed(name));
            left = behind;
        }
        self.position = self.position.wrapping_add(end);
        true
    }

    /// Steps over a class definition that is known.
    fn pass_class(&mut self) -> Result<()> {
        self.name("class name")?;
        for _ in 0..self.length("fields")? {
            self.name("field name")?;
        }
        self.now.classes = self.now.classes.wrapping_add(1);
        Ok(())
    }

    /// Index of the class of the object whose tag was just consumed.
    #[inline]
    pub(crate) fn class_index(&mut self, tag: u8) -> Result<u32> {
        let at = self.position;
        let index = match tag {
            0x60..=0x6f => i64::from(tag & 0x0f),
            _ => self.index("class")?,
        };
        match u32::try_from(index) {
            Ok(class) if class < self.now.classes => Ok(class),
            _ => Err(self.bad_index(at, "class", index, self.now.classes)),
        }
    }

    /// Type of a list or map: a new literal, or the index of an earlier one.
    pub(crate) fn type_index(&mut self) -> Result<u32> {
        let at = self.position;
        match lead(self.peek()?) {
            Lead::Value(Kind::Int) => {
                let index = self.index("type")?;
                match u32::try_from(index) {
                    Ok(known) if known < self.now.types => Ok(known),
                    _ => Err(self.bad_index(at, "type", index, self.now.types)),
                }
            }
            _ => self.define_type(),
        }
    }

    fn define_type(&mut self) -> Result<u32> {
        let index = self.now.types;
        let text = self.name("type name")?;
        if index as usize == self.types.len() {
            if index >= self.limits.types {
                return Err(self.limit("types", self.limits.types));
            }
            self.types.push(TypeEntry { text, shared: None });
        }
        self.now.types = index.wrapping_add(1);
        Ok(index)
    }

    /// Name of a class.
    pub(crate) fn class_name(&self, class: u32) -> &str {
        self.classes
            .get(class as usize)
            .map(|entry| &*entry.name)
            .unwrap_or_default()
    }

    /// Number of fields of a class.
    #[inline]
    pub(crate) fn field_count(&self, class: u32) -> u32 {
        self.classes
            .get(class as usize)
            .map(|entry| entry.count)
            .unwrap_or_default()
    }

    /// Where the field names of a class are, for [`name_at`](Self::name_at).
    #[inline]
    pub(crate) fn field_range(&self, class: u32) -> Range<usize> {
        let Some(entry) = self.classes.get(class as usize) else {
            return 0..0;
        };
        entry.first..entry.first.saturating_add(entry.count as usize)
    }

    /// Whether a class has these fields in this order, so that an object is read without looking at their names.
    #[inline]
    pub(crate) fn in_order(&mut self, class: u32, fields: &'static [&'static str]) -> bool {
        match self.classes.get(class as usize) {
            Some(entry) if std::ptr::eq(entry.compared.0, fields) => {
                entry.compared.1 && !self.by_name
            }
            _ => self.compare(class, fields) && !self.by_name,
        }
    }

    #[inline(never)]
    fn compare(&mut self, class: u32, fields: &'static [&'static str]) -> bool {
        let names = self.names.get(self.field_range(class)).unwrap_or_default();
        // A long name is charged for with each object, so it is given.
        let same = |(name, field): (&Cow<'_, str>, &&str)| {
            matches!(name, Cow::Borrowed(name) if name == field) && field.len() < BYTES_PER_VALUE
        };
        let in_order = names.len() == fields.len() && names.iter().zip(fields).all(same);
        if let Some(entry) = self.classes.get_mut(class as usize) {
            entry.compared = (fields, in_order);
        }
        in_order
    }

    /// The field name at an index of [`field_range`](Self::field_range).
    #[inline]
    pub(crate) fn name_at(&self, index: usize) -> Option<&Cow<'a, str>> {
        self.names.get(index)
    }

    /// Name of the field `field` of a class.
    #[inline]
    pub(crate) fn field_name(&self, class: u32, field: u32) -> Option<&Cow<'a, str>> {
        let entry = self.classes.get(class as usize)?;
        if field >= entry.count {
            return None;
        }
        self.names.get(entry.first.checked_add(field as usize)?)
    }

    /// The class as documents share it.
    pub(crate) fn shared_class(&mut self, class: u32) -> Result<Arc<Class>> {
        let Some(entry) = self.classes.get_mut(class as usize) else {
            return Err(self.bad_index(self.position, "class", i64::from(class), self.now.classes));
        };
        if let Some(shared) = &entry.shared {
            return Ok(Arc::clone(shared));
        }
        let fields = self
            .names
            .iter()
            .skip(entry.first)
            .take(entry.count as usize);
        let shared = Arc::new(Class {
            name: (&*entry.name).into(),
            fields: fields.map(|name| (&**name).into()).collect(),
        });
        entry.shared = Some(Arc::clone(&shared));
        Ok(shared)
    }

    /// The type name as documents share it.
    pub(crate) fn shared_type(&mut self, index: u32) -> Option<Arc<str>> {
        let entry = self.types.get_mut(index as usize)?;
        let shared = entry.shared.get_or_insert_with(|| (&*entry.text).into());
        Some(Arc::clone(shared))
    }

    /// The type name as text.
    pub(crate) fn type_name(&self, index: u32) -> Option<&Cow<'a, str>> {
        self.types.get(index as usize).map(|entry| &entry.text)
    }

    #[cold]
    fn bad_index(&self, at: usize, what: &str, index: i64, size: u32) -> Error {
        let message =
            format!("{what} index {index} is outside the table, which has {size} entries here");
        Error::at(ErrorKind::BadReference, at, message)
    }
}
