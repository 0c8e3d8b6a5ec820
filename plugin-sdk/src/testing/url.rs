//! A Dubbo URL of a test, read from text and written again.

use super::call::Pairs;
use crate::abi::commands::Command;
use crate::abi::field;
use crate::abi::interest::Space;
use crate::error::{Error, ErrorKind, Result};
use crate::native::{HostFunctions, HostResult, HostUrl};
use std::borrow::Cow;
use std::fmt;

/// `protocol://[user@]host[:port]/path?key=value&..`; parameters are percent-decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TestUrl {
    protocol: String,
    /// As it was written: `host:port`.
    address: String,
    path: String,
    parameters: Pairs,
}

impl TestUrl {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let bad = |what: &str| {
            Error::new(format!(
                "`{text}` is no Dubbo URL: it {what}, e.g. dubbo://10.0.0.1:20880/com.foo.Bar?weight=200"
            ))
        };
        let (protocol, rest) = text
            .split_once("://")
            .ok_or_else(|| bad("has no protocol"))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (address, path) = place.split_once('/').unwrap_or((place, ""));
        let address = address.rsplit('@').next().unwrap_or_default();
        if address.is_empty() {
            return Err(bad("has no host"));
        }
        let mut parameters = Pairs::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text| decoded(text).ok_or_else(|| bad("has a broken %-sequence"));
            parameters.set(&decode(key)?, &decode(value)?);
        }
        Ok(Self {
            protocol: protocol.to_owned(),
            address: address.to_owned(),
            path: path.to_owned(),
            parameters,
        })
    }

    /// `[group/]interface[:version]`.
    pub(super) fn service_key(&self) -> String {
        let interface = self.parameter("interface").unwrap_or(&self.path);
        let group = self.parameter("group").map(|group| format!("{group}/"));
        let version = self
            .parameter("version")
            .map(|version| format!(":{version}"));
        format!(
            "{}{interface}{}",
            group.unwrap_or_default(),
            version.unwrap_or_default()
        )
    }

    /// An empty one counts as absent.
    pub(super) fn parameter(&self, key: &str) -> Option<&str> {
        self.parameters.get(key).filter(|value| !value.is_empty())
    }

    /// One of the fields that a provider has: `address`, `host`, `port`, `protocol`.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let (host, port) = match self.address.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (self.address.as_str(), None),
        };
        match name {
            "address" => Some(&self.address),
            "host" => Some(host),
            "port" => port,
            "protocol" => Some(&self.protocol),
            _ => None,
        }
    }

    /// Equal but for the order of the parameters.
    pub(super) fn same(&self, other: &Self) -> bool {
        let sorted = |url: &Self| -> Vec<(String, String)> {
            let mut pairs: Vec<_> = url
                .parameters
                .iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect();
            pairs.sort();
            pairs
        };
        (&self.protocol, &self.address, &self.path)
            == (&other.protocol, &other.address, &other.path)
            && sorted(self) == sorted(other)
    }

    pub(super) fn apply(&mut self, command: Command<'_>) {
        match command {
            Command::SetParameter(key, value) => self.parameters.set(key, value),
            Command::RemoveParameter(key) => self.parameters.remove(key),
            // `check` let nothing else through for this hook.
            _ => {}
        }
    }
}

impl fmt::Display for TestUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}", self.protocol, self.address)?;
        if !self.path.is_empty() {
            write!(out, "/{}", self.path)?;
        }
        let mut mark = '?';
        for (key, value) in self.parameters.iter() {
            write!(out, "{mark}{}={}", encoded(key), encoded(value))?;
            mark = '&';
        }
        Ok(())
    }
}

/// `None`: a `%` without two hexadecimal digits, or no UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Escapes what would end a key or a value.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '%' | '&' | '=' | '?' | '#' | '+' | ' ' => {
                out.push_str(&format!("%{:02X}", u32::from(character)));
            }
            other => out.push(other),
        }
    }
    out
}

/// What `configure_url` sees of a URL.
pub(super) struct UrlView<'a> {
    pub(super) url: &'a TestUrl,
    pub(super) host: &'a dyn HostFunctions,
    pub(super) provider_side: bool,
}

impl HostUrl for UrlView<'_> {
    fn functions(&self) -> &dyn HostFunctions {
        self.host
    }

    fn is_provider_side(&self) -> bool {
        self.provider_side
    }

    fn service_token(&self) -> u64 {
        0
    }

    fn get(&self, space: Space, key: &str) -> HostResult<Option<Cow<'_, str>>> {
        if key.len() > crate::abi::limits::KEY_MAX {
            return Err(ErrorKind::TooLarge);
        }
        match space {
            Space::Url => Ok(self.url.parameter(key).map(Cow::Borrowed)),
            Space::Field if field::id(key) == 0 => Err(ErrorKind::BadArgument),
            Space::Field if key == "service_key" => Ok(Some(Cow::Owned(self.url.service_key()))),
            Space::Field => Ok(self.url.field(key).map(Cow::Borrowed)),
            _ => Err(ErrorKind::NotAllowed),
        }
    }

    fn list(&self, each: &mut dyn FnMut(&str, &str)) -> HostResult<()> {
        self.url
            .parameters
            .iter()
            .for_each(|(key, value)| each(key, value));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_and_written_again() {
        let text =
            "dubbo://[::1]:20880/com.foo.Bar?group=g&version=1.0&path=%3D%26&dubbo.tag=gr%C3%A4y";
        let url = TestUrl::parse(text).unwrap();
        assert_eq!(url.service_key(), "g/com.foo.Bar:1.0");
        assert_eq!(
            ["address", "host", "port", "protocol", "path"].map(|name| url.field(name)),
            [
                Some("[::1]:20880"),
                Some("[::1]"),
                Some("20880"),
                Some("dubbo"),
                None
            ]
        );
        assert_eq!(
            (url.parameter("path"), url.parameter("dubbo.tag")),
            (Some("=&"), Some("gräy"))
        );
        assert_eq!(url.to_string(), text.replace("%C3%A4", "ä"));
        let bare = TestUrl::parse("tri://u:p@h").unwrap();
        assert_eq!(
            (bare.field("port"), bare.to_string()),
            (None, "tri://h".to_owned())
        );
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for (text, expected) in [
            ("10.0.0.1:20880", "no protocol"),
            ("dubbo:///com.foo.Bar", "no host"),
            ("dubbo://h?a=%4", "broken %-sequence"),
            ("dubbo://h?a=%ff", "broken %-sequence"),
        ] {
            let message = TestUrl::parse(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
