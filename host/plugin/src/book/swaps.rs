//! How swaps ended, counted by identity for as long as the identity is known: live, refused, or disabled.

use super::Book;
use super::NotLive;

/// How a swap ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SwapEnd {
    /// What a file gives went live.
    Live,
    /// An operator went back to a kept generation.
    RolledBack,
    /// The file was refused; what was live serves on.
    Refused,
}

impl Book {
    /// Counts swaps, and forgets those of plugins that are gone.
    pub(crate) fn count<'a>(&mut self, ended: impl Iterator<Item = (&'a String, SwapEnd)>) {
        for (identity, end) in ended {
            let counters = self.swaps.entry(identity.clone()).or_default();
            match end {
                SwapEnd::Live => counters.live += 1,
                SwapEnd::RolledBack => counters.rolled_back += 1,
                SwapEnd::Refused => counters.refused += 1,
            }
        }
        let (files, not_live) = (&self.files, &self.not_live);
        self.swaps.retain(|identity, _| {
            let known = |not: &NotLive| not.identity().as_ref() == Some(identity);
            files.contains_key(identity) || not_live.values().any(known)
        });
    }
}
