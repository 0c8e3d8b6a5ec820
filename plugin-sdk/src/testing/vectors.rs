//! Test cases as data, so that one file serves the linked and the wasm form of a policy.

use super::{Call, ConfiguratorBench, RouterBench};
use crate::error::{Error, Result};
use crate::native::Factory;
use crate::rule::Scope;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A file of cases: `{"spec": .., "plugin": "router/tag", "cases": [..]}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vectors<C> {
    /// Where the rows come from.
    pub spec: String,
    /// Kind and name of the policy.
    pub plugin: String,
    /// The cases.
    pub cases: Vec<C>,
}

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

/// One call over a list of providers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouterCase {
    /// The row's id in the spec, or what it is about.
    pub id: String,
    /// Configuration; `{}` if absent.
    #[serde(default = "empty")]
    pub config: Value,
    /// `consumer://host/interface?key=value&..`, nothing escaped.
    pub consumer: String,
    /// The method called.
    pub method: String,
    /// Attachments of the call.
    #[serde(default)]
    pub attachments: BTreeMap<String, String>,
    /// Arguments of the call.
    #[serde(default)]
    pub arguments: Vec<Value>,
    /// URLs of the providers.
    pub providers: Vec<String>,
    /// Rules, set one after another.
    #[serde(default)]
    pub rules: Vec<RuleCase>,
    /// The rows that are left.
    pub expect: Vec<usize>,
}

/// One URL.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfiguratorCase {
    /// The row's id in the spec, or what it is about.
    pub id: String,
    /// Configuration; `{}` if absent.
    #[serde(default = "empty")]
    pub config: Value,
    /// Whether this process exports the URL; else it is a provider's as a consumer sees it.
    #[serde(default)]
    pub export: bool,
    /// The URL.
    pub url: String,
    /// Rules, set one after another.
    #[serde(default)]
    pub rules: Vec<RuleCase>,
    /// The URL afterwards.
    pub expect: String,
}

impl<'t, C: Deserialize<'t>> Vectors<C> {
    /// Reads a file.
    ///
    /// # Errors
    /// It has another form; with the place.
    pub fn read(text: &'t str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| Error::new(format!("vectors: {error}")))
    }
}

impl RouterCase {
    /// The call.
    ///
    /// # Errors
    /// `consumer` is no URL.
    pub fn call(&self) -> Result<Call> {
        let place = self.consumer.split_once("://").map(|(_, rest)| rest);
        let bad = || Error::new(format!("{}: `{}` is no URL", self.id, self.consumer));
        let (place, query) = place
            .ok_or_else(bad)?
            .split_once('?')
            .unwrap_or((place.ok_or_else(bad)?, ""));
        let (address, interface) = place.split_once('/').ok_or_else(bad)?;
        let host = address.split(':').next().unwrap_or_default();
        let mut call = Call::new(interface, &self.method)
            .on_consumer()
            .field("host", host);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(bad)?;
            call = call.parameter(key, value);
        }
        for (key, value) in &self.attachments {
            call = call.attachment(key, value);
        }
        Ok(self
            .arguments
            .iter()
            .fold(call, |call, argument| call.argument(argument.clone())))
    }

    /// Runs the case on a linked policy, on both instances of a bench.
    ///
    /// # Errors
    /// What is not as the case says.
    pub fn check(&self, factory: Factory) -> Result<()> {
        let mut bench = RouterBench::new(factory, &self.config.to_string())?;
        bench.providers(&self.providers)?;
        for rule in &self.rules {
            let scope = rule.scope();
            rule.check(match &rule.text {
                Some(text) => bench.rule(scope, &rule.key, &rule.group, text),
                None => bench.remove_rule(scope, &rule.key, &rule.group),
            })?;
        }
        let call = self.call()?;
        for _ in 0..2 {
            expect(&self.expect, &bench.route(&call)?)?;
        }
        Ok(())
    }
}

impl ConfiguratorCase {
    /// As [`RouterCase::check`].
    ///
    /// # Errors
    /// What is not as the case says.
    pub fn check(&self, factory: Factory) -> Result<()> {
        let mut bench = ConfiguratorBench::new(factory, &self.config.to_string())?;
        for rule in &self.rules {
            let scope = rule.scope();
            rule.check(match &rule.text {
                Some(text) => bench.rule(scope, &rule.key, &rule.group, text),
                None => bench.remove_rule(scope, &rule.key, &rule.group),
            })?;
        }
        for _ in 0..2 {
            let found = if self.export {
                bench.configure_export(&self.url)
            } else {
                bench.configure(&self.url)
            };
            expect(&self.expect, &found?)?;
        }
        Ok(())
    }
}

impl RuleCase {
    /// Whose rule it is.
    #[must_use]
    pub fn scope(&self) -> Scope {
        if self.of_application {
            Scope::Application
        } else {
            Scope::Service
        }
    }

    /// Compares what came of setting the rule with what the case says.
    ///
    /// # Errors
    /// They differ.
    pub fn check(&self, set: Result<()>) -> Result<()> {
        match (&self.error, set) {
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

/// Runs cases; what is wrong with each that fails.
pub fn failures<'c, C: 'c>(
    cases: impl IntoIterator<Item = &'c C>,
    id: impl Fn(&C) -> &str,
    check: impl Fn(&C) -> Result<()>,
) -> Vec<String> {
    let failed = cases.into_iter().filter_map(|case| {
        let error = check(case).err()?;
        Some(format!("{}: {error}", id(case)))
    });
    failed.collect()
}

fn expect<T: PartialEq + std::fmt::Debug>(expected: &T, found: &T) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    Err(Error::new(format!(
        "expected {expected:?}, found {found:?}"
    )))
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

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}
