//! References on demand: the first call of a service subscribes to its providers, later calls find the reference by one map look-up.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::timeout_at;
use wubbo_cluster::{Announcements, Explanation, Failover, RegistryDirectory, Retry, explain};
use wubbo_core::{
    BoxFuture, Chain, Cluster, Deadline, Directory, Error, ErrorKind, Invocation, Invoker, Outcome,
    Pattern, Protocol, Registry, Request, ServiceKey, Slot, Stage, Url, keys,
};

use crate::consumers::ConsumerEntries;
use crate::contract::Contract;
use crate::metrics::{CallCounters, Metrics, Side};
use crate::publish::own_address;
use crate::steering::Steering;

/// How long a call waits for the first list of providers when it has no deadline of its own.
pub(crate) const FIRST_LIST: Duration = Duration::from_secs(3);

/// URL parameters for the references whose interface matches.
#[derive(Clone, Debug)]
pub(crate) struct ReferenceRule {
    /// The interfaces.
    pub(crate) services: Pattern,
    /// Dubbo's keys and values.
    pub(crate) parameters: Vec<(String, String)>,
}

/// What [`References`] is made of.
#[derive(Debug)]
pub(crate) struct ReferencesParts {
    /// The application name that providers see.
    pub(crate) application: String,
    /// Where providers are found: one or more, whose lists are one.
    pub(crate) registries: Vec<Arc<dyn Registry>>,
    /// The protocols that this process speaks.
    pub(crate) protocols: Vec<Arc<dyn Protocol>>,
    /// Parameters by interface; the first rule that matches counts.
    pub(crate) rules: Vec<ReferenceRule>,
    /// How many different services may be referred.
    pub(crate) max: usize,
    /// Whether the calls are somebody else's: a gateway never picks a gateway's entry and retries only what reached no provider.
    pub(crate) gateway: bool,
    /// What ties them to the policies and rules.
    pub(crate) steering: Arc<Steering>,
    /// What is counted.
    pub(crate) metrics: Arc<Metrics>,
}

/// A service that this process may call: known from the first call, subscribed to by the first that gets past the filters.
#[derive(Debug)]
pub(crate) struct Known {
    service: ServiceKey,
    url: Url,
    counters: Arc<CallCounters>,
    /// The methods, as the entry that announces the reference names them.
    methods: OnceLock<String>,
    reference: OnceCell<Arc<Reference>>,
}

impl Known {
    /// What calls of this service counted.
    #[must_use]
    pub(crate) fn counters(&self) -> &Arc<CallCounters> {
        &self.counters
    }

    /// Names its methods, which its entry in the registries then does, too. Must come before the reference is made.
    pub(crate) fn name_methods(&self, contract: &Contract) {
        self.methods.get_or_init(|| contract.method_names());
    }

    /// The time a call may take when its consumer does not say (`timeout`, default 1 s as in Dubbo Java).
    #[must_use]
    pub(crate) fn timeout(&self, method: &str) -> Duration {
        Duration::from_millis(self.url.get_method_duration_ms(
            method,
            keys::TIMEOUT,
            keys::DEFAULT_TIMEOUT_MS,
        ))
    }
}

/// Every reference of this process over its registries.
#[derive(Debug)]
pub(crate) struct References {
    parts: ReferencesParts,
    /// This machine, as rules and admin tools know it.
    host: String,
    entries: ConsumerEntries,
    known: Slot<HashMap<ServiceKey, Arc<Known>>>,
    adding: Mutex<()>,
    refused: Arc<CallCounters>,
}

