//! The providers of one service as a table that never changes, and the set of its rows still in play.

mod candidates;
mod groups;
mod limits;
mod weights;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::statistics::MethodNumber;
use crate::{
    CallStatistics, EndpointStatistics, MethodNames, ServiceKey, Url, is_any_or_several, keys,
};

pub use candidates::Candidates;
pub use groups::ProviderGroup;
pub use limits::AttemptLimits;
pub use weights::Refreshed;
use weights::Weights;

/// One provider, without its connection.
#[derive(Debug)]
pub struct ProviderRow {
    /// The provider's URL merged with the reference's (spec/10 section 1.10).
    pub url: Url,
    /// Live counters, kept over changes of the table as long as the provider stays.
    pub statistics: Arc<EndpointStatistics>,
    weights: Weights,
    limits: AttemptLimits,
}

impl ProviderRow {
    /// A row with the full weights of `url`, as if the provider were warm.
    #[must_use]
    pub fn new(url: Url, statistics: Arc<EndpointStatistics>) -> Self {
        Self {
            weights: Weights::of(&url),
            url,
            statistics,
            limits: AttemptLimits::default(),
        }
    }

    /// The row with limits for attempts on it.
    #[must_use]
    pub fn with_limits(mut self, limits: AttemptLimits) -> Self {
        self.limits = limits;
        self
    }

    /// How long attempts may take where a rule says so.
    #[must_use]
    pub fn limits(&self) -> &AttemptLimits {
        &self.limits
    }

    /// The service's weight now, warm-up included, 0 to 2^31-1. 0: the provider is to get nothing while others exist.
    #[must_use]
    pub fn weight(&self) -> u32 {
        self.weights.service()
    }

    /// The weight of one method now: its own where the provider gives it one, else the service's.
    #[must_use]
    pub fn weight_for(&self, method: &str) -> u32 {
        self.weights.of_method(method)
    }

    /// Stores another weight for the service; the next [`ProviderRow::refresh_weights`] computes it anew.
    pub fn set_weight(&self, weight: u32) {
        self.weights.set_service(weight);
    }

    /// Computes the weights of the moment `unix_ms`, milliseconds since the Unix epoch: during the provider's first `warmup`
    /// (default 10 minutes) since `remote.timestamp` they grow evenly from 1. When one changed, the table is to be told
    /// ([`ProviderTable::weights_changed`]).
    pub fn refresh_weights(&self, unix_ms: u64) -> Refreshed {
        self.weights.refresh(unix_ms)
    }
}

/// What routers and balancers see of a directory: rows by index. A new list is a new table with a new version.
#[derive(Debug, Default)]
pub struct ProviderTable {
    service: ServiceKey,
    token: u64,
    version: u64,
    rows: Vec<ProviderRow>,
    groups: Vec<ProviderGroup>,
    method_weights: bool,
    weights_epoch: AtomicU32,
}

impl ProviderTable {
    /// A table of `rows`. `token` names the reference within the process and is never 0; `version` is unique within the process and
    /// grows.
    #[must_use]
    pub fn new(service: ServiceKey, token: u64, version: u64, rows: Vec<ProviderRow>) -> Self {
        let method_weights = rows.iter().any(|row| row.url.has_method_key(keys::WEIGHT));
        let groups = if is_any_or_several(service.group()) {
            groups::of(service.group(), &rows)
        } else {
            Vec::new()
        };
        Self {
            service,
            token,
            version,
            rows,
            groups,
            method_weights,
            weights_epoch: AtomicU32::new(0),
        }
    }

    /// Interface, group and version of the reference.
    #[must_use]
    pub fn service(&self) -> &ServiceKey {
        &self.service
    }

    /// Names the reference within the process, over all its tables; 0 only for the empty table before the first list.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.token
    }

    /// Whether some provider weighs this service's methods differently.
    #[must_use]
    pub fn has_method_weights(&self) -> bool {
        self.method_weights
    }

    /// Changes when any weight of the table changed.
    #[must_use]
    pub fn weights_epoch(&self) -> u32 {
        self.weights_epoch.load(Ordering::Acquire)
    }

    /// Says that weights were stored; after [`ProviderRow::refresh_weights`] and [`ProviderRow::set_weight`].
    pub fn weights_changed(&self) {
        self.weights_epoch.fetch_add(1, Ordering::Release);
    }

    /// Which table this is.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The rows; a candidate is an index into them.
    #[must_use]
    pub fn rows(&self) -> &[ProviderRow] {
        &self.rows
    }

    /// The groups of the providers, for a reference to any or several; empty for a reference to one, whatever that is.
    #[must_use]
    pub fn groups(&self) -> &[ProviderGroup] {
        &self.groups
    }

    /// The rows of the group `name` among [`ProviderTable::groups`].
    #[must_use]
    pub fn of_group(&self, name: &str) -> Option<&[usize]> {
        let mut groups = self.groups.iter();
        let group = groups.find(|group| group.name() == name)?;
        Some(group.rows())
    }

    /// Reads the counters of `method` row by row. The name is looked up once, since the rows of a directory's table share their names.
    #[must_use]
    pub fn statistics_of<'a>(&'a self, method: &'a str) -> MethodColumn<'a> {
        let names = self.rows.first().map(|row| row.statistics.names());
        MethodColumn {
            rows: &self.rows,
            method,
            shared: names.map(|names| (names, names.number(method))),
        }
    }
}

/// One method's counters over all rows of a table.
#[derive(Debug)]
pub struct MethodColumn<'a> {
    rows: &'a [ProviderRow],
    method: &'a str,
    shared: Option<(&'a Arc<MethodNames>, Option<MethodNumber>)>,
}

impl<'a> MethodColumn<'a> {
    /// The counters of row `index`; `None` outside the table.
    #[must_use]
    pub fn row(&self, index: usize) -> Option<&'a CallStatistics> {
        let statistics = &self.rows.get(index)?.statistics;
        Some(match self.shared {
            Some((names, number)) if Arc::ptr_eq(names, statistics.names()) => {
                statistics.numbered(number)
            }
            _ => statistics.method(self.method),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_methods_counters_are_read_row_by_row() {
        let names = Arc::new(MethodNames::default());
        let shared = || Arc::new(EndpointStatistics::new(names.clone()));
        let rows = [shared(), shared(), Arc::default()].map(|statistics| {
            drop(statistics.begin("other"));
            drop(statistics.begin("asked"));
            ProviderRow::new(Url::default(), statistics)
        });
        drop(rows[1].statistics.begin("asked"));
        let table = ProviderTable::new(ServiceKey::default(), 1, 1, rows.into());
        let totals = |method: &str| -> Vec<Option<u64>> {
            let column = table.statistics_of(method);
            (0..4)
                .map(|row| column.row(row).map(CallStatistics::total))
                .collect()
        };
        assert_eq!(totals("asked"), [Some(1), Some(2), Some(1), None]);
        assert_eq!(totals("never"), [Some(0), Some(0), Some(0), None]);
    }
}
