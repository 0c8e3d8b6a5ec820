//! The linked form of each kind, and how one is built.

use super::{HostCall, HostFunctions, HostRouting, HostTable, HostUrl};
use crate::error::Error;
use std::fmt;

/// A linked filter. The host keeps one per slot, as it does with wasm instances, and asks it for one call at a time.
///
/// Commands are appended to `out`, which the host hands over empty and may reuse. When a hook errs the host drops
/// them and applies the plugin's failure policy. Hooks that the manifest does not list need not be called.
pub trait NativeFilter: Send {
    /// Runs the way in.
    ///
    /// # Errors
    /// The plugin's failure.
    fn on_request(&mut self, call: &dyn HostCall, out: &mut Vec<u8>) -> Result<(), Error>;

    /// Runs the way back.
    ///
    /// # Errors
    /// The plugin's failure.
    fn on_response(&mut self, call: &dyn HostCall, out: &mut Vec<u8>) -> Result<(), Error>;

    /// Runs every `tick_ms` on one instance.
    ///
    /// # Errors
    /// The plugin's failure.
    fn tick(&mut self, host: &dyn HostFunctions) -> Result<(), Error>;

    /// Runs once before the plugin goes live.
    ///
    /// # Errors
    /// The plugin is not fit to go live.
    fn self_test(&mut self, host: &dyn HostFunctions) -> Result<(), Error>;
}

/// A rule as the host hands it over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleText<'a> {
    /// Whether it is an application's, not a service's.
    pub of_application: bool,
    /// Which state of the rule; grows.
    pub version: u64,
    /// The config center's key.
    pub key: &'a str,
    /// Its group.
    pub group: &'a str,
    /// The text; `None`: the rule was deleted.
    pub text: Option<&'a str>,
}

/// A linked router; otherwise as [`NativeFilter`]. Rules are given before tables, tables before calls that are about them.
pub trait NativeRouter: Send {
    /// A list of providers, or new weights of one.
    ///
    /// # Errors
    /// The plugin's failure: this instance has no such table.
    fn on_providers(&mut self, table: &dyn HostTable) -> Result<(), Error>;

    /// A service that is no longer used.
    ///
    /// # Errors
    /// The plugin's failure.
    fn drop_providers(&mut self, service_token: u64, host: &dyn HostFunctions)
    -> Result<(), Error>;

    /// A rule that was set or deleted.
    ///
    /// # Errors
    /// The rule makes no sense, with line and column where they are known.
    fn on_rule(&mut self, rule: RuleText<'_>, host: &dyn HostFunctions) -> Result<(), Error>;

    /// Clears bits of `candidates` (row r is bit `r % 64` of word `r / 64`); whether it did.
    ///
    /// # Errors
    /// The plugin's failure: the input passes, whatever was cleared.
    fn route(&mut self, call: &dyn HostRouting, candidates: &mut [u64]) -> Result<bool, Error>;

    /// As [`NativeFilter::tick`].
    ///
    /// # Errors
    /// The plugin's failure.
    fn tick(&mut self, host: &dyn HostFunctions) -> Result<(), Error>;

    /// As [`NativeFilter::self_test`].
    ///
    /// # Errors
    /// The plugin is not fit to go live.
    fn self_test(&mut self, host: &dyn HostFunctions) -> Result<(), Error>;
}

/// A linked balancer; otherwise as [`NativeRouter`].
pub trait NativeLoadBalance: Send {
    /// As [`NativeRouter::on_providers`].
    ///
    /// # Errors
    /// The plugin's failure.
    fn on_providers(&mut self, table: &dyn HostTable) -> Result<(), Error>;

    /// As [`NativeRouter::drop_providers`].
    ///
    /// # Errors
    /// The plugin's failure.
    fn drop_providers(&mut self, service_token: u64, host: &dyn HostFunctions)
    -> Result<(), Error>;

