//! The texts by which operators steer routers and configurators while traffic runs.

mod keys;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use keys::{RuleKey, registered_route_key, registered_rule_key, rule_keys, tag_rule_key};

/// Whom a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleScope {
    /// One service.
    Service,
    /// One application.
    Application,
}

/// One rule as a config center holds it. The text is the operator's and may be anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Whom it is about.
    pub scope: RuleScope,
    /// The config center's key, e.g. `com.foo.Bar:1.0.0:.condition-router`.
    pub key: Arc<str>,
    /// Its group, `dubbo` by default.
    pub group: Arc<str>,
    /// The text, never empty: a rule that does not exist is not in the set.
    pub text: Arc<str>,
}

/// Every rule that this process follows, of one moment. Immutable; a change makes a new set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleSet {
    version: u64,
    rules: BTreeMap<(Arc<str>, Arc<str>), Rule>,
}

impl RuleSet {
    /// A set of `rules`; `version` grows with each change and is the version of every rule that changed with it.
    #[must_use]
    pub fn new(version: u64, rules: impl IntoIterator<Item = Rule>) -> Self {
        let entry = |rule: Rule| ((rule.group.clone(), rule.key.clone()), rule);
        Self {
            version,
            rules: rules.into_iter().map(entry).collect(),
        }
    }

    /// Which state of the rules this is; 0: there never were any.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The rule under `key` in `group`.
    #[must_use]
    pub fn get(&self, group: &str, key: &str) -> Option<&Rule> {
        self.rules.get(&(Arc::from(group), Arc::from(key)))
    }

    /// The rules, by group and key.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}
