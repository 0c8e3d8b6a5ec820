//! A rule of the config center as a router or configurator sees it.

use crate::native::RuleText;

/// Whose calls a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// A service's.
    Service,
    /// An application's.
    Application,
}

/// A rule that was set or deleted.
///
/// An `Err` from the hook refuses it: what was good before stays in use, and people see the message with the place
/// that [`crate::Error::at`] gives it.
#[derive(Debug, Clone, Copy)]
pub struct Rule<'a> {
    inner: RuleText<'a>,
}

impl<'a> Rule<'a> {
    pub(crate) const fn new(inner: RuleText<'a>) -> Self {
        Self { inner }
    }

    /// Whose calls it is about.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        if self.inner.of_application {
            Scope::Application
        } else {
            Scope::Service
        }
    }

    /// The config center's key, e.g. `com.foo.Bar:1.0.0:.condition-router`.
    #[must_use]
    pub const fn key(&self) -> &'a str {
        self.inner.key
    }

    /// Its group, e.g. `dubbo`.
    #[must_use]
    pub const fn group(&self) -> &'a str {
        self.inner.group
    }

    /// Which state of the rule; grows.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.inner.version
    }

    /// The text, at most 1 MiB; `None`: the rule was deleted.
    #[must_use]
    pub const fn text(&self) -> Option<&'a str> {
        self.inner.text
    }
}
