//! The part of a list that a call keeps to.

use wubbo_core::{Candidates, ProviderList};

/// What one of several registries announces, what is of one of several groups, both, or all of it. Over lists that change it means the
/// same, as rows would not.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scope<'a> {
    /// The registry's place among those of the list.
    pub(crate) registry: Option<usize>,
    /// The group's name.
    pub(crate) group: Option<&'a str>,
}

impl Scope<'_> {
    /// The rows of `list` that are within.
    pub(crate) fn rows(&self, list: &ProviderList) -> Candidates {
        let mut rows = Candidates::all(list.table.rows().len());
        let registry = self.registry.map(|place| {
            let registry = list.registries.get(place);
            registry.map(|registry| &registry.rows)
        });
        let group = self.group.map(|name| list.table.of_group(name));
        for part in [registry, group].into_iter().flatten() {
            // One that left the list since it was chosen has nobody.
            rows.intersect(part.map_or(&[], Candidates::words));
        }
        rows
    }

    /// Whether somebody within is available.
    pub(crate) fn is_available(&self, list: &ProviderList) -> bool {
        let rows = self.rows(list);
        let mut invokers = rows.iter().filter_map(|row| list.invokers.get(row));
        invokers.any(|invoker| invoker.is_available())
    }
}
