//! What is kept for a list of providers: for each condition, the rows that its consequence leaves.

use crate::expression::Pair;
use crate::pattern::Part;
use crate::rule::{Destination, Rule, Target};
use crate::source::{Cells, Source};
use std::collections::BTreeMap;
use std::sync::Arc;
use wubbo_plugin_sdk::{Providers, Result, Routing, Space, service_key};

/// The rules that are about a service, each with its rows.
#[derive(Debug, Default)]
pub struct Table {
    /// `/<interface>`.
    pub(crate) path: String,
    pub(crate) rules: Vec<Applied>,
}

/// A rule of the router, by its place there.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) rule: usize,
    /// The rule is the consumer's application's: a call of another application passes.
    pub(crate) of_consumer: bool,
    /// Per condition and destination.
    pub(crate) sets: Vec<Vec<Set>>,
}

/// The rows of a destination.
#[derive(Debug)]
pub(crate) struct Set {
    rows: Vec<u64>,
    referring: Option<Referring>,
}

/// A destination that depends on the consumer: its rows are those for the values that were seen last.
#[derive(Debug)]
struct Referring {
    names: Vec<(String, Source)>,
    values: Vec<String>,
    pairs: Vec<(Pair, Arc<Cells>)>,
}

/// Reads each column once.
struct Reader<'p> {
    providers: &'p Providers<'p>,
    path: &'p str,
    read: BTreeMap<String, Arc<Cells>>,
}

impl Table {
    pub(crate) fn new(providers: &Providers<'_>, rules: &[Rule]) -> Result<Self> {
        let service = service_key(&providers.service());
        let interface = service.split_once('/').map_or(&*service, |(_, rest)| rest);
        let interface = interface.split(':').next().unwrap_or_default();
        let path = format!("/{interface}");
        let mut reader = Reader {
            providers,
            path: &path,
            read: BTreeMap::new(),
        };
        let mut applied = Vec::new();
        for (place, rule) in rules.iter().enumerate() {
            let of_consumer = match &rule.target {
                Target::Service(of) if *of != service => continue,
                Target::Service(_) => false,
                Target::Application(name) => !reader.is_of(name)?,
            };
            let sets = rule.conditions.iter().map(|condition| {
                let sets = condition
                    .to
                    .iter()
                    .map(|destination| reader.set(destination));
                sets.collect::<Result<Vec<_>>>()
            });
            applied.push(Applied {
                rule: place,
                of_consumer,
                sets: sets.collect::<Result<_>>()?,
            });
        }
        Ok(Self {
            path,
            rules: applied,
        })
    }
}

impl Reader<'_> {
    /// Are these the providers of an application: the first one that says so speaks for all.
    fn is_of(&self, application: &str) -> Result<bool> {
        for key in ["remote.application", "application"] {
            let column = self.providers.column(Space::Url, key)?;
            if column.words() > 0 {
                return Ok(column.text(0) == application);
            }
        }
        Ok(false)
    }

    fn set(&mut self, destination: &Destination) -> Result<Set> {
        let mut pairs = Vec::new();
        for pair in &destination.pairs {
            let cells = match self.read.get(&pair.key) {
                Some(cells) => Arc::clone(cells),
                None => {
                    let cells = Arc::new(Cells::read(self.providers, &pair.key, self.path)?);
                    self.read.insert(pair.key.clone(), Arc::clone(&cells));
                    cells
                }
            };
            pairs.push((pair.clone(), cells));
        }
        let count = self.providers.len();
        let mut names: Vec<&str> = destination
            .pairs
            .iter()
            .flat_map(Pair::references)
            .collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return Ok(Set {
                rows: rows(count, pairs.iter().map(|(pair, cells)| (pair, &**cells))),
                referring: None,
            });
        }
        let source = |name: &str| (name.to_owned(), Source::of_reference(name));
        Ok(Set {
            rows: vec![0; count.div_ceil(64)],
            referring: Some(Referring {
                names: names.into_iter().map(source).collect(),
                values: Vec::new(),
                pairs,
            }),
        })
    }
}

impl Set {
    /// The rows for a call.
    pub(crate) fn rows(&mut self, call: &Routing<'_>, path: &str, count: usize) -> Result<&[u64]> {
        if let Some(referring) = &mut self.referring
            && let Some(pairs) = referring.changed(call, path)?
        {
            let cells = referring.pairs.iter().map(|(_, cells)| &**cells);
            self.rows = rows(count, pairs.iter().zip(cells));
        }
        Ok(&self.rows)
    }
}

impl Referring {
    /// The pairs with the consumer's values in them, if these are not those of the last call.
    fn changed(&mut self, call: &Routing<'_>, path: &str) -> Result<Option<Vec<Pair>>> {
        let mut same = self.values.len() == self.names.len();
        for (place, (_, source)) in self.names.iter().enumerate() {
            let value = source.read(call, path)?.unwrap_or_default();
            same = same && self.values.get(place).is_some_and(|known| *known == value);
        }
        if same {
            return Ok(None);
        }
        let read = |(_, source): &(String, Source)| -> Result<String> {
            Ok(source.read(call, path)?.unwrap_or_default().into_owned())
        };
        self.values = self.names.iter().map(read).collect::<Result<_>>()?;
        let value = |name: &str| {
            let place = self.names.iter().position(|(known, _)| known == name);
            place
                .and_then(|place| self.values.get(place))
                .cloned()
                .unwrap_or_default()
        };
        let resolve = |(pair, _): &(Pair, Arc<Cells>)| Pair {
            key: pair.key.clone(),
            matches: pair.matches.resolved(&value),
            mismatches: pair.mismatches.resolved(&value),
        };
        Ok(Some(self.pairs.iter().map(resolve).collect()))
    }
}

/// The rows for which every pair holds. Each different text is looked at once.
fn rows<'p>(count: usize, pairs: impl Iterator<Item = (&'p Pair, &'p Cells)>) -> Vec<u64> {
    let mut rows = vec![u64::MAX; count.div_ceil(64)];
    if let Some(last) = rows.last_mut().filter(|_| !count.is_multiple_of(64)) {
        *last = (1 << (count % 64)) - 1;
    }
    for (pair, cells) in pairs {
        let absent = std::iter::once(pair.holds(None, Part::Then));
        let words = cells
            .words
            .iter()
            .map(|text| pair.holds(Some(text), Part::Then));
        let holds: Vec<bool> = absent.chain(words).collect();
        for (row, word) in cells.rows.iter().enumerate() {
            let place = usize::try_from(*word).unwrap_or(usize::MAX);
            if let Some(rows) = rows
                .get_mut(row / 64)
                .filter(|_| holds.get(place) != Some(&true))
            {
                *rows &= !(1 << (row % 64));
            }
        }
    }
    rows
}
