//! The router kind: the trait that a policy implements.

use crate::call::Routing;
use crate::candidates::Candidates;
use crate::error::Result;
use crate::host::Host;
use crate::providers::Providers;
use crate::rule::Rule;
use crate::setup::Setup;
use serde::de::DeserializeOwned;

/// A policy that narrows the providers of an attempt (Dubbo: `org.apache.dubbo.rpc.cluster.Router`).
///
/// The host keeps one instance per slot and runs one hook at a time on it. In an instance's life comes `new`, then
/// every rule, then every list of providers, then calls; new lists and weights follow while calls run. When a rule
/// changes, new instances are built and replace these, so [`Router::on_providers`] may index a list by the rules.
/// An `Err` from `route` lets its input pass whole.
///
/// ```
/// use wubbo_plugin_sdk::{Candidates, Column, NoConfig, Providers, Result, Router, Routing, Space, wubbo_plugin};
///
/// struct SameZone;
///
/// /// Row by row, and for each zone its rows.
/// struct Zones {
///     names: Vec<String>,
///     rows: Vec<Vec<u64>>,
/// }
///
/// #[wubbo_plugin(kind = router, name = "same-zone", reads(url("zone")), reads_on_providers(url("zone")))]
/// impl Router for SameZone {
///     type Config = NoConfig;
///     type Table = Zones;
///
///     fn new(_config: NoConfig) -> Result<Self> {
///         Ok(Self)
///     }
///
///     fn on_providers(&mut self, providers: &Providers<'_>, _before: Option<&Zones>) -> Result<Zones> {
///         let zone: Column<'_> = providers.column(Space::Url, "zone")?;
///         let words = u32::try_from(zone.words()).unwrap_or(0);
///         let mut rows = vec![vec![0; providers.len().div_ceil(64)]; zone.words()];
///         for row in 0..providers.len() {
///             if let Some(word) = zone.word(row) {
///                 rows[word as usize][row / 64] |= 1 << (row % 64);
///             }
///         }
///         Ok(Zones { names: (0..words).map(|word| zone.text(word).to_owned()).collect(), rows })
///     }
///
///     fn route(&mut self, table: &mut Zones, call: &Routing<'_>, candidates: &mut Candidates<'_>) -> Result<()> {
///         let Some(mine) = call.parameter("zone")? else { return Ok(()) };
///         let word = table.names.iter().position(|name| *name == mine);
///         let near = word.and_then(|word| table.rows.get(word));
///         if let Some(near) = near.filter(|near| near.iter().zip(candidates.words()).any(|(a, b)| a & b != 0)) {
///             candidates.intersect(near);
///         }
///         Ok(())
///     }
/// }
/// # fn main() -> Result<()> {
/// use wubbo_plugin_sdk::testing::{Call, RouterBench};
///
/// let mut bench = RouterBench::new(factory(), "{}")?;
/// bench.providers(&["dubbo://10.0.0.1:20880/com.foo.Bar?zone=a", "dubbo://10.0.0.2:20880/com.foo.Bar?zone=b"])?;
/// let call = Call::new("com.foo.Bar", "get");
/// assert_eq!(bench.route(&call.clone().parameter("zone", "b"))?, [1]);
/// assert_eq!(bench.route(&call.parameter("zone", "c"))?, [0, 1]);
/// # Ok(())
/// # }
/// ```
pub trait Router: Sized + Send + 'static {
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

    /// A rule was set or deleted. `setup.read` may ask for what the rules need; the first use in this hook replaces the
    /// whole list, so ask for the needs of all rules. At most 1 s of CPU time, as all hooks here but `route`.
    ///
    /// # Errors
    /// The rule makes no sense: instances with the last good rules stay in use.
    fn on_rule(&mut self, _rule: &Rule<'_>, _setup: &mut Setup<'_>) -> Result<()> {
        Ok(())
    }

    /// Builds what `route` needs for a list. `before`: what this instance keeps for the list before it of the same
    /// service; calls over that one may still run, so the SDK keeps the last two.
    ///
    /// # Errors
    /// This instance is thrown away; without any instance left the policy's input passes.
    fn on_providers(
        &mut self,
        providers: &Providers<'_>,
        before: Option<&Self::Table>,
    ) -> Result<Self::Table>;

    /// Only weights changed; the list and its columns are what they were.
    ///
    /// # Errors
    /// As [`Router::on_providers`].
    fn on_weights(&mut self, _table: &mut Self::Table, _providers: &Providers<'_>) -> Result<()> {
        Ok(())
    }

    /// Takes out of `candidates` who must not get this attempt. Leaving nobody is legal: the call fails.
    /// At most 1 ms of CPU time.
    ///
    /// # Errors
    /// The input passes, whatever was taken out.
    fn route(
        &mut self,
        table: &mut Self::Table,
        call: &Routing<'_>,
        candidates: &mut Candidates<'_>,
    ) -> Result<()>;

    /// A service is no longer used. Called once, with its newest table; the SDK drops both.
    fn drop_providers(&mut self, _table: Self::Table) {}

    /// Every `tick_ms`, on one instance.
    ///
    /// # Errors
    /// Counted and logged.
    fn tick(&mut self, _host: Host<'_>) -> Result<()> {
        Ok(())
    }

    /// Once, before the plugin goes live, after rules and lists were given.
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
