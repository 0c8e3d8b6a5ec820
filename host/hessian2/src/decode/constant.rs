//! Enum constants: objects with the field `name`, of which a list of beans holds a few, repeated by reference. The name
//! behind such a reference is remembered, so that it is not followed each time.

use std::borrow::Cow;

use super::Decoder;
use crate::error::{Error, ErrorKind, Result};

/// Enum constants of one stream that are remembered.
const CONSTANTS: usize = 16;

/// What a reference to an enum constant costs: itself, the object, its name.
const VALUES_OF_CONSTANT: u32 = 3;

impl<'a> Decoder<'a> {
    /// Consumes the next value if it is a reference to an enum constant that was read before, and gives its name.
    #[inline]
    pub(crate) fn take_known_constant(&mut self) -> Option<&'a str> {
        let [b'Q', index @ 0x90..=0xbf, ..] = *self.remaining() else {
            return None;
        };
        let slot = u32::from(index).wrapping_sub(0x90);
        let known = self.constants.iter().find(|known| known.0 == slot);
        let (_, name) = *known.filter(|_| slot < self.now.refs)?;
        self.budget = self.budget.checked_sub(VALUES_OF_CONSTANT)?;
        self.position = self.position.wrapping_add(2);
        Some(name)
    }

    /// Remembers an enum constant.
    fn know_constant(&mut self, slot: u32, name: &'a str) {
        if self.constants.len() < CONSTANTS && self.constants.iter().all(|known| known.0 != slot) {
            self.constants.push((slot, name));
        }
    }

    /// Name of the enum constant whose tag was consumed: its field `name`. One that was `followed` to is remembered.
    pub(crate) fn constant(&mut self, tag: u8, followed: bool) -> Result<Cow<'a, str>> {
        let slot = self.now.refs;
        let scope = self.enter_open()?;
        let class = self.class_index(tag)?;
        let mut name = None;
        for field in 0..self.field_count(class) {
            if self
                .field_name(class, field)
                .is_some_and(|field| field == "name")
            {
                name = Some(self.read_str()?);
            } else {
                self.skip()?;
            }
        }
        self.leave_open(scope);
        if let Some(Cow::Borrowed(name)) = name
            && followed
        {
            self.know_constant(slot, name);
        }
        name.ok_or_else(|| {
            let message = format!(
                "an object of {} is no enum constant, it has no field name",
                self.class_name(class)
            );
            Error::at(ErrorKind::Type, self.position(), message)
        })
    }
}
