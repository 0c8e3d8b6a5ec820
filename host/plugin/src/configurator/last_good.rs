//! What a configurator last did to each URL, for when it fails: its last good configuration stays. Over all editions, and from one
//! generation to the next.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use wubbo_core::{ConfigureSide, Url};

/// URLs that are remembered without being asked for, times two; those that nobody configures any more leave in time.
const HALF_MAX: usize = 4096;

/// Parameters that are set, and those that go.
pub(super) type Changes = Vec<(String, Option<String>)>;

/// The last good answers of one configurator.
#[derive(Default)]
pub(crate) struct LastGood(Mutex<Halves>);

#[derive(Default)]
struct Halves {
    young: HashMap<String, Arc<Changes>>,
    old: HashMap<String, Arc<Changes>>,
}

impl LastGood {
    /// Notes a good answer; one that changes nothing is one too.
    pub(super) fn note(&self, url: &Url, side: ConfigureSide, changes: Changes) {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        halves.note(key(url, side), Arc::new(changes));
    }

    /// The last good answer for this provider of this service; `None` when there was none.
    pub(super) fn of(&self, url: &Url, side: ConfigureSide) -> Option<Arc<Changes>> {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(url, side);
        let halves = &mut *halves;
        let found = halves.young.get(&key).or_else(|| halves.old.get(&key));
        let found = found.cloned()?;
        halves.note(key, Arc::clone(&found));
        Some(found)
    }
}

impl Halves {
    fn note(&mut self, key: String, changes: Arc<Changes>) {
        self.old.remove(&key);
        if self.young.len() >= HALF_MAX && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, changes);
    }
}

/// Who offers what to whom; parameters come and go.
fn key(url: &Url, side: ConfigureSide) -> String {
    let (protocol, service) = (url.protocol(), url.service_key());
    format!("{side:?} {protocol}://{} {service}", url.address(0))
}

/// `url` with `changes`.
pub(super) fn apply(url: &Url, changes: &Changes) -> Url {
    let changed = changes
        .iter()
        .fold(url.to_builder(), |url, (key, value)| match value {
            Some(value) => url.param(key.as_str(), value.as_str()),
            None => url.without_param(key),
        });
    changed.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(port: usize) -> Url {
        Url::parse(&format!(
            "dubbo://10.0.0.{}:{port}/a.B?weight=1",
            port % 200
        ))
        .unwrap()
    }

    fn timeout(value: &str) -> Changes {
        vec![("timeout".to_owned(), Some(value.to_owned()))]
    }

    #[test]
    fn each_provider_service_and_side_has_its_own() {
        let good = LastGood::default();
        good.note(&url(1), ConfigureSide::Consumer, timeout("1"));
        let of = |url: &Url, side| good.of(url, side).map(|changes| (*changes).clone());
        let other = url(1).with_param("weight", "7");
        assert_eq!(of(&other, ConfigureSide::Consumer), Some(timeout("1")));
        let version = url(1).with_param("version", "2.0.0");
        assert_eq!(of(&version, ConfigureSide::Consumer), None);
        assert_eq!(of(&url(1), ConfigureSide::Provider), None);
        assert_eq!(of(&url(2), ConfigureSide::Consumer), None);
        good.note(&url(1), ConfigureSide::Consumer, Vec::new());
        assert_eq!(of(&url(1), ConfigureSide::Consumer), Some(Vec::new()));
    }

    #[test]
    fn those_that_nobody_asks_for_leave() {
        let good = LastGood::default();
        let used = url(60_000);
        good.note(&used, ConfigureSide::Consumer, timeout("0"));
        for port in 1..=3 * HALF_MAX {
            good.note(&url(port), ConfigureSide::Consumer, timeout("9"));
            assert!(good.of(&used, ConfigureSide::Consumer).is_some());
        }
        assert!(good.of(&url(1), ConfigureSide::Consumer).is_none());
        let newest = good.of(&url(3 * HALF_MAX), ConfigureSide::Consumer);
        assert!(newest.is_some());
        let halves = good.0.lock().unwrap();
        assert!(halves.young.len() <= HALF_MAX && halves.old.len() <= HALF_MAX);
    }

    #[test]
    fn changes_set_and_remove() {
        let changes = vec![
            ("timeout".to_owned(), Some("5".to_owned())),
            ("weight".to_owned(), None),
        ];
        let changed = apply(&url(1), &changes);
        assert_eq!(
            (changed.get("timeout"), changed.get("weight")),
            (Some("5"), None)
        );
    }
}
