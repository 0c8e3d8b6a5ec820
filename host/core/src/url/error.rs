//! Why a text is no URL or a parameter not of its type. The words in front (`url.Parse`, `net.SplitHostPort`) are those that
//! dubbo-go prints, because operators search their logs for them.

use std::fmt;

use crate::{Error, ErrorKind};

/// Longest piece of the offending text that a message repeats, in characters.
const TEXT_CHARS_MAX: usize = 200;

/// A text that is no URL, or a parameter that is not what it should be. The message names the text, its password hidden.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}({text}): {cause}", .kind.step())]
pub struct UrlError {
    kind: UrlErrorKind,
    text: String,
    cause: String,
}

/// What was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UrlErrorKind {
    /// No scheme, or one with characters that a scheme cannot have.
    Scheme,
    /// A `%` without two hexadecimal digits, or decoded bytes that are not UTF-8.
    Escape,
    /// A host that cannot be one, a bad port, or a list of addresses where one was expected.
    Address,
    /// A parameter whose text is not of the type that was asked for.
    Param,
}

impl UrlErrorKind {
    fn step(self) -> &'static str {
        match self {
            Self::Scheme => "url.Parse",
            Self::Escape => "url.QueryUnescape",
            Self::Address => "net.SplitHostPort",
            Self::Param => "url.GetParam",
        }
    }
}

impl UrlError {
    pub(super) fn new(kind: UrlErrorKind, text: &str, cause: impl fmt::Display) -> Self {
        Self {
            kind,
            text: shorten(&hide_password(text)),
            cause: cause.to_string(),
        }
    }

    /// What was wrong.
    #[must_use]
    pub fn kind(&self) -> UrlErrorKind {
        self.kind
    }
}

impl From<UrlError> for Error {
    fn from(error: UrlError) -> Self {
        Self::new(ErrorKind::Config, error.to_string())
    }
}

/// The first [`TEXT_CHARS_MAX`] characters, with dots when there were more.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Replaces the password of a plain or an encoded URL text. The text may be malformed, so this looks for separators only.
fn hide_password(text: &str) -> String {
    hide_between(text, "://", ":", "@", &["/", "?"])
        .or_else(|| hide_between(text, "%3A%2F%2F", "%3A", "%40", &["%2F", "%3F"]))
        .unwrap_or_else(|| text.to_owned())
}

fn hide_between(
    text: &str,
    scheme_end: &str,
    colon: &str,
    at: &str,
    ends: &[&str],
) -> Option<String> {
    let (scheme, rest) = text.split_once(scheme_end)?;
    let authority_end = ends
        .iter()
        .filter_map(|end| rest.find(end))
        .min()
        .unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(authority_end);
    let (user_info, location) = authority.rsplit_once(at)?;
    let (username, _password) = user_info.split_once(colon)?;
    Some(format!(
        "{scheme}{scheme_end}{username}{colon}***{at}{location}{tail}"
    ))
}
