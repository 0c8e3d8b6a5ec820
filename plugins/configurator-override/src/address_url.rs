//! Overrides of Dubbo 2.6, which are URLs: `override://0.0.0.0/com.foo.Bar?category=configurators&timeout=1000`.

use crate::item::{Item, Override, Side, TOO_LONG, fits, may_be_set};
use std::sync::Arc;
use wubbo_plugin_sdk::{Result, yaml::Node};

/// A list has at most so many URLs.
const URLS_MAX: usize = 1000;
/// They have at most so many parameters in all.
const PARAMETERS_MAX: usize = 10_000;

/// Reads a list of URLs. One with the scheme `empty` says that there are none.
pub(crate) fn read(nodes: &[Node]) -> Result<Vec<Override>> {
    if let Some(node) = nodes.get(URLS_MAX) {
        return Err(node.error(format!("more than {URLS_MAX} URLs in one rule")));
    }
    let mut overrides = Vec::new();
    let mut parameters = 0;
    for node in nodes {
        let text = node.text()?;
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(
                node.error("expected a URL such as override://0.0.0.0/com.foo.Bar?timeout=1000")
            );
        };
        if scheme == "empty" {
            return Ok(Vec::new());
        }
        parameters += rest.split('&').count();
        if parameters > PARAMETERS_MAX {
            let message = format!("more than {PARAMETERS_MAX} parameters in one rule");
            return Err(node.error(message));
        }
        overrides.extend(read_one(rest, node)?);
    }
    Ok(overrides)
}

fn read_one(rest: &str, node: &Node) -> Result<Option<Override>> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = place.split('/').next().unwrap_or_default();
    let (user, address) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (host, port) = match address.rsplit_once(':') {
        // As dubbo-go prints a URL without a port.
        Some((host, "")) => (host, 0),
        Some((host, port)) => (
            host,
            port.parse().map_err(|_| node.error("the port is none"))?,
        ),
        None => (address, 0),
    };
    let mut item = Item::default();
    let user = user.split(':').next().unwrap_or_default();
    let mut application = decoded(user).ok_or_else(|| node.error("%.. is not UTF-8"))?;
    let mut enabled = true;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(key), Some(value)) = (decoded(key), decoded(value)) else {
            return Err(node.error("%.. is not UTF-8"));
        };
        if !fits(&key, &value) {
            return Err(node.error(TOO_LONG));
        }
        let is_given = !value.is_empty() && value != "*";
        match key.as_str() {
            "enabled" => enabled = value != "false",
            "configVersion" => item.since_2_7 = !value.is_empty(),
            "priority" => item.priority = value.parse().unwrap_or(0),
            "application" if !value.is_empty() => application = value,
            "side" if value == "provider" => item.side = Some(Side::Provider),
            "side" if value == "consumer" => item.side = Some(Side::Consumer),
            "providerAddresses" => {
                let mut separate = value
                    .split([',', '|', ';', ' '])
                    .filter(|address| !address.is_empty());
                if !separate.all(|address| item.providers.add(address)) {
                    return Err(node.error("providerAddresses has an address that is none"));
                }
            }
            _ if key.starts_with('~') && is_given => {
                let key = key.trim_start_matches('~').to_owned();
                item.conditions.push((key, value));
            }
            _ if may_be_set(&key) => drop(item.parameters.insert(key, value)),
            _ => {}
        }
    }
    if !application.is_empty() && application != "*" {
        item.applications.push(application);
    }
    let host = host.to_owned();
    let is_real = enabled && !host.is_empty() && !item.parameters.is_empty();
    Ok(is_real.then(|| Override {
        host,
        port,
        item: Arc::new(item),
    }))
}

/// Decodes `%XX` and `+`; `None`: the bytes are no UTF-8.
fn decoded(text: &str) -> Option<String> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        let code =
            (*byte == b'%').then(|| digit(bytes.get(place + 1)).zip(digit(bytes.get(place + 2))));
        match code
            .flatten()
            .map(|(high, low)| u8::try_from(high * 16 + low))
        {
            Some(Ok(code)) => {
                out.push(code);
                place += 3;
            }
            _ => {
                out.push(if *byte == b'+' { b' ' } else { *byte });
                place += 1;
            }
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_behind_the_separators() {
        let cases = [
            ("a%26b", Some("a&b")),
            ("a+b", Some("a b")),
            ("a%2Bb", Some("a+b")),
            ("100%", Some("100%")),
            ("%zz%4", Some("%zz%4")),
            ("%c3%bc", Some("ü")),
            ("%ff", None),
        ];
        for (text, expected) in cases {
            assert_eq!(decoded(text).as_deref(), expected, "{text}");
        }
    }
}
