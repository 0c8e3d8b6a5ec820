//! The load balancer kind: the trait that a policy implements.

use crate::call::Routing;
use crate::candidates::Candidates;
use crate::error::Result;
use crate::host::Host;
use crate::providers::Providers;
use crate::setup::Setup;
use serde::de::DeserializeOwned;

/// A policy that picks one provider for an attempt (Dubbo: `org.apache.dubbo.rpc.cluster.LoadBalance`).
///
/// It is chosen by name (`loadbalance=`). Instances and the order of hooks are those of [`crate::Router`], without
/// rules. An `Err` from `select` makes the cluster pick uniformly.
///
/// ```
/// use wubbo_plugin_sdk::{Candidates, LoadBalance, NoConfig, Providers, Result, Routing, wubbo_plugin};
///
/// struct Uniform;
///
/// #[wubbo_plugin(kind = loadbalance, name = "uniform")]
/// impl LoadBalance for Uniform {
///     type Config = NoConfig;
///     type Table = ();
///
///     fn new(_config: NoConfig) -> Result<Self> {
///         Ok(Self)
///     }
///
///     fn on_providers(&mut self, _providers: &Providers<'_>, _before: Option<&()>) -> Result<()> {
///         Ok(())
///     }
///
///     fn select(&mut self, _table: &mut (), call: &Routing<'_>, candidates: &Candidates<'_>) -> Result<Option<usize>> {
///         let Some(last) = candidates.count().checked_sub(1) else { return Ok(None) };
///         let n = call.host().random()? % (last as u64 + 1);
///         Ok(candidates.nth(n as usize))
///     }
/// }
/// # fn main() -> Result<()> {
/// use wubbo_plugin_sdk::testing::{BalancerBench, Call};
///
/// let mut bench = BalancerBench::new(factory(), "{}")?;
/// bench.providers(&["dubbo://10.0.0.1:20880/com.foo.Bar", "dubbo://10.0.0.2:20880/com.foo.Bar"])?;
/// let call = Call::new("com.foo.Bar", "get");
/// assert!(bench.select(&call)?.is_some());
/// assert_eq!(bench.select_among(&call, &[1])?, Some(1));
/// # Ok(())
/// # }
/// ```
pub trait LoadBalance: Sized + Send + 'static {
    /// The configuration, as [`crate::Filter::Config`].
    type Config: DeserializeOwned;
    /// What is kept for one list of providers: indexes, caches, counters.
    type Table: Send + 'static;

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

    /// Builds what `select` needs for a list, as [`crate::Router::on_providers`].
    ///
    /// # Errors
    /// This instance is thrown away; without any instance left the cluster picks uniformly.
    fn on_providers(
        &mut self,
        providers: &Providers<'_>,
        before: Option<&Self::Table>,
    ) -> Result<Self::Table>;

    /// Only weights changed; the list and its columns are what they were.
    ///
    /// # Errors
    /// As [`LoadBalance::on_providers`].
    fn on_weights(&mut self, _table: &mut Self::Table, _providers: &Providers<'_>) -> Result<()> {
        Ok(())
    }

    /// The row that gets this attempt, one of the candidates; `None`: nobody. At most 1 ms of CPU time.
    ///
    /// # Errors
    /// The cluster picks uniformly.
    fn select(
        &mut self,
        table: &mut Self::Table,
        call: &Routing<'_>,
        candidates: &Candidates<'_>,
    ) -> Result<Option<usize>>;

    /// A service is no longer used. Called once, with its newest table; the SDK drops both.
    fn drop_providers(&mut self, _table: Self::Table) {}

    /// Every `tick_ms`, on one instance.
    ///
    /// # Errors
    /// Counted and logged.
    fn tick(&mut self, _host: Host<'_>) -> Result<()> {
        Ok(())
    }

    /// Once, before the plugin goes live, after lists were given.
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
