//! The filter kind: the trait that a policy implements.

use crate::abi::interest::{Hook, Interest, Space};
use crate::call::{Flow, Request, Response};
use crate::error::{Error, Result};
use crate::host::{Host, Metric};
use crate::native::MetricKind;
use crate::seam::HostRef;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt;

/// A policy that sees each call on the way in and on the way back (Dubbo: `org.apache.dubbo.rpc.Filter`).
///
/// The host keeps one instance per slot and runs one hook at a time on it, never across an await: no locks needed.
/// Two hooks of one call may run on two instances, so what belongs to a call goes through [`Request::set_scratch`],
/// and what must be exact across instances through [`Host::state`].
/// An `Err` from a hook applies the plugin's failure policy and drops all that the hook staged.
pub trait Filter: Sized + Send + 'static {
    /// The configuration, read from the YAML beside the plugin; [`NoConfig`] if it has none.
    /// Without a YAML it is read from `{}`, so give fields defaults.
    type Config: DeserializeOwned;

    /// Builds an instance. Off the call path, at most 1 s of CPU time.
    ///
    /// # Errors
    /// The configuration makes no sense: the plugin is not taken, the old generation stays.
    fn new(config: Self::Config) -> Result<Self>;

    /// Right after `new`: defines metrics, and asks for what the configuration says must be read.
    ///
    /// # Errors
    /// As `new`.
    fn setup(&mut self, _setup: &mut Setup<'_>) -> Result<()> {
        Ok(())
    }

    /// On the way in, once per call (stage `call`) or attempt. At most 5 ms of CPU time.
    ///
    /// # Errors
    /// The failure policy decides about the call.
    fn on_request(&mut self, _request: &mut Request<'_>) -> Result<Flow> {
        Ok(Flow::Continue)
    }

    /// On the way back, once for every call that was entered, also when the caller went away.
    ///
    /// # Errors
    /// The failure policy decides about the call.
    fn on_response(&mut self, _response: &mut Response<'_>) -> Result<()> {
        Ok(())
    }

    /// Every `tick_ms`, on one instance.
    ///
    /// # Errors
    /// Counted and logged.
    fn tick(&mut self, _host: Host<'_>) -> Result<()> {
        Ok(())
    }

    /// Once, before the plugin goes live.
    ///
    /// # Errors
    /// The plugin is not taken.
    fn self_test(&mut self, _host: Host<'_>) -> Result<()> {
        Ok(())
    }

    /// The configuration's JSON Schema, for `wubbo plugin build`.
    #[must_use]
    fn schema() -> &'static str {
        "{}"
    }
}

/// The configuration of a plugin that has none: `{}`, any key is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}

/// What [`Filter::setup`] may do.
pub struct Setup<'a> {
    host: HostRef<'a>,
    interest: Option<Vec<(Space, String, u16)>>,
}

impl fmt::Debug for Setup<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Setup")
            .field("interest", &self.interest)
            .finish_non_exhaustive()
    }
}

impl<'a> Setup<'a> {
    pub(crate) const fn new(host: HostRef<'a>) -> Self {
        Self {
            host,
            interest: None,
        }
    }

    /// The host.
    #[must_use]
    pub const fn host(&self) -> Host<'a> {
        Host::new(self.host)
    }

    /// Asks for a text to be at hand in a hook. The first use replaces the whole list of the manifest.
    pub fn read(&mut self, space: Space, key: impl Into<String>, hook: Hook) {
        self.interest
            .get_or_insert_default()
            .push((space, key.into(), hook.bit()));
    }

    /// A metric that only grows; shown as `wubbo_plugin_<name>`.
    ///
    /// # Errors
    /// `BadArgument` (name), `Quota` (64 metrics), `Conflict` (the name has another kind).
    pub fn counter(&mut self, name: &str, help: &str) -> Result<Metric> {
        Metric::define(self.host, MetricKind::Counter, name, help)
    }

    /// A metric whose last value counts.
    ///
    /// # Errors
    /// As [`Setup::counter`].
    pub fn gauge(&mut self, name: &str, help: &str) -> Result<Metric> {
        Metric::define(self.host, MetricKind::Gauge, name, help)
    }

    /// A metric that observes whole numbers in buckets of powers of two.
    ///
    /// # Errors
    /// As [`Setup::counter`].
    pub fn histogram(&mut self, name: &str, help: &str) -> Result<Metric> {
        Metric::define(self.host, MetricKind::Histogram, name, help)
    }

    #[cfg_attr(
        not(target_arch = "wasm32"),
        expect(
            dead_code,
            reason = "a linked plugin reads the call where it lies, so nothing is prefetched for it"
        )
    )]
    pub(crate) fn interest(&self) -> Option<Vec<Interest<'_>>> {
        let list = self.interest.as_ref()?;
        Some(
            list.iter()
                .map(|(space, key, hooks)| Interest {
                    space: *space,
                    hooks: *hooks,
                    key,
                })
                .collect(),
        )
    }
}

/// Reads the configuration and builds the policy: the part of `new` that both forms share.
pub(crate) fn build<T: Filter>(config: &str, setup: &mut Setup<'_>) -> Result<T> {
    let config = serde_json::from_str(config).map_err(|error| {
        let place = |number: usize| u32::try_from(number).unwrap_or(0);
        Error::new(format!("configuration: {error}")).at(place(error.line()), place(error.column()))
    })?;
    let mut policy = T::new(config)?;
    policy.setup(setup)?;
    Ok(policy)
}
