//! Lists, maps and objects in the making.
//!
//! A class definition stands before its first instance, but serde tells the field names one by one, with the values. So
//! the values are written first, then the names behind them, and the two are swapped in place. This happens once per
//! class and stream.

use std::ops::Range;

use serde::{
    Serialize,
    ser::{
        SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};

use super::Ser;
use crate::{
    encode::{Encoder, Known, TypeUse, same, unstable},
    error::{Error, ErrorKind, Result},
};

/// A list.
pub(crate) struct Items<'e, 'b> {
    encoder: &'e mut Encoder<'b>,
    /// Elements written.
    count: usize,
    head: Head,
}

/// Head of a list.
enum Head {
    /// Written, with this length.
    Written(usize),
    /// The length comes out at the end; the elements start at this offset.
    Later(usize, Option<TypeUse>),
}

impl<'e, 'b> Items<'e, 'b> {
    pub(crate) fn begin(encoder: &'e mut Encoder<'b>, length: Option<usize>) -> Result<Self> {
        let type_use = encoder.take_pending();
        let head = match length {
            Some(length) => {
                encoder.list_head(type_use, length)?;
                Head::Written(length)
            }
            None => {
                encoder.take_slot();
                Head::Later(encoder.len(), type_use)
            }
        };
        Ok(Self {
            encoder,
            count: 0,
            head,
        })
    }

    fn item<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<()> {
        self.count += 1;
        item.serialize(Ser(self.encoder))
    }

    fn finish(self) -> Result<()> {
        match self.head {
            Head::Written(length) if length == self.count => Ok(()),
            Head::Written(length) => {
                let message = format!(
                    "a sequence announced {length} elements and gave {}",
                    self.count
                );
                Err(Error::new(ErrorKind::Unwritable, message))
            }
            Head::Later(start, type_use) => {
                let end = self.encoder.len();
                self.encoder.list_head_again(type_use, self.count)?;
                self.encoder.move_tail(end, start);
                Ok(())
            }
        }
    }
}

impl SerializeSeq for Items<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<()> {
        self.item(item)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

impl SerializeTuple for Items<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<()> {
        self.item(item)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

impl SerializeTupleStruct for Items<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<()> {
        self.item(item)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

impl SerializeTupleVariant for Items<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<()> {
        self.item(item)
    }

    fn end(mut self) -> Result<()> {
        let encoder = &mut *self.encoder;
        Items {
            encoder,
            count: self.count,
            head: std::mem::replace(&mut self.head, Head::Written(0)),
        }
        .finish()?;
        self.encoder.end_map();
        Ok(())
    }
}

/// A map, or the fields of a struct variant.
pub(crate) struct Entries<'e, 'b>(pub(crate) &'e mut Encoder<'b>);

impl SerializeMap for Entries<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        key.serialize(Ser(self.0))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(Ser(self.0))
    }

    fn end(self) -> Result<()> {
        self.0.end_map();
        Ok(())
    }
}

impl SerializeStructVariant for Entries<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<()> {
        self.0.write_str(key);
        value.serialize(Ser(self.0))
    }

    fn end(self) -> Result<()> {
        self.0.end_map();
        self.0.end_map();
        Ok(())
    }
}

/// An object.
pub(crate) struct Fields<'e, 'b> {
    encoder: &'e mut Encoder<'b>,
    name: &'static str,
    state: State,
}

/// What is known of the object's class.
enum State {
    /// Its fields are defined, `left` is where the encoder has the names of those that were not written.
    Defined {
        entry: usize,
        left: Range<usize>,
        start: usize,
        classes: u32,
    },
    /// This is its first instance. `values` is the offset of the instance, before which the names belong.
    First {
        entry: usize,
        fields: Vec<&'static str>,
        values: usize,
    },
    /// This instance lies inside the first one, `count` fields were written.
    Inner { entry: usize, count: usize },
}

