//! One override: whom it is for, and what it sets.

use crate::condition::Match;
use std::collections::BTreeMap;
use std::sync::Arc;
use wubbo_plugin_sdk::abi::limits::{KEY_MAX, VALUE_MAX};
use wubbo_plugin_sdk::{Addresses, ConfiguredUrl, Result};

/// Parameters that say what an override is, whom it is for or where it comes from; they are never set on a URL.
const NEVER_SET: &[&str] = &[
    "anyhost",
    "application",
    "category",
    "check",
    "compatible_config",
    "configVersion",
    "dynamic",
    "enabled",
    "group",
    "interfaces",
    "priority",
    "providerAddresses",
    "runtime",
    "side",
    "version",
];

/// Whose URLs an override is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Provider,
    Consumer,
}

/// Why a parameter that does not fit is refused.
pub(crate) const TOO_LONG: &str = "a parameter's key has at most 256 bytes and its value 64 KiB";

/// What all addresses of an override share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Item {
    /// Written for Dubbo 2.7 or later: the side is asked first, and must be given.
    pub(crate) since_2_7: bool,
    pub(crate) side: Option<Side>,
    /// Empty: all. In Dubbo's form `[group/]interface[:version]`.
    pub(crate) services: Vec<String>,
    /// Empty: all.
    pub(crate) applications: Vec<String>,
    /// Empty: all.
    pub(crate) providers: Addresses,
    /// Parameters that the URL must have.
    pub(crate) conditions: Vec<(String, String)>,
    pub(crate) matches: Option<Match>,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) priority: i64,
}

/// An override for one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Override {
    pub(crate) host: String,
    /// 0: any.
    pub(crate) port: u16,
    pub(crate) item: Arc<Item>,
}

/// A URL with what the overrides so far have set.
#[derive(Debug)]
pub(crate) struct Target<'u, 'a> {
    pub(crate) url: &'u ConfiguredUrl<'a>,
    pub(crate) side: Side,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) service: String,
    /// The address of this machine, by which rules name consumers; `None`: unknown.
    pub(crate) consumer: Option<String>,
    pub(crate) set: BTreeMap<String, String>,
}

impl Target<'_, '_> {
    pub(crate) fn parameter(&self, key: &str) -> Result<String> {
        match self.set.get(key) {
            Some(value) => Ok(value.clone()),
            None => Ok(self.url.parameter(key)?.unwrap_or_default().into_owned()),
        }
    }
}

/// Whether a host takes a parameter of that length.
pub(crate) fn fits(key: &str, value: &str) -> bool {
    key.len() <= KEY_MAX && value.len() <= VALUE_MAX
}

/// Whether a parameter may be set by an override.
pub(crate) fn may_be_set(key: &str) -> bool {
    !key.is_empty() && !key.starts_with('~') && !NEVER_SET.contains(&key)
}

impl Override {
    /// Sets what it sets, if the URL is one that it is for.
    pub(crate) fn apply(&self, target: &mut Target<'_, '_>) -> Result<()> {
        let Some(host) = self.host_of(target) else {
            return Ok(());
        };
        let item = &self.item;
        let is_here = self.host == "0.0.0.0" || self.host == host;
        let is_listed = item.services.is_empty() || item.services.contains(&target.service);
        if !is_here || !is_listed || !item.is_for_provider(target) || !item.is_for_caller(target)? {
            return Ok(());
        }
        if let Some(matches) = &item.matches
            && !matches.hold(&host, target)?
        {
            return Ok(());
        }
        for (key, value) in &item.parameters {
            target.set.insert(key.clone(), value.clone());
        }
        Ok(())
    }

    /// The host that the override's must be; `None`: it is for another side or port.
    fn host_of(&self, target: &Target<'_, '_>) -> Option<String> {
        let same_port = self.port == target.port;
        let consumer = || Some(target.consumer.clone().unwrap_or_default());
        match (target.side, self.item.since_2_7) {
            (side, true) if self.item.side != Some(side) => None,
            (Side::Consumer, true) if self.port == 0 => consumer(),
            (Side::Consumer, true) => None,
            // A port of 0 is any port.
            (Side::Provider, true) => (same_port || self.port == 0).then(|| target.host.clone()),
            (side, false) if self.item.side.is_some_and(|wanted| wanted != side) => None,
            (_, false) if self.port != 0 => same_port.then(|| target.host.clone()),
            (Side::Consumer, false) => consumer(),
            (Side::Provider, false) => Some("0.0.0.0".to_owned()),
        }
    }
}

impl Item {
    fn is_for_provider(&self, target: &Target<'_, '_>) -> bool {
        self.providers.is_empty()
            || self
                .providers
                .contain(&target.host, &target.port.to_string())
    }

    fn is_for_caller(&self, target: &Target<'_, '_>) -> Result<bool> {
        if !self.applications.is_empty() {
            let application = target.parameter("application")?;
            if !self.applications.contains(&application) {
                return Ok(false);
            }
        }
        for (key, value) in &self.conditions {
            if target.parameter(key)? != *value {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
