//! References of a document: finding their targets, and cutting one value out of a stream of several.

use std::collections::BTreeMap;

use crate::{
    error::{Error, ErrorKind, Result},
    limits::Limits,
    value::{Children, List, Map, Object, Value},
};

/// Finds the value that a [`Value::Ref`] names, in the values of one stream.
///
/// A walk that follows references must end cycles itself: [`slot_of`](Resolver::slot_of) names a list, map or object, so
/// that the walk can keep the slots it is inside of.
#[derive(Clone, Debug)]
pub struct Resolver<'v> {
    /// The value of each slot, and the slot after its last descendant.
    slots: Vec<(&'v Value, u32)>,
    /// Address of a value in memory to its slot, sorted by address.
    addresses: Vec<(usize, u32)>,
}

impl<'v> Resolver<'v> {
    /// Numbers the slots of `values`, which are a stream from its start (or one document).
    pub fn new(values: &'v [Value]) -> Self {
        let mut slots = Vec::new();
        number(values.iter(), &mut slots);
        let address = |(slot, (value, _)): (usize, &(&'v Value, u32))| {
            (std::ptr::from_ref(*value).addr(), index(slot))
        };
        let mut addresses: Vec<_> = slots.iter().enumerate().map(address).collect();
        addresses.sort_unstable();
        Self { slots, addresses }
    }

    /// The list, map or object at `slot`.
    pub fn get(&self, slot: u32) -> Option<&'v Value> {
        self.slots.get(slot as usize).map(|(value, _)| *value)
    }