impl<'e, 'b> Fields<'e, 'b> {
    pub(crate) fn begin(encoder: &'e mut Encoder<'b>, name: &'static str, length: usize) -> Self {
        encoder.take_slot();
        let state = match encoder.struct_class(name) {
            Known::Entry(entry) => {
                let (start, classes) = (encoder.len(), encoder.class_total());
                encoder.write_object_tag(encoder.class_number(entry));
                State::Defined {
                    entry,
                    left: encoder.struct_range(entry),
                    start,
                    classes,
                }
            }
            Known::Open(entry) => {
                encoder.write_object_tag(encoder.class_number(entry));
                State::Inner { entry, count: 0 }
            }
            Known::New => first(encoder, name, Vec::with_capacity(length)),
        };
        Self {
            encoder,
            name,
            state,
        }
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<()> {
        self.name(key)?;
        value.serialize(Ser(self.encoder))
    }

    /// Notes that the field `key` is next.
    #[inline]
    fn name(&mut self, key: &'static str) -> Result<()> {
        if let State::Defined { left, .. } = &mut self.state
            && left.start < left.end
            && let Some(known) = self.encoder.field_at(left.start)
            && same(known, key)
        {
            left.start += 1;
            return Ok(());
        }
        self.other_name(key)
    }

    /// Notes a field of a class that is not defined, or not so.
    #[inline(never)]
    fn other_name(&mut self, key: &'static str) -> Result<()> {
        if matches!(self.state, State::Defined { .. }) {
            self.redefine()?;
        }
        match &mut self.state {
            State::First { fields, .. } => fields.push(key),
            State::Inner { count, .. } => *count += 1,
            State::Defined { .. } => {}
        }
        Ok(())
    }

    /// The instance turns out to have other fields than the class of its name (another struct of that name): gives it
    /// a definition of its own, in front of what was written of it. Not possible once its fields defined classes,
    /// as those would change their numbers.
    #[cold]
    fn redefine(&mut self) -> Result<()> {
        let State::Defined {
            entry,
            left,
            start,
            classes,
        } = &self.state
        else {
            return Ok(());
        };
        let start = *start;
        if self.encoder.class_total() != *classes {
            return Err(unstable(self.name));
        }
        let mut fields = self.encoder.struct_fields(*entry).to_vec();
        fields.truncate(fields.len().saturating_sub(left.len()));
        let values = self.encoder.out.split_off(start);
        let old_tag = object_tag_length(&values);
        self.state = first(self.encoder, self.name, fields);
        self.encoder.put(values.get(old_tag..).unwrap_or_default());
        Ok(())
    }

    fn finish(mut self) -> Result<()> {
        if let State::Defined { left, .. } = &self.state
            && !left.is_empty()
        {
            self.redefine()?;
        }
        match self.state {
            State::Defined { .. } => Ok(()),
            State::Inner { entry, count } => self.encoder.note_inner(entry, self.name, count),
            State::First {
                entry,
                fields,
                values,
            } => {
                let end = self.encoder.len();
                self.encoder.write_length(fields.len())?;
                for field in &fields {
                    self.encoder.write_str(field);
                }
                self.encoder.move_tail(end, values);
                self.encoder.close_class(entry, self.name, &fields)
            }
        }
    }
}

/// Starts the first instance of a class, of which `fields` are known.
fn first(encoder: &mut Encoder<'_>, name: &'static str, fields: Vec<&'static str>) -> State {
    let entry = encoder.open_class(name);
    encoder.put(b"C");
    encoder.write_str(name);
    let values = encoder.len();
    encoder.write_object_tag(encoder.class_number(entry));
    State::First {
        entry,
        fields,
        values,
    }
}

/// Bytes of an object's tag: `60` to `6f`, or `4f` and an int of 1 to 5 bytes.
fn object_tag_length(object: &[u8]) -> usize {
    match object {
        [b'O', 0x80..=0xbf, ..] => 2,
        [b'O', 0xc0..=0xcf, ..] => 3,
        [b'O', 0xd0..=0xd7, ..] => 4,
        [b'O', ..] => 6,
        _ => 1,
    }
}

impl SerializeStruct for Fields<'_, '_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<()> {
        self.field(key, value)
    }

    /// A field that `skip_serializing_if` leaves out is written as null, so that all instances share one definition.
    fn skip_field(&mut self, key: &'static str) -> Result<()> {
        self.field(key, &())
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

/// Writes an enum constant: an object with the field `name`, or a reference to the same constant before.
pub(crate) fn constant(
    encoder: &mut Encoder<'_>,
    class: &'static str,
    variant: &'static str,
) -> Result<()> {
    if let Some(slot) = encoder.constant(class, variant) {
        encoder.write_ref(slot);
        return Ok(());
    }
    encoder.new_constant(class, variant);
    let entry = match encoder.struct_class(class) {
        Known::Entry(entry) if encoder.struct_fields(entry) == ["name"] => {
            encoder.write_object_tag(encoder.class_number(entry));
            entry
        }
        _ => {
            let entry = encoder.open_class(class);
            encoder.put(b"C");
            encoder.write_str(class);
            encoder.write_i32(1);
            encoder.write_str("name");
            encoder.write_object_tag(encoder.class_number(entry));
            encoder.close_class(entry, class, &["name"])?;
            entry
        }
    };
    debug_assert_eq!(encoder.struct_fields(entry), ["name"]);
    encoder.write_str(variant);
    Ok(())
}
