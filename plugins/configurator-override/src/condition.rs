//! The key `match` of rules of version 3.0: more about the URLs that an override is for.

use crate::item::{TOO_LONG, Target, fits};
use wubbo_plugin_sdk::{Addresses, Result, yaml::Node};

/// All that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Match {
    address: Option<Addresses>,
    provider_address: Option<Addresses>,
    services: Option<Vec<Test>>,
    applications: Option<Vec<Test>>,
    parameters: Vec<(String, Test)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Exact(String),
    Prefix(String),
    Any,
    Empty,
    NotEmpty,
}

impl Test {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::Exact(text) => value == text,
            Self::Prefix(text) => value.starts_with(text.as_str()),
            Self::Any => true,
            Self::Empty => value.is_empty(),
            Self::NotEmpty => !value.is_empty(),
        }
    }

    fn read(node: &Node) -> Result<Self> {
        let [(kind, text)] = node.entries()? else {
            return Err(node.error("expected one of exact, prefix, wildcard, empty, noempty"));
        };
        let text = text.text()?.to_owned();
        match kind.as_str() {
            "exact" => Ok(Self::Exact(text)),
            "prefix" => Ok(Self::Prefix(text)),
            "wildcard" => match text.strip_suffix('*') {
                Some("") => Ok(Self::Any),
                Some(begin) if !begin.contains('*') => Ok(Self::Prefix(begin.to_owned())),
                None if !text.contains('*') => Ok(Self::Exact(text)),
                _ => Err(node.error("the * of a wildcard is its end")),
            },
            "empty" => Ok(Self::Empty),
            "noempty" => Ok(Self::NotEmpty),
            _ => {
                let message =
                    format!("{kind} is not one of exact, prefix, wildcard, empty, noempty");
                Err(node.error(message))
            }
        }
    }
}

impl Match {
    pub(crate) fn read(node: &Node) -> Result<Self> {
        let mut found = Self::default();
        for (key, value) in node.entries()? {
            match key.as_str() {
                "address" => found.address = Some(address(value)?),
                "providerAddress" => found.provider_address = Some(address(value)?),
                "service" => found.services = Some(one_of(value)?),
                "app" | "application" => found.applications = Some(one_of(value)?),
                "param" => {
                    found.parameters = value.list()?.iter().map(parameter).collect::<Result<_>>()?
                }
                _ => {
                    return Err(value.error(format!(
                        "{key} is not one of address, providerAddress, service, app, param"
                    )));
                }
            }
        }
        Ok(found)
    }

    /// `host` is the provider's on its own side and the consumer's on a consumer.
    pub(crate) fn hold(&self, host: &str, target: &Target<'_, '_>) -> Result<bool> {
        let port = target.port.to_string();
        let is_at = |addresses: &Option<Addresses>, host: &str| {
            addresses
                .as_ref()
                .is_none_or(|addresses| addresses.contain(host, &port))
        };
        let is_one = |tests: &Option<Vec<Test>>, value: &str| {
            tests
                .as_ref()
                .is_none_or(|tests| tests.iter().any(|test| test.holds(value)))
        };
        if !is_at(&self.address, host) || !is_at(&self.provider_address, &target.host) {
            return Ok(false);
        }
        if !is_one(&self.services, &target.service)
            || !is_one(&self.applications, &target.parameter("application")?)
        {
            return Ok(false);
        }
        for (key, test) in &self.parameters {
            if !test.holds(&target.parameter(key)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// `{ wildcard: .. }`, `{ exact: .. }` or `{ cird: .. }`, as Dubbo spells it.
fn address(node: &Node) -> Result<Addresses> {
    let [(kind, text)] = node.entries()? else {
        return Err(node.error("an address is one of exact, wildcard, cird"));
    };
    let mut addresses = Addresses::default();
    let known = matches!(kind.as_str(), "exact" | "wildcard" | "cird" | "cidr");
    if !known || !addresses.add(text.text()?) {
        return Err(text.error("an address is exact: 10.0.0.1, wildcard: 10.1.* or cird: 10.1.0.0/16, and may have a port"));
    }
    Ok(addresses)
}

fn one_of(node: &Node) -> Result<Vec<Test>> {
    let list = node
        .get("oneof")?
        .ok_or_else(|| node.error("expected oneof: and a list"))?;
    list.list()?.iter().map(Test::read).collect()
}

fn parameter(node: &Node) -> Result<(String, Test)> {
    let key = node
        .get("key")?
        .ok_or_else(|| node.error("a param needs a key"))?;
    let value = node
        .get("value")?
        .ok_or_else(|| node.error("a param needs a value, such as { exact: hz }"))?;
    let test = Test::read(value)?;
    match fits(key.text()?, "") {
        true => Ok((key.text()?.to_owned(), test)),
        false => Err(key.error(TOO_LONG)),
    }
}
