//! From text to parts. The grammar is that of a generic URL; what is Dubbo's own is the form-encoded whole (a registry's node
//! name), the missing scheme that the caller fills in, and the comma list of a registry's addresses.

use std::{borrow::Cow, sync::Arc};

use super::{
    Parts, UrlError, UrlErrorKind,
    escape::{EscapeError, Plus, is_form_encoded, unescape},
    location::Location,
    params::Params,
};

/// How many addresses the location may hold.
#[derive(Clone, Copy)]
pub(super) enum Addresses {
    One,
    List,
}

/// Whether the components of a text are still encoded.
#[derive(Clone, Copy, PartialEq)]
enum Components {
    Encoded,
    Raw,
}

/// What stands in front of a text.
enum Scheme<'text> {
    /// `<protocol>://<rest>`.
    Plain {
        protocol: &'text str,
        rest: &'text str,
    },
    /// `<protocol>%3A%2F%2F<rest>`: the whole text is encoded.
    Encoded,
    Missing,
}

/// Reads a URL text; `default_protocol` stands in for a missing scheme.
pub(super) fn parse(
    text: &str,
    default_protocol: Option<&str>,
    addresses: Addresses,
) -> Result<Parts, UrlError> {
    if text.is_empty() {
        return Ok(Parts::default());
    }
    let reader = Reader { text, addresses };
    match (scheme_of(text), default_protocol) {
        (Scheme::Plain { protocol, rest }, _) => reader.read(protocol, rest, Components::Encoded),
        (Scheme::Encoded, _) => reader.read_whole_encoded(),
        (Scheme::Missing, Some(protocol)) => reader.read(protocol, text, Components::Encoded),
        (Scheme::Missing, None) => Err(UrlError::new(
            UrlErrorKind::Scheme,
            text,
            "missing protocol scheme, expected <protocol>://<address>",
        )),
    }
}

fn scheme_of(text: &str) -> Scheme<'_> {
    let end = text
        .find(|char: char| !is_scheme_char(char) && char != '%')
        .unwrap_or(text.len());
    let (head, tail) = text.split_at(end);
    match tail.strip_prefix("://") {
        Some(rest) if !head.contains('%') => Scheme::Plain {
            protocol: head,
            rest,
        },
        // The scheme may be encoded too: `a+b` is `a%2Bb` there.
        _ if contains_encoded_separator(head) => Scheme::Encoded,
        _ => Scheme::Missing,
    }
}

/// Whether `://` is in the text, form-encoded in capitals or small letters.
fn contains_encoded_separator(text: &str) -> bool {
    const SEPARATOR: &[u8] = b"%3A%2F%2F";
    text.as_bytes()
        .windows(SEPARATOR.len())
        .any(|window| window.eq_ignore_ascii_case(SEPARATOR))
}

/// RFC 3986, and the underscore that extension names of Dubbo use.
fn is_scheme_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || "+-._".contains(char)
}

/// One text on its way to parts; knows the text for messages.
struct Reader<'text> {
    text: &'text str,
    addresses: Addresses,
}

impl Reader<'_> {
    /// Decodes the whole, then finds out who wrote it: dubbo-go 1.5 leaves the components encoded a second time, Dubbo
    /// Java does not. A query of nothing but form encoding's alphabet is taken for the former: decoding it is harmless
    /// unless a Java value holds `+` or `%` and nothing else of the whole query needs encoding.
    fn read_whole_encoded(&self) -> Result<Parts, UrlError> {
        let decoded = unescape(self.text, Plus::Space).map_err(|cause| self.bad_escape(&cause))?;
        let Scheme::Plain { protocol, rest } = scheme_of(&decoded) else {
            return Err(UrlError::new(
                UrlErrorKind::Scheme,
                self.text,
                "missing protocol scheme after decoding",
            ));
        };
        let (front, query) = rest.split_once('?').unwrap_or((rest, ""));
        let still_encoded = is_form_encoded(query) && unescape(front, Plus::Literal).is_ok();
        let components = if still_encoded {
            Components::Encoded
        } else {
            Components::Raw
        };
        self.read(protocol, rest, components)
    }

    /// Takes apart what follows `://`.
    fn read(&self, protocol: &str, rest: &str, components: Components) -> Result<Parts, UrlError> {
        let starts_well = protocol.starts_with(|first: char| first.is_ascii_alphabetic());
        if !starts_well || !protocol.chars().all(is_scheme_char) {
            let cause = format!("missing protocol scheme, {protocol:?} is none");
            return Err(UrlError::new(UrlErrorKind::Scheme, self.text, cause));
        }
        let rest = match components {
            // A fragment means nothing to Dubbo; raw text has none, there `#` is part of a value.
            Components::Encoded => rest.split('#').next().unwrap_or_default(),
            Components::Raw => rest,
        };
        let (front, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = front.split_at(front.find('/').unwrap_or(front.len()));
        let (user_info, location) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (username, password) = user_info.split_once(':').unwrap_or((user_info, ""));
        let component = |text| self.decode(text, Plus::Literal, components);
        Ok(Parts {
            protocol: protocol.to_ascii_lowercase().into(),
            username: component(username)?.into(),
            password: component(password)?.into(),
            location: self.read_location(location, components)?,
            path: component(path)?.into(),
            params: Arc::new(self.read_query(query, components)?),
            ..Parts::default()
        })
    }

    fn read_location(&self, location: &str, components: Components) -> Result<Location, UrlError> {
        let decode = |host: &str| match host.split_once('%') {
            // The zone of an IPv6 address: `%25` by RFC 6874, a bare `%` by everybody else.
            Some((address, zone)) if address.contains(':') => Ok(format!(
                "{address}%{}",
                zone.strip_prefix("25").unwrap_or(zone)
            )),
            _ if components == Components::Raw => Ok(host.to_owned()),
            _ => unescape(host, Plus::Literal)
                .map(Cow::into_owned)
                .map_err(|cause| cause.to_string()),
        };
        Location::parse(location, self.addresses, decode)
            .map_err(|cause| UrlError::new(UrlErrorKind::Address, self.text, cause))
    }

    fn read_query(&self, query: &str, components: Components) -> Result<Params, UrlError> {
        let mut pairs = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let key = self.decode(key, Plus::Space, components)?;
            let value = self.decode(value, Plus::Space, components)?;
            pairs.push((key.into(), value.into()));
        }
        Ok(Params::from_pairs(pairs))
    }

    fn decode<'piece>(
        &self,
        piece: &'piece str,
        plus: Plus,
        components: Components,
    ) -> Result<Cow<'piece, str>, UrlError> {
        match components {
            Components::Raw => Ok(Cow::Borrowed(piece)),
            Components::Encoded => unescape(piece, plus).map_err(|cause| self.bad_escape(&cause)),
        }
    }

    fn bad_escape(&self, cause: &EscapeError) -> UrlError {
        UrlError::new(UrlErrorKind::Escape, self.text, cause)
    }
}
