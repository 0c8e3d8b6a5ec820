//! Cases of routers.

use super::rule::{RuleCase, accept, misplace};
use super::{Case, empty, expect};
use crate::error::{Error, Result};
use crate::testing::{Call, Form};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

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

impl RouterCase {
    fn call(&self) -> Result<Call> {
        let place = self.consumer.split_once("://").map(|(_, rest)| rest);
        let bad = || Error::new(format!("`{}` is no URL", self.consumer));
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
}

impl Case for RouterCase {
    const SPOILS: &'static [fn(&mut Self) -> bool] = &[
        |case| {
            case.expect.push(case.providers.len());
            true
        },
        |case| accept(&mut case.rules),
        |case| misplace(&mut case.rules),
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn check(&self, form: &dyn Form) -> Result<()> {
        let mut router = form.router(&self.config.to_string())?;
        router.providers(&self.providers)?;
        for rule in &self.rules {
            rule.follow(|scope, key, group, text| router.rule(scope, key, group, text))?;
        }
        let call = self.call()?;
        // Twice: instances take turns.
        for _ in 0..2 {
            expect("rows", &self.expect, &router.route(&call)?)?;
        }
        Ok(())
    }
}
