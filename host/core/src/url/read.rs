//! Typed reads of parameters. None of them allocates, but for decoded bytes and errors.
//!
//! Dubbo's rule for most of them: the first value counts, and empty text is the same as no parameter.

use std::{any::type_name, str::FromStr, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE};

use super::{Url, UrlError, UrlErrorKind, parse_duration};

/// Prefix of method-level keys, `methods.<method>.<key>` (dubbo-go `METHOD_KEYS`).
pub(super) const METHODS_PREFIX: &str = "methods.";

impl Url {
    /// The first value of `key`; `None` when absent or empty.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.first(key).filter(|value| !value.is_empty())
    }

    /// The first value of `key`, else `default`.
    #[must_use]
    pub fn get_or<'read>(&'read self, key: &str, default: &'read str) -> &'read str {
        self.get(key).unwrap_or(default)
    }

    /// The first value of `key`, empty text included; `None` only when the key is absent.
    #[must_use]
    pub fn first(&self, key: &str) -> Option<&str> {
        self.parts().params.first(key)
    }

    /// `1 t T TRUE true True` or `0 f F FALSE false False`; anything else is `default`.
    #[must_use]
    pub fn get_bool(&self, key: &str, default: bool) -> bool {
        self.get(key).and_then(parse_bool).unwrap_or(default)
    }

    /// A signed decimal number; 0, unparsable text and overflow are `default`, as in Dubbo. Where 0 has a meaning (a
    /// weight), use [`Url::get_parsed`].
    #[must_use]
    pub fn get_int(&self, key: &str, default: i64) -> i64 {
        self.get(key).and_then(parse_int).unwrap_or(default)
    }

    /// Milliseconds: a bare number as Dubbo Java writes it, or text with a unit (`3s`, `500ms`) as dubbo-go writes it; see
    /// [`parse_duration`]. Absent, unparsable and 0 are `default_ms`. Parts of a millisecond count as one.
    #[must_use]
    pub fn get_duration_ms(&self, key: &str, default_ms: u64) -> u64 {
        self.get(key).and_then(duration_ms).unwrap_or(default_ms)
    }

    /// A value of any type that parses from text; `Ok(None)` when absent or empty. Tells 0 from absent and reports text
    /// that does not parse, which the other reads take for absent.
    ///
    /// # Errors
    /// [`UrlErrorKind::Param`] names key, value and the type expected.
    pub fn get_parsed<T: FromStr>(&self, key: &str) -> Result<Option<T>, UrlError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        value
            .parse()
            .map(Some)
            .map_err(|_| bad_param(key, value, type_name::<T>()))
    }

    /// A duration as [`Url::get_duration_ms`] reads it; `Ok(None)` when absent or empty, 0 is a value.
    ///
    /// # Errors
    /// [`UrlErrorKind::Param`] names key and value.
    pub fn get_duration(&self, key: &str) -> Result<Option<Duration>, UrlError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let expected = "milliseconds or a number with a unit such as 3s";
        parse_duration(value)
            .map(Some)
            .ok_or_else(|| bad_param(key, value, expected))
    }

    /// The bytes of a base64 value, URL-safe alphabet, padded; `Ok(None)` when absent or empty. This is how a rule text
    /// travels in a router URL.
    ///
    /// # Errors
    /// [`UrlErrorKind::Param`] names key, value and what is wrong with it.
    pub fn get_and_decode(&self, key: &str) -> Result<Option<Vec<u8>>, UrlError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let decoded = URL_SAFE.decode(value);
        decoded
            .map(Some)
            .map_err(|cause| bad_param(key, value, &format!("url-safe base64: {cause}")))
    }

    /// A field or parameter by the word that rules use: `protocol`, `username`, `password`, `host`, `port` and `path` read
    /// the fields, any other word the parameter. Empty when absent.
    #[must_use]
    pub fn raw(&self, word: &str) -> &str {
        match word {
            "protocol" => self.protocol(),
            "username" => self.username(),
            "password" => self.password(),
            "host" => self.host(),
            "port" => self.parts().location.port_text(),
            "path" => self.path(),
            key => self.get_or(key, ""),
        }
    }

    /// The value of `methods.<method>.<key>`, without falling back to the service level.
    #[must_use]
    pub fn get_method(&self, method: &str, key: &str) -> Option<&str> {
        let value = self
            .parts()
            .params
            .first_joined(&[METHODS_PREFIX, method, ".", key]);
        value.filter(|value| !value.is_empty())
    }

    /// Whether any method has a value of its own for `key`.
    #[must_use]
    pub fn has_method_key(&self, key: &str) -> bool {
        self.method_values(key).next().is_some()
    }

    /// Every method that has a value of its own for `key`, with that value, sorted by method. Empty values do not count.
    pub fn method_values<'read>(
        &'read self,
        key: &'read str,
    ) -> impl Iterator<Item = (&'read str, &'read str)> {
        let of_method = move |name: &'read str| {
            let rest = name.strip_prefix(METHODS_PREFIX)?.strip_suffix(key)?;
            rest.strip_suffix('.').filter(|method| !method.is_empty())
        };
        self.first_params()
            .filter(|(_, value)| !value.is_empty())
            .filter_map(move |(name, value)| Some((of_method(name)?, value)))
    }

    /// [`Url::get_method`], else `default`; no fall-back to the service level (dubbo-go `GetMethodParam`).
    #[must_use]
    pub fn get_method_or<'read>(
        &'read self,
        method: &str,
        key: &str,
        default: &'read str,
    ) -> &'read str {
        self.get_method(method, key).unwrap_or(default)
    }

    /// The method's value, else the service's: the lookup of Dubbo Java's `getMethodParameter`.
    #[must_use]
    pub fn get_method_or_service(&self, method: &str, key: &str) -> Option<&str> {
        self.get_method(method, key).or_else(|| self.get(key))
    }

    /// The integer rule of [`Url::get_int`] on `methods.<method>.<key>`; no fall-back (dubbo-go `GetMethodParamInt`).
    #[must_use]
    pub fn get_method_int(&self, method: &str, key: &str, default: i64) -> i64 {
        self.get_method(method, key)
            .and_then(parse_int)
            .unwrap_or(default)
    }

    /// The integer rule of [`Url::get_int`] on the method's value, then on the service's (dubbo-go `GetMethodParamInt64`).
    #[must_use]
    pub fn get_method_int64(&self, method: &str, key: &str, default: i64) -> i64 {
        self.get_method(method, key)
            .and_then(parse_int)
            .unwrap_or_else(|| self.get_int(key, default))
    }

    /// The words of [`Url::get_bool`] on `methods.<method>.<key>`; no fall-back: a caller gives the service's value as
    /// `default` (dubbo-go `GetMethodParamBool`).
    #[must_use]
    pub fn get_method_bool(&self, method: &str, key: &str, default: bool) -> bool {
        self.get_method(method, key)
            .and_then(parse_bool)
            .unwrap_or(default)
    }

    /// [`Url::get_duration_ms`] on the method's value, then on the service's.
    #[must_use]
    pub fn get_method_duration_ms(&self, method: &str, key: &str, default_ms: u64) -> u64 {
        self.get_method(method, key)
            .and_then(duration_ms)
            .unwrap_or_else(|| self.get_duration_ms(key, default_ms))
    }
}

/// The words of Go's `strconv.ParseBool`.
fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

fn parse_int(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number| *number != 0)
}

fn duration_ms(text: &str) -> Option<u64> {
    let duration = parse_duration(text)?;
    u64::try_from(duration.as_nanos().div_ceil(1_000_000))
        .ok()
        .filter(|ms| *ms != 0)
}

fn bad_param(key: &str, value: &str, expected: &str) -> UrlError {
    UrlError::new(
        UrlErrorKind::Param,
        &format!("{key}={value}"),
        format!("expected {expected}"),
    )
}
