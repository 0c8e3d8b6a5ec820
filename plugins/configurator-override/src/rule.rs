//! A rule's text: the YAML that Dubbo 2.7 to 3.3 keep under `<key>.configurators`, or a list of override URLs.

use crate::address_url;
use crate::condition::Match;
use crate::item::{Item, Override, Side, TOO_LONG, fits, may_be_set};
use std::sync::Arc;
use wubbo_plugin_sdk::{Addresses, Error, Result, Scope, service_key, yaml::Node};

/// Ends every key of a rule of this configurator.
pub(crate) const SUFFIX: &str = ".configurators";
/// Begins the group under which the host gives what a registry holds.
const REGISTRY_GROUP: &str = "registry:";
/// A rule has at most so many configs, and so many of their parameters, services and applications in all.
const CONFIGS_MAX: usize = 1000;
/// A rule names at most so many addresses in all.
const ADDRESSES_MAX: usize = 10_000;

/// A rule that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) group: String,
    pub(crate) key: String,
    pub(crate) class: Class,
    /// In the order in which they are applied: a later one wins.
    pub(crate) overrides: Vec<Override>,
}

/// Where a rule comes from. A later class is applied later and wins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// A list of URLs that the registry holds for a service.
    Registered(String),
    /// A list of URLs in the place of a service's rule; for whom it is its URLs do not say.
    Urls(String),
    Application(String),
    Service(String),
}

/// What a rule may still name.
struct Left {
    addresses: usize,
    others: usize,
}

impl Rule {
    /// `None`: the key is not one of this configurator's.
    pub(crate) fn read(rule: &wubbo_plugin_sdk::Rule<'_>, text: &str) -> Result<Option<Self>> {
        let Some(name) = rule.key().strip_suffix(SUFFIX) else {
            return Ok(None);
        };
        let root = Node::parse(text)?;
        let (class, mut overrides) = match root.list() {
            Ok(urls) if !urls.is_empty() => {
                let service = service_key(name);
                let class = match rule.group().starts_with(REGISTRY_GROUP) {
                    true => Class::Registered(service),
                    false => Class::Urls(service),
                };
                (class, address_url::read(urls)?)
            }
            _ => (class(rule.scope(), name), read(&root)?),
        };
        // Dubbo Java's order: 0.0.0.0 is first, so that a host of its own wins; a higher priority wins over a lower one.
        overrides.sort_by(|a, b| (&a.host, a.item.priority).cmp(&(&b.host, b.item.priority)));
        Ok(Some(Self {
            group: rule.group().to_owned(),
            key: rule.key().to_owned(),
            class,
            overrides,
        }))
    }
}

fn class(scope: Scope, name: &str) -> Class {
    match scope {
        Scope::Application => Class::Application(name.to_owned()),
        Scope::Service => Class::Service(service_key(name)),
    }
}

fn read(root: &Node) -> Result<Vec<Override>> {
    if root.is_null() {
        return Ok(Vec::new());
    }
    let text = |key: &str| {
        Ok::<_, Error>(
            root.get(key)?
                .map(Node::text)
                .transpose()?
                .unwrap_or_default(),
        )
    };
    let enabled = switch(root, "enabled")?.unwrap_or(true);
    let of_application = text("scope")? == "application";
    if text("key")?.is_empty() {
        let place = root.entries()?.iter().find(|(key, _)| key == "key");
        let place = place.map_or(root, |(_, node)| node);
        return Err(place.error("service field in configuration is null."));
    }
    let version = text("configVersion")?;
    let configs = root.get("configs")?.map_or(Ok(&[][..]), Node::list)?;
    if let Some(node) = configs.get(CONFIGS_MAX) {
        return Err(node.error(format!("more than {CONFIGS_MAX} configs in one rule")));
    }
    let mut left = Left {
        addresses: ADDRESSES_MAX,
        others: CONFIGS_MAX,
    };
    let mut overrides = Vec::new();
    for node in configs {
        let item = item(node, version, of_application, &mut left)?;
        let addresses = addresses(node, &mut left)?;
        let general = match node.get("type")?.map(Node::text).transpose()? {
            None | Some("" | "general") => true,
            Some(_) => false,
        };
        // An item of another type that does not say it is enabled is not, as in Dubbo Java.
        let own = switch(node, "enabled")?.unwrap_or(false);
        if if general { enabled } else { own } {
            let item = Arc::new(item);
            let with = |(host, port)| Override {
                host,
                port,
                item: Arc::clone(&item),
            };
            overrides.extend(addresses.into_iter().map(with));
        }
    }
    Ok(overrides)
}

