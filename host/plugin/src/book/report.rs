//! The state of everything, put together from the book and the generations.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Instant;

use wubbo_plugin_sdk::Manifest;

use super::{Book, Live, NotLive};
use crate::digest::hex;
use crate::generation::Generation;
use crate::health::Condition;
use crate::status::{
    DrainingStatus, Origin, PluginRules, PluginState, PluginStatus, PluginTables, PluginsStatus,
    RefusedProviders, RulesStatus, SwapCounters,
};

impl Book {
    /// The whole state, without what the engine and the archive know.
    pub(crate) fn status(&self, rules: RulesStatus) -> PluginsStatus {
        let drains = self
            .older
            .iter()
            .filter_map(Weak::upgrade)
            .filter(|older| !older.is_closed());
        let drains: Vec<Arc<Generation>> = drains.collect();
        let mut plugins: BTreeMap<String, PluginStatus> = BTreeMap::new();
        for not_live in self.not_live.values() {
            if let (Some(identity), Some(manifest)) = (not_live.identity(), &not_live.manifest) {
                plugins.insert(identity, absent(manifest, not_live));
            }
        }
        for older in &drains {
            if self.current(&older.identity).is_none() {
                let mut status = absent_of(&older.shared.manifest, PluginState::Draining);
                status.last_error = plugins
                    .get(&*older.identity)
                    .and_then(|known| known.last_error.clone());
                plugins.insert(older.identity.to_string(), status);
            }
        }
        for (identity, live) in self.builtins.iter().chain(&self.files) {
            let mut status = present(live, &drains);
            status.last_error = plugins
                .get(identity)
                .filter(|_| live.origin == Origin::Wasm || !self.files.contains_key(identity))
                .and_then(|known| known.last_error.clone());
            plugins.insert(identity.clone(), status);
        }
        for status in plugins.values_mut() {
            status.required = self.required.contains(&status.identity);
            status.draining = drains
                .iter()
                .filter(|older| *older.identity == *status.identity)
                .map(|older| draining(older))
                .collect();
            status.swaps = self
                .swaps
                .get(&status.identity)
                .copied()
                .unwrap_or_default();
            status.live_generations = status.draining.len() + usize::from(status.generation > 0);
        }
        PluginsStatus {
            version: self.version,
            directory: self.directory.clone(),
            plugins: plugins.into_values().collect(),
            archive: None,
            memory_bytes: 0,
            pooling: false,
            compilations: 0,
            rules,
        }
    }
}

fn draining(older: &Generation) -> DrainingStatus {
    let since = older.retired().unwrap_or_else(Instant::now).elapsed();
    DrainingStatus {
        generation: older.number,
        edition: older.edition,
        digest: older.digest.as_ref().map(|digest| hex(digest)),
        instances: older.slots.filled(),
        draining_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
    }
}

fn present(live: &Live, drains: &[Arc<Generation>]) -> PluginStatus {
    let generation = &live.generation;
    let shared = &generation.shared;
    let (instances, memory_bytes) = generation.holding();
    // Editions that drain count for the generation, as those do that are gone.
    let editions = drains
        .iter()
        .filter(|older| Arc::ptr_eq(&older.shared, shared))
        .chain([generation]);
    let (mut hooks, mut decided) = (0, 0);
    for edition in editions {
        hooks += edition.slots.sum(|tally| &tally.hooks);
        decided += edition.slots.sum(|tally| &tally.decided);
    }
    PluginStatus {
        origin: live.origin,
        file: live.file.clone(),
        sha256: live.sha256.clone(),
        digest: generation.digest.as_ref().map(|digest| hex(digest)),
        rolled_back: live.rolled_back.clone(),
        health: Some(generation.health()),
        generation: generation.number,
        edition: generation.edition,
        counters: shared.counters.report(shared.manifest.kind, hooks, decided),
        instances,
        memory_bytes,
        limits: Some(shared.limits),
        swap_ms: live.swap_ms,
        cached: live.cached,
        trips: shared.trips.report(),
        metrics: shared.metrics.report(),
        rules: generation.follows_rules().then(|| rules(generation)),
        tables: generation.takes_tables().then(|| tables(generation)),
        ..absent_of(
            &shared.manifest,
            match generation.condition() {
                Condition::Quarantined => PluginState::Quarantined,
                Condition::Healthy | Condition::BackOff => PluginState::Live,
            },
        )
    }
}

fn rules(generation: &Generation) -> PluginRules {
    let accepted = generation.accepted();
    PluginRules {
        version: accepted.version,
        in_use: accepted.in_use.len(),
        refused: accepted.report(),
    }
}

fn tables(generation: &Generation) -> PluginTables {
    let held = generation.slots.free(|seat| seat.instance.tables().count());
    let refused = generation.refused_tables().into_iter();
    PluginTables {
        known: generation.tables.count(),
        held: held.into_iter().min().unwrap_or_default(),
        refused: refused
            .map(|refused| RefusedProviders {
                service: refused.service,
                reason: refused.reason,
            })
            .collect(),
    }
}

fn absent(manifest: &Manifest, not_live: &NotLive) -> PluginStatus {
    let state = match not_live.error {
        Some(_) => PluginState::Refused,
        None => PluginState::Disabled,
    };
    PluginStatus {
        file: Some(not_live.file.clone()),
        last_error: not_live.error.clone(),
        ..absent_of(manifest, state)
    }
}

fn absent_of(manifest: &Manifest, state: PluginState) -> PluginStatus {
    PluginStatus {
        identity: manifest.identity(),
        kind: manifest.kind.name().to_owned(),
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        origin: Origin::Wasm,
        file: None,
        sha256: None,
        digest: None,
        rolled_back: None,
        kept: Vec::new(),
        swaps: SwapCounters::default(),
        health: None,
        generation: 0,
        edition: 0,
        state,
        required: false,
        last_error: None,
        counters: crate::counters::CallCounters::default(),
        instances: 0,
        memory_bytes: 0,
        limits: None,
        live_generations: 0,
        draining: Vec::new(),
        swap_ms: None,
        cached: false,
        trips: Vec::new(),
        metrics: Vec::new(),
        rules: None,
        tables: None,
    }
}