    /// The row of the chosen provider; `None`: nobody should get this call.
    ///
    /// # Errors
    /// The plugin's failure: the cluster picks uniformly.
    fn select(&mut self, call: &dyn HostRouting, candidates: &[u64]) -> Result<Option<u32>, Error>;

    /// As [`NativeFilter::tick`].
    ///
    /// # Errors
    /// The plugin's failure.
    fn tick(&mut self, host: &dyn HostFunctions) -> Result<(), Error>;

    /// As [`NativeFilter::self_test`].
    ///
    /// # Errors
    /// The plugin is not fit to go live.
    fn self_test(&mut self, host: &dyn HostFunctions) -> Result<(), Error>;
}

/// A linked configurator.
pub trait NativeConfigurator: Send {
    /// As [`NativeRouter::on_rule`].
    ///
    /// # Errors
    /// The rule makes no sense.
    fn on_rule(&mut self, rule: RuleText<'_>, host: &dyn HostFunctions) -> Result<(), Error>;

    /// Appends commands `SET_PARAMETER` and `REMOVE_PARAMETER` to `out`.
    ///
    /// # Errors
    /// The plugin's failure: the last good configuration stays.
    fn configure_url(&mut self, url: &dyn HostUrl, out: &mut Vec<u8>) -> Result<(), Error>;

    /// As [`NativeFilter::tick`].
    ///
    /// # Errors
    /// The plugin's failure.
    fn tick(&mut self, host: &dyn HostFunctions) -> Result<(), Error>;

    /// As [`NativeFilter::self_test`].
    ///
    /// # Errors
    /// The plugin is not fit to go live.
    fn self_test(&mut self, host: &dyn HostFunctions) -> Result<(), Error>;
}

/// Builds a filter from its configuration (JSON text, `{}` for none).
pub type CreateFilter =
    fn(config: &str, host: &dyn HostFunctions) -> Result<Box<dyn NativeFilter>, Error>;
/// Builds a router.
pub type CreateRouter =
    fn(config: &str, host: &dyn HostFunctions) -> Result<Box<dyn NativeRouter>, Error>;
/// Builds a balancer.
pub type CreateLoadBalance =
    fn(config: &str, host: &dyn HostFunctions) -> Result<Box<dyn NativeLoadBalance>, Error>;
/// Builds a configurator.
pub type CreateConfigurator =
    fn(config: &str, host: &dyn HostFunctions) -> Result<Box<dyn NativeConfigurator>, Error>;

/// How a linked plugin is built, by kind.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Create {
    /// A filter.
    Filter(CreateFilter),
    /// A router.
    Router(CreateRouter),
    /// A balancer.
    LoadBalance(CreateLoadBalance),
    /// A configurator.
    Configurator(CreateConfigurator),
}

impl fmt::Debug for Create {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Filter(_) => "Filter",
            Self::Router(_) => "Router",
            Self::LoadBalance(_) => "LoadBalance",
            Self::Configurator(_) => "Configurator",
        })
    }
}

/// A linked plugin: its manifest and the way to build instances of it. `#[wubbo_plugin]` makes one per plugin crate.
#[derive(Debug, Clone, Copy)]
pub struct Factory {
    /// The bytes that the wasm form carries as section `wubbo.plugin`; [`crate::Manifest::parse`] reads them.
    pub manifest: &'static [u8],
    /// Builds an instance.
    pub create: Create,
}

const _: () = {
    const fn object_safe(_: Option<&dyn HostCall>, _: Option<&dyn HostRouting>) {}
    object_safe(None, None);
    const fn send<T: Send + ?Sized>() {}
    send::<Box<dyn NativeFilter>>();
    send::<Box<dyn NativeRouter>>();
    send::<Box<dyn NativeLoadBalance>>();
    send::<Box<dyn NativeConfigurator>>();
    const fn shared<T: Send + Sync + 'static>() {}
    shared::<Factory>();
};
