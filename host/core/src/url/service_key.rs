//! Interface, group and version: the name under which a service is exported, referred and ruled.

use std::{
    borrow::Borrow,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use super::params::Params;
use crate::keys;

/// Stands for no version (Dubbo Java `BaseServiceMetadata`).
const NO_VERSION: &str = "0.0.0";

/// A service's identity. A clone is three counters. Version `0.0.0` is the same as none. Prints as Dubbo's service key,
/// `[group/]interface[:version]`, and as nothing without an interface.
#[derive(Debug, Clone, Default)]
pub struct ServiceKey {
    interface: Arc<str>,
    group: Arc<str>,
    version: Arc<str>,
}

/// A borrowed [`ServiceKey`], to look one up in a map without allocating:
///
/// ```
/// # use std::collections::HashMap;
/// # use wubbo_core::{ServiceKey, ServiceKeyRef};
/// let exported = HashMap::from([(ServiceKey::new("a.B", "", "1.0"), 7)]);
/// assert_eq!(exported.get(ServiceKeyRef::new("a.B", "", "1.0").as_lookup()), Some(&7));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ServiceKeyRef<'a> {
    interface: &'a str,
    group: &'a str,
    version: &'a str,
}

/// What [`ServiceKey`] and [`ServiceKeyRef`] have in common; maps hash and compare keys through it.
pub trait ServiceKeyParts {
    /// Interface, group and version, the latter two empty when there is none. Cheap, called for each probe of a map.
    fn parts(&self) -> (&str, &str, &str);
}

/// Whether a reference that names its group or version so asks for any (`*`) or for several (with commas between them), and so does not
/// say which one a provider has.
#[must_use]
pub fn is_any_or_several(asked: &str) -> bool {
    asked == "*" || asked.contains(',')
}

impl ServiceKey {
    /// A key from its parts; empty group and version mean none, and so does version `0.0.0`.
    pub fn new(
        interface: impl Into<Arc<str>>,
        group: impl Into<Arc<str>>,
        version: impl Into<Arc<str>>,
    ) -> Self {
        let version = Some(version.into())
            .filter(|version| &**version != NO_VERSION)
            .unwrap_or_default();
        Self {
            interface: interface.into(),
            group: group.into(),
            version,
        }
    }

    /// Reads `[group/]interface[:version]`: the group ends at the first slash, the version starts at the first colon.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (group, rest) = text.split_once('/').unwrap_or(("", text));
        let (interface, version) = rest.split_once(':').unwrap_or((rest, ""));
        Self::new(interface, group, version)
    }

    /// The service of a URL: parameter `interface`, else the path without its leading slash.
    pub(super) fn of(params: &Params, path: &str) -> Self {
        let shared = |key| {
            params
                .first_shared(key)
                .filter(|value| !value.is_empty())
                .cloned()
        };
        let interface = shared(keys::INTERFACE)
            .unwrap_or_else(|| path.strip_prefix('/').unwrap_or(path).into());
        Self::new(
            interface,
            shared(keys::GROUP).unwrap_or_default(),
            shared(keys::VERSION).unwrap_or_default(),
        )
    }

    /// The interface, or the path that stands in for it.
    #[must_use]
    pub fn interface(&self) -> &str {
        &self.interface
    }

    /// The group; empty when there is none.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.group
    }

    /// The version; empty when there is none.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// `interface:[version]:[group]`, both colons always; empty without an interface.
    #[must_use]
    pub fn colon_separated(&self) -> String {
        if self.interface.is_empty() {
            return String::new();
        }
        format!("{}:{}:{}", self.interface, self.version, self.group)
    }

    /// The printed key with its first `/` replaced by `*`, as config centers name rules.
    #[must_use]
    pub fn encoded(&self) -> String {
        self.to_string().replacen('/', "*", 1)
    }
}

impl<'a> ServiceKeyRef<'a> {
    /// A key from its parts, under the rules of [`ServiceKey::new`].
    #[must_use]
    pub fn new(interface: &'a str, group: &'a str, version: &'a str) -> Self {
        Self {
            interface,
            group,
            version: if version == NO_VERSION { "" } else { version },
        }
    }

    /// The form that `get` of a map with [`ServiceKey`]s takes.
    #[must_use]
    pub fn as_lookup(&self) -> &(dyn ServiceKeyParts + 'a) {
        self
    }
}

impl From<ServiceKeyRef<'_>> for ServiceKey {
    fn from(key: ServiceKeyRef<'_>) -> Self {
        Self::new(key.interface, key.group, key.version)
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.interface.is_empty() {
            return Ok(());
        }
        if !self.group.is_empty() {
            write!(f, "{}/", self.group)?;
        }
        f.write_str(&self.interface)?;
        if !self.version.is_empty() {
            write!(f, ":{}", self.version)?;
        }
        Ok(())
    }
}

impl ServiceKeyParts for ServiceKey {
    fn parts(&self) -> (&str, &str, &str) {
        (&self.interface, &self.group, &self.version)
    }
}

impl ServiceKeyParts for ServiceKeyRef<'_> {
    fn parts(&self) -> (&str, &str, &str) {
        (self.interface, self.group, self.version)
    }
}

impl<'a> Borrow<dyn ServiceKeyParts + 'a> for ServiceKey {
    fn borrow(&self) -> &(dyn ServiceKeyParts + 'a) {
        self
    }
}

impl PartialEq for dyn ServiceKeyParts + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for dyn ServiceKeyParts + '_ {}

impl Hash for dyn ServiceKeyParts + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

// Written out so that an owned key hashes and compares exactly as its borrowed form, which `Borrow` demands.
impl PartialEq for ServiceKey {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for ServiceKey {}

impl Hash for ServiceKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl PartialOrd for ServiceKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ServiceKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.parts().cmp(&other.parts())
    }
}
