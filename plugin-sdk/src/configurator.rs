//! The configurator kind: the trait that a policy implements.

use crate::error::Result;
use crate::host::Host;
use crate::rule::Rule;
use crate::setup::Setup;
use crate::url::ConfiguredUrl;
use serde::de::DeserializeOwned;

/// A policy that changes the URLs of services (Dubbo: `org.apache.dubbo.rpc.cluster.Configurator`).
///
/// Runs off the call path, whenever URLs or rules change. In an instance's life comes `new`, then every rule, then
/// URLs; a changed rule comes to new instances. An `Err` leaves the last good URL in use.
///
/// ```
/// use wubbo_plugin_sdk::{ConfiguredUrl, Configurator, Error, NoConfig, Result, Rule, Setup, wubbo_plugin};
///
/// /// A rule's text is the timeout in milliseconds of all services.
/// struct Timeout(Option<String>);
///
/// #[wubbo_plugin(kind = configurator, name = "timeout", side = consumer)]
/// impl Configurator for Timeout {
///     type Config = NoConfig;
///
///     fn new(_config: NoConfig) -> Result<Self> {
///         Ok(Self(None))
///     }
///
///     fn on_rule(&mut self, rule: &Rule<'_>, _setup: &mut Setup<'_>) -> Result<()> {
///         if rule.text().is_some_and(|text| text.parse::<u32>().is_err()) {
///             return Err(Error::new("expected a timeout in milliseconds, e.g. 500").at(1, 1));
///         }
///         self.0 = rule.text().map(str::to_owned);
///         Ok(())
///     }
///
///     fn configure_url(&mut self, url: &mut ConfiguredUrl<'_>) -> Result<()> {
///         match &self.0 {
///             Some(timeout) => url.set_parameter("timeout", timeout),
///             None => Ok(()),
///         }
///     }
/// }
/// # fn main() -> Result<()> {
/// use wubbo_plugin_sdk::{Scope, testing::ConfiguratorBench};
///
/// let mut bench = ConfiguratorBench::new(factory(), "{}")?;
/// bench.rule(Scope::Application, "demo.configurators", "dubbo", "500")?;
/// assert_eq!(bench.rule(Scope::Application, "demo.configurators", "dubbo", "soon").unwrap_err().place(), (1, 1));
/// assert_eq!(bench.configure("dubbo://10.0.0.1:20880/com.foo.Bar?retries=1")?, "dubbo://10.0.0.1:20880/com.foo.Bar?retries=1&timeout=500");
/// # Ok(())
/// # }
/// ```
pub trait Configurator: Sized + Send + 'static {
    /// The configuration, as [`crate::Filter::Config`].
    type Config: DeserializeOwned;

    /// Builds an instance. At most 1 s of CPU time, as all hooks here.
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

    /// A rule was set or deleted, as [`crate::Router::on_rule`].
    ///
    /// # Errors
    /// The rule makes no sense: instances with the last good rules stay in use.
    fn on_rule(&mut self, _rule: &Rule<'_>, _setup: &mut Setup<'_>) -> Result<()> {
        Ok(())
    }

    /// Sets and removes parameters of one URL.
    ///
    /// # Errors
    /// The last good configuration of that URL stays.
    fn configure_url(&mut self, url: &mut ConfiguredUrl<'_>) -> Result<()>;

    /// Every `tick_ms`, on one instance.
    ///
    /// # Errors
    /// Counted and logged.
    fn tick(&mut self, _host: Host<'_>) -> Result<()> {
        Ok(())
    }

    /// Once, before the plugin goes live, after rules were given.
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
