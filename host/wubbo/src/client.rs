//! A consumer in a Rust process: references through a registry or to direct addresses.

use std::fmt;
use std::sync::Arc;

use wubbo_cluster::{Failover, Retry, StaticDirectory};
use wubbo_core::{
    BoxFuture, Chain, Cluster, Deadline, Error, ErrorKind, Invocation, Invoker, Outcome, Pattern,
    PolicySlot, Protocol, ServiceKey, Stage, Url, keys,
};
use wubbo_plugin::{PluginHost, PluginsConfig};
use wubbo_protocol::{DubboConfig, DubboProtocol, SslConfig};

use crate::access_log::AccessLog;
use crate::contract::{Contract, ServiceClient, Stub};
use crate::metrics::Metrics;
use crate::references::{FIRST_LIST, ReferenceRule, References, ReferencesParts};
use crate::steering::{RuleSource, Steering};

/// How many different services one client may refer through its registry.
const REFERENCES_MAX: usize = 10_000;

/// Describes a consumer; [`ClientBuilder::build`] makes it.
#[must_use]
pub struct ClientBuilder {
    application: String,
    registries: Vec<String>,
    rules: Option<RuleSource>,
    parameters: Vec<(String, String)>,
    plugins: PluginsConfig,
    ssl: SslConfig,
}

impl ClientBuilder {
    /// Finds providers at the registry `address` (`file:./registry`), and announces there what is referred (category `consumers`);
    /// `register=false` in a server's address, or as a [`ClientBuilder::parameter`], leaves that out. May be said several times: the
    /// lists are one, a provider that several registries hold is one, and a registry that is out of reach or empty takes nothing from
    /// the others. Where an address says `preferred=true`, `zone=..` or `weight=..`, a call goes to one of them, and to the next when
    /// that one has nobody for it. Default: none, and only direct URLs can be referred.
    pub fn registry(mut self, address: &str) -> Self {
        self.registries.push(address.to_owned());
        self
    }

    /// Follows the rules of the config center at `address` (`file:./rules`): Dubbo's keys. Default: none.
    pub fn config_center(mut self, address: &str) -> Self {
        self.rules = Some(RuleSource {
            address: address.to_owned(),
            keys: Vec::new(),
        });
        self
    }

