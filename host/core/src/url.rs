//! The universal configuration carrier of Dubbo: registries, protocols, routers, balancers and filters read their settings
//! from a URL's parameters.
//!
//! A [`Url`] is an immutable value behind one `Arc`: a clone is a counter, a change makes a new value that shares every
//! untouched part. dubbo-go declares the same ("immutable after initialisation") but shares the parameter map between
//! copies, so that changing a copy changes the original.

mod builder;
mod compare;
mod duration;
mod error;
mod escape;
mod location;
mod merge;
mod params;
mod parse;
mod print;
mod read;
mod role;
mod service_key;

use std::{collections::BTreeMap, hash, str::FromStr, sync::Arc};

use crate::keys;

pub use self::{
    builder::UrlBuilder,
    compare::{is_match_category, sort_urls},
    duration::parse_duration,
    error::{UrlError, UrlErrorKind},
    role::Role,
    service_key::{ServiceKey, ServiceKeyParts, ServiceKeyRef, is_any_or_several},
};
use self::{
    location::Location,
    params::Params,
    parse::{Addresses, parse},
};

/// Further addresses of a registry beside the location, comma-separated (Dubbo Java `RemotingConstants.BACKUP_KEY`).
const BACKUP: &str = "backup";

/// A Dubbo URL: `protocol://username:password@host:port/path?key=value&..`.
///
/// Two URLs are equal when every field is: address, path, credentials, parameters (the order of different keys does not
/// count), methods and sub URL. For Dubbo's own comparisons see [`Url::url_equal`] and [`Url::is_equals`].
///
/// ```
/// # use wubbo_core::Url;
/// let url = Url::parse("dubbo://127.0.0.1:20880/org.wubbo.demo.EchoService?group=g&timeout=3s")?;
/// assert_eq!(url.get_duration_ms("timeout", 1000), 3000);
/// let other = url.with_param("timeout", "500");
/// assert_eq!((url.get("timeout"), other.get("timeout")), (Some("3s"), Some("500")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Url(Arc<Inner>);

#[derive(Default)]
struct Inner {
    parts: Parts,
    /// Made once, because the chain asks for it on every call.
    service_key: ServiceKey,
}

/// The fields of a URL; what [`UrlBuilder`] changes.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Parts {
    protocol: Arc<str>,
    username: Arc<str>,
    password: Arc<str>,
    location: Location,
    path: Arc<str>,
    params: Arc<Params>,
    methods: Arc<[Arc<str>]>,
    sub_url: Option<Url>,
}

