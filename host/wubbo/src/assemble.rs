//! From configuration to running services: one function, in the order in which each step needs the one before.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;
use wubbo_core::{
    Error, ErrorKind, Listener, PolicySlot, Protocol, Registry, ServiceKey, Tasks, Url, keys,
};
use wubbo_plugin::{PluginHost, PluginsConfig};
use wubbo_protocol::{DubboConfig, DubboProtocol};

use crate::access_log::AccessLog;
use crate::admin::{Admin, Subject};
use crate::attached::{Announcer, AnnouncerParts};
use crate::busy_poll::BusyPoll;
use crate::config::{Config, Gateway as GatewayConfig};
use crate::config_file;
use crate::gateway::{Gateway, GatewayParts};
use crate::metrics::Metrics;
use crate::publish::{Published, provider_url, reached_at};
use crate::references::{ReferenceRule, References, ReferencesParts};
use crate::registries::Registries;
use crate::shutdown::drain_all;
use crate::steering::{RuleSource, Steering};

/// Starts what `config` describes.
///
/// # Errors
/// The config center's settings cannot be read, an address cannot be bound, a registry not be opened, the plugin directory not be used; whatever was started is closed again.
pub async fn assemble(mut config: Config) -> Result<Running, Error> {
    // The config center's settings before all that they are about.
    config_file::lay_over(&mut config).await?;

    // Metrics and policies first: everything else counts into the one and takes the other.
    let metrics = Arc::new(Metrics::default());
    let policies = Arc::new(PolicySlot::new(Default::default()));
    let (readiness, not_ready) = watch::channel(Some("starting".to_owned()));

    // Plugins before any listener: the first call already passes them.
    let plugins = Arc::new(start_plugins(&config, &policies).await?);

    // Admin early, so that an operator can see why the rest is not ready.
    let explainer = Arc::new(OnceLock::new());
    let subject = Subject {
        metrics: metrics.clone(),
        plugins: plugins.clone(),
        not_ready,
        gateway: explainer.clone(),
    };
    let admin = match &config.admin {
        Some(admin) => Some(Admin::start(&admin.listen, subject).await?),
        None => None,
    };
    let mut running = Running::new(admin, plugins, readiness);

    // Registries, then the references over them.
    let mut registries = Registries::default();
    for (name, address) in &config.registries {
        registries.open(name, address).await?;
    }
    let protocol: Arc<dyn Protocol> = Arc::new(DubboProtocol::new(DubboConfig {
        ssl: config.ssl.clone(),
        ..DubboConfig::default()
    }));
    let Some(gateway) = &config.gateway else {
        return Ok(running);
    };
    let steering = Arc::new(steering(&config, &policies, &running.plugins).await?);
    let references =
        references(&config, gateway, &registries, &protocol, steering, &metrics).await?;
    running.references = Some(references.clone());

    // Listeners, and last the announcement that they are there.
    let upstream = gateway.upstream.as_ref();
    let upstream = upstream.map(|url| protocol.refer(url)).transpose()?;
    let id = gateway.id.clone().unwrap_or_else(Gateway::random_id);
    let longest = gateway.busy_poll;
    let busy_poll = || BusyPoll::start(longest, metrics.clone(), &running.busy_poll);
    let busy_poll = (!longest.is_zero()).then(busy_poll);
    for listen in &gateway.listen {
        let handler = Gateway::new(GatewayParts {
            id: id.clone(),
            application: config.application.clone(),
            services: gateway.services.clone(),
            listen: listen.clone(),
            references: references.clone(),
            upstream: upstream.clone(),
            policies: policies.clone(),
            busy_poll: busy_poll.clone(),
        });
        let handler = Arc::new(handler);
        let listener = protocol.bind(listen, handler.clone()).await?;
        // Every listener routes alike; the first one explains.
        explainer.get_or_init(|| handler);
        let bound = listen.with_port(listener.local_addr().port());
        running.listeners.push((bound, listener));
    }
    announce(&mut running, &config, gateway, &registries, &id).await?;
    running.readiness.send_replace(None);
    Ok(running)
}

async fn start_plugins(config: &Config, policies: &Arc<PolicySlot>) -> Result<PluginHost, Error> {
    let log = Arc::new(AccessLog::start());
    let started = PluginHost::start(
        plugins_config(config),
        crate::builtins::all(),
        policies.clone(),
        log,
    );
    let failed =
        |error| Error::with_source(ErrorKind::Config, "the plugins cannot be started", error);
    started.await.map_err(failed)
}

fn plugins_config(config: &Config) -> PluginsConfig {
    let plugins = &config.plugins;
    PluginsConfig {
        dir: plugins.dir.clone(),
        builtins: plugins.builtins,
        required: plugins.required.clone(),
        max: plugins.max,
        memory_total_bytes: plugins.memory_total_bytes,
        cache_dir: plugins.cache.clone(),
        compiler: plugins.compiler.clone(),
        kept_dir: plugins.kept.clone(),
        configs: plugins.config.clone(),
        ..PluginsConfig::default()
    }
}

