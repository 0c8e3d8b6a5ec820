//! A provider in a Rust process: services, listeners, registries, policies.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wubbo_core::{Error, ErrorKind, Listener, PolicySlot, Protocol, ServiceKey, Url, UrlBuilder};
use wubbo_plugin::{PluginHost, PluginsConfig};
use wubbo_protocol::{DubboConfig, DubboProtocol, SslConfig};

use crate::access_log::AccessLog;
use crate::contract::Service;
use crate::exports::{Export, Exports};
use crate::metrics::Metrics;
use crate::publish::{
    HOST_VARIABLE, METHODS, PORT_VARIABLE, environment, port, provider_url, reached_at,
};
use crate::services::Services;
use crate::shutdown::drain_all;
use crate::steering::{RuleSource, Steering};

/// Describes a provider; [`Server::start`] runs it.
///
/// ```ignore
/// let server = Server::new("shop-provider")
///     .listen("dubbo://127.0.0.1:20880")
///     .registry("file:./registry")
///     .service(Echo)
///     .start()
///     .await?;
/// ```
#[must_use]
pub struct Server {
    application: String,
    listen: Vec<String>,
    registries: Vec<String>,
    publish_host: Option<String>,
    publish_port: Option<u16>,
    services: Vec<(Option<ServiceKey>, Arc<dyn Service>)>,
    parameters: Vec<(String, String)>,
    rules: Option<RuleSource>,
    plugins: PluginsConfig,
    ssl: SslConfig,
}

impl Server {
    /// A provider of the application `application`; no listener, no registry, no service yet.
    pub fn new(application: &str) -> Self {
        Self {
            application: application.to_owned(),
            listen: Vec::new(),
            registries: Vec::new(),
            publish_host: None,
            publish_port: None,
            services: Vec::new(),
            parameters: Vec::new(),
            rules: None,
            plugins: PluginsConfig::default(),
            ssl: SslConfig::default(),
        }
    }

    /// Listens at `url`, such as `dubbo://127.0.0.1:20880`; port 0 is any. Its parameters apply to every service behind it, such as
    /// `token=` and `accesslog=`. May be said several times; default: nowhere, and [`Server::start`] refuses.
    pub fn listen(mut self, url: &str) -> Self {
        self.listen.push(url.to_owned());
        self
    }

    /// Announces the services at the registry `address` (`file:./registry`). May be said several times; default: nowhere.
    pub fn registry(mut self, address: &str) -> Self {
        self.registries.push(address.to_owned());
        self
    }

    /// Under which host consumers reach the listeners, for a container or a machine behind a translated address. Default: the
    /// environment's `DUBBO_IP_TO_REGISTRY`; else a listener on every address (`dubbo://0.0.0.0:20880`) is announced at this machine's
    /// address on the way to the first registry, any other at its own.
    pub fn publish_host(mut self, host: &str) -> Self {
        self.publish_host = Some(host.to_owned());
        self
    }

    /// Under which port consumers reach the first listener. Default: the environment's `DUBBO_PORT_TO_REGISTRY`, else its own.
    pub fn publish_port(mut self, port: u16) -> Self {
        self.publish_port = Some(port);
        self
    }

    /// Exports `service` under the interface, group and version of its contract.
    pub fn service(mut self, service: impl Service + 'static) -> Self {
        self.services.push((None, Arc::new(service)));
        self
    }

    /// Exports `service` under another group and version, beside or instead of its own.
    pub fn service_as(mut self, group: &str, version: &str, service: Arc<dyn Service>) -> Self {
        let key = ServiceKey::new(service.contract().interface(), group, version);
        self.services.push((Some(key), service));
        self
    }

