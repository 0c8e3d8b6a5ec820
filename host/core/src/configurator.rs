//! Override rules: what operators change about a URL without a release.

use std::fmt;

use crate::Url;

/// Whose URL is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigureSide {
    /// The URL under which this process offers a service.
    Provider,
    /// The URL of a provider as a consumer in this process sees it.
    Consumer,
}

/// A policy that rewrites provider URLs. Object safe, Send + Sync.
pub trait Configurator: Send + Sync + fmt::Debug {
    /// The configurator's Dubbo key, such as `override`.
    fn name(&self) -> &str;

    /// The URL as the rules want it; `None`: as it is, or the configurator failed. Runs off the call path and may block for as long
    /// as the plugin's limit says (1 s): once per provider and change.
    fn configure(&self, url: &Url, side: ConfigureSide) -> Option<Url>;
}
