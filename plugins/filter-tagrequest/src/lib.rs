//! Consumer filter `tagrequest`: sets and removes attachments by service and method pattern.
//!
//! Its first use is `dubbo.tag`: it runs before the routers, so they see the tag. Rules are applied in order.

use serde::Deserialize;
use std::collections::BTreeMap;
use wubbo_plugin_sdk::{Error, Filter, Flow, Request, Result, wubbo_plugin};

mod glob;

/// The configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Rules in the order in which they are applied; a later one wins. Default: none.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// One rule: what a call must be, and what its attachments become.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Pattern of interface names. Default `*`.
    #[serde(default = "any")]
    pub service: String,
    /// Pattern of method names. Default `*`.
    #[serde(default = "any")]
    pub method: String,
    /// Attachments to set.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Attachments to remove, before the ones to set.
    #[serde(default)]
    pub remove: Vec<String>,
    /// Leave attachments alone that the caller has set. Default false.
    #[serde(default)]
    pub keep_existing: bool,
}

fn any() -> String {
    "*".to_owned()
}

/// The policy; it keeps its rules.
#[derive(Debug)]
pub struct TagRequest {
    rules: Vec<Rule>,
}

#[wubbo_plugin(
    kind = filter,
    name = "tagrequest",
    side = consumer,
    stage = call,
    order = -5000,
    fail = open,
    reads(field("service"), field("method")),
    description = "sets attachments by service and method pattern"
)]
impl Filter for TagRequest {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        for (number, rule) in config.rules.iter().enumerate() {
            check(rule).map_err(|what| Error::new(format!("rules[{number}]: {what}")))?;
        }
        Ok(Self {
            rules: config.rules,
        })
    }

    fn on_request(&mut self, request: &mut Request<'_>) -> Result<Flow> {
        let (service, method) = (request.service()?, request.method()?);
        let matches = |rule: &&Rule| {
            glob::matches(&rule.service, &service) && glob::matches(&rule.method, &method)
        };
        for rule in self.rules.iter().filter(matches) {
            for key in &rule.remove {
                request.remove_attachment(key)?;
            }
            for (key, value) in &rule.set {
                if !rule.keep_existing || request.attachment(key)?.is_none() {
                    request.set_attachment(key, value)?;
                }
            }
        }
        Ok(Flow::Continue)
    }

    fn schema() -> &'static str {
        r#"{"type":"object","additionalProperties":false,"properties":{"rules":{"type":"array","items":{
"type":"object","additionalProperties":false,"properties":{
"service":{"type":"string","default":"*"},"method":{"type":"string","default":"*"},
"set":{"type":"object","additionalProperties":{"type":"string"}},
"remove":{"type":"array","items":{"type":"string"}},
"keep_existing":{"type":"boolean","default":false}}}}}}"#
    }
}

/// What can be known of a rule before any call: nothing to do, or a key or value that no call could take.
fn check(rule: &Rule) -> std::result::Result<(), &'static str> {
    use wubbo_plugin_sdk::abi::limits::{KEY_MAX, VALUE_MAX};
    let mut keys = rule.set.keys().chain(&rule.remove);
    if rule.service.is_empty() || rule.method.is_empty() {
        return Err("an empty pattern matches nothing; use * for all");
    }
    if rule.set.is_empty() && rule.remove.is_empty() {
        return Err("neither set nor remove is given");
    }
    if keys.any(|key| key.is_empty() || key.len() > KEY_MAX) {
        return Err("an attachment's key has 1 to 256 bytes");
    }
    if rule.set.values().any(|value| value.len() > VALUE_MAX) {
        return Err("an attachment's value has at most 64 KiB");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
