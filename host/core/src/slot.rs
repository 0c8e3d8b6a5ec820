//! A place whose content is replaced in one store while readers go on with what they hold.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

/// Holds an `Arc<T>` that is read without a lock and published whole.
///
/// Send + Sync when `T` is. A reader that has loaded keeps its `T` alive; the last reader's drop frees it.
pub struct Slot<T>(ArcSwap<T>);

impl<T> Slot<T> {
    /// A slot that holds `value`.
    pub fn new(value: T) -> Self {
        Self(ArcSwap::from_pointee(value))
    }

    /// What is published now. About 10 ns; called once per call.
    #[must_use]
    pub fn load(&self) -> Arc<T> {
        self.0.load_full()
    }

    /// Replaces the content for every later [`Slot::load`]; returns what was there.
    pub fn publish(&self, value: Arc<T>) -> Arc<T> {
        self.0.swap(value)
    }
}

impl<T: Default> Default for Slot<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slot").field(&self.0.load()).finish()
    }
}
