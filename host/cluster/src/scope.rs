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
        let len = list.table.rows().len();
        // A group or registry that left the list since it was chosen has nobody.
        let mut rows = match self.group {
            None => Candidates::all(len),
            Some(name) => {
                let rows = list.table.of_group(name).unwrap_or_default();
                Candidates::of(len, rows.iter().copied())
            }
        };
        if let Some(place) = self.registry {
            let registry = list.registries.get(place);
            rows.intersect(registry.map_or(&[], |registry| registry.rows.words()));
        }
        rows
    }
}