    /// The value itself, or the target if it is a reference; `None` when that dangles.
    pub fn follow(&self, value: &'v Value) -> Option<&'v Value> {
        match value {
            Value::Ref(slot) => self.get(*slot),
            other => Some(other),
        }
    }

    /// Slot of a list, map or object of these values (found by address: a clone has none), or of the target of a
    /// reference.
    pub fn slot_of(&self, value: &Value) -> Option<u32> {
        if let Value::Ref(slot) = value {
            return self.get(*slot).map(|_| *slot);
        }
        let address = std::ptr::from_ref(value).addr();
        let found = self
            .addresses
            .binary_search_by_key(&address, |(known, _)| *known)
            .ok()?;
        self.addresses.get(found).map(|(_, slot)| *slot)
    }

    /// All slots with their values, in order.
    pub fn slots(&self) -> impl Iterator<Item = (u32, &'v Value)> {
        self.slots
            .iter()
            .enumerate()
            .map(|(slot, (value, _))| (index(slot), *value))
    }

    /// The slot after the last descendant of the value at `slot`.
    fn end(&self, slot: u32) -> u32 {
        self.slots.get(slot as usize).map_or(slot, |(_, end)| *end)
    }
}

/// Numbers of slots are 32 bits on the wire, less a sign.
fn index(slot: usize) -> u32 {
    u32::try_from(slot).unwrap_or(u32::MAX)
}

/// Appends the slots of `values`, in the order of the wire.
fn number<'v>(values: impl Iterator<Item = &'v Value>, slots: &mut Vec<(&'v Value, u32)>) {
    let mut stack: Vec<(Option<usize>, Children<'v>)> = Vec::new();
    for value in values {
        open(value, slots, &mut stack);
        while let Some((slot, children)) = stack.last_mut() {
            match children.next() {
                Some(child) => open(child, slots, &mut stack),
                None => {
                    let end = index(slots.len());
                    if let Some(entry) = slot.and_then(|slot| slots.get_mut(slot)) {
                        entry.1 = end;
                    }
                    stack.pop();
                }
            }
        }
    }
}

/// Gives a container its slot and puts it on the stack.
fn open<'v>(
    value: &'v Value,
    slots: &mut Vec<(&'v Value, u32)>,
    stack: &mut Vec<(Option<usize>, Children<'v>)>,
) {
    if value.takes_slot() {
        stack.push((Some(slots.len()), value.children()));
        slots.push((value, 0));
    }
}

/// Value `index` of a stream as a document of its own: its references count from 0, what it refers to outside of itself
/// is copied in, once; sharing and cycles are kept.
///
/// # Errors
/// When there is no such value, when a reference dangles, or when the copy nests deeper than the default of
/// [`Limits::depth`] (a chain of references can nest as deep as it is long).
pub fn extract(values: &[Value], index: usize) -> Result<Value> {
    let Some(value) = values.get(index) else {
        let message = format!("no value {index}, there are {}", values.len());
        return Err(Error::new(ErrorKind::BadReference, message));
    };
    let resolver = Resolver::new(values);
    let mut copy = Copy {
        resolver: &resolver,
        copied: BTreeMap::new(),
        depth: 0,
    };
    // A scalar or reference takes no slot, so its own number does not matter.
    let mut slot = resolver.slot_of(value).unwrap_or_default();
    copy.value(value, &mut slot)
}

/// Joins documents into one stream: the references of each are renumbered to count from the start of the stream.
pub fn join(documents: Vec<Value>) -> Vec<Value> {
    let mut base = 0_u32;
    let shifted = documents.into_iter().map(|mut document| {
        let mut slots = Vec::new();
        number(std::iter::once(&document), &mut slots);
        let count = self::index(slots.len());
        shift(&mut document, base);
        base = base.saturating_add(count);
        document
    });
    shifted.collect()
}

/// Adds `base` to every reference.
fn shift(value: &mut Value, base: u32) {
    match value {
        Value::Ref(slot) => *slot = slot.saturating_add(base),
        Value::List(list) => list.items.iter_mut().for_each(|item| shift(item, base)),
        Value::Object(object) => object
            .fields
            .iter_mut()
            .for_each(|field| shift(field, base)),
        Value::Map(map) => {
            for (key, item) in &mut map.entries {
                shift(key, base);
                shift(item, base);
            }
        }
        _ => {}
    }
}

/// The walk of [`extract`].
struct Copy<'r, 'v> {
    resolver: &'r Resolver<'v>,
    /// Slot of the stream to slot of the copy.
    copied: BTreeMap<u32, u32>,
    depth: u32,
}

impl Copy<'_, '_> {
    /// Copies `value`; `slot` is the next slot of the stream and moves past the value.
    fn value(&mut self, value: &Value, slot: &mut u32) -> Result<Value> {
        match value {
            Value::Ref(target) => self.reference(*target),
            container if container.takes_slot() => {
                let own = *slot;
                let copy = self.container(container, own)?;
                *slot = self.resolver.end(own);
                Ok(copy)
            }
            scalar => Ok(scalar.clone()),
        }
    }

    fn reference(&mut self, slot: u32) -> Result<Value> {
        match self.resolver.get(slot) {
            Some(target) => self.container(target, slot),
            None => Err(Error::new(
                ErrorKind::BadReference,
                format!("reference to slot {slot}, which does not exist"),
            )),
        }
    }

    /// Copies the container at `slot`, or refers to its copy.
    fn container(&mut self, value: &Value, slot: u32) -> Result<Value> {
        if let Some(known) = self.copied.get(&slot) {
            return Ok(Value::Ref(*known));
        }
        let bound = Limits::default().depth;
        if self.depth >= bound {
            return Err(Error::new(
                ErrorKind::Limit,
                format!("references nest deeper than {bound}"),
            ));
        }
        self.depth = self.depth.saturating_add(1);
        self.copied.insert(slot, index(self.copied.len()));
        let copy = self.parts(value, &mut slot.saturating_add(1));
        self.depth = self.depth.saturating_sub(1);
        copy
    }

    fn parts(&mut self, value: &Value, slot: &mut u32) -> Result<Value> {
        match value {
            Value::List(list) => {
                let items = self.all(&list.items, slot)?;
                Ok(Value::List(List {
                    type_name: list.type_name.clone(),
                    items,
                }))
            }
            Value::Object(object) => {
                let fields = self.all(&object.fields, slot)?;
                Ok(Value::Object(Object {
                    class: object.class.clone(),
                    fields,
                }))
            }
            Value::Map(map) => {
                let mut entries = Vec::with_capacity(map.entries.len());
                for (key, item) in &map.entries {
                    entries.push((self.value(key, slot)?, self.value(item, slot)?));
                }
                Ok(Value::Map(Map {
                    type_name: map.type_name.clone(),
                    entries,
                }))
            }
            scalar => Ok(scalar.clone()),
        }
    }

    fn all(&mut self, values: &[Value], slot: &mut u32) -> Result<Vec<Value>> {
        values.iter().map(|value| self.value(value, slot)).collect()
    }
}
