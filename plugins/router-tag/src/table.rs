//! What is kept for a list of providers: the rows of each tag.

use crate::rule::{Rule, Tag};
use std::collections::BTreeMap;
use wubbo_plugin_sdk::{Column, Providers, Result, Space};

/// The providers by tag.
#[derive(Debug, Default)]
pub struct Table {
    /// By the parameter `dubbo.tag`.
    pub(crate) tagged: BTreeMap<String, Rows>,
    pub(crate) untagged: Rows,
    /// Whether a rule is about these providers; it gives the next three.
    pub(crate) ruled: bool,
    pub(crate) force: bool,
    pub(crate) dynamic: BTreeMap<String, Rows>,
    /// Without any tag, of either sort.
    pub(crate) plain: Rows,
}

/// A set of rows in at most 8 bytes a row, however many sets there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rows {
    Bits(Vec<u64>),
    Few(Vec<usize>),
}

impl Default for Rows {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Rows {
    fn new(rows: Vec<usize>, count: usize) -> Self {
        let words = count.div_ceil(64);
        if rows.len() < words {
            return Self::Few(rows);
        }
        let mut bits = vec![0_u64; words];
        for row in rows {
            if let Some(word) = bits.get_mut(row / 64) {
                *word |= 1 << (row % 64);
            }
        }
        Self::Bits(bits)
    }

    /// As words; few rows are written into `space`.
    pub(crate) fn words<'r>(&'r self, space: &'r mut Vec<u64>, count: usize) -> &'r [u64] {
        match self {
            Self::Bits(words) => words,
            Self::Few(rows) => {
                space.clear();
                space.resize(count.div_ceil(64), 0);
                for row in rows {
                    if let Some(word) = space.get_mut(row / 64) {
                        *word |= 1 << (row % 64);
                    }
                }
                space
            }
        }
    }
}

impl Table {
    pub(crate) fn new(providers: &Providers<'_>, rules: &[Rule]) -> Result<Self> {
        let count = providers.len();
        let tags = providers.column(Space::Url, "dubbo.tag")?;
        let mut table = Self::default();
        let mut tagged: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for row in 0..count {
            tagged
                .entry(tags.get(row).unwrap_or_default())
                .or_default()
                .push(row);
        }
        let untagged = tagged.remove("").unwrap_or_default();
        if let Some(rule) = rule_of(providers, rules)? {
            let in_rule = table.apply(rule, providers)?;
            let plain = untagged.iter().copied();
            table.plain = Rows::new(
                plain
                    .filter(|row| in_rule.get(*row) != Some(&true))
                    .collect(),
                count,
            );
        } else {
            table.plain = Rows::new(untagged.clone(), count);
        }
        table.untagged = Rows::new(untagged, count);
        table.tagged = tagged
            .into_iter()
            .map(|(tag, rows)| (tag.to_owned(), Rows::new(rows, count)))
            .collect();
        Ok(table)
    }

    /// Gives the tags of a rule; which rows got one.
    fn apply(&mut self, rule: &Rule, providers: &Providers<'_>) -> Result<Vec<bool>> {
        let count = providers.len();
        self.ruled = true;
        self.force = rule.force;
        let hosts = providers.column(Space::Field, "host")?;
        let ports = providers.column(Space::Field, "port")?;
        let mut in_rule = vec![false; count];
        for tag in &rule.tags {
            let rows = match tag.addresses.is_empty() {
                true => by_parameters(tag, providers)?,
                false => (0..count)
                    .filter(|row| {
                        tag.addresses
                            .contain(text(&hosts, *row), text(&ports, *row))
                    })
                    .collect(),
            };
            // A tag of addresses is there though all its providers are gone; one of parameters is not.
            if rows.is_empty() && tag.addresses.is_empty() {
                continue;
            }
            rows.iter()
                .filter_map(|row| in_rule.get_mut(*row).map(|inside| *inside = true))
                .for_each(drop);
            self.dynamic
                .insert(tag.name.clone(), Rows::new(rows, count));
        }
        Ok(in_rule)
    }
}

fn text<'c>(column: &'c Column<'_>, row: usize) -> &'c str {
    column.get(row).unwrap_or_default()
}

fn by_parameters(tag: &Tag, providers: &Providers<'_>) -> Result<Vec<usize>> {
    if tag.params.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows: Vec<usize> = (0..providers.len()).collect();
    for param in &tag.params {
        let column = providers.column(Space::Url, param.key.as_str())?;
        rows.retain(|row| param.holds(column.get(*row)));
    }
    Ok(rows)
}

/// The rule of the application that these providers are: the first one that says so speaks for all.
fn rule_of<'r>(providers: &Providers<'_>, rules: &'r [Rule]) -> Result<Option<&'r Rule>> {
    for key in ["remote.application", "application"] {
        let column = providers.column(Space::Url, key)?;
        if column.words() > 0 {
            let is_of = |rule: &&Rule| rule.enabled && rule.application == column.text(0);
            return Ok(rules.iter().find(is_of));
        }
    }
    Ok(None)
}
