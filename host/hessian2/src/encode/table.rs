//! What the encoder remembers of the stream: classes, types and enum constants with their numbers.
//!
//! A message knows a handful of each, so they are found by walking a short vector, comparing addresses before text.

use std::{ops::Range, sync::Arc};

use super::{
    Encoder,
    index::{Index, LINEAR},
};
use crate::{
    error::{Error, ErrorKind, Result},
    value::Class,
};

/// A class that was defined in the stream.
#[derive(Debug)]
pub(crate) struct ClassSlot {
    index: u32,
    names: Names,
}

/// Name and fields of a class, as the one who wrote it has them.
#[derive(Debug)]
enum Names {
    /// A Rust struct.
    Static {
        name: &'static str,
        /// Its stretch of the encoder's field names.
        fields: Range<usize>,
    },
    /// A struct whose first instance is being written: the fields are known at its end. `inner` is the field count of
    /// instances inside of it, which must be the same.
    Open {
        name: &'static str,
        inner: Option<usize>,
    },
    /// A class of a document.
    Shared(Arc<Class>),
}

#[derive(Debug)]
pub(crate) struct TypeSlot {
    index: u32,
    text: Arc<str>,
}

#[derive(Debug)]
pub(crate) struct ConstantSlot {
    class: &'static str,
    variant: &'static str,
    slot: u32,
}

/// How a list or map names its type.
#[derive(Clone, Debug)]
pub(crate) enum TypeUse {
    Literal(Arc<str>),
    Index(u32),
}

/// What a struct finds about its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Defined, its entry in the vector.
    Entry(usize),
    /// Its first instance is being written around this one.
    Open(usize),
    New,
}

/// Whether two names are equal. Names that come from one place in the program are one in memory.
#[inline]
pub(crate) fn same(left: &str, right: &str) -> bool {
    std::ptr::eq(left, right) || left == right
}

