//! Generations at their places in a [`PolicySet`].

use std::sync::Arc;

use wubbo_core::{
    ConfiguratorEntry, ConfigureSide, FilterEntry, LoadBalance, PolicySet, RouterEntry, Stage,
};
use wubbo_plugin_sdk::{Kind, Side};

use crate::configurator::PluginConfigurator;
use crate::filter::PluginFilter;
use crate::generation::Generation;
use crate::load_balance::PluginLoadBalance;
use crate::router::PluginRouter;

/// What a set is made of.
#[derive(Default)]
pub(super) struct Placed {
    filters: Vec<FilterEntry>,
    routers: Vec<RouterEntry>,
    balancers: Vec<Arc<dyn LoadBalance>>,
    configurators: Vec<ConfiguratorEntry>,
}

impl Placed {
    /// A generation where its manifest and its settings want it.
    pub(super) fn add(&mut self, generation: &Arc<Generation>) {
        let placement = &generation.placement;
        let (order, applies) = (placement.order, placement.applies.clone());
        let generation = Arc::clone(generation);
        match generation.shared.manifest.kind {
            Kind::Filter => self.filters.extend(at_each_stage(&generation)),
            Kind::Router => self.routers.push(RouterEntry {
                router: Arc::new(PluginRouter::new(generation)),
                order,
                applies,
            }),
            Kind::LoadBalance => self
                .balancers
                .push(Arc::new(PluginLoadBalance::new(generation))),
            Kind::Configurator => self.configurators.push(ConfiguratorEntry {
                side: match placement.side {
                    Side::Provider => Some(ConfigureSide::Provider),
                    Side::Consumer => Some(ConfigureSide::Consumer),
                    Side::Both => None,
                },
                configurator: Arc::new(PluginConfigurator::new(generation)),
                order,
                applies,
            }),
        }
    }

    pub(super) fn set(self, version: u64, rules: u64, configuration: u64) -> PolicySet {
        PolicySet::new(version, self.filters)
            .with_routers(self.routers)
            .with_balancers(self.balancers)
            .with_configurators(configuration, self.configurators)
            .with_rules(rules)
    }
}

/// A filter at each of its stages.
fn at_each_stage(generation: &Arc<Generation>) -> Vec<FilterEntry> {
    let placement = &generation.placement;
    let consumer = match placement.stage {
        wubbo_plugin_sdk::Stage::Call => Stage::Call,
        wubbo_plugin_sdk::Stage::Attempt => Stage::Attempt,
    };
    let stages: &[Stage] = match placement.side {
        Side::Provider => &[Stage::Provider],
        Side::Consumer => &[consumer],
        Side::Both => &[Stage::Provider, consumer],
    };
    let entry = |stage: &Stage| FilterEntry {
        filter: Arc::new(PluginFilter::new(Arc::clone(generation), *stage)),
        stage: *stage,
        order: placement.order,
        applies: placement.applies.clone(),
    };
    stages.iter().map(entry).collect()
}
