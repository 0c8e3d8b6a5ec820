//! What can go wrong when a watch starts or a settled file is read.
//! Trouble while watching is a state ([`crate::Change`]), not an error.

use std::io;
use std::path::Path;

/// Why a call failed. See [`Error::kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The path cannot be made absolute, or has no directory around it.
    Path,
    /// The operating system gave no thread.
    Thread,
    /// The file is larger than the reader allows.
    TooLarge,
    /// The file is no longer the one of the snapshot; a newer snapshot follows.
    Changed,
    /// The file cannot be read.
    Io,
}

/// A failed start of a watch, or a failed read of an entry.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<io::Error>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: String) -> Self {
        Self {
            kind,
            message,
            source: None,
        }
    }

    pub(crate) fn io(kind: ErrorKind, what: &str, path: &Path, source: io::Error) -> Self {
        Self {
            kind,
            message: format!("{}: {what}", path.display()),
            source: Some(source),
        }
    }

    pub(crate) fn changed(path: &Path) -> Self {
        Self::new(
            ErrorKind::Changed,
            format!(
                "{}: changed while it was read; a newer state follows",
                path.display()
            ),
        )
    }

    /// The class of the failure.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}
