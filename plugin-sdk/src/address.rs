//! Which machines and processes the addresses of a rule mean.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// No name of a host is longer (RFC 1035: 253 bytes); bounds what one comparison takes.
const BYTES_MAX: usize = 256;

/// A list of addresses as rules write them: `10.0.0.1:20880`; without a port, or with port `*`, any process there;
/// `0.0.0.0` or `*` any machine; `10.1.*.*`; the network `10.1.0.0/16`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    /// `host` or `host:port`, to be searched and not walked.
    exact: BTreeSet<String>,
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    host: Host,
    /// `None`: any.
    port: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Any,
    /// Begins and ends so, and lies between in order.
    Parts(Vec<String>),
    /// Network and mask.
    Network(u32, u32),
}

impl Addresses {
    /// Has it no address.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.patterns.is_empty()
    }

    /// Number of addresses that are compared one by one; the others are searched.
    #[must_use]
    pub fn patterns(&self) -> usize {
        self.patterns.len()
    }

    /// Adds an address; false: it is none of the above, or longer than 256 bytes.
    #[must_use]
    pub fn add(&mut self, text: &str) -> bool {
        let (host, port) = split(text);
        let any_port = matches!(port, None | Some("*"));
        let host = match host {
            _ if text.len() > BYTES_MAX => return false,
            "" => return false,
            "0.0.0.0" | "*" => Host::Any,
            _ if host.contains('/') => match network(host) {
                Some((network, mask)) => Host::Network(network, mask),
                None => return false,
            },
            _ if host.contains('*') => Host::Parts(host.split('*').map(str::to_owned).collect()),
            _ => {
                let exact = if any_port { host } else { text };
                self.exact.insert(exact.to_owned());
                return true;
            }
        };
        let port = port.filter(|_| !any_port).map(str::to_owned);
        self.patterns.push(Pattern { host, port });
        true
    }

    /// Is the process at `host` and `port` meant by one of them.
    #[must_use]
    pub fn contain(&self, host: &str, port: &str) -> bool {
        self.exact.contains(host)
            || self.exact.contains(&[host, ":", port].concat())
            || self
                .patterns
                .iter()
                .any(|pattern| pattern.holds(host, port))
    }
}

impl Pattern {
    fn holds(&self, host: &str, port: &str) -> bool {
        if self.port.as_deref().is_some_and(|wanted| wanted != port) {
            return false;
        }
        match &self.host {
            Host::Any => true,
            Host::Network(network, mask) => {
                let address = host.parse::<Ipv4Addr>().map(u32::from);
                address.is_ok_and(|address| address & mask == *network)
            }
            Host::Parts(parts) => covers(parts, host),
        }
    }
}

/// A port is behind the last colon, unless that belongs to an IPv6 address.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port))
            if !port.contains(']') && (host.ends_with(']') || !host.contains(':')) =>
        {
            (host, Some(port))
        }
        _ => (text, None),
    }
}

fn network(text: &str) -> Option<(u32, u32)> {
    let (address, bits) = text.split_once('/')?;
    let address = u32::from(address.parse::<Ipv4Addr>().ok()?);
    let bits = bits.parse::<u32>().ok().filter(|bits| *bits <= 32)?;
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    Some((address & mask, mask))
}

/// The texts around stars, in order; the first begins and the last ends the text.
fn covers(parts: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = parts else {
        return false;
    };
    let Some(rest) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    let after = middle.iter().try_fold(rest, |rest, part| {
        rest.find(part.as_str())
            .and_then(|place| rest.get(place + part.len()..))
    });
    after.is_some_and(|rest| rest.ends_with(last.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_mean_hosts_and_ports() {
        let cases = [
            ("10.0.0.1:20880", "10.0.0.1", "20880", true),
            ("10.0.0.1:20880", "10.0.0.1", "20881", false),
            ("10.0.0.1:20880", "10.0.0.2", "20880", false),
            ("10.0.0.1", "10.0.0.1", "1", true),
            ("10.0.0.1:*", "10.0.0.1", "1", true),
            ("0.0.0.0:20880", "10.0.0.1", "20880", true),
            ("0.0.0.0:20880", "10.0.0.1", "20881", false),
            ("0.0.0.0", "10.0.0.1", "20881", true),
            ("*:20880", "h", "20880", true),
            ("10.1.*.*", "10.1.2.3", "1", true),
            ("10.1.*.*", "10.2.1.3", "1", false),
            ("10.1.*:7", "10.1.2.3", "8", false),
            ("10.1.0.0/16", "10.1.255.3", "1", true),
            ("10.1.0.0/16", "10.2.0.3", "1", false),
            ("10.1.0.0/16:20880", "10.1.0.3", "20880", true),
            ("10.1.2.3/0", "11.9.9.9", "1", true),
            ("10.1.0.0/16", "shop.local", "1", false),
            ("[::1]:20880", "[::1]", "20880", true),
            ("[::1]", "[::1]", "20880", true),
            ("shop.local", "shop.local", "20880", true),
        ];
        for (address, host, port, expected) in cases {
            let mut addresses = Addresses::default();
            assert!(addresses.add(address), "{address}");
            assert_eq!(
                addresses.contain(host, port),
                expected,
                "{address} on {host} {port}"
            );
        }
    }

    #[test]
    fn what_is_no_address_is_said_so() {
        for text in ["", ":20880", "10.1.0.0/33", "10.1.0/16", "x/8", "10.1.0.0/"] {
            assert!(!Addresses::default().add(text), "{text}");
        }
        assert!(Addresses::default().add(&"*".repeat(256)));
        assert!(!Addresses::default().add(&"*".repeat(257)));
    }
}
