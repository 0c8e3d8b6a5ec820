//! The rules of the host, and what of them the instances of one plugin follow.
//!
//! A rule that a plugin refuses leaves the last good text of the same key in use for that plugin; the others of the set apply.

mod accepted;
mod change;

use std::sync::Arc;

use wubbo_core::{RuleScope, RuleSet};

pub(crate) use accepted::Accepted;
pub(crate) use change::{Rules, set};

/// One rule with the version at which it became what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostRule {
    pub(crate) scope: RuleScope,
    pub(crate) key: Arc<str>,
    pub(crate) group: Arc<str>,
    pub(crate) text: Arc<str>,
    pub(crate) version: u64,
}

/// The rule of a key in rules that are sorted by group and key.
fn find<'r>(rules: &'r [HostRule], key: &str, group: &str) -> Option<&'r HostRule> {
    let place = rules.binary_search_by(|rule| (&*rule.group, &*rule.key).cmp(&(group, key)));
    rules.get(place.ok()?)
}

/// Every rule of one moment, by group and key.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct HostRules {
    pub(crate) version: u64,
    pub(crate) rules: Vec<HostRule>,
}

impl HostRules {
    /// The rules of `set`; one that did not change keeps its version.
    pub(crate) fn after(&self, set: &RuleSet) -> Self {
        let rules = set.iter().map(|rule| {
            let before = find(&self.rules, &rule.key, &rule.group)
                .filter(|before| before.text == rule.text && before.scope == rule.scope);
            HostRule {
                scope: rule.scope,
                key: Arc::clone(&rule.key),
                group: Arc::clone(&rule.group),
                text: Arc::clone(&rule.text),
                version: before.map_or(set.version(), |before| before.version),
            }
        });
        Self {
            version: set.version(),
            rules: rules.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wubbo_core::Rule;

    fn rule(key: &str, text: &str) -> Rule {
        Rule {
            scope: RuleScope::Service,
            key: key.into(),
            group: "dubbo".into(),
            text: text.into(),
        }
    }

    #[test]
    fn a_rule_that_did_not_change_keeps_its_version() {
        let first = HostRules::default().after(&RuleSet::new(3, [rule("a", "1"), rule("b", "1")]));
        let second = first.after(&RuleSet::new(
            4,
            [rule("a", "1"), rule("b", "2"), rule("c", "1")],
        ));
        let versions: Vec<_> = second
            .rules
            .iter()
            .map(|rule| (&*rule.key, rule.version))
            .collect();
        assert_eq!(versions, [("a", 3), ("b", 4), ("c", 4)]);
        assert_eq!(second.version, 4);
    }
}