async fn steering(
    config: &Config,
    policies: &Arc<PolicySlot>,
    plugins: &Arc<PluginHost>,
) -> Result<Steering, Error> {
    let source = config.config_center.as_ref().map(|center| RuleSource {
        address: center.address.clone(),
        keys: center.keys.clone(),
    });
    Steering::start(source.as_ref(), &config.application, policies, plugins).await
}

async fn references(
    config: &Config,
    gateway: &GatewayConfig,
    registries: &Registries,
    protocol: &Arc<dyn Protocol>,
    steering: Arc<Steering>,
    metrics: &Arc<Metrics>,
) -> Result<Arc<References>, Error> {
    let rules = config.references.iter();
    let parts = ReferencesParts {
        application: config.application.clone(),
        registries: registries.named(&config.registry_names(&gateway.registry))?,
        protocols: vec![protocol.clone()],
        rules: rules
            .map(|rule| ReferenceRule {
                services: rule.services.clone(),
                parameters: rule.parameters.clone(),
            })
            .collect(),
        max: gateway.references_max,
        gateway: true,
        steering,
        metrics: metrics.clone(),
    };
    Ok(Arc::new(References::new(parts).await))
}

/// Announces the gateway at its first listener: as each service that the configuration names, and as each that operators attach while
/// it runs. The entries carry its id, so that no gateway picks them (GW-2); those of a sidecar do not.
async fn announce(
    running: &mut Running,
    config: &Config,
    gateway: &GatewayConfig,
    registries: &Registries,
    id: &str,
) -> Result<(), Error> {
    let publish = &gateway.publish;
    let Some((listen, _)) = running.listeners.first() else {
        return Ok(());
    };
    let at = async |registry: &Arc<dyn Registry>| {
        let host = publish.host.as_deref();
        reached_at(listen, host, publish.port, registry.url()).await
    };
    for registry in registries.named(&config.registry_names(&publish.registry))? {
        let address = at(&registry).await.without_params(&[keys::TOKEN]);
        for service in &publish.services {
            let url = provider_url(&address, &ServiceKey::parse(service), &config.application);
            // A sidecar's entry is its provider's.
            let url = match gateway.upstream {
                Some(_) => url,
                None => url.param(keys::WUBBO_GATEWAY, id),
            };
            running.published.announce(&registry, url.build()).await?;
        }
    }
    let Some(center) = &config.config_center else {
        return Ok(());
    };
    for registry in registries.named(&config.registry_names(&gateway.registry))? {
        let parts = AnnouncerParts {
            center: wubbo_registry::open_config(&center.address).await?,
            address: at(&registry).await,
            registry,
            id: id.to_owned(),
            application: config.application.clone(),
            services: gateway.services.clone(),
        };
        running.announcers.push(Announcer::start(parts).await?);
    }
    Ok(())
}

/// A running gateway. Dropping it closes everything at once; [`Running::stop`] does it in order.
#[derive(Debug)]
pub struct Running {
    listeners: Vec<(Url, Box<dyn Listener>)>,
    published: Published,
    announcers: Vec<Announcer>,
    references: Option<Arc<References>>,
    admin: Option<Admin>,
    plugins: Arc<PluginHost>,
    readiness: watch::Sender<Option<String>>,
    busy_poll: Tasks,
}

impl Running {
    fn new(
        admin: Option<Admin>,
        plugins: Arc<PluginHost>,
        readiness: watch::Sender<Option<String>>,
    ) -> Self {
        Self {
            listeners: Vec::new(),
            published: Published::default(),
            announcers: Vec::new(),
            references: None,
            admin,
            plugins,
            readiness,
            busy_poll: Tasks::new("busy poll"),
        }
    }

    /// The URL of each listener, with its real port.
    pub fn listening(&self) -> impl Iterator<Item = Url> {
        self.listeners
            .iter()
            .map(|(url, _)| url.without_params(&[keys::TOKEN]))
    }

    /// The admin server's address.
    #[must_use]
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(Admin::local_addr)
    }

    /// Stops in the one right order (GW-12): entries are taken back, consumers told, calls in flight end within `limit`, then everything
    /// closes. Returns how many calls were cut off.
    pub async fn stop(mut self, limit: Duration) -> usize {
        self.readiness.send_replace(Some("stopping".to_owned()));
        for announcer in self.announcers {
            announcer.withdraw().await;
        }
        self.published.withdraw().await;
        let cut_off = drain_all(
            self.listeners.into_iter().map(|(_, listener)| listener),
            limit,
        )
        .await;
        if let Some(references) = self.references {
            references.withdraw().await;
        }
        if let Some(admin) = self.admin {
            admin.stop().await;
        }
        // The admin server held the other one.
        if let Ok(plugins) = Arc::try_unwrap(self.plugins) {
            plugins.shutdown().await;
        }
        cut_off
    }
}
