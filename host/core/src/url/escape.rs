//! Percent and form encoding, to the rules of Go's `net/url`, which write every Dubbo registry's node names.
//!
//! Decoding is ours because it must refuse a bad escape (`percent-encoding` passes it through) and tell which one it was.

use std::{borrow::Cow, fmt};

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

/// Form encoding leaves letters, digits and `-_.~` alone; the space becomes `+` (see [`write_form`]).
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b' ');
/// What would end a path early or be read as an escape. The rest stays readable: Dubbo paths hold `.`, `$`, `*` and `/`.
const PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'?').add(b'#');
/// What would end a user name, a password or a host early.
const AUTHORITY: &AsciiSet = &PATH
    .add(b'/')
    .add(b':')
    .add(b'@')
    .add(b',')
    .add(b'[')
    .add(b']')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`');

/// What a `+` stands for.
#[derive(Clone, Copy)]
pub(super) enum Plus {
    /// A space, as in a query.
    Space,
    /// Itself, as in a path.
    Literal,
}

/// Why a text cannot be decoded.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum EscapeError {
    #[error("invalid URL escape {0:?}")]
    Invalid(String),
    #[error("{0:?} does not decode to utf-8")]
    Utf8(String),
}

/// Decodes `%XX` and, by `plus`, `+`. Borrows when there is nothing to decode.
pub(super) fn unescape(text: &str, plus: Plus) -> Result<Cow<'_, str>, EscapeError> {
    let plus_is_space = matches!(plus, Plus::Space);
    let is_escape = |char| char == '%' || (plus_is_space && char == '+');
    if !text.contains(is_escape) {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        decoded.push(match byte {
            b'+' if plus_is_space => b' ',
            b'%' => {
                let digits = (hex(bytes.next()), hex(bytes.next()));
                let (Some(high), Some(low)) = digits else {
                    return Err(EscapeError::Invalid(text.chars_from(at, 3)));
                };
                high << 4 | low
            }
            other => other,
        });
    }
    String::from_utf8(decoded)
        .map(Cow::Owned)
        .map_err(|_| EscapeError::Utf8(text.chars_from(0, 60)))
}

/// Writes `text` form-encoded: the space as `+`, everything but letters, digits and `-_.~` as `%XX`.
pub(super) fn write_form(out: &mut impl fmt::Write, text: &str) -> fmt::Result {
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            out.write_char('+')?;
        }
        write!(out, "{}", utf8_percent_encode(word, FORM))?;
    }
    Ok(())
}

/// A path in which nothing can be taken for a query or an escape.
pub(super) fn path(text: &str) -> impl fmt::Display {
    utf8_percent_encode(text, PATH)
}

/// A user name, password or host in which nothing can be taken for a separator.
pub(super) fn authority(text: &str) -> impl fmt::Display {
    utf8_percent_encode(text, AUTHORITY)
}

/// Whether a query consists of nothing but what form encoding writes, so that decoding it once more is what its writer
/// meant. Raw values give themselves away by a comma, a slash, a colon, a blank, a second `=` ...
pub(super) fn is_form_encoded(query: &str) -> bool {
    query.split('&').all(|pair| {
        pair.bytes().filter(|byte| *byte == b'=').count() <= 1
            && pair
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~*+%=".contains(&byte))
            && unescape(pair, Plus::Space).is_ok()
    })
}

fn hex(byte: Option<(usize, u8)>) -> Option<u8> {
    let (_, byte) = byte?;
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

trait CharsFrom {
    fn chars_from(&self, start: usize, count: usize) -> String;
}

impl CharsFrom for str {
    /// At most `count` characters from byte `start`, for messages.
    fn chars_from(&self, start: usize, count: usize) -> String {
        self.get(start..)
            .unwrap_or_default()
            .chars()
            .take(count)
            .collect()
    }
}
