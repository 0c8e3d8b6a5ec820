//! Counters of one endpoint, kept by every call whether a policy reads them or not.

mod cell;
mod methods;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

pub use cell::{CallEnd, CallStatistics};
pub use methods::MethodNames;
pub(crate) use methods::MethodNumber;

/// Methods that share one allocation.
const CHUNK: usize = 8;
/// One chunk more than the methods need, for the cell of those beyond the bound.
const CHUNKS: usize = MethodNames::MAX / CHUNK + 1;

/// What is read of a method that was never called.
static NEVER_CALLED: CallStatistics = CallStatistics::new();

/// Live counters of a provider as this process sees it, overall and by method. Nothing in it is read or written under a lock.
///
/// About 350 bytes, and as many for every 8 methods that are called.
#[derive(Debug, Default)]
pub struct EndpointStatistics {
    whole: CallStatistics,
    names: Arc<MethodNames>,
    chunks: [OnceLock<Box<[CallStatistics; CHUNK]>>; CHUNKS],
}

impl EndpointStatistics {
    /// Counters at zero. Endpoints of one reference share `names`, so that a method is looked up once for all of them.
    #[must_use]
    pub fn new(names: Arc<MethodNames>) -> Self {
        Self {
            names,
            ..Self::default()
        }
    }

    /// Notes that a call of `method` starts; it ends when the answer is dropped, see [`Counting`].
    #[must_use]
    pub fn begin(self: &Arc<Self>, method: &str) -> Counting {
        let method = self.names.number_or_add(method);
        self.whole.begin();
        self.cell_or_make(method).begin();
        Counting {
            statistics: self.clone(),
            method,
            end: CallEnd::Neither,
            elapsed: Duration::ZERO,
        }
    }

    /// The counters over all methods.
    #[must_use]
    pub fn whole(&self) -> &CallStatistics {
        &self.whole
    }

    /// The counters of `method`. Methods beyond [`MethodNames::MAX`] share one set.
    #[must_use]
    pub fn method(&self, method: &str) -> &CallStatistics {
        self.numbered(self.names.number(method))
    }

    pub(crate) fn names(&self) -> &Arc<MethodNames> {
        &self.names
    }

    pub(crate) fn numbered(&self, method: Option<MethodNumber>) -> &CallStatistics {
        let cell = method.and_then(|method| {
            let chunk = self.chunks.get(method.index() / CHUNK)?.get()?;
            chunk.get(method.index() % CHUNK)
        });
        cell.unwrap_or(&NEVER_CALLED)
    }

    fn cell_or_make(&self, method: MethodNumber) -> &CallStatistics {
        let cell = self.chunks.get(method.index() / CHUNK).and_then(|chunk| {
            let chunk = chunk.get_or_init(Box::default);
            chunk.get(method.index() % CHUNK)
        });
        // Every number has a place, see the test of the bound.
        cell.unwrap_or(&self.whole)
    }
}

/// A call that is counted as running until this is dropped.
#[derive(Debug)]
pub struct Counting {
    statistics: Arc<EndpointStatistics>,
    method: MethodNumber,
    end: CallEnd,
    elapsed: Duration,
}

impl Counting {
    /// Says how the call ended, `elapsed` after it began. A call that is dropped without it counts as [`CallEnd::Neither`].
    pub fn finish(mut self, elapsed: Duration, end: CallEnd) {
        self.end = end;
        self.elapsed = elapsed;
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.statistics.whole.end(self.elapsed, self.end);
        self.statistics
            .cell_or_make(self.method)
            .end(self.elapsed, self.end);
    }
}

#[cfg(test)]
mod tests;
