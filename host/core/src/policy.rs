//! Everything that may change while traffic runs, as one immutable set that a call takes once.

use std::sync::Arc;

use crate::{Applies, Configurator, ConfigureSide, Filter, LoadBalance, Router, Slot, Url};

/// Where a filter stands in a call's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Before the service, or before the gateway's own call.
    Provider,
    /// On a consumer, once per call: before the cluster, routers and balancer.
    Call,
    /// On a consumer, once per attempt: behind the choice of a provider (Dubbo's consumer filters).
    Attempt,
}

impl Stage {
    /// Every stage, in the order a gateway call meets them.
    pub const ALL: [Self; 3] = [Self::Provider, Self::Call, Self::Attempt];
}

/// A filter and where it applies.
#[derive(Clone, Debug)]
pub struct FilterEntry {
    /// One generation of the filter.
    pub filter: Arc<dyn Filter>,
    /// Where it stands.
    pub stage: Stage,
    /// Lower runs earlier; equal orders run by name.
    pub order: i32,
    /// The services and methods it is meant for.
    pub applies: Applies,
}

/// A router and where it applies.
#[derive(Clone, Debug)]
pub struct RouterEntry {
    /// One generation of the router, under one state of the rules.
    pub router: Arc<dyn Router>,
    /// Lower runs earlier; equal orders run by name.
    pub order: i32,
    /// The services and methods it is meant for.
    pub applies: Applies,
}

/// A configurator and where it applies.
#[derive(Clone, Debug)]
pub struct ConfiguratorEntry {
    /// One generation of the configurator, under one state of the rules.
    pub configurator: Arc<dyn Configurator>,
    /// Lower runs earlier, so that a later one wins; equal orders run by name.
    pub order: i32,
    /// The services it is meant for.
    pub applies: Applies,
    /// Whose URLs it is meant for; `None`: everybody's.
    pub side: Option<ConfigureSide>,
}

/// The plugin generations and rules that one call sees. Send + Sync; made off the call path, never changed after.
#[derive(Debug, Default)]
pub struct PolicySet {
    version: u64,
    rules: u64,
    configuration: u64,
    provider: Vec<FilterEntry>,
    call: Vec<FilterEntry>,
    attempt: Vec<FilterEntry>,
    routers: Vec<RouterEntry>,
    balancers: Vec<Arc<dyn LoadBalance>>,
    configurators: Vec<ConfiguratorEntry>,
}

/// The place where the current [`PolicySet`] is published; one store makes every change of a swap visible at once.
pub type PolicySlot = Slot<PolicySet>;

impl PolicySet {
    /// A set of `entries`, sorted into stages and by order; `version` grows with each publication.
    #[must_use]
    pub fn new(version: u64, mut entries: Vec<FilterEntry>) -> Self {
        entries.sort_by(|a, b| {
            a.order
                .cmp(&b.order)
                .then_with(|| a.filter.name().cmp(b.filter.name()))
        });
        let mut set = Self {
            version,
            ..Self::default()
        };
        for entry in entries {
            match entry.stage {
                Stage::Provider => set.provider.push(entry),
                Stage::Call => set.call.push(entry),
                Stage::Attempt => set.attempt.push(entry),
            }
        }
        set
    }

    /// The same set with `routers`, which it sorts.
    #[must_use]
    pub fn with_routers(mut self, mut routers: Vec<RouterEntry>) -> Self {
        routers.sort_by(|a, b| {
            a.order
                .cmp(&b.order)
                .then_with(|| a.router.name().cmp(b.router.name()))
        });
        self.routers = routers;
        self
    }

    /// The same set with `balancers`, one per name.
    #[must_use]
    pub fn with_balancers(mut self, balancers: Vec<Arc<dyn LoadBalance>>) -> Self {
        self.balancers = balancers;
        self
    }

    /// The same set with `configurators`, which it sorts; `configuration` grows whenever they, or a rule of theirs, changed.
    #[must_use]
    pub fn with_configurators(
        mut self,
        configuration: u64,
        mut configurators: Vec<ConfiguratorEntry>,
    ) -> Self {
        configurators.sort_by(|a, b| {
            a.order
                .cmp(&b.order)
                .then_with(|| a.configurator.name().cmp(b.configurator.name()))
        });
        self.configurators = configurators;
        self.configuration = configuration;
        self
    }

    /// The same set, made under the rules of version `rules`.
    #[must_use]
    pub fn with_rules(mut self, rules: u64) -> Self {
        self.rules = rules;
        self
    }

    /// The routers, in the order they narrow.
    #[must_use]
    pub fn routers(&self) -> &[RouterEntry] {
        &self.routers
    }

    /// The balancer of that Dubbo key.
    #[must_use]
    pub fn balancer(&self, name: &str) -> Option<&Arc<dyn LoadBalance>> {
        // A handful: cheaper than a map.
        self.balancers
            .iter()
            .find(|balancer| balancer.name() == name)
    }

    /// The configurators, in the order they are applied.
    #[must_use]
    pub fn configurators(&self) -> &[ConfiguratorEntry] {
        &self.configurators
    }

    /// Whether some configurator is meant for `side`'s URLs of `interface`.
    #[must_use]
    pub fn configures(&self, interface: &str, side: ConfigureSide) -> bool {
        self.configuring(interface, side).next().is_some()
    }

    /// `url` as the configurators meant for `side` want it. May block for as long as they may, so off the workers.
    #[must_use]
    pub fn configured(&self, url: &Url, side: ConfigureSide) -> Url {
        let interface = url.service_key().interface();
        self.configuring(interface, side)
            .fold(url.clone(), |url, entry| {
                entry.configurator.configure(&url, side).unwrap_or(url)
            })
    }

    fn configuring(
        &self,
        interface: &str,
        side: ConfigureSide,
    ) -> impl Iterator<Item = &ConfiguratorEntry> {
        self.configurators.iter().filter(move |entry| {
            entry.side.is_none_or(|own| own == side) && entry.applies.to_service(interface)
        })
    }

    /// Which state of the configurators and their rules this is: URLs made under another one are made again.
    #[must_use]
    pub fn configuration(&self) -> u64 {
        self.configuration
    }

    /// The version of the rules that its routers and configurators follow; 0: none were given.
    #[must_use]
    pub fn rules(&self) -> u64 {
        self.rules
    }

    /// Which publication this is; 0 for the empty set at the start.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The filters of one stage, in the order they are entered.
    #[must_use]
    pub fn filters(&self, stage: Stage) -> &[FilterEntry] {
        match stage {
            Stage::Provider => &self.provider,
            Stage::Call => &self.call,
            Stage::Attempt => &self.attempt,
        }
    }
}
