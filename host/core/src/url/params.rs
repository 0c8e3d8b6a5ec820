//! The parameters: a multi-map kept as one vector sorted by key, so that printing needs no sort, a read needs no map
//! and a method-level read (`methods.<m>.<k>`) compares piecewise instead of building its key.

use std::{cmp::Ordering, sync::Arc};

type Param = (Arc<str>, Arc<str>);

/// Up to here keys are compared one by one: the lengths, which lie in the vector itself, settle nearly all of them, where a search
/// by order has to fetch every key that it meets.
const SCAN_MAX: usize = 64;

/// Sorted by key; values of one key stay in the order written.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Params(Vec<Param>);

impl Params {
    /// From pairs in any order.
    pub(super) fn from_pairs(mut pairs: Vec<Param>) -> Self {
        pairs.sort_by(|(left, _), (right, _)| left.cmp(right));
        Self(pairs)
    }

    pub(super) fn first(&self, key: &str) -> Option<&str> {
        self.first_shared(key).map(|value| &**value)
    }

    /// The first value itself, to be shared.
    pub(super) fn first_shared(&self, key: &str) -> Option<&Arc<str>> {
        self.first_by(|stored| stored == key, |stored| stored.cmp(key))
    }

    /// The first value of the key that the pieces make when joined.
    pub(super) fn first_joined(&self, pieces: &[&str]) -> Option<&str> {
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        self.first_by(
            |stored| stored.len() == length && compare(stored, pieces) == Ordering::Equal,
            |stored| compare(stored, pieces),
        )
        .map(|value| &**value)
    }

    /// `is` tells whether a stored key is the one wanted, `order` where it stands relative to it.
    fn first_by(
        &self,
        is: impl Fn(&str) -> bool,
        order: impl Fn(&str) -> Ordering,
    ) -> Option<&Arc<str>> {
        let found = if self.0.len() <= SCAN_MAX {
            self.0.iter().find(|(stored, _)| is(stored))
        } else {
            let before = |(stored, _): &Param| order(stored) == Ordering::Less;
            let at = self.0.partition_point(before);
            self.0.get(at).filter(|(stored, _)| is(stored))
        };
        found.map(|(_, value)| value)
    }

    pub(super) fn values<'params>(
        &'params self,
        key: &str,
    ) -> impl Iterator<Item = &'params str> + use<'params> {
        let (start, end) = self.range(key);
        self.0
            .get(start..end)
            .unwrap_or_default()
            .iter()
            .map(|(_, value)| &**value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }

    pub(super) fn iter_first(&self) -> impl Iterator<Item = (&str, &str)> {
        self.firsts().map(|(key, value)| (&**key, &**value))
    }

    /// Every key once with its first value, to be shared.
    pub(super) fn firsts(&self) -> impl Iterator<Item = &Param> {
        self.0
            .chunk_by(|(left, _), (right, _)| left == right)
            .filter_map(<[Param]>::first)
    }

    /// Replaces every value of the key.
    pub(super) fn set(&mut self, key: Arc<str>, value: Arc<str>) {
        let (start, end) = self.range(&key);
        self.0.splice(start..end, [(key, value)]);
    }

    /// Adds a value behind those that the key has.
    pub(super) fn append(&mut self, key: Arc<str>, value: Arc<str>) {
        let (_, end) = self.range(&key);
        self.0.insert(end, (key, value));
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&str, &str) -> bool) {
        self.0.retain(|(key, value)| keep(key, value));
    }

    /// Where the key's values are, or where they would be; start <= end <= length.
    fn range(&self, key: &str) -> (usize, usize) {
        let start = self.0.partition_point(|(stored, _)| &**stored < key);
        let end = self.0.partition_point(|(stored, _)| &**stored <= key);
        (start, end)
    }
}

/// Orders a stored key against the text that the pieces make when joined.
fn compare(stored: &str, pieces: &[&str]) -> Ordering {
    let mut rest = stored.as_bytes();
    for piece in pieces {
        let (head, tail) = rest.split_at(rest.len().min(piece.len()));
        // A head shorter than its piece compares as less or differs within, so the order is settled here.
        match head.cmp(piece.as_bytes()) {
            Ordering::Equal => rest = tail,
            settled => return settled,
        }
    }
    if rest.is_empty() {
        Ordering::Equal
    } else {
        Ordering::Greater
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_parameters_are_found_alike() {
        for count in [0, 1, SCAN_MAX, SCAN_MAX + 1, 3 * SCAN_MAX] {
            let pair = |number: usize| {
                let key = format!("methods.m{}.k", number / 2);
                (Arc::from(key), Arc::from(number.to_string()))
            };
            let params = Params::from_pairs((0..count).map(pair).collect());
            for number in 0..count {
                let (key, _) = pair(number);
                let first = (number / 2 * 2).to_string();
                let method = format!("m{}", number / 2);
                let joined = params.first_joined(&["methods.", &method, ".", "k"]);
                assert_eq!(params.first(&key), Some(&*first), "{key} of {count}");
                assert_eq!(joined, Some(&*first), "{key} of {count}");
            }
            for absent in ["", "methods.m0", "methods.m0.k2", "zzz"] {
                assert_eq!(params.first(absent), None, "{absent} of {count}");
            }
            assert_eq!(params.first_joined(&["methods.", "m0", ".", "j"]), None);
        }
    }
}