impl Url {
    /// Reads a plain URL, or one that is form-encoded as a whole (a registry's node name). Empty text is the empty URL.
    ///
    /// A plain text is decoded once. An encoded text is decoded once as a whole; its values are decoded a second time when
    /// they are still encoded, as dubbo-go 1.5 writes them, and left alone when they are raw, as Dubbo Java writes them.
    /// (dubbo-go decodes everything twice, which corrupts values with `&`, `=`, `%` and `+`.)
    ///
    /// # Errors
    /// [`UrlError`] names the text and the cause: no scheme, a bad escape, more than one address or a bad port.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        parse(text, None, Addresses::One).map(Self::from_parts)
    }

    /// [`Url::parse`] for a text that may lack its scheme, as in `127.0.0.1:20880/com.shop.Order`.
    ///
    /// # Errors
    /// As [`Url::parse`].
    pub fn parse_with_protocol(text: &str, protocol: &str) -> Result<Self, UrlError> {
        parse(text, Some(protocol), Addresses::One).map(Self::from_parts)
    }

    /// [`Url::parse`] for the address of a registry or config center, where the location may be a comma list:
    /// `zookeeper://a:2181,b:2181`. Host and port are those of the first; [`Url::addresses`] gives all.
    ///
    /// # Errors
    /// As [`Url::parse`], but for the list.
    pub fn parse_addresses(text: &str) -> Result<Self, UrlError> {
        parse(text, None, Addresses::List).map(Self::from_parts)
    }

    /// A builder without any part.
    pub fn builder() -> UrlBuilder {
        UrlBuilder::new()
    }

    /// A builder that starts with the parts of this URL.
    pub fn to_builder(&self) -> UrlBuilder {
        UrlBuilder::from_parts(self.parts().clone())
    }

    /// The scheme in lower case: `dubbo`, `registry`, `consumer`, `override`, `empty` ...
    #[must_use]
    pub fn protocol(&self) -> &str {
        &self.parts().protocol
    }

    /// The user, empty when there is none.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.parts().username
    }

    /// The password in clear, empty when there is none; `Debug` hides it.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.parts().password
    }

    /// The host part as written: `h:20880`, `[::1]:20880`, or the comma list of a registry.
    #[must_use]
    pub fn location(&self) -> &str {
        self.parts().location.text()
    }

    /// Host name or IP of the first address, IPv6 without brackets (dubbo-go `Ip`).
    #[must_use]
    pub fn host(&self) -> &str {
        self.parts().location.host()
    }

    /// Port of the first address; `None` when the text has none.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.parts().location.port()
    }

    /// `host:port` of the first address as a socket wants it, IPv6 in brackets, `default_port` where the text has none.
    #[must_use]
    pub fn address(&self, default_port: u16) -> String {
        self.parts().location.address(default_port)
    }

    /// Every address of a registry URL: the entries of the location, then those of parameter `backup` (Dubbo Java).
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        let backup = self.get(BACKUP).unwrap_or_default();
        self.location()
            .split(',')
            .chain(backup.split(','))
            .map(str::trim)
            .filter(|address| !address.is_empty())
    }

    /// The path with its leading slash, decoded; empty when there is none.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.parts().path
    }

    /// Every parameter, all values of a repeated key, sorted by key.
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parts().params.iter()
    }

    /// Every key once with its first value, sorted by key.
    pub fn first_params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parts().params.iter_first()
    }

    /// Every value of a repeated key in the order written, empty ones included.
    pub fn values<'url>(&'url self, key: &str) -> impl Iterator<Item = &'url str> + use<'url> {
        self.parts().params.values(key)
    }

    /// The methods of an exported service; a field of its own, neither parsed nor printed.
    pub fn methods(&self) -> impl ExactSizeIterator<Item = &str> {
        self.parts().methods.iter().map(|method| &**method)
    }

    /// The consumer or provider URL that travels inside a `registry://` URL; neither parsed nor printed.
    #[must_use]
    pub fn sub_url(&self) -> Option<&Self> {
        self.parts().sub_url.as_ref()
    }

    /// The service name: parameter `interface`, else the path without its leading slash.
    #[must_use]
    pub fn service(&self) -> &str {
        self.service_key().interface()
    }

    /// Interface, group and version; prints as `[group/]interface[:version]`.
    #[must_use]
    pub fn service_key(&self) -> &ServiceKey {
        &self.0.service_key
    }

    /// `interface:[version]:[group]` with both colons always; empty without a service.
    #[must_use]
    pub fn colon_separated_key(&self) -> String {
        self.service_key().colon_separated()
    }

    /// The service key with its first `/` replaced by `*`: the key of configurators and rules in a config center.
    #[must_use]
    pub fn encoded_service_key(&self) -> String {
        self.service_key().encoded()
    }

    /// Identity of an endpoint's service: protocol, credentials, address, service, group and version, every separator
    /// printed, the version as written (no rule for `0.0.0` here). Holds the password; not for logs.
    #[must_use]
    pub fn key(&self) -> String {
        let Parts {
            protocol,
            username,
            password,
            location,
            ..
        } = self.parts();
        let (service, group, version) = (
            self.service(),
            self.get_or(keys::GROUP, ""),
            self.get_or(keys::VERSION, ""),
        );
        format!(
            "{protocol}://{username}:{password}@{location}/?interface={service}&group={group}&version={version}",
            location = location.first()
        )
    }

    /// Flattens the URL to the sample that condition rules are matched against: first values of the parameters, overlaid
    /// by the non-empty fields `protocol`, `username`, `password`, `path`, `host` and `port` (`0` when there is none).
    /// The map of an empty URL is empty (dubbo-go: no map at all).
    #[must_use]
    pub fn to_map(&self) -> BTreeMap<&str, &str> {
        let mut map: BTreeMap<&str, &str> = self.first_params().collect();
        let port = match self.parts().location.port_text() {
            "" if self.host().is_empty() => "",
            "" => "0",
            port => port,
        };
        let fields = [
            ("protocol", self.protocol()),
            ("username", self.username()),
            ("password", self.password()),
            ("path", self.path()),
            ("host", self.host()),
            ("port", port),
        ];
        map.extend(fields.into_iter().filter(|(_, value)| !value.is_empty()));
        map
    }

    fn parts(&self) -> &Parts {
        &self.0.parts
    }

    fn from_parts(parts: Parts) -> Self {
        let service_key = ServiceKey::of(&parts.params, &parts.path);
        Self(Arc::new(Inner { parts, service_key }))
    }
}

impl PartialEq for Url {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.parts() == other.parts()
    }
}

impl Eq for Url {}

impl hash::Hash for Url {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests;
