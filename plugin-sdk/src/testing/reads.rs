//! What a test that brings its own host reads of a made-up call and its end.

use super::call::{Call, Ended};
use crate::abi::call::flags;
use serde_json::Value;

impl Call {
    /// A field by its name (ABI.md 5.5), if the call has it.
    #[must_use]
    pub fn field_of(&self, name: &str) -> Option<&str> {
        self.fields.get(name)
    }

    /// Whether it is on the provider's side.
    #[must_use]
    pub const fn on_provider(&self) -> bool {
        self.flags & flags::PROVIDER != 0
    }

    /// The attachments, in the order in which they were set.
    pub fn attachments(&self) -> impl Iterator<Item = (String, String)> {
        self.attachments
            .iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
    }

    /// The parameters of the merged URL, in the order in which they were set.
    pub fn parameters(&self) -> impl Iterator<Item = (String, String)> {
        self.url
            .iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
    }

    /// The arguments.
    #[must_use]
    pub fn arguments(&self) -> &[Value] {
        &self.arguments
    }
}

impl Ended {
    /// The response attachments, in the order in which they were set.
    pub fn attachments(&self) -> impl Iterator<Item = (String, String)> {
        self.attachments
            .iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
    }
}
