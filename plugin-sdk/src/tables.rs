//! What a policy keeps per list of providers: the last two lists of each service, for calls over the older one still
//! run when the newer one is given out. One piece for both forms.

use crate::error::{Error, Result};
use std::cmp::Ordering;

/// Tables by service and version. A handful of services to a few hundred: a sorted list, searched by halves.
#[derive(Debug)]
pub(crate) struct Tables<T> {
    services: Vec<Service<T>>,
}

#[derive(Debug)]
struct Service<T> {
    token: u64,
    newest: Kept<T>,
    before: Option<Kept<T>>,
}

#[derive(Debug)]
struct Kept<T> {
    version: u64,
    table: T,
}

impl<T> Tables<T> {
    pub(crate) const fn new() -> Self {
        Self {
            services: Vec::new(),
        }
    }

    fn place(&self, token: u64) -> std::result::Result<usize, usize> {
        self.services
            .binary_search_by_key(&token, |service| service.token)
    }

    /// The table of the list before this one, if it is kept.
    pub(crate) fn before(&self, token: u64, version: u64) -> Option<&T> {
        let service = self.services.get(self.place(token).ok()?)?;
        let kept = [Some(&service.newest), service.before.as_ref()];
        let older = kept
            .into_iter()
            .flatten()
            .find(|kept| kept.version < version);
        older.map(|kept| &kept.table)
    }

    /// The table of a call.
    ///
    /// # Errors
    /// This instance has no such table, or no more.
    #[inline]
    pub(crate) fn find(&mut self, token: u64, version: u64) -> Result<&mut T> {
        let place = self.place(token).ok();
        let service = place.and_then(|place| self.services.get_mut(place));
        let kept = match service {
            Some(service) if service.newest.version == version => Some(&mut service.newest),
            Some(service) => service.before.as_mut(),
            None => None,
        };
        kept.filter(|kept| kept.version == version)
            .map(|kept| &mut kept.table)
            .ok_or(Error::new(
                "this instance was not given the providers that the call is about",
            ))
    }

    /// Keeps a table; the oldest of a service goes. The same version again replaces what was kept for it, and one that
    /// comes late, behind a newer one, becomes the previous one.
    pub(crate) fn put(&mut self, token: u64, version: u64, table: T) {
        let kept = Kept { version, table };
        let place = match self.place(token) {
            Ok(place) => place,
            Err(place) => {
                let service = Service {
                    token,
                    newest: kept,
                    before: None,
                };
                return self.services.insert(place, service);
            }
        };
        let Some(service) = self.services.get_mut(place) else {
            return;
        };
        match version.cmp(&service.newest.version) {
            Ordering::Less => service.before = Some(kept),
            Ordering::Equal => service.newest = kept,
            Ordering::Greater => {
                service.before = Some(std::mem::replace(&mut service.newest, kept))
            }
        }
    }

    /// Forgets a service; the answer is its newest table.
    pub(crate) fn drop_service(&mut self, token: u64) -> Option<T> {
        let place = self.place(token).ok()?;
        Some(self.services.remove(place).newest.table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_over_the_list_before_still_find_their_table() {
        let mut tables = Tables::new();
        tables.put(7, 1, "one");
        tables.put(7, 2, "two");
        assert_eq!(tables.find(7, 1).copied(), Ok("one"));
        assert_eq!(tables.find(7, 2).copied(), Ok("two"));
        tables.put(7, 3, "three");
        assert!(tables.find(7, 1).is_err(), "only the last two are kept");
        assert_eq!(tables.find(7, 2).copied(), Ok("two"));
    }

    #[test]
    fn a_list_that_comes_late_is_the_previous_one() {
        let mut tables = Tables::new();
        tables.put(7, 2, "two");
        tables.put(7, 1, "one");
        assert_eq!(tables.find(7, 1).copied(), Ok("one"));
        tables.put(7, 3, "three");
        assert_eq!(
            tables.find(7, 2).copied(),
            Ok("two"),
            "not the late one stays"
        );
        assert!(tables.find(7, 1).is_err());
    }

    #[test]
    fn the_list_before_is_older() {
        let mut tables = Tables::new();
        assert_eq!(tables.before(7, 1), None::<&&str>);
        tables.put(7, 4, "four");
        assert_eq!(tables.before(7, 5), Some(&"four"));
        assert_eq!((tables.before(7, 4), tables.before(7, 3)), (None, None));
        tables.put(7, 5, "five");
        assert_eq!(tables.before(7, 6), Some(&"five"));
        assert_eq!(tables.before(7, 5), Some(&"four"));
        assert_eq!(tables.before(8, 6), None);
    }

    #[test]
    fn the_same_version_again_replaces_its_table() {
        let mut tables = Tables::new();
        tables.put(7, 1, "one");
        tables.put(7, 2, "two");
        tables.put(7, 2, "again");
        assert_eq!(tables.find(7, 1).copied(), Ok("one"));
        assert_eq!(tables.find(7, 2).copied(), Ok("again"));
    }

    #[test]
    fn what_was_never_given_is_an_error_that_says_so() {
        let mut tables: Tables<u8> = Tables::new();
        let error = tables.find(1, 1).unwrap_err();
        assert!(error.to_string().contains("was not given"), "{error}");
        tables.put(1, 5, 0);
        assert!(tables.find(1, 4).is_err() && tables.find(2, 5).is_err());
    }

    #[test]
    fn services_are_apart_and_dropped_alone() {
        let mut tables = Tables::new();
        for token in [5, 1, 9, 3] {
            tables.put(token, 1, token * 10);
        }
        tables.put(9, 2, 91);
        assert_eq!(tables.find(9, 1).copied(), Ok(90));
        assert_eq!(tables.drop_service(9), Some(91));
        assert_eq!(tables.drop_service(9), None);
        assert!(tables.find(9, 1).is_err() && tables.find(9, 2).is_err());
        assert_eq!(tables.before(9, 9), None);
        for token in [1, 3, 5] {
            assert_eq!(tables.find(token, 1).copied(), Ok(token * 10));
        }
    }
}
