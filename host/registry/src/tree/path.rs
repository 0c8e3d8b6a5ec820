//! Where things lie in Dubbo's tree, byte for byte as Dubbo Java 2.7 and 3.x write it (`ZookeeperRegistry`):
//! `/<group>/<encoded interface>/<category>/<encoded URL>`.

use wubbo_core::{Url, keys};

pub(crate) use crate::matching::PROVIDERS;
use crate::matching::category;

/// The categories behind `category=*`, in Dubbo's order.
const CATEGORIES: [&str; 4] = ["providers", "consumers", "routers", "configurators"];
/// Stands for every interface or category in a subscription.
pub(crate) const ANY: &str = "*";
/// Longest path that is sent. The server refuses a request of 1 MiB (`jute.maxbuffer`) by closing the connection, which would
/// hit everything else on it.
const PATH_BYTES_MAX: usize = 512 * 1024;

/// The node under which everything of one registry group lies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Root {
    /// Without a slash at its end; empty for the root of the whole tree.
    path: String,
}

impl Root {
    /// The root of `group`, with or without its leading slash.
    ///
    /// # Errors
    /// What makes it no path of a node.
    pub(crate) fn new(group: &str) -> Result<Self, String> {
        let group = group.trim_matches('/');
        if group.is_empty() {
            return Ok(Self {
                path: String::new(),
            });
        }
        if group.split('/').all(is_segment) {
            let path = format!("/{group}");
            return Ok(Self { path });
        }
        Err(format!(
            "root {group:?} (group, namespace) is no path of a node; expected a name such as dubbo"
        ))
    }

    pub(crate) fn as_str(&self) -> &str {
        if self.path.is_empty() {
            "/"
        } else {
            &self.path
        }
    }

    /// The directory of one interface's entries of one category.
    pub(crate) fn directory(&self, interface: &str, category: &str) -> String {
        self.child(&encode(interface), category)
    }

    /// The path of a node two levels under the root, by the names of both.
    pub(crate) fn child(&self, first: &str, second: &str) -> String {
        format!("{}/{first}/{second}", self.path)
    }

    /// The directory and the name of the node that announces `url`.
    ///
    /// # Errors
    /// What makes it impossible.
    pub(crate) fn entry(&self, url: &Url) -> Result<(String, String), String> {
        let (interface, category) = (url.service(), category(url));
        if interface.is_empty() {
            return Err("names no interface".into());
        }
        if interface == ANY || !is_name(category) || category.contains(',') {
            return Err(format!(
                "cannot be announced for interface {interface:?} in category {category:?}"
            ));
        }
        let (directory, name) = (self.directory(interface, category), node(url));
        if directory.len() + name.len() > PATH_BYTES_MAX {
            return Err(format!(
                "makes a path of more than {PATH_BYTES_MAX} bytes; simplified=true at the registry leaves most parameters out"
            ));
        }
        Ok((directory, name))
    }
}

/// What a consumer is subscribed to: the categories that it asks for, each by its name.
pub(crate) fn categories(consumer: &Url) -> Vec<String> {
    let asked = consumer.get_or(keys::CATEGORY, PROVIDERS);
    let is_any = |name: &str| name == ANY || name.starts_with('-');
    if asked.split(',').map(str::trim).any(is_any) {
        return CATEGORIES.map(str::to_owned).to_vec();
    }
    let mut categories: Vec<String> = Vec::new();
    for name in asked.split(',').map(str::trim) {
        if is_name(name) && !categories.iter().any(|known| known == name) {
            categories.push(name.to_owned());
        }
    }
    categories
}

/// The interface whose node under the root is called `name`; `None` for what cannot be one.
pub(crate) fn interface(name: &str) -> Option<String> {
    let url = Url::parse(&format!("{PROVIDERS}://0.0.0.0/{name}")).ok()?;
    let interface = url.service();
    (!interface.is_empty()).then(|| interface.to_owned())
}

/// The URL that the node `name` announces in the directory of `interface` and `category`.
///
/// # Errors
/// Why it announces nothing, for the log.
pub(crate) fn read(name: &str, interface: &str, category: &str) -> Result<Url, String> {
    let url = Url::parse(name).map_err(|error| error.to_string())?;
    if url.protocol().is_empty() || url.host().is_empty() {
        return Err("names no protocol and host".into());
    }
    if url.service() != interface && url.service() != ANY {
        let found = url.service();
        return Err(format!("names interface {found:?}"));
    }
    match url.get(keys::CATEGORY) {
        None if category != PROVIDERS => Ok(url.with_param(keys::CATEGORY, category)),
        _ => Ok(url),
    }
}

/// The name of the node that announces `url`: the whole URL encoded once by Java's `URLEncoder`, which keeps `*` and encodes `~`.
fn node(url: &Url) -> String {
    java(&url.to_encoded_string())
}

/// `text` as Java's `URLEncoder` writes it.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// From the character set of Go's encoder to that of Java's. A percent sign is itself encoded, so `%2A` can only be a star.
fn java(encoded: &str) -> String {
    encoded.replace("%2A", "*").replace('~', "%7E")
}

/// Whether `name` can be that of a node.
pub(crate) fn is_name(name: &str) -> bool {
    is_segment(name) && !name.contains('/')
}

/// Whether `name` can be part of a path; at ZooKeeper nothing else can.
fn is_segment(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