fn item(node: &Node, version: &str, of_application: bool, left: &mut Left) -> Result<Item> {
    let mut item = Item {
        since_2_7: !version.is_empty(),
        ..Item::default()
    };
    item.side = match node
        .get("side")?
        .map(|side| Ok((side, side.text()?)))
        .transpose()?
    {
        None | Some((_, "")) => None,
        Some((_, "provider")) => Some(Side::Provider),
        Some((_, "consumer")) => Some(Side::Consumer),
        Some((side, _)) => return Err(side.error("side is provider or consumer")),
    };
    for (key, list) in [
        ("services", of_application),
        ("applications", !of_application),
    ] {
        let nodes = node.get(key)?.map_or(Ok(&[][..]), Node::list)?;
        for entry in nodes.iter().filter(|_| list) {
            left.spend(entry)?;
            match (key, entry.text()?) {
                ("services", "") => {
                    return Err(entry.error("service field in configuration is null."));
                }
                ("services", name) => item.services.push(service_key(name)),
                (_, name) => item.applications.push(name.to_owned()),
            }
        }
    }
    // One * among names is all of them.
    for names in [&mut item.services, &mut item.applications] {
        if names.iter().any(|name| name == "*") {
            names.clear();
        }
    }
    for address in node
        .get("providerAddresses")?
        .map_or(Ok(&[][..]), Node::list)?
    {
        add(&mut item.providers, address, left)?;
    }
    let parameters = node.get("parameters")?;
    for (key, value) in parameters.map_or(Ok(&[][..]), Node::entries)? {
        left.spend(value)?;
        if !fits(key, value.text()?) {
            return Err(value.error(TOO_LONG));
        }
        match (key.as_str(), value.text()?) {
            ("priority", text) => item.priority = text.parse().unwrap_or(0),
            (key, text) if key.starts_with('~') && !matches!(text, "" | "*") => {
                item.conditions
                    .push((key.trim_start_matches('~').to_owned(), text.to_owned()));
            }
            (key, text) if may_be_set(key) => {
                drop(item.parameters.insert(key.to_owned(), text.to_owned()))
            }
            _ => {}
        }
    }
    if parameters.is_none_or(|parameters| parameters.entries().is_ok_and(<[_]>::is_empty)) {
        let message = "Invalid configurator rule, please specify at least one parameter you want to change in the rule.";
        return Err(parameters.unwrap_or(node).error(message));
    }
    if version.starts_with("v3") {
        item.matches = node.get("match")?.map(Match::read).transpose()?;
    }
    Ok(item)
}

impl Left {
    fn spend(&mut self, node: &Node) -> Result<()> {
        let left = self.others.checked_sub(1);
        self.others = left.ok_or_else(|| {
            node.error(format!(
                "more than {CONFIGS_MAX} parameters and names in one rule"
            ))
        })?;
        Ok(())
    }

    fn spend_address(&mut self, node: &Node) -> Result<()> {
        let left = self.addresses.checked_sub(1);
        self.addresses = left.ok_or_else(|| {
            node.error(format!("more than {ADDRESSES_MAX} addresses in one rule"))
        })?;
        Ok(())
    }
}

fn add(addresses: &mut Addresses, node: &Node, left: &mut Left) -> Result<()> {
    left.spend_address(node)?;
    match addresses.add(node.text()?) {
        true => Ok(()),
        false => Err(node.error("an address is a host, a network such as 10.1.0.0/16 or a pattern such as 10.1.*, and may have a port")),
    }
}

/// Host and port of each address; without any, all hosts.
fn addresses(node: &Node, left: &mut Left) -> Result<Vec<(String, u16)>> {
    let nodes = node.get("addresses")?.map_or(Ok(&[][..]), Node::list)?;
    let mut found = Vec::new();
    for node in nodes {
        left.spend_address(node)?;
        let text = node.text()?;
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                let wrong =
                    |_| node.error("the port of an address is 0 to 65535; 0 or none is any");
                (host, port.parse().map_err(wrong)?)
            }
            _ => (text, 0),
        };
        if host.is_empty() {
            return Err(node.error("an address is a host or host:port"));
        }
        found.push((host.to_owned(), port));
    }
    if found.is_empty() {
        found.push(("0.0.0.0".to_owned(), 0));
    }
    Ok(found)
}

fn switch(node: &Node, key: &str) -> Result<Option<bool>> {
    node.get(key)?.map(Node::switch).transpose()
}
