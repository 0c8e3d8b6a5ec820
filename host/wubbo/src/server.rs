//! A provider in a Rust process: services, listeners, registries, policies.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wubbo_core::{
    Error, ErrorKind, Listener, PolicySlot, Protocol, Registry, ServiceKey, Url, UrlBuilder,
};
use wubbo_plugin::{PluginHost, PluginsConfig};
use wubbo_protocol::{DubboConfig, DubboProtocol, SslConfig};

use crate::access_log::AccessLog;
use crate::contract::Service;
use crate::metrics::Metrics;
use crate::publish::{Published, provider_url};
use crate::services::Services;
use crate::shutdown::drain_all;

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
    services: Vec<(Option<ServiceKey>, Arc<dyn Service>)>,
    parameters: Vec<(String, String)>,
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
            services: Vec::new(),
            parameters: Vec::new(),
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
    /// No listener or a URL that is none, an address in use (the message names it), a registry that cannot be written, a plugin
    /// that is required and not live. Whatever was started is closed again.
    pub async fn start(self) -> Result<RunningServer, Error> {
        let policies = Arc::new(PolicySlot::new(Default::default()));
        let metrics = Arc::new(Metrics::default());
        let log = Arc::new(AccessLog::start());
        let plugins = PluginHost::start(
            self.plugins.clone(),
            crate::builtins::all(),
            policies.clone(),
            log,
        )
        .await
        .map_err(|error| {
            Error::with_source(ErrorKind::Config, "the plugins cannot be started", error)
        })?;
        let protocol: Arc<dyn Protocol> = Arc::new(DubboProtocol::new(DubboConfig {
            ssl: self.ssl.clone(),
            ..DubboConfig::default()
        }));
        let mut running = RunningServer {
            listeners: Vec::new(),
            published: Published::default(),
            plugins,
            metrics,
        };

        if self.listen.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "a server listens nowhere: give it a URL such as dubbo://127.0.0.1:20880",
            ));
        }
        let mut announced = Vec::new();
        for listen in &self.listen {
            let listen = Url::parse(listen)?;
            let mut services = Services::new(policies.clone());
            for (key, service) in &self.services {
                let url = self.url(&listen, key.as_ref(), service).build();
                services.add(url.clone(), service.clone(), &running.metrics);
                announced.push((running.listeners.len(), url));
            }
            let listener = protocol.bind(&listen, Arc::new(services)).await?;
            running
                .listeners
                .push((listen.with_port(listener.local_addr().port()), listener));
        }
        for address in &self.registries {
            let registry: Arc<dyn Registry> = wubbo_registry::open(address).await?;
            for (index, url) in &announced {
                let port = running
                    .listeners
                    .get(*index)
                    .and_then(|(bound, _)| bound.port());
                running
                    .published
                    .announce(&registry, url.with_port(port))
                    .await?;
            }
        }
        Ok(running)
    }

    fn url(
        &self,
        listen: &Url,
        key: Option<&ServiceKey>,
        service: &Arc<dyn Service>,
    ) -> UrlBuilder {
        let contract = service.contract();
        let methods: Vec<&str> = contract
            .methods()
            .iter()
            .map(|method| &**method.name())
            .collect();
        let key = key.unwrap_or(contract.service_key());
        let url = provider_url(listen, key, &self.application).param("methods", methods.join(","));
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

/// A provider that serves. Dropping it closes everything at once; [`RunningServer::stop`] does it in order.
#[derive(Debug)]
pub struct RunningServer {
    listeners: Vec<(Url, Box<dyn Listener>)>,
    published: Published,
    plugins: PluginHost,
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
        self.published.withdraw().await;
        let cut_off = drain_all(
            self.listeners.into_iter().map(|(_, listener)| listener),
            limit,
        )
        .await;
        self.plugins.shutdown().await;
        cut_off
    }
}
