//! The numbers of method names: given once, read without a lock, bounded.

use std::sync::Arc;

use arc_swap::ArcSwap;

/// A method's place in every endpoint's counters of one reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MethodNumber(u8);

impl MethodNumber {
    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The methods of one reference that were called so far. Names never leave: their counters may be read for as long as the reference
/// lives. A gateway's callers may name what they like, so beyond [`MethodNames::MAX`] all share one number.
#[derive(Debug, Default)]
pub struct MethodNames(ArcSwap<Vec<(Box<str>, MethodNumber)>>);

impl MethodNames {
    /// How many methods have counters of their own.
    pub const MAX: usize = 128;

    /// The number of a method; `None`: it was never called, and there is room for it.
    pub(crate) fn number(&self, method: &str) -> Option<MethodNumber> {
        let names = self.0.load();
        match place(&names, method) {
            Ok(number) => Some(number),
            Err(_) => (names.len() >= Self::MAX).then_some(overflow()),
        }
    }

    pub(super) fn number_or_add(&self, method: &str) -> MethodNumber {
        if let Some(number) = self.number(method) {
            return number;
        }
        self.0.rcu(|names| {
            // Somebody else may have added it, or the last one, meanwhile.
            let (Err(at), true) = (place(names, method), names.len() < Self::MAX) else {
                return Arc::clone(names);
            };
            let mut larger = Vec::with_capacity(names.len() + 1);
            larger.extend_from_slice(names);
            larger.insert(at, (method.into(), number(names.len())));
            Arc::new(larger)
        });
        self.number(method).unwrap_or(overflow())
    }
}

fn place(names: &[(Box<str>, MethodNumber)], method: &str) -> Result<MethodNumber, usize> {
    let found = names.binary_search_by(|(name, _)| (**name).cmp(method));
    found.map(|at| names.get(at).map_or(overflow(), |(_, number)| *number))
}

fn overflow() -> MethodNumber {
    number(MethodNames::MAX)
}

fn number(index: usize) -> MethodNumber {
    MethodNumber(u8::try_from(index.min(MethodNames::MAX)).unwrap_or(u8::MAX))
}
