//! Providers by the group that they announce, as a reference to several groups (`group=a,b`, `group=*`) sees them.

use super::{Candidates, ProviderRow};
use crate::keys;

/// The rows of one group. Providers that announce none are a group as well, whose name is empty.
#[derive(Clone, Debug)]
pub struct ProviderGroup {
    name: String,
    rows: Candidates,
}

impl ProviderGroup {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rows of its providers.
    #[must_use]
    pub fn rows(&self) -> &Candidates {
        &self.rows
    }
}

/// The groups of `rows`: in the order in which `asked` names them, those that it does not name after them in their names' order.
pub(super) fn of(asked: &str, rows: &[ProviderRow]) -> Vec<ProviderGroup> {
    let group_of = |row: &ProviderRow| row.url.get_or(keys::GROUP, "").to_owned();
    let mut names: Vec<String> = rows.iter().map(group_of).collect();
    let place = |name: &str| asked.split(',').position(|asked| asked.trim() == name);
    names.sort_by_cached_key(|name| (place(name).unwrap_or(usize::MAX), name.clone()));
    names.dedup();
    let one = |name: String| {
        let mut members = Candidates::all(rows.len());
        for (index, row) in rows.iter().enumerate() {
            if row.url.get_or(keys::GROUP, "") != name {
                members.remove(index);
            }
        }
        ProviderGroup {
            name,
            rows: members,
        }
    };
    names.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{ProviderTable, ServiceKey, Url};

    #[test]
    fn groups_come_in_the_order_in_which_they_are_asked_for() {
        // what is asked for; the groups that providers announce, one after the other; what comes of it
        let cases: [(&str, &[&str], &str); 6] = [
            ("b,a", &["a", "b", "a"], "b[1] a[0, 2]"),
            (" b , a", &["a", "b"], "b[1] a[0]"),
            ("b,a,c", &["c"], "c[0]"),
            ("*", &["b", "", "a", "b"], "[1] a[2] b[0, 3]"),
            ("*", &[], ""),
            ("a", &["a", "b"], ""),
        ];
        for (asked, announced, wanted) in cases {
            let row = |group: &&str| {
                let url = Url::parse("dubbo://h:1/a.B").unwrap();
                ProviderRow::new(url.with_param(keys::GROUP, *group), Arc::default())
            };
            let rows = announced.iter().map(row).collect();
            let table = ProviderTable::new(ServiceKey::new("a.B", asked, ""), 1, 1, rows);
            let of_one = |group: &ProviderGroup| {
                let rows: Vec<usize> = group.rows().iter().collect();
                format!("{}{rows:?}", group.name())
            };
            let groups: Vec<String> = table.groups().iter().map(of_one).collect();
            assert_eq!(groups.join(" "), wanted, "{asked}: {announced:?}");
        }
    }
}
