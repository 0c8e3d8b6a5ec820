//! Override rules: what operators change about a URL without a release.

use std::fmt;

use crate::Url;

/// A rule that rewrites provider URLs. Object safe, Send + Sync.
pub trait Configurator: Send + Sync + fmt::Debug {
    /// The URL as the rule wants it. Runs off the call path, once per provider and change; a rule that does not match returns
    /// the URL as it is, one that fails keeps its last good result.
    fn configure(&self, url: &Url) -> Url;
}
