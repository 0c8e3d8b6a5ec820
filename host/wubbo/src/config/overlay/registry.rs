//! The registries that a config center says something of.

use std::collections::BTreeMap;

use wubbo_core::{Url, keys};

use super::{Entry, Overlaid, Said};

/// The registry that is meant where none is named, unless the file has one alone, of another name.
const DEFAULT: &str = "default";
/// Dubbo's keys of settings that wubbo has as parameters of the address.
const PARAMETERS: [&str; 8] = [
    "timeout",
    "session",
    "group",
    "check",
    "simplified",
    keys::PREFERRED,
    keys::ZONE,
    keys::WEIGHT,
];

const USERNAME: &str = "username";
const PASSWORD: &str = "password";

/// A property about a registry.
pub(super) struct Named<'a> {
    /// How special the key is: a lower one counts first.
    rank: usize,
    id: Option<&'a str>,
    setting: &'a str,
    entry: Entry<'a>,
}

impl<'a> Named<'a> {
    /// What `entry` is about, if it is a registry.
    pub(super) fn by(entry: Entry<'a>) -> Option<Self> {
        for (plain, prefix) in [(1, "dubbo.registries."), (3, "dubbo.registry.")] {
            let Some(rest) = entry.key.strip_prefix(prefix) else {
                continue;
            };
            return Some(match rest.rsplit_once('.') {
                Some((id, setting)) if !id.is_empty() => Self {
                    rank: plain - 1,
                    id: Some(id),
                    setting,
                    entry,
                },
                _ => Self {
                    rank: plain,
                    id: None,
                    setting: rest,
                    entry,
                },
            });
        }
        None
    }
}

/// Lays what is said over the addresses of `registries`.
pub(super) fn overlay(
    registries: &mut BTreeMap<String, String>,
    mut named: Vec<Named<'_>>,
    overlaid: &mut Overlaid,
) {
    let unnamed = match registries.keys().next() {
        Some(only) if registries.len() == 1 => only.clone(),
        _ => DEFAULT.to_owned(),
    };
    named.sort_by_key(|named| named.rank);
    let mut by_id = BTreeMap::<&str, Said<'_>>::new();
    for named in named {
        let said = by_id.entry(named.id.unwrap_or(&unnamed)).or_default();
        if said.contains_key(named.setting) {
            overlaid.pass_over(named.entry.key);
        } else {
            said.insert(named.setting, named.entry);
        }
    }
    for (id, said) in by_id {
        let before = registries.get(id).cloned();
        if let Some(address) = address(before, said, overlaid) {
            registries.insert(id.to_owned(), address);
        }
    }
}

/// The address that a registry has now. What is said of it is tried one by one, so that a bad value takes nothing else with it.
fn address(before: Option<String>, mut said: Said<'_>, overlaid: &mut Overlaid) -> Option<String> {
    let mut now = before;
    let own = said.remove("address");
    // dubbo-go writes the scheme apart.
    let protocol = said.remove("protocol");
    let scheme = protocol.filter(|_| own.is_some_and(|own| !has_scheme(own.value)));
    if let Some(own) = own {
        let whole = match scheme {
            Some(scheme) => format!("{}://{}", scheme.value, own.value),
            None => own.value.to_owned(),
        };
        let is_one = wubbo_registry::check(&whole).is_ok();
        for Entry { key, .. } in [Some(own), scheme].into_iter().flatten() {
            if is_one {
                overlaid.take(key);
            } else {
                overlaid.refuse(key, "a registry's address such as zookeeper://host:2181");
            }
        }
        if is_one {
            now = Some(whole);
        }
    }
    if let Some(Entry { key, .. }) = protocol.filter(|_| scheme.is_none()) {
        overlaid.pass_over(key);
    }
    for (setting, Entry { key, value }) in said {
        if !is_setting(setting) {
            overlaid.pass_over(key);
            continue;
        }
        let Some(address) = &now else {
            overlaid.refuse(key, "an address of this registry");
            continue;
        };
        match with(address, setting, value) {
            Some(address) => {
                now = Some(address);
                overlaid.take(key);
            }
            None => overlaid.refuse(key, "what the address of this registry takes"),
        }
    }
    now
}

fn has_scheme(address: &str) -> bool {
    address.contains("://") || is_local(address)
}

/// Whether it is no URL of servers, which alone have parameters besides those of the choice among registries.
fn is_local(address: &str) -> bool {
    address.starts_with("file:") || address.starts_with("memory:")
}

fn is_setting(setting: &str) -> bool {
    PARAMETERS.contains(&setting) || setting == USERNAME || setting == PASSWORD
}

/// `address` with this setting, if that is an address.
fn with(address: &str, setting: &str, value: &str) -> Option<String> {
    if is_local(address) {
        return None;
    }
    let url = Url::parse_addresses(address).ok()?;
    let url = match setting {
        USERNAME => url.with_username(value),
        PASSWORD => url.with_password(value),
        _ => url.with_param(setting, value),
    };
    // What counts as not said. The other values are the address's to check.
    let is_switch = setting == "check" || setting == "simplified";
    if is_switch && url.get_bool(setting, false) != url.get_bool(setting, true) {
        return None;
    }
    let address = url.to_string();
    wubbo_registry::check(&address).is_ok().then_some(address)
}
