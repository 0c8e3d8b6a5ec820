//! Reading a value out of the middle of a stream as a document of its own.
//!
//! The walk keeps a map from slots of the stream to slots of the document. A reference to a slot outside is followed at
//! once, in place; what was copied already, or is being copied, becomes a reference again. So each slot is copied at
//! most once, and cycles end.

use std::collections::BTreeMap;

use super::Decoder;
use crate::{error::Result, tag::Kind, value::Value};

/// Slot of the stream to slot of the document.
#[derive(Debug, Default)]
struct Copied(BTreeMap<u32, u32>);

impl Copied {
    /// Gives `slot` its number in the document; `Err` with that number when it has one.
    fn insert(&mut self, slot: u32) -> Result<(), u32> {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        match *self.0.entry(slot).or_insert(next) {
            known if known == next => Ok(()),
            known => Err(known),
        }
    }
}

impl Decoder<'_> {
    /// Reads one value as a document.
    pub(crate) fn document(&mut self) -> Result<Value> {
        self.copy(&mut Copied::default())
    }

    fn copy(&mut self, copied: &mut Copied) -> Result<Value> {
        if let Some(value) = self.quick_value() {
            return Ok(value);
        }
        let (tag, kind) = self.begin()?;
        if let Some(scalar) = self.scalar(tag, kind)? {
            return Ok(scalar.into());
        }
        if kind != Kind::Ref {
            return self.copy_container(tag, kind, copied);
        }
        let slot = self.reference()?;
        if let Some(&known) = copied.0.get(&slot) {
            return Ok(Value::Ref(known));
        }
        self.jump(slot)?;
        let target = self.copy(copied)?;
        self.come_back()?;
        Ok(target)
    }

    fn copy_container(&mut self, tag: u8, kind: Kind, copied: &mut Copied) -> Result<Value> {
        match copied.insert(self.now.refs) {
            Ok(()) => self.container(tag, kind, &mut |decoder| decoder.copy(copied)),
            Err(known) => {
                self.skip_rest(tag, kind)?;
                Ok(Value::Ref(known))
            }
        }
    }
}
