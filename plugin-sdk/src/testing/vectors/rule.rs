//! Rules of a case.

use crate::error::{Error, Result};
use crate::rule::Scope;
use serde::Deserialize;

/// A rule that is set before the case's calls or URLs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleCase {
    /// Whether `scope` is `application`; else it is `service`.
    #[serde(rename = "scope", deserialize_with = "is_application")]
    pub of_application: bool,
    /// Key in the config center.
    pub key: String,
    /// Its group; `dubbo` if absent.
    #[serde(default = "dubbo")]
    pub group: String,
    /// The text; `null`: the rule is deleted.
    pub text: Option<String>,
    /// How it is refused, if it is.
    #[serde(default)]
    pub error: Option<Refusal>,
}

/// Why and where a rule is refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// A part of the message.
    pub message: String,
    /// Counted from 1.
    pub line: u32,
    /// Counted from 1.
    pub column: u32,
}

impl RuleCase {
    /// Sets it with `set` and compares what came of it with what the case says.
    ///
    /// # Errors
    /// They differ.
    pub fn follow(
        &self,
        set: impl FnOnce(Scope, &str, &str, Option<&str>) -> Result<()>,
    ) -> Result<()> {
        let scope = match self.of_application {
            true => Scope::Application,
            false => Scope::Service,
        };
        let done = set(scope, &self.key, &self.group, self.text.as_deref());
        match (&self.error, done) {
            (None, Ok(())) => Ok(()),
            (None, Err(error)) => Err(Error::new(format!(
                "rule {}: {error} at {:?}",
                self.key,
                error.place()
            ))),
            (Some(refusal), Ok(())) => Err(Error::new(format!(
                "rule {} is not refused with: {}",
                self.key, refusal.message
            ))),
            (Some(refusal), Err(error)) => {
                let found = (error.to_string(), error.place());
                if found.0.contains(&refusal.message) && found.1 == (refusal.line, refusal.column) {
                    return Ok(());
                }
                Err(Error::new(format!(
                    "rule {} is refused with {found:?} and not {refusal:?}",
                    self.key
                )))
            }
        }
    }
}

/// Spoils the expected refusal of the first rule that has one: no refusal is expected.
pub(super) fn accept(rules: &mut [RuleCase]) -> bool {
    let refused = rules.iter_mut().find_map(|rule| rule.error.take());
    refused.is_some()
}

/// Spoils the place of the first refusal.
pub(super) fn misplace(rules: &mut [RuleCase]) -> bool {
    let refusal = rules.iter_mut().find_map(|rule| rule.error.as_mut());
    refusal.map(|refusal| refusal.column += 1).is_some()
}

fn is_application<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> std::result::Result<bool, D::Error> {
    match String::deserialize(from)?.as_str() {
        "application" => Ok(true),
        "service" => Ok(false),
        other => Err(serde::de::Error::custom(format!("unknown scope {other}"))),
    }
}

fn dubbo() -> String {
    "dubbo".to_owned()
}
