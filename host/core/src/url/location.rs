//! The host part of a URL: one `host:port`, or the comma list of a registry, kept in the order written.

use std::{fmt, hash, net::Ipv6Addr, sync::Arc};

use super::{escape, parse::Addresses};

/// An address or a list of them. Equal when the addresses are, however an absent port was written (`h` or `h:`).
#[derive(Clone, Default)]
pub(super) struct Location {
    text: Arc<str>,
    host: Arc<str>,
    port: Option<u16>,
}

impl Location {
    /// Reads the host part of a URL; `decode` undoes percent encoding of a host.
    ///
    /// # Errors
    /// The cause in words, for the caller to put the whole text in front.
    pub(super) fn parse(
        text: &str,
        addresses: Addresses,
        decode: impl Fn(&str) -> Result<String, String>,
    ) -> Result<Self, String> {
        let entries: Vec<&str> = match addresses {
            Addresses::One => vec![text],
            Addresses::List => text.split(',').map(str::trim).collect(),
        };
        let (mut host, mut port) = ("", None);
        for (index, entry) in entries.iter().enumerate() {
            let split = split_host_port(entry)?;
            if index == 0 {
                (host, port) = split;
            }
        }
        Ok(Self {
            text: entries.join(",").into(),
            host: decode(host)?.into(),
            port,
        })
    }

    /// One address from its parts; an IPv6 host with or without brackets. The text always holds the colon, as dubbo-go's.
    pub(super) fn new(host: &str, port: Option<u16>) -> Self {
        let host = host
            .strip_prefix('[')
            .and_then(|inner| inner.strip_suffix(']'))
            .unwrap_or(host);
        let location = Self {
            text: Arc::default(),
            host: host.into(),
            port,
        };
        let text = location.first().to_string().into();
        Self { text, ..location }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> Option<u16> {
        self.port
    }

    /// The first address's port as written; empty when absent.
    pub(super) fn port_text(&self) -> &str {
        let first = self.text.split(',').next().unwrap_or_default();
        match first.rsplit_once(':') {
            Some((_, port)) if !port.ends_with(']') => port,
            _ => "",
        }
    }

    /// `host:port` with a default, for a socket.
    pub(super) fn address(&self, default_port: u16) -> String {
        let port = self.port.unwrap_or(default_port);
        if self.host.contains(':') {
            format!("[{}]:{port}", self.host)
        } else {
            format!("{}:{port}", self.host)
        }
    }

    /// The first address in print: IPv6 in brackets, the colon always there.
    pub(super) fn first(&self) -> impl fmt::Display {
        fmt::from_fn(|f| {
            self.write_host(f)?;
            f.write_str(":")?;
            self.write_port(f)
        })
    }

    /// Every address as printed in a URL. A list is printed as it came, so that a registry's URL loses nothing.
    pub(super) fn all(&self) -> impl fmt::Display {
        fmt::from_fn(|f| match self.rest() {
            Some(_) => f.write_str(&self.text),
            None => write!(f, "{}", self.first()),
        })
    }

    /// As [`Location::all`] without the colon of an absent port, as Dubbo Java prints it.
    pub(super) fn java(&self) -> impl fmt::Display {
        fmt::from_fn(|f| match (self.rest(), self.port) {
            (Some(_), _) => f.write_str(&self.text),
            (None, Some(_)) => write!(f, "{}", self.first()),
            (None, None) => self.write_host(f),
        })
    }

    /// The list behind the first address; `None` for a single one.
    fn rest(&self) -> Option<&str> {
        self.text.split_once(',').map(|(_, rest)| rest)
    }

    fn write_host(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.split_once('%') {
            // A zone's `%` is written as RFC 6874 wants it.
            Some((address, zone)) if address.contains(':') => write!(f, "[{address}%25{zone}]"),
            None if self.host.contains(':') => write!(f, "[{}]", self.host),
            _ => write!(f, "{}", escape::authority(&self.host)),
        }
    }

    fn write_port(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{port}"),
            None => Ok(()),
        }
    }

    fn identity(&self) -> (&str, Option<u16>, Option<&str>) {
        (&self.host, self.port, self.rest())
    }
}

impl PartialEq for Location {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Location {}

impl hash::Hash for Location {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

/// Host (without brackets) and port of one address, as Go's `net.SplitHostPort`, but a port is optional.
fn split_host_port(address: &str) -> Result<(&str, Option<u16>), String> {
    if let Some(inside) = address.strip_prefix('[') {
        let (host, tail) = inside
            .split_once(']')
            .ok_or_else(|| format!("address {address}: missing ']' in address"))?;
        let digits = host.split_once('%').map_or(host, |(digits, _zone)| digits);
        if digits.parse::<Ipv6Addr>().is_err() {
            return Err(format!(
                "address {address}: {digits:?} is not an IPv6 address"
            ));
        }
        return match tail.strip_prefix(':') {
            Some(port) => Ok((host, parse_port(address, port)?)),
            None if tail.is_empty() => Ok((host, None)),
            None => Err(format!("address {address}: unexpected {tail:?} after ']'")),
        };
    }
    let (host, port) = address.split_once(':').unwrap_or((address, ""));
    if port.contains(':') {
        return Err(format!(
            "address {address}: too many colons in address; an IPv6 host goes in brackets, a list only in a registry's address"
        ));
    }
    if host.contains(',') {
        return Err(format!(
            "address {address}: a list of addresses, which only a registry's address may be"
        ));
    }
    let odd = |char: char| char.is_whitespace() || char.is_control() || "[]<>\"\\^`".contains(char);
    if let Some(char) = host.chars().find(|char| odd(*char)) {
        return Err(format!(
            "address {address}: invalid character {char:?} in host name"
        ));
    }
    Ok((host, parse_port(address, port)?))
}

fn parse_port(address: &str, port: &str) -> Result<Option<u16>, String> {
    if port.is_empty() {
        return Ok(None);
    }
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(number) if digits => Ok(Some(number)),
        _ => Err(format!(
            "address {address}: invalid port {port:?}, expected a number from 0 to 65535"
        )),
    }
}