impl Encoder<'_> {
    #[inline]
    pub(crate) fn take_slot(&mut self) -> u32 {
        let slot = self.next.refs;
        self.next.refs = slot.saturating_add(1);
        slot
    }

    /// How the next list or map of the type `name` says so.
    pub(crate) fn type_use(&mut self, name: &str) -> TypeUse {
        let known = match &self.type_index {
            Some(index) => index.find_equal(name),
            None => self.walk_types(name),
        };
        known.map_or_else(|| self.new_type(Arc::from(name)), TypeUse::Index)
    }

    /// As [`type_use`](Self::type_use), for a name that is shared already.
    pub(crate) fn shared_type_use(&mut self, name: &Arc<str>) -> TypeUse {
        let known = match &mut self.type_index {
            Some(index) => index.find(name),
            None => self.walk_types(name),
        };
        known.map_or_else(|| self.new_type(Arc::clone(name)), TypeUse::Index)
    }

    fn walk_types(&self, name: &str) -> Option<u32> {
        let found = self.types.iter().find(|entry| same(&entry.text, name));
        found.map(|entry| entry.index)
    }

    fn new_type(&mut self, text: Arc<str>) -> TypeUse {
        let index = self.next.types;
        self.next.types = index.saturating_add(1);
        self.types.push(TypeSlot {
            index,
            text: Arc::clone(&text),
        });
        if let Some(known) = &mut self.type_index {
            known.insert(&text, index);
        } else if self.types.len() > LINEAR {
            let mut known = Index::default();
            self.types
                .iter()
                .for_each(|entry| known.insert(&entry.text, entry.index));
            self.type_index = Some(Box::new(known));
        }
        TypeUse::Literal(text)
    }

    pub(crate) fn write_type(&mut self, type_use: TypeUse) {
        match type_use {
            TypeUse::Literal(text) => self.write_str(&text),
            TypeUse::Index(index) => self.write_index(index),
        }
    }

    /// Sets the type of the list or map that serde writes next.
    pub(crate) fn set_pending(&mut self, type_use: TypeUse) {
        self.pending = Some(type_use);
    }

    #[inline]
    pub(crate) fn take_pending(&mut self) -> Option<TypeUse> {
        self.pending.take()
    }

    /// Number of the class of a document's object, which is defined now if need be.
    pub(crate) fn class_of(&mut self, class: &Arc<Class>) -> Result<u32> {
        let known = match &mut self.class_index {
            Some(index) => index.find(class),
            None => self.walk_classes(class),
        };
        if let Some(index) = known {
            return Ok(index);
        }
        let index = self.new_class(Names::Shared(Arc::clone(class)));
        self.put(b"C");
        self.write_str(&class.name);
        self.write_length(class.fields.len())?;
        for field in &class.fields {
            self.write_str(field);
        }
        Ok(index)
    }

    fn walk_classes(&self, class: &Arc<Class>) -> Option<u32> {
        let found = self
            .classes
            .iter()
            .find(|entry| entry.names.is(class, &self.fields));
        found.map(|entry| entry.index)
    }

    fn new_class(&mut self, names: Names) -> u32 {
        let index = self.next.classes;
        self.next.classes = index.saturating_add(1);
        if let (Some(known), Names::Shared(class)) = (&mut self.class_index, &names) {
            known.insert(class, index);
        }
        self.classes.push(ClassSlot { index, names });
        if self.class_index.is_none() && self.classes.len() > LINEAR {
            self.index_classes();
        }
        index
    }

    /// From here on classes of documents are found by address. Those of Rust structs are few and still walked to.
    #[cold]
    fn index_classes(&mut self) {
        let mut known = Index::default();
        for entry in &self.classes {
            if let Names::Shared(class) = &entry.names {
                known.insert(class, entry.index);
            }
        }
        self.class_index = Some(Box::new(known));
    }

    /// Looks for the class of a Rust struct, the latest definition of the name first.
    #[inline]
    pub(crate) fn struct_class(&self, name: &'static str) -> Known {
        for (entry, class) in self.classes.iter().enumerate().rev() {
            match &class.names {
                Names::Static { name: known, .. } if same(known, name) => {
                    return Known::Entry(entry);
                }
                Names::Open { name: known, .. } if same(known, name) => return Known::Open(entry),
                _ => {}
            }
        }
        Known::New
    }

    /// Reserves the number of a class whose fields are not known yet.
    pub(crate) fn open_class(&mut self, name: &'static str) -> usize {
        self.new_class(Names::Open { name, inner: None });
        self.classes.len().saturating_sub(1)
    }

    /// Names the fields of a class that [`open_class`](Self::open_class) reserved.
    pub(crate) fn close_class(
        &mut self,
        entry: usize,
        name: &'static str,
        fields: &[&'static str],
    ) -> Result<()> {
        let Some(class) = self.classes.get_mut(entry) else {
            return Ok(());
        };
        if let Names::Open {
            inner: Some(inner), ..
        } = class.names
            && inner != fields.len()
        {
            return Err(unstable(name));
        }
        let first = self.fields.len();
        self.fields.extend_from_slice(fields);
        class.names = Names::Static {
            name,
            fields: first..self.fields.len(),
        };
        Ok(())
    }

    /// Notes the field count of an instance inside the first instance of its class.
    pub(crate) fn note_inner(
        &mut self,
        entry: usize,
        name: &'static str,
        count: usize,
    ) -> Result<()> {
        match self.classes.get_mut(entry).map(|class| &mut class.names) {
            Some(Names::Open {
                inner: Some(known), ..
            }) if *known != count => Err(unstable(name)),
            Some(Names::Open { inner, .. }) => {
                *inner = Some(count);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Number of the class at `entry`.
    #[inline]
    pub(crate) fn class_number(&self, entry: usize) -> u32 {
        self.classes
            .get(entry)
            .map(|class| class.index)
            .unwrap_or_default()
    }

    /// Fields of the struct at `entry`.
    pub(crate) fn struct_fields(&self, entry: usize) -> &[&'static str] {
        self.fields
            .get(self.struct_range(entry))
            .unwrap_or_default()
    }

    /// Where the fields of the struct at `entry` are, for [`field_at`](Self::field_at).
    #[inline]
    pub(crate) fn struct_range(&self, entry: usize) -> Range<usize> {
        match self.classes.get(entry).map(|class| &class.names) {
            Some(Names::Static { fields, .. }) => fields.clone(),
            _ => 0..0,
        }
    }

    /// The field name at an index of [`struct_range`](Self::struct_range).
    #[inline]
    pub(crate) fn field_at(&self, index: usize) -> Option<&'static str> {
        self.fields.get(index).copied()
    }

    /// Number of classes so far.
    pub(crate) fn class_total(&self) -> u32 {
        self.next.classes
    }

    /// Slot of an enum constant that was written before.
    pub(crate) fn constant(&self, class: &'static str, variant: &'static str) -> Option<u32> {
        let found = self
            .constants
            .iter()
            .find(|known| same(known.variant, variant) && same(known.class, class));
        found.map(|known| known.slot)
    }

    /// Remembers the enum constant that takes the next slot.
    pub(crate) fn new_constant(&mut self, class: &'static str, variant: &'static str) {
        let slot = self.take_slot();
        self.constants.push(ConstantSlot {
            class,
            variant,
            slot,
        });
    }

    /// Writes the first byte or bytes of an object.
    #[inline]
    pub(crate) fn write_object_tag(&mut self, class: u32) {
        match u8::try_from(class) {
            Ok(short) if short < 16 => self.put(&[0x60 | short]),
            _ => {
                self.put(b"O");
                self.write_index(class);
            }
        }
    }

    /// Writes a reference to a slot.
    pub(crate) fn write_ref(&mut self, slot: u32) {
        self.put(b"Q");
        self.write_index(slot);
    }

    /// Writes a table index. A table holds fewer than 2^31 entries, as each took a byte of the stream.
    fn write_index(&mut self, index: u32) {
        self.write_i32(i32::try_from(index).unwrap_or(i32::MAX));
    }
}

impl Names {
    /// Whether this is the class `class`.
    fn is(&self, class: &Arc<Class>, names: &[&'static str]) -> bool {
        match self {
            Names::Shared(known) => Arc::ptr_eq(known, class) || known == class,
            Names::Static { name, fields } => {
                let fields = names.get(fields.clone()).unwrap_or_default();
                *name == &*class.name
                    && fields.len() == class.fields.len()
                    && fields
                        .iter()
                        .zip(&class.fields)
                        .all(|(left, right)| *left == &**right)
            }
            Names::Open { .. } => false,
        }
    }
}

#[cold]
pub(crate) fn unstable(name: &str) -> Error {
    let message = format!("struct {name} was serialized with different fields within one stream");
    Error::new(ErrorKind::Unwritable, message)
}
