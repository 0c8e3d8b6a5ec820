//! The filter kind: the trait that a policy implements.

use crate::call::{Flow, Request, Response};
use crate::error::Result;
use crate::host::Host;
use crate::setup::{self, Setup};
use serde::de::DeserializeOwned;

/// A policy that sees each call on the way in and on the way back (Dubbo: `org.apache.dubbo.rpc.Filter`).
///
/// The host keeps one instance per slot and runs one hook at a time on it, never across an await: no locks needed.
/// Two hooks of one call may run on two instances, so what belongs to a call goes through [`Request::set_scratch`],
/// and what must be exact across instances through [`Host::state`].
/// An `Err` from a hook applies the plugin's failure policy and drops all that the hook staged.
pub trait Filter: Sized + Send + 'static {
    /// The configuration, read from the YAML beside the plugin; [`crate::NoConfig`] if it has none.
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

/// Reads the configuration and builds the policy: the part of `new` that both forms share.
pub(crate) fn build<T: Filter>(config: &str, setup: &mut Setup<'_>) -> Result<T> {
    let mut policy = T::new(setup::config(config)?)?;
    policy.setup(setup)?;
    Ok(policy)
}