impl References {
    /// No reference yet.
    #[must_use]
    pub(crate) async fn new(parts: ReferencesParts) -> Self {
        let refused = parts
            .metrics
            .counters(side(parts.gateway), &ServiceKey::new("(refused)", "", ""));
        let host = match parts.registries.first() {
            Some(registry) => own_address(registry.url()).await,
            None => IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        Self {
            parts,
            host: host.to_string(),
            entries: ConsumerEntries::default(),
            known: Slot::new(HashMap::new()),
            adding: Mutex::new(()),
            refused,
        }
    }

    #[cfg(feature = "cli")]
    /// The counters of calls that were refused before their service was looked at; one line, so that strangers cannot make labels.
    #[must_use]
    pub(crate) fn refused(&self) -> &Arc<CallCounters> {
        &self.refused
    }

    /// What is known of `service`; the first call adds it.
    ///
    /// # Errors
    /// There are as many services as there may be.
    pub(crate) fn known(&self, service: &ServiceKey) -> Result<Arc<Known>, Error> {
        if let Some(known) = self.known.load().get(service) {
            return Ok(known.clone());
        }
        let _one_at_a_time = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.known.load();
        if let Some(known) = all.get(service) {
            return Ok(known.clone());
        }
        if all.len() >= self.parts.max {
            let message = format!(
                "{service} cannot be referred: there are {} references already",
                self.parts.max
            );
            return Err(Error::new(ErrorKind::ServiceError, message));
        }
        let known = Arc::new(Known {
            service: service.clone(),
            url: self.url(service),
            counters: self
                .parts
                .metrics
                .counters(side(self.parts.gateway), service),
            methods: OnceLock::new(),
            reference: OnceCell::new(),
        });
        let mut larger = HashMap::clone(&all);
        larger.insert(service.clone(), known.clone());
        self.known.publish(Arc::new(larger));
        Ok(known)
    }

    /// The reference of a known service, made when asked for the first time; its first list is waited for until `deadline`.
    ///
    /// # Errors
    /// The registry refuses the subscription.
    ///
    /// # Cancel safety
    /// A reference that was being made is made again by the next call.
    pub(crate) async fn get(
        &self,
        known: &Known,
        deadline: Option<Deadline>,
    ) -> Result<Arc<Reference>, Error> {
        if let Some(reference) = known.reference.get() {
            return Ok(reference.clone());
        }
        // Whoever comes first makes it and waits for its first list; the others wait for that.
        let made = known.reference.get_or_try_init(|| self.make(known));
        let late = || {
            let message = format!(
                "{}: the registry gave no list of providers in time",
                known.service
            );
            Err(Error::new(ErrorKind::NoProvider, message))
        };
        match deadline {
            None => made.await.cloned(),
            Some(deadline) => timeout_at(deadline.instant(), made)
                .await
                .map_or_else(|_| late(), |made| made.cloned()),
        }
    }

    async fn make(&self, known: &Known) -> Result<Arc<Reference>, Error> {
        let parts = &self.parts;
        // Rules before providers: the first list is already made under them.
        let rules = parts.steering.rules();
        rules.follow_service(&known.service).await;
        let mut announcements = Announcements::default();
        for registry in &parts.registries {
            let subscription = registry.subscribe(&known.url).await?;
            announcements = announcements.and(registry.url(), subscription);
        }
        for registry in &parts.registries {
            rules.follow_registered(registry, &known.url).await;
        }
        let directory = RegistryDirectory::new(
            known.url.clone(),
            &parts.protocols,
            parts.gateway,
            parts.steering.context(),
            announcements,
        );
        let directory = Arc::new(directory);
        // Without a list in time the calls say so by themselves, and follow when it comes.
        directory.wait_ready(FIRST_LIST).await;
        let retry = if parts.gateway {
            Retry::NeverReachedProvider
        } else {
            Retry::Retryable
        };
        tracing::info!(service = %known.service, registry = directory.registry(), "service referred");
        // Nothing is waited for any more, so that whoever begins anew does not do this twice.
        let methods = known.methods.get().map(String::as_str);
        for registry in &parts.registries {
            self.entries.announce(registry, &known.url, methods);
        }
        Ok(Arc::new(Reference {
            cluster: Failover::new(retry).join(directory.clone()),
            directory,
            url: known.url.clone(),
        }))
    }

    /// Takes the consumers' entries back.
    pub(crate) async fn withdraw(&self) {
        self.entries.withdraw().await;
    }

    /// The consumer URL of `service`: identity, and the parameters of the first rule that matches.
    fn url(&self, service: &ServiceKey) -> Url {
        let mut builder = Url::builder()
            .protocol("consumer")
            .host(self.host.as_str())
            .path(service.interface())
            .param(keys::INTERFACE, service.interface())
            .param(keys::APPLICATION, self.parts.application.as_str());
        for (key, value) in [
            (keys::GROUP, service.group()),
            (keys::VERSION, service.version()),
        ] {
            if !value.is_empty() {
                builder = builder.param(key, value);
            }
        }
        let rule = self
            .parts
            .rules
            .iter()
            .find(|rule| rule.services.matches(service.interface()));
        for (key, value) in rule.into_iter().flat_map(|rule| &rule.parameters) {
            builder = builder.param(key.as_str(), value.as_str());
        }
        builder.build()
    }
}

fn side(gateway: bool) -> Side {
    if gateway {
        Side::Gateway
    } else {
        Side::Consumer
    }
}

/// The callable form of a service: call filters, then the cluster.
pub(crate) struct Reference {
    url: Url,
    directory: Arc<RegistryDirectory>,
    cluster: Arc<dyn Invoker>,
}

impl Reference {
    #[cfg(test)]
    pub(crate) fn directory(&self) -> &RegistryDirectory {
        &self.directory
    }

    /// How `request` would be routed now.
    #[must_use]
    pub(crate) fn explain(&self, request: Request) -> Explanation {
        explain(
            &Invocation::new(request, self.url.clone()),
            &*self.directory,
        )
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reference")
            .field("url", &self.url)
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

impl Invoker for Reference {
    fn url(&self) -> &Url {
        &self.url
    }

    fn is_available(&self) -> bool {
        self.cluster.is_available()
    }

    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Outcome> {
        let invocation = invocation.with_url(self.url.clone());
        Box::pin(
            Chain::new(Stage::Call)
                .invoke(invocation, |invocation| self.cluster.invoke(invocation)),
        )
    }
}
