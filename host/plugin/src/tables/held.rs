//! The tables that one instance was given: of each service the last two, since calls over the previous one may still run.

use std::sync::Arc;

use super::KnownTable;

/// Sorted by token; found in a few steps, without a lock or a count of references.
#[derive(Default)]
pub(crate) struct HeldTables(Vec<Service>);

struct Service {
    token: u64,
    /// The newest first.
    tables: [Option<Arc<KnownTable>>; 2],
}

/// Where a table was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place(usize, usize);

impl HeldTables {
    /// Where the table of this version is.
    #[inline]
    pub(crate) fn find(&self, token: u64, version: u64) -> Option<Place> {
        let service = self.service(token).ok()?;
        let tables = &self.0.get(service)?.tables;
        let is = |table: &Option<Arc<KnownTable>>| {
            table
                .as_ref()
                .is_some_and(|table| table.version() == version)
        };
        tables
            .iter()
            .position(is)
            .map(|place| Place(service, place))
    }

    /// What is at a place.
    #[cfg(feature = "wasm")]
    pub(crate) fn get(&self, place: Place) -> Option<&Arc<KnownTable>> {
        self.0.get(place.0)?.tables.get(place.1)?.as_ref()
    }

    pub(crate) fn has(&self, known: &KnownTable) -> bool {
        self.find(known.token(), known.version()).is_some()
    }

    /// Keeps a table that the instance has taken; the oldest of its service goes.
    pub(crate) fn keep(&mut self, known: Arc<KnownTable>) {
        if self.has(&known) {
            return;
        }
        let token = known.token();
        let at = match self.service(token) {
            Ok(at) => at,
            Err(at) => {
                let tables = [None, None];
                self.0.insert(at, Service { token, tables });
                at
            }
        };
        if let Some(Service { tables, .. }) = self.0.get_mut(at) {
            let newest = tables.first_mut().and_then(Option::take);
            let newer = newest
                .as_ref()
                .is_some_and(|newest| newest.version() > known.version());
            // One that comes late, behind a newer one, is the previous one.
            *tables = if newer {
                [newest, Some(known)]
            } else {
                [Some(known), newest]
            };
        }
    }

    /// Forgets a service; whether there was one.
    pub(crate) fn forget(&mut self, token: u64) -> bool {
        match self.service(token) {
            Ok(at) => {
                self.0.remove(at);
                true
            }
            Err(_) => false,
        }
    }

    /// How many tables it has.
    pub(crate) fn count(&self) -> usize {
        self.0
            .iter()
            .map(|service| service.tables.iter().flatten().count())
            .sum()
    }

    /// The services of which it has a table.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|service| service.token)
    }

    fn service(&self, token: u64) -> Result<usize, usize> {
        self.0.binary_search_by_key(&token, |service| service.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wubbo_core::{ProviderTable, ServiceKey};

    fn table(token: u64, version: u64) -> Arc<KnownTable> {
        let key = ServiceKey::new("a.B", "", "");
        KnownTable::new(&Arc::new(ProviderTable::new(
            key,
            token,
            version,
            Vec::new(),
        )))
        .unwrap()
    }

    #[test]
    fn the_last_two_of_each_service_are_found() {
        let mut held = HeldTables::default();
        for (token, version) in [(9, 1), (4, 2), (9, 3), (9, 5), (4, 2)] {
            held.keep(table(token, version));
        }
        let found = |held: &HeldTables, token, version| held.find(token, version).is_some();
        assert!(found(&held, 9, 5) && found(&held, 9, 3) && found(&held, 4, 2));
        assert!(!found(&held, 9, 1) && !found(&held, 4, 3) && !found(&held, 5, 2));
        assert_eq!(held.tokens().collect::<Vec<_>>(), [4, 9]);
        assert!(held.forget(9) && !held.forget(9));
        assert!(!found(&held, 9, 5) && found(&held, 4, 2));
    }

    #[test]
    fn a_table_that_comes_late_is_the_previous_one() {
        let mut held = HeldTables::default();
        held.keep(table(1, 8));
        held.keep(table(1, 7));
        held.keep(table(1, 9));
        assert!(held.find(1, 9).is_some() && held.find(1, 8).is_some());
        assert!(held.find(1, 7).is_none());
    }
}