    /// Sets a URL parameter of every service (`weight`, `token`, `accesslog`); it is announced, too.
    pub fn parameter(mut self, key: &str, value: &str) -> Self {
        self.parameters.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Follows the override rules of the config center at `address` (`file:./rules`) for these services and this application; one that
    /// changes a service's URL takes effect at once and is announced. Default: none, only what the registries hold.
    pub fn config_center(mut self, address: &str) -> Self {
        self.rules = Some(RuleSource {
            address: address.to_owned(),
            keys: Vec::new(),
        });
        self
    }

    /// Which policies run. Default: the linked ones, no directory.
    pub fn plugins(mut self, plugins: PluginsConfig) -> Self {
        self.plugins = plugins;
        self
    }

    /// The certificates for listeners with `ssl-enabled=true`. Default: none.
    pub fn ssl(mut self, ssl: SslConfig) -> Self {
        self.ssl = ssl;
        self
    }

    /// Binds, serves, and then announces.
    ///
    /// # Errors
    /// No listener or a URL that is none, an address in use (the message names it), a `DUBBO_PORT_TO_REGISTRY` that is no port, a
    /// registry that cannot be written, a plugin that is required and not live. Whatever was started is closed again.
    pub async fn start(self) -> Result<RunningServer, Error> {
        let policies = Arc::new(PolicySlot::new(Default::default()));
        let metrics = Arc::new(Metrics::default());
        let plugins = Arc::new(self.start_plugins(&policies).await?);
        let rules = self.rules.as_ref();
        let steering = Steering::start(rules, &self.application, &policies, &plugins).await?;

        // Calls can come from here on, from consumers that know the address.
        let (listeners, exports) = self.listen_and_export(&policies, &metrics).await?;

        // Rules before the announcement: consumers find the services as the rules want them.
        let mut registries = Vec::new();
        for address in &self.registries {
            registries.push(wubbo_registry::open(address).await?);
        }
        for export in &exports {
            let url = export.offered();
            steering.rules().follow_service(url.service_key()).await;
            for registry in &registries {
                steering.rules().follow_registered(registry, url).await;
            }
        }
        let configuration = steering.context().configuration;
        let exports = Exports::start(exports, &registries, policies, configuration).await?;
        Ok(RunningServer {
            listeners,
            exports,
            _steering: steering,
            plugins,
            metrics,
        })
    }

    async fn start_plugins(&self, policies: &Arc<PolicySlot>) -> Result<PluginHost, Error> {
        let log = Arc::new(AccessLog::start());
        let builtins = crate::builtins::all();
        let started = PluginHost::start(self.plugins.clone(), builtins, policies.clone(), log);
        let failed =
            |error| Error::with_source(ErrorKind::Config, "the plugins cannot be started", error);
        started.await.map_err(failed)
    }

    /// Every listener, bound, and what is exported behind all of them.
    async fn listen_and_export(
        &self,
        policies: &Arc<PolicySlot>,
        metrics: &Metrics,
    ) -> Result<(Listeners, Vec<Export>), Error> {
        if self.listen.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "a server listens nowhere: give it a URL such as dubbo://127.0.0.1:20880",
            ));
        }
        let protocol = DubboProtocol::new(DubboConfig {
            ssl: self.ssl.clone(),
            ..DubboConfig::default()
        });
        let (mut listeners, mut exports) = (Listeners::new(), Vec::new());
        for listen in &self.listen {
            let listen = Url::parse(listen)?;
            let mut services = Services::new(policies.clone());
            let first = exports.len();
            for (key, service) in &self.services {
                let export = Export::new(self.url(&listen, key.as_ref(), service).build());
                services.add(export.url().clone(), service.clone(), metrics);
                // The same identity again replaces the earlier one, as it does for calls.
                let known = exports.split_off(first);
                let other = |known: &Export| known.offered().key() != export.offered().key();
                exports.extend(known.into_iter().filter(other));
                exports.push(export);
            }
            let listener = protocol.bind(&listen, Arc::new(services)).await?;
            let listen = listen.with_port(listener.local_addr().port());
            let reached = self.reached(&listen, listeners.is_empty()).await?;
            for export in exports.iter_mut().skip(first) {
                export.bound(&reached);
            }
            listeners.push((listen, listener));
        }
        Ok((listeners, exports))
    }

    /// Where consumers reach the listener that is bound to `listen`.
    async fn reached(&self, listen: &Url, is_first: bool) -> Result<Url, Error> {
        let host = self.publish_host.clone();
        let host = host.or_else(|| environment(HOST_VARIABLE));
        let port = match (self.publish_port, environment(PORT_VARIABLE)) {
            (None, Some(text)) => Some(port(&text)?),
            (said, _) => said,
        };
        let registry = self.registries.first();
        let registry = registry.and_then(|address| Url::parse_addresses(address).ok());
        let registry = registry.unwrap_or_default();
        let port = port.filter(|_| is_first);
        Ok(reached_at(listen, host.as_deref(), port, &registry).await)
    }

    fn url(
        &self,
        listen: &Url,
        key: Option<&ServiceKey>,
        service: &Arc<dyn Service>,
    ) -> UrlBuilder {
        let contract = service.contract();
        let key = key.unwrap_or(contract.service_key());
        let url = provider_url(listen, key, &self.application);
        let url = url.param(METHODS, contract.method_names());
        self.parameters.iter().fold(url, |url, (key, value)| {
            url.param(key.as_str(), value.as_str())
        })
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let services: Vec<&str> = self
            .services
            .iter()
            .map(|(_, service)| service.contract().interface())
            .collect();
        f.debug_struct("Server")
            .field("application", &self.application)
            .field("listen", &self.listen)
            .field("registries", &self.registries)
            .field("services", &services)
            .finish_non_exhaustive()
    }
}

/// Bound listeners, each with its URL.
type Listeners = Vec<(Url, Box<dyn Listener>)>;

/// A provider that serves. Dropping it closes everything at once; [`RunningServer::stop`] does it in order.
#[derive(Debug)]
pub struct RunningServer {
    listeners: Listeners,
    exports: Exports,
    _steering: Steering,
    plugins: Arc<PluginHost>,
    metrics: Arc<Metrics>,
}

impl RunningServer {
    /// The URL of each listener, with its real port.
    pub fn listening(&self) -> impl Iterator<Item = &Url> {
        self.listeners.iter().map(|(url, _)| url)
    }

    /// What is loaded.
    #[must_use]
    pub fn plugins(&self) -> &PluginHost {
        &self.plugins
    }

    /// What calls counted.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Takes the entries back, tells consumers, lets calls in flight end within `limit`, then closes. Returns how many calls were cut
    /// off.
    pub async fn stop(mut self, limit: Duration) -> usize {
        self.exports.withdraw().await;
        let cut_off = drain_all(
            self.listeners.into_iter().map(|(_, listener)| listener),
            limit,
        )
        .await;
        // Whoever still holds the other one is about to end.
        if let Ok(plugins) = Arc::try_unwrap(self.plugins) {
            plugins.shutdown().await;
        }
        cut_off
    }
}
