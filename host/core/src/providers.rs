//! The providers of one service as a table that never changes, and the set of its rows still in play.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{EndpointStatistics, ServiceKey, Url, keys};

/// One provider, without its connection.
#[derive(Debug)]
pub struct ProviderRow {
    /// The provider's URL merged with the reference's (spec/10 section 1.10).
    pub url: Url,
    /// Live counters, kept over changes of the table as long as the provider stays.
    pub statistics: Arc<EndpointStatistics>,
    weight: AtomicU32,
}

impl ProviderRow {
    /// A row with the static weight of `url`.
    #[must_use]
    pub fn new(url: Url, statistics: Arc<EndpointStatistics>) -> Self {
        // 0 has a meaning here: a provider that is to get nothing.
        let weight = url.get_parsed(keys::WEIGHT).ok().flatten();
        let weight = weight.unwrap_or(keys::DEFAULT_WEIGHT);
        Self {
            url,
            statistics,
            weight: AtomicU32::new(weight),
        }
    }

    /// The weight now, warm-up included; the host refreshes it.
    #[must_use]
    pub fn weight(&self) -> u32 {
        self.weight.load(Ordering::Relaxed)
    }

    /// Stores a weight computed by the host.
    pub fn set_weight(&self, weight: u32) {
        self.weight.store(weight, Ordering::Relaxed);
    }
}

/// What routers and balancers see of a directory: rows by index. A new list is a new table with a new version.
#[derive(Debug, Default)]
pub struct ProviderTable {
    service: ServiceKey,
    token: u64,
    version: u64,
    rows: Vec<ProviderRow>,
    method_weights: bool,
    weights_epoch: AtomicU32,
}

impl ProviderTable {
    /// A table of `rows`. `token` names the reference within the process and is never 0; `version` is unique within the process and
    /// grows.
    #[must_use]
    pub fn new(service: ServiceKey, token: u64, version: u64, rows: Vec<ProviderRow>) -> Self {
        let method_weights = rows.iter().any(|row| row.url.has_method_key(keys::WEIGHT));
        Self {
            service,
            token,
            version,
            rows,
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

    /// Says that weights were stored; after [`ProviderRow::set_weight`].
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
}

/// Indices of a [`ProviderTable`] that are still in play, in ascending order, as a bitmap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    words: Vec<u64>,
    len: usize,
}

impl Candidates {
    /// Every row of a table of `len` rows.
    #[must_use]
    pub fn all(len: usize) -> Self {
        let mut words = vec![u64::MAX; len.div_ceil(64)];
        let spare = words.len() * 64 - len;
        if let Some(last) = words.last_mut() {
            *last >>= spare;
        }
        Self { words, len }
    }

    /// How many candidates are left.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Whether row `index` is one of them.
    #[must_use]
    pub fn contains(&self, index: usize) -> bool {
        index < self.len
            && self
                .words
                .get(index / 64)
                .is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Takes row `index` out; one outside the table changes nothing.
    pub fn remove(&mut self, index: usize) {
        if let Some(word) = self.words.get_mut(index / 64) {
            *word &= !(1 << (index % 64));
        }
    }

    /// The indices, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(place, &word)| {
            std::iter::successors((word != 0).then_some(word), |left| {
                let next = left & (left - 1);
                (next != 0).then_some(next)
            })
            .map(move |left| place * 64 + left.trailing_zeros() as usize)
        })
    }

    /// The `nth` candidate, counted from 0.
    #[must_use]
    pub fn nth(&self, mut nth: usize) -> Option<usize> {
        for (place, &word) in self.words.iter().enumerate() {
            let ones = word.count_ones() as usize;
            if nth < ones {
                let mut left = word;
                for _ in 0..nth {
                    left &= left - 1;
                }
                return Some(place * 64 + left.trailing_zeros() as usize);
            }
            nth -= ones;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_count_and_walk_in_order() {
        for len in [0, 1, 63, 64, 65, 130] {
            let mut candidates = Candidates::all(len);
            assert_eq!(candidates.count(), len);
            assert_eq!(
                candidates.iter().collect::<Vec<_>>(),
                (0..len).collect::<Vec<_>>()
            );
            candidates.remove(0);
            candidates.remove(64);
            candidates.remove(1000);
            let left: Vec<usize> = (0..len).filter(|index| ![0, 64].contains(index)).collect();
            assert_eq!(candidates.iter().collect::<Vec<_>>(), left);
            for (nth, index) in left.iter().enumerate() {
                assert_eq!(candidates.nth(nth), Some(*index));
                assert!(candidates.contains(*index));
            }
            assert_eq!(candidates.nth(left.len()), None);
            assert!(!candidates.contains(len));
        }
    }
}
