//! Which columns a linked policy may read: the host has them all at hand, but the wasm form has only what was declared,
//! and a policy must not work in one form alone.

use crate::abi::interest::{Hook, Interest, Space};
use crate::error::Result;
use crate::setup::Setup;

/// Space and key of each declared column.
pub(super) struct Reads(Vec<(Space, String)>);

impl Reads {
    pub(super) fn declared(interests: &[Interest<'_>]) -> Self {
        let named = |one: &&Interest<'_>| one.hooks & Hook::OnProviders.bit() != 0;
        let columns = interests.iter().filter(named);
        Self(columns.map(|one| (one.space, one.key.to_owned())).collect())
    }

    /// Takes over what a hook asked for, if it did.
    ///
    /// # Errors
    /// What was asked for cannot be had; nothing is taken over.
    pub(super) fn replace(&mut self, setup: &Setup<'_>) -> Result<()> {
        if let Some(list) = setup.interest()? {
            *self = Self::declared(&list);
        }
        Ok(())
    }

    pub(super) fn list(&self) -> &[(Space, String)] {
        &self.0
    }
}
