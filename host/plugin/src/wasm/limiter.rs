//! Bounds what one instance and all instances together may hold, and remembers what was refused: wasmtime's trap alone would not say.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::ResourceLimiter;
use wubbo_plugin_sdk::abi::limits::TABLE_ELEMENTS_MAX;

/// Guest memory of all instances of all plugins together.
#[derive(Debug)]
pub(crate) struct Budget {
    used: AtomicUsize,
    max: usize,
}

impl Budget {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            used: AtomicUsize::new(0),
            max,
        })
    }

    /// Bytes held now.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let more = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.max);
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Growth was refused; says which limit and how to raise it.
#[derive(Debug, Clone)]
pub(super) struct Refused(pub(super) String);

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// The limits of one instance.
#[derive(Debug)]
pub(super) struct Limiter {
    memory_max: usize,
    held: usize,
    last_growth: usize,
    budget: Arc<Budget>,
}

impl Limiter {
    pub(super) fn new(memory_max: usize, budget: Arc<Budget>) -> Self {
        Self {
            memory_max,
            held: 0,
            last_growth: 0,
            budget,
        }
    }
}

impl Drop for Limiter {
    fn drop(&mut self) {
        self.budget.give_back(self.held);
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // The module's own maximum: its own affair, `memory.grow` answers -1.
            return Ok(false);
        }
        if desired > self.memory_max {
            let text = format!(
                "memory of {desired} bytes, limit {}; raise limits.memory in its yaml",
                self.memory_max
            );
            return Err(wasmtime::Error::new(Refused(text)));
        }
        let growth = desired.saturating_sub(current);
        if !self.budget.take(growth) {
            let text = format!(
                "memory of {growth} bytes more, all plugins together hold {} of {}; raise plugins.memory_total",
                self.budget.used(),
                self.budget.max
            );
            return Err(wasmtime::Error::new(Refused(text)));
        }
        self.held += growth;
        self.last_growth = growth;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.held -= self.last_growth;
        self.budget.give_back(self.last_growth);
        self.last_growth = 0;
        Ok(())
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > TABLE_ELEMENTS_MAX {
            let text = format!("table of {desired} elements, limit {TABLE_ELEMENTS_MAX}");
            return Err(wasmtime::Error::new(Refused(text)));
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_given_back() {
        let budget = Budget::new(100);
        let mut limiter = Limiter::new(80, budget.clone());
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        let mut other = Limiter::new(80, budget.clone());
        let refused = other.memory_growing(0, 50, None).unwrap_err();
        assert!(
            refused.to_string().contains("plugins.memory_total"),
            "{refused}"
        );
        assert!(other.memory_growing(0, 40, None).unwrap());
        other
            .memory_grow_failed(wasmtime::Error::msg("no pages"))
            .unwrap();
        assert_eq!(budget.used(), 60);
        let refused = limiter.memory_growing(60, 81, None).unwrap_err();
        assert!(refused.is::<Refused>());
        assert!(!limiter.memory_growing(60, 70, Some(65)).unwrap());
        drop((limiter, other));
        assert_eq!(budget.used(), 0);
    }
}
