//! Why a plugin's hook or a host function did not do what was asked.

use crate::abi::codes;
use std::borrow::Cow;
use std::fmt;

/// Bytes of a key that a message shows: rules name keys, and a rule may be long.
const KEY_SHOWN: usize = 64;

/// What all hooks and host functions of the SDK answer with.
pub type Result<T> = std::result::Result<T, Error>;

/// The kinds of [`Error`], one for each code of ABI.md section 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such value.
    Absent,
    /// Not allowed in this hook.
    NotAllowed,
    /// An id, kind, name or path that the host does not know.
    BadArgument,
    /// Above a limit of [`crate::abi::limits`].
    TooLarge,
    /// The host cannot read the body.
    NotReadable,
    /// The plugin's share of log lines, state or metrics is used up.
    Quota,
    /// Compare-and-set met another value.
    Conflict,
    /// The value has no such form.
    WrongType,
    /// Manifest or operator do not permit it.
    NotGranted,
    /// The host cannot do it now.
    Unavailable,
    /// The plugin itself failed.
    Failed,
}

impl ErrorKind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::Absent,
        Self::NotAllowed,
        Self::BadArgument,
        Self::TooLarge,
        Self::NotReadable,
        Self::Quota,
        Self::Conflict,
        Self::WrongType,
        Self::NotGranted,
        Self::Unavailable,
        Self::Failed,
    ];

    /// The code that crosses the border.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::Absent => codes::ABSENT,
            Self::NotAllowed => codes::NOT_ALLOWED,
            Self::BadArgument => codes::BAD_ARGUMENT,
            Self::TooLarge => codes::TOO_LARGE,
            Self::NotReadable => codes::NOT_READABLE,
            Self::Quota => codes::QUOTA,
            Self::Conflict => codes::CONFLICT,
            Self::WrongType => codes::WRONG_TYPE,
            Self::NotGranted => codes::NOT_GRANTED,
            Self::Unavailable => codes::UNAVAILABLE,
            Self::Failed => codes::FAILED,
        }
    }

    /// The kind of a code; a code of a later version is [`ErrorKind::Unavailable`].
    #[must_use]
    pub fn from_code(code: i32) -> Self {
        let known = Self::ALL.into_iter().find(|kind| kind.code() == code);
        known.unwrap_or(Self::Unavailable)
    }
}

/// A failure inside a plugin: its own, or a host function's answer.
///
/// Returned from a hook it makes the host apply the plugin's failure policy; nothing that the hook staged is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: Cow<'static, str>,
    line: u32,
    column: u32,
}

impl Error {
    /// A failure of the plugin itself.
    #[must_use]
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: ErrorKind::Failed,
            message: message.into(),
            line: 0,
            column: 0,
        }
    }

    /// The same with the place in the configuration or rule where it is wrong, counted from 1.
    #[must_use]
    pub fn at(mut self, line: u32, column: u32) -> Self {
        self.line = line;
        self.column = column;
        self
    }

    /// The answer of a host function that was asked for `what`.
    #[must_use]
    pub const fn host(kind: ErrorKind, what: &'static str) -> Self {
        Self {
            kind,
            message: Cow::Borrowed(what),
            line: 0,
            column: 0,
        }
    }

    /// As [`Error::host`], with the key that is in question; of a long one its beginning.
    pub(crate) fn of_key(kind: ErrorKind, key: &str, what: &str) -> Self {
        let mut end = key.len().min(KEY_SHOWN);
        while !key.is_char_boundary(end) {
            end -= 1;
        }
        let shown = key.get(..end).unwrap_or_default();
        let more = if end < key.len() { ".." } else { "" };
        Self {
            kind,
            message: Cow::Owned(format!("`{shown}{more}` {what}")),
            line: 0,
            column: 0,
        }
    }

    /// What kind of failure it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Line and column in the configuration or rule, from 1; 0 if unknown.
    #[must_use]
    pub const fn place(&self) -> (u32, u32) {
        (self.line, self.column)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)?;
        if self.kind != ErrorKind::Failed {
            out.write_str(": ")?;
            out.write_str(codes::text(self.kind.code()))?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_kind_and_words() {
        for (code, text) in codes::ALL {
            let kind = ErrorKind::from_code(*code);
            assert_eq!(kind.code(), *code, "{text}");
        }
        assert_eq!(codes::ALL.len(), ErrorKind::ALL.len());
        assert_eq!(ErrorKind::from_code(-99), ErrorKind::Unavailable);
        assert_eq!(codes::text(-99), "unknown code");
    }

    #[test]
    fn messages_name_the_thing_and_the_reason() {
        assert_eq!(Error::new("no such limit").to_string(), "no such limit");
        assert_eq!(
            Error::host(ErrorKind::Quota, "state_add").to_string(),
            "state_add: quota used up"
        );
        assert_eq!(Error::new("bad rule").at(3, 7).place(), (3, 7));
    }
}
