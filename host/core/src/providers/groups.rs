//! Providers by the group that they announce, as a reference to several groups (`group=a,b`, `group=*`) sees them.

use std::collections::BTreeMap;

use super::ProviderRow;
use crate::keys;

/// The rows of one group. Providers that announce none are a group as well, whose name is empty.
#[derive(Clone, Debug)]
pub struct ProviderGroup {
    name: String,
    /// Not as a bitmap: with a group for each provider these would grow with the square of the list.
    rows: Vec<usize>,
}

impl ProviderGroup {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rows of its providers, ascending.
    #[must_use]
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }
}

/// The groups of `rows`: in the order in which `asked` names them, those that it does not name after them in their names' order.
pub(super) fn of(asked: &str, rows: &[ProviderRow]) -> Vec<ProviderGroup> {
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        let group = row.url.get_or(keys::GROUP, "");
        members.entry(group).or_default().push(index);
    }
    let one = |(name, rows): (&str, Vec<usize>)| ProviderGroup {
        name: name.to_owned(),
        rows,
    };
    let mut groups: Vec<ProviderGroup> = members.into_iter().map(one).collect();
    let place = |name: &str| asked.split(',').position(|asked| asked.trim() == name);
    // A stable order: those that are not named stay in their names' order.
    groups.sort_by_cached_key(|group| place(&group.name).unwrap_or(usize::MAX));
    groups
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
            let of_one = |group: &ProviderGroup| format!("{}{:?}", group.name(), group.rows());
            let groups: Vec<String> = table.groups().iter().map(of_one).collect();
            assert_eq!(groups.join(" "), wanted, "{asked}: {announced:?}");
        }
    }

    #[test]
    fn a_list_may_have_thousands_of_groups() {
        const ROWS: usize = 20_000;
        let url = Url::parse("dubbo://h:1/a.B").unwrap();
        let row = |index: usize| {
            let url = url.clone().with_param(keys::GROUP, format!("g{index:05}"));
            ProviderRow::new(url, Arc::default())
        };
        let rows = (0..ROWS).map(row).collect();
        let table = ProviderTable::new(ServiceKey::new("a.B", "*", ""), 1, 1, rows);
        assert_eq!(table.groups().len(), ROWS);
        let mut rows = table.groups().iter().map(|group| group.rows().to_vec());
        assert!((0..ROWS).all(|index| rows.next() == Some(vec![index])));
    }
}
