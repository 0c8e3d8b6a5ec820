//! What the protocol counted, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of one [`DubboProtocol`](crate::DubboProtocol), both roles.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) late_responses: AtomicU64,
    pub(crate) connections_made: AtomicU64,
    pub(crate) connections_failed: AtomicU64,
}

/// A reading of the counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DubboCounts {
    /// Answers that came when nobody waited any more; dropped.
    pub late_responses: u64,
    /// Connections to providers that were made.
    pub connections_made: u64,
    /// Attempts to connect that failed.
    pub connections_failed: u64,
}

impl Counters {
    pub(crate) fn read(&self) -> DubboCounts {
        DubboCounts {
            late_responses: self.late_responses.load(Ordering::Relaxed),
            connections_made: self.connections_made.load(Ordering::Relaxed),
            connections_failed: self.connections_failed.load(Ordering::Relaxed),
        }
    }
}
