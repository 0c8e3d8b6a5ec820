//! The one error type of the crate.
//!
//! An error says what is wrong and, when it was found in a byte stream, at which offset. The kind is what a program
//! decides by; the text is for a reader.

use std::fmt;

/// What [`Error::kind`] answers: the class of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ended inside a value.
    Truncated,
    /// The bytes are not Hessian 2.0: a reserved tag, a misplaced end marker, a negative length, trailing bytes.
    Malformed,
    /// An index points outside the table of references, classes or types.
    BadReference,
    /// A string is not valid: broken UTF-8, or a lone surrogate in strict mode.
    Text,
    /// A bound of [`Limits`](crate::Limits) was reached.
    Limit,
    /// The value has another type than the one asked for, or does not fit into it.
    Type,
    /// A value cannot be written: a dangling reference, a wrong number of fields, an integer above 64 bits.
    Unwritable,
}

/// A failure to read or write Hessian.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(Box<Detail>);

#[derive(Debug)]
struct Detail {
    kind: ErrorKind,
    offset: Option<usize>,
    message: String,
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.offset {
            Some(offset) => write!(f, " at byte {offset}"),
            None => Ok(()),
        }
    }
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error found at `offset` of the input.
    #[cold]
    pub(crate) fn at(kind: ErrorKind, offset: usize, message: impl Into<String>) -> Self {
        Self(Box::new(Detail {
            kind,
            offset: Some(offset),
            message: message.into(),
        }))
    }

    /// An error without a place.
    #[cold]
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Detail {
            kind,
            offset: None,
            message: message.into(),
        }))
    }

    /// The same error, with a place when it had none.
    #[cold]
    pub(crate) fn or_at(mut self, offset: usize) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// The class of this failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Offset in the input where the failure was found; `None` for failures to write.
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }
}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(ErrorKind::Type, message.to_string())
    }
}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(ErrorKind::Unwritable, message.to_string())
    }
}
