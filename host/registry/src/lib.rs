//! Where providers are announced and found: the registries of wubbo, behind [`wubbo_core::Registry`].
//!
//! | address | registry |
//! |---|---|
//! | `memory://name` | [`MemoryRegistry`]: shared by all who name it in this process |
//! | `file:./dir`, `file:/dir`, `file:///dir` | [`FileRegistry`]: a watched directory, shared by the processes of one machine |
//!
//! [`open`] makes one from its address. What it deliberately does not know: calls, protocols, policies,
//! and what a subscriber does with a list.

mod address;
mod board;
mod file;
mod matching;
mod memory;

#[cfg(test)]
mod conformance;

pub use address::{check, open};
pub use file::FileRegistry;
pub use memory::MemoryRegistry;
