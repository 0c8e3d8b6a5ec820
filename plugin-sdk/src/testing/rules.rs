//! The rules of a bench: each change goes to new instances, as the host does it.

use crate::error::Result;
use crate::native::RuleText;
use crate::rule::Scope;

#[derive(Debug, Clone)]
pub(super) struct KeptRule {
    scope: Scope,
    key: String,
    group: String,
    text: Option<String>,
    version: u64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Rules(Vec<KeptRule>);

impl Rules {
    /// These rules with one set, or deleted when `text` is `None`; a deleted one is still told, so that policies see it.
    pub(super) fn with(&self, scope: Scope, key: &str, group: &str, text: Option<&str>) -> Self {
        let mut list = self.0.clone();
        let version = list.iter().map(|rule| rule.version).max().unwrap_or(0) + 1;
        list.retain(|rule| (rule.scope, &*rule.key, &*rule.group) != (scope, key, group));
        list.push(KeptRule {
            scope,
            key: key.to_owned(),
            group: group.to_owned(),
            text: text.map(str::to_owned),
            version,
        });
        Self(list)
    }

    /// Tells all of them.
    ///
    /// # Errors
    /// The first that is refused, with its place.
    pub(super) fn tell(&self, mut each: impl FnMut(RuleText<'_>) -> Result<()>) -> Result<()> {
        self.0.iter().try_for_each(|rule| {
            each(RuleText {
                of_application: rule.scope == Scope::Application,
                version: rule.version,
                key: &rule.key,
                group: &rule.group,
                text: rule.text.as_deref(),
            })
        })
    }
}
