//! How policies get to know the providers before a call asks about them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{BoxFuture, ProviderTable};

/// Whoever must have seen a table before a call is routed over it: the plugin host. Object safe, Send + Sync.
///
/// A directory calls [`TableSink::deliver`] and publishes the table when the future is done. Several directories may do so at once;
/// one directory delivers one table at a time, with growing versions.
pub trait TableSink: Send + Sync + fmt::Debug {
    /// Hands the table to every instance of every router and balancer. Done when each has taken it or failed to; a failure is the
    /// plugin's and never the directory's.
    ///
    /// # Cancel safety
    /// The table may have reached some and not others; deliver it, or a later one, again.
    fn deliver<'a>(&'a self, table: &'a Arc<ProviderTable>) -> BoxFuture<'a, ()>;

    /// The weights of a table that was delivered have changed.
    fn weights_changed<'a>(&'a self, table: &'a Arc<ProviderTable>) -> BoxFuture<'a, ()>;

    /// The service behind `token` is no longer used. Does not block: what it leads to happens later.
    fn forget(&self, token: u64);
}

/// Why rows were kept or dropped, in the policies' own words; collected for one explained call.
#[derive(Debug, Default)]
pub struct Remarks {
    lines: Mutex<Vec<Remark>>,
}

/// One line of reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Who says it: `router/tag`.
    pub policy: String,
    /// The row it is about; `None`: the whole list.
    pub row: Option<usize>,
    /// The reason.
    pub text: String,
}

impl Remarks {
    /// At most so many lines are kept; a policy that writes more has said enough.
    pub const MAX: usize = 4096;

    /// Writes a line down.
    pub fn add(&self, remark: Remark) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < Self::MAX {
            lines.push(remark);
        }
    }

    /// What was written so far; the collection is empty afterwards.
    #[must_use]
    pub fn take(&self) -> Vec<Remark> {
        std::mem::take(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