    /// Sets a URL parameter of every reference: `timeout` (milliseconds, default 1000), `retries` (default 2), `connections`
    /// (default 0: one per address, shared), `lazy` (default true).
    pub fn parameter(mut self, key: &str, value: &str) -> Self {
        self.parameters.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Which policies run. Default: the linked ones, no directory.
    pub fn plugins(mut self, plugins: PluginsConfig) -> Self {
        self.plugins = plugins;
        self
    }

    /// The certificates for providers whose URL says `ssl-enabled=true`. Default: none.
    pub fn ssl(mut self, ssl: SslConfig) -> Self {
        self.ssl = ssl;
        self
    }

    /// Opens the registry and starts the policies; nothing is connected before the first call.
    ///
    /// # Errors
    /// The registry's address is of no known form, or a plugin that is required is not live.
    pub async fn build(self) -> Result<Client, Error> {
        let policies = Arc::new(PolicySlot::new(Default::default()));
        let log = Arc::new(AccessLog::start());
        let plugins =
            PluginHost::start(self.plugins, crate::builtins::all(), policies.clone(), log)
                .await
                .map_err(|error| {
                    Error::with_source(ErrorKind::Config, "the plugins cannot be started", error)
                })?;
        let plugins = Arc::new(plugins);
        let steering =
            Steering::start(self.rules.as_ref(), &self.application, &policies, &plugins).await?;
        let steering = Arc::new(steering);
        let protocols: Vec<Arc<dyn Protocol>> = vec![Arc::new(DubboProtocol::new(DubboConfig {
            ssl: self.ssl,
            ..DubboConfig::default()
        }))];
        let rules = vec![ReferenceRule {
            services: Pattern::new("*"),
            parameters: self.parameters.clone(),
        }];
        let mut registries = Vec::new();
        for address in &self.registries {
            registries.push(wubbo_registry::open(address).await?);
        }
        let references = if registries.is_empty() {
            None
        } else {
            let parts = ReferencesParts {
                application: self.application.clone(),
                registries,
                protocols: protocols.clone(),
                rules,
                max: REFERENCES_MAX,
                gateway: false,
                steering: steering.clone(),
                metrics: Arc::new(Metrics::default()),
            };
            Some(References::new(parts).await)
        };
        let inside = Inside {
            application: self.application,
            parameters: self.parameters,
            references,
            protocols,
            policies,
            steering,
            _plugins: plugins,
        };
        Ok(Client {
            inside: Arc::new(inside),
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("application", &self.application)
            .field("registries", &self.registries)
            .field("rules", &self.rules)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

/// A consumer. Its references share one connection per provider address. The clients of services that it makes keep all of it alive.
#[derive(Debug)]
pub struct Client {
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    application: String,
    parameters: Vec<(String, String)>,
    references: Option<References>,
    protocols: Vec<Arc<dyn Protocol>>,
    policies: Arc<PolicySlot>,
    steering: Arc<Steering>,
    _plugins: Arc<PluginHost>,
}

impl Client {
    /// Describes a consumer of the application `application`.
    pub fn builder(application: &str) -> ClientBuilder {
        ClientBuilder {
            application: application.to_owned(),
            registries: Vec::new(),
            rules: None,
            parameters: Vec::new(),
            plugins: PluginsConfig::default(),
            ssl: SslConfig::default(),
        }
    }

    /// A typed client of the service that `C`'s contract names, through the registry. Waits for the first list of providers, 3 s at most.
    /// A service is announced once: its entry names the contract's methods unless [`Client::stub`] referred it before.
    ///
    /// # Errors
    /// There is no registry, or it refuses the subscription.
    pub async fn refer<C: ServiceClient>(&self) -> Result<C, Error> {
        let contract = C::contract();
        let stub = self.refer_to(contract.service_key(), Some(contract));
        Ok(C::from_stub(stub.await?))
    }

    /// A typed client of the providers at `urls` (`dubbo://host:port/..`, several separated by `;`); group and version come from the
    /// contract unless a URL says otherwise. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// A URL that is none.
    pub fn direct<C: ServiceClient>(&self, urls: &str) -> Result<C, Error> {
        Ok(C::from_stub(
            self.direct_stub(C::contract().service_key(), urls)?,
        ))
    }

    /// A client without a contract, through the registry.
    ///
    /// # Errors
    /// As [`Client::refer`].
    pub async fn stub(&self, service: &ServiceKey) -> Result<Stub, Error> {
        self.refer_to(service, None).await
    }

    async fn refer_to(
        &self,
        service: &ServiceKey,
        contract: Option<&Contract>,
    ) -> Result<Stub, Error> {
        let references = self.inside.references.as_ref().ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                format!("{service} cannot be referred: the client has no registry"),
            )
        })?;
        let known = references.known(service)?;
        if let Some(contract) = contract {
            known.name_methods(contract);
        }
        let reference = references.get(&known, None).await?;
        Ok(self.keeping(reference))
    }

    /// Takes back what was announced of its references (category `consumers`), within 10 s, for a process that is about to end;
    /// otherwise that goes with the registry's session. Calls go on.
    pub async fn withdraw(&self) {
        if let Some(references) = &self.inside.references {
            references.withdraw().await;
        }
    }

    /// A client over `invoker` that lives with this one's registries, rules and policies.
    fn keeping(&self, invoker: Arc<dyn Invoker>) -> Stub {
        let held = Held {
            invoker,
            _inside: self.inside.clone(),
        };
        Stub::new(Arc::new(held), self.inside.policies.clone())
    }

    /// A client without a contract, of the providers at `urls`.
    ///
    /// # Errors
    /// As [`Client::direct`].
    pub fn direct_stub(&self, service: &ServiceKey, urls: &str) -> Result<Stub, Error> {
        let mut providers = Vec::new();
        for text in urls.split(';') {
            let url = Url::parse(text)?;
            let url = url
                .with_path(service.interface())
                .with_param_if_absent(keys::INTERFACE, service.interface());
            let url = if service.group().is_empty() {
                url
            } else {
                url.with_param_if_absent(keys::GROUP, service.group())
            };
            let url = if service.version().is_empty() {
                url
            } else {
                url.with_param_if_absent(keys::VERSION, service.version())
            };
            providers.push(url);
        }
        // What the provider's URL says about the service is what the reference asks for.
        let first = providers.first().cloned().unwrap_or_default();
        let own = self
            .inside
            .parameters
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        let reference = first
            .with_protocol("consumer")
            .with_param(keys::APPLICATION, self.inside.application.as_str())
            .with_params(own);
        let directory = StaticDirectory::new(
            reference,
            &providers,
            &self.inside.protocols,
            self.inside.steering.context(),
        );
        let directory = Arc::new(directory);
        let cluster = Failover::new(Retry::Retryable).join(directory.clone());
        Ok(self.keeping(Arc::new(Direct { directory, cluster })))
    }
}

/// A reference, and what it needs as long as somebody calls through it.
#[derive(Debug)]
struct Held {
    invoker: Arc<dyn Invoker>,
    _inside: Arc<Inside>,
}

impl Invoker for Held {
    fn url(&self) -> &Url {
        self.invoker.url()
    }

    fn is_available(&self) -> bool {
        self.invoker.is_available()
    }

    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Outcome> {
        self.invoker.invoke(invocation)
    }
}

/// Direct addresses behind the call filters.
#[derive(Debug)]
struct Direct {
    directory: Arc<StaticDirectory>,
    cluster: Arc<dyn Invoker>,
}

impl Invoker for Direct {
    fn url(&self) -> &Url {
        self.cluster.url()
    }

    fn is_available(&self) -> bool {
        self.cluster.is_available()
    }

    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Outcome> {
        Box::pin(
            Chain::new(Stage::Call).invoke(invocation, async |invocation| {
                // The first call may come before the policies have seen the list.
                let deadline = invocation.deadline();
                let limit = deadline.map_or(FIRST_LIST, Deadline::remaining);
                self.directory.wait_ready(limit).await;
                self.cluster.invoke(invocation).await
            }),
        )
    }
}

#[cfg(test)]
mod tests;
