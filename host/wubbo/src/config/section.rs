//! One mapping of the configuration tree: typed reads that note what is wrong and which keys were asked for.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};
use wubbo_core::Url;

use super::problems::Problems;
use super::{Chosen, size, yaml};

/// A mapping, or an absent one, which reads as empty.
pub(super) struct Section<'a> {
    path: String,
    map: Option<&'a Map<String, Value>>,
    asked: RefCell<BTreeSet<String>>,
    base: &'a Path,
    problems: &'a Problems,
}

impl<'a> Section<'a> {
    pub(super) fn root(tree: &'a Value, base: &'a Path, problems: &'a Problems) -> Self {
        let section = Self {
            path: String::new(),
            map: tree.as_object(),
            asked: RefCell::default(),
            base,
            problems,
        };
        if section.map.is_none() && !tree.is_null() {
            problems.add("file".into(), Some(tree), "a mapping of keys to values");
        }
        section
    }

    /// Runs `read` on this section and then refuses the keys that nobody asked for.
    pub(super) fn finish<T>(&self, read: impl FnOnce(&Self) -> T) -> T {
        let value = read(self);
        self.refuse_unknown();
        value
    }

    pub(super) fn refuse_unknown(&self) {
        let asked = self.asked.borrow();
        for key in self
            .map
            .into_iter()
            .flat_map(Map::keys)
            .filter(|key| !asked.contains(*key))
        {
            let known: Vec<&str> = asked.iter().map(String::as_str).collect();
            self.problems.add(
                self.key(key),
                None,
                format!("no such key; known here: {}", known.join(", ")),
            );
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(super) fn missing(&self, key: &str, expected: &str) {
        self.problems.add(self.key(key), None, expected);
    }

    pub(super) fn section(&self, key: &str) -> Section<'a> {
        let value = self.get(key);
        let map = value.and_then(Value::as_object);
        if map.is_none() && value.is_some_and(|value| !value.is_null()) {
            self.problems
                .add(self.key(key), value, "a mapping of keys to values");
        }
        Section {
            path: self.key(key),
            map,
            asked: RefCell::default(),
            base: self.base,
            problems: self.problems,
        }
    }

    /// The sections under `key` by their names, in the file's order.
    pub(super) fn sections(&self, key: &str) -> Vec<(String, Section<'a>)> {
        let parent = self.section(key);
        parent
            .map
            .into_iter()
            .flat_map(Map::keys)
            .map(|name| (name.clone(), parent.section(name)))
            .collect()
    }

    /// The trees under `key`, unread.
    pub(super) fn trees(&self, key: &str) -> BTreeMap<String, Value> {
        let parent = self.section(key);
        parent
            .map
            .into_iter()
            .flatten()
            .map(|(name, tree)| (name.clone(), tree.clone()))
            .collect()
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        let text = self.read(key, "text", |value| value.as_str().map(str::to_owned))?;
        self.resolved(key, &text).filter(|text| !text.is_empty())
    }

    /// A list of texts; a single text is a list of one.
    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        let texts = self.read(key, "a list of texts", |value| match value {
            Value::String(text) => Some(vec![text.clone()]),
            Value::Array(items) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect(),
            _ => None,
        });
        texts
            .into_iter()
            .flatten()
            .filter_map(|text| self.resolved(key, &text))
            .collect()
    }

    pub(super) fn switch(&self, key: &str) -> Option<bool> {
        self.read(key, "on or off", |value| match value {
            Value::Bool(switch) => Some(*switch),
            Value::String(text) if text == "on" => Some(true),
            Value::String(text) if text == "off" => Some(false),
            _ => None,
        })
    }

    pub(super) fn number(&self, key: &str, range: RangeInclusive<usize>) -> Option<usize> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        self.read(key, &expected, |value| {
            let number = usize::try_from(value.as_u64()?).ok()?;
            range.contains(&number).then_some(number)
        })
    }

    pub(super) fn duration(&self, key: &str) -> Option<Duration> {
        self.read(
            key,
            "a duration with its unit, such as 500ms, 3s or 2m",
            |value| size::duration(value.as_str()?),
        )
    }

    pub(super) fn duration_up_to(&self, key: &str, most: Duration) -> Option<Duration> {
        let expected = format!("a duration with its unit, from 0us to {most:?}");
        self.read(key, &expected, |value| {
            size::duration(value.as_str()?).filter(|duration| *duration <= most)
        })
    }

    pub(super) fn size(&self, key: &str) -> Option<usize> {
        self.read(key, "a size with its unit, such as 64MiB", |value| {
            size::bytes(value.as_str()?)
        })
    }

    pub(super) fn one_of(&self, key: &str, known: &[&str]) -> Option<String> {
        let expected = format!("one of {}", known.join(", "));
        self.read(key, &expected, |value| {
            value
                .as_str()
                .filter(|text| known.contains(text))
                .map(str::to_owned)
        })
    }

    /// Names of registries, as a list or with commas between them; none named: all. Without `known` they are known later.
    pub(super) fn registry_names(
        &self,
        key: &str,
        known: Option<&BTreeMap<String, String>>,
    ) -> Chosen {
        let texts = self.texts(key);
        let names = texts.iter().flat_map(|text| text.split(','));
        let names: Vec<&str> = names
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect();
        if let Some(known) = known {
            if names.is_empty() && known.is_empty() {
                self.missing(key, "a registry; the section registries names none");
            } else if names.iter().any(|name| !known.contains_key(*name)) {
                let known: Vec<&str> = known.keys().map(String::as_str).collect();
                let expected = format!("names of registries ({})", known.join(", "));
                self.problems.add(self.key(key), self.get(key), expected);
            }
        }
        if names.is_empty() {
            return Chosen::All;
        }
        Chosen::Named(names.into_iter().map(str::to_owned).collect())
    }

    pub(super) fn registry_address(&self, key: &str, text: &str) -> Option<String> {
        let checked = wubbo_registry::check(text);
        if let Err(error) = &checked {
            self.problems.add(
                self.key(key),
                self.get(key),
                format!("a registry's address: {error}"),
            );
        }
        checked.is_ok().then(|| text.to_owned())
    }

    pub(super) fn config_address(&self, key: &str, text: &str) {
        if let Err(error) = wubbo_registry::check_config(text) {
            self.problems.add(
                self.key(key),
                self.get(key),
                format!("a config center's address: {error}"),
            );
        }
    }

    pub(super) fn dubbo_address(&self, key: &str, text: &str, expected: &str) -> Option<Url> {
        let url = Url::parse(text)
            .ok()
            .filter(|url| url.protocol() == "dubbo" && url.port().is_some());
        if url.is_none() {
            self.problems.add(self.key(key), self.get(key), expected);
        }
        url
    }

    pub(super) fn check_id(&self, key: &str, id: &str) -> bool {
        let right = id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !right {
            self.problems
                .add(self.key(key), self.get(key), "8 hexadecimal digits");
        }
        right
    }

    fn resolved(&self, key: &str, text: &str) -> Option<String> {
        let resolved = yaml::resolve(text, self.base);
        if let Err(expected) = &resolved {
            self.problems
                .add(self.key(key), self.get(key), expected.as_str());
        }
        resolved.ok()
    }

    fn read<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.get(key)?;
        if value.is_null() {
            return None;
        }
        let typed = read(value);
        if typed.is_none() {
            self.problems.add(self.key(key), Some(value), expected);
        }
        typed
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.map?.get(key)
    }

    fn key(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}
