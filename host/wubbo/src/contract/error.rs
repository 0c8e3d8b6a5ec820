//! How a call ends when it does not end well.

use wubbo_core::{Error, ErrorKind};

use super::{JavaException, Throwable};

/// A call that failed: the service threw, or something around it failed. Public as `wubbo::Error`.
///
/// A service returns an exception of its own by `Err(DemoException { .. }.into())`, any other one by
/// [`Err(wubbo::exception(class, message))`](exception).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The service threw; never retried.
    #[error(transparent)]
    Exception(Throwable),
    /// The call did not reach the service, or its answer did not come back.
    #[error(transparent)]
    Framework(Error),
}

/// What a method of a service or client returns.
pub type Result<T, E = CallError> = std::result::Result<T, E>;

impl CallError {
    /// The exception, if the service threw one.
    #[must_use]
    pub fn exception(&self) -> Option<&Throwable> {
        match self {
            Self::Exception(throwable) => Some(throwable),
            Self::Framework(_) => None,
        }
    }

    /// The kind of failure, if it was not the service's.
    #[must_use]
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Exception(_) => None,
            Self::Framework(error) => Some(error.kind()),
        }
    }

    /// The exception as `T`, if it is one.
    #[must_use]
    pub fn downcast<T: JavaException>(&self) -> Option<T> {
        self.exception().and_then(Throwable::downcast)
    }
}

impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        Self::Framework(error)
    }
}

impl From<Throwable> for CallError {
    fn from(throwable: Throwable) -> Self {
        Self::Exception(throwable)
    }
}

impl<T: JavaException> From<T> for CallError {
    fn from(exception: T) -> Self {
        Self::Exception(Throwable::from_typed(&exception))
    }
}

/// An exception of a Java class that has no Rust type, such as `java.lang.IllegalStateException`.
#[must_use]
pub fn exception(class: &str, message: impl AsRef<str>) -> CallError {
    CallError::Exception(Throwable::new(class, Some(message.as_ref())))
}
