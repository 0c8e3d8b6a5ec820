//! Finding the number of a class or type among many.
//!
//! A handful is found by walking a vector. A stream may hold thousands, and a document of a million objects would walk
//! them a million times; from [`LINEAR`] on they are found by address in memory, and by content when another copy of
//! the same thing comes along.

use std::{collections::HashMap, hash::Hash, sync::Arc};

/// Entries up to which walking them is as fast.
pub(crate) const LINEAR: usize = 16;

/// Numbers of shared things.
#[derive(Debug)]
pub(crate) struct Index<T: ?Sized> {
    /// Address of each `Arc` that was seen. They are kept alive below, so an address means one thing.
    addresses: HashMap<usize, u32>,
    contents: HashMap<Arc<T>, u32>,
    kept: Vec<Arc<T>>,
}

impl<T: ?Sized + Eq + Hash> Default for Index<T> {
    fn default() -> Self {
        Self {
            addresses: HashMap::new(),
            contents: HashMap::new(),
            kept: Vec::new(),
        }
    }
}

impl<T: ?Sized + Eq + Hash> Index<T> {
    /// Number of `item`, or of its equal.
    pub(crate) fn find(&mut self, item: &Arc<T>) -> Option<u32> {
        if let Some(number) = self.addresses.get(&address(item)) {
            return Some(*number);
        }
        let number = *self.contents.get(&**item)?;
        self.keep(item, number);
        Some(number)
    }

    /// Number of the equal of `item`.
    pub(crate) fn find_equal(&self, item: &T) -> Option<u32> {
        self.contents.get(item).copied()
    }

    /// Gives `item` its number.
    pub(crate) fn insert(&mut self, item: &Arc<T>, number: u32) {
        self.contents.insert(Arc::clone(item), number);
        self.keep(item, number);
    }

    fn keep(&mut self, item: &Arc<T>, number: u32) {
        self.addresses.insert(address(item), number);
        self.kept.push(Arc::clone(item));
    }
}

fn address<T: ?Sized>(item: &Arc<T>) -> usize {
    Arc::as_ptr(item).cast::<()>().addr()
}
