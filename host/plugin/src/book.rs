//! Who is live: the current generation of every identity, the older ones that still drain, and the one place where a set is published.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Instant;

use wubbo_core::{FilterEntry, PolicySet, PolicySlot, Stage};
use wubbo_plugin_sdk::{Manifest, Side};

use crate::filter::PluginFilter;
use crate::generation::Generation;
use crate::health::Condition;
use crate::status::{
    DirectoryStatus, DrainingStatus, Origin, PluginState, PluginStatus, PluginsStatus, Reason,
};

/// A generation that is part of the published set, or would be if no file shadowed it.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) generation: Arc<Generation>,
    pub(crate) origin: Origin,
    pub(crate) file: Option<String>,
    pub(crate) sha256: Option<String>,
    pub(crate) swap_ms: Option<u64>,
    pub(crate) cached: bool,
}

/// What is known of a file that is not live as it stands.
#[derive(Debug, Clone)]
pub(crate) struct NotLive {
    pub(crate) file: String,
    pub(crate) manifest: Option<Manifest>,
    /// `None`: disabled by its YAML.
    pub(crate) error: Option<Reason>,
}

/// The book of the plugin host; behind one lock, never touched by a call.
pub(crate) struct Book {
    policies: Arc<PolicySlot>,
    version: u64,
    /// Whether anything was published yet: the linked plugins wait for the directory's first load.
    published: bool,
    required: BTreeSet<String>,
    builtins: BTreeMap<String, Live>,
    files: BTreeMap<String, Live>,
    older: Vec<Weak<Generation>>,
    not_live: BTreeMap<String, NotLive>,
    pub(crate) directory: Option<DirectoryStatus>,
}

impl Book {
    pub(crate) fn new(
        policies: Arc<PolicySlot>,
        required: &[String],
        builtins: BTreeMap<String, Live>,
    ) -> Self {
        Self {
            version: policies.load().version(),
            published: false,
            policies,
            required: required.iter().cloned().collect(),
            builtins,
            files: BTreeMap::new(),
            older: Vec::new(),
            not_live: BTreeMap::new(),
            directory: None,
        }
    }

    /// The live generations that came from files, by identity.
    #[cfg(feature = "wasm")]
    pub(crate) fn files(&self) -> &BTreeMap<String, Live> {
        &self.files
    }

    #[cfg(feature = "wasm")]
    pub(crate) fn is_required(&self, identity: &str) -> bool {
        self.required.contains(identity)
    }

    /// The required identities that are not live, each with why.
    pub(crate) fn missing(&self) -> Vec<String> {
        let live = |identity: &&String| self.current(identity).is_none();
        let absent = self.required.iter().filter(live).map(|identity| {
            let known = self
                .not_live
                .values()
                .find(|not| not.identity().as_deref() == Some(identity));
            match known {
                Some(NotLive {
                    file,
                    error: Some(error),
                    ..
                }) => format!("{identity}: {file}: {}", error.reason),
                Some(NotLive { file, .. }) => format!("{identity}: {file}: disabled by its yaml"),
                None => format!("{identity}: there is no such plugin"),
            }
        });
        absent.collect()
    }

    /// Generations of an identity that hold instances.
    pub(crate) fn holding(&self, identity: &str) -> usize {
        let current = usize::from(self.files.contains_key(identity));
        current + self.draining(identity).len()
    }

    fn draining(&self, identity: &str) -> Vec<Arc<Generation>> {
        let older = self.older.iter().filter_map(Weak::upgrade);
        older
            .filter(|older| *older.identity == *identity && !older.is_closed())
            .collect()
    }

    fn current(&self, identity: &str) -> Option<&Live> {
        self.files
            .get(identity)
            .or_else(|| self.builtins.get(identity))
    }

    /// Takes over the plugins of the directory as they now stand, and publishes them in one store if that changes anything.
    pub(crate) fn replace(
        &mut self,
        files: BTreeMap<String, Live>,
        not_live: BTreeMap<String, NotLive>,
    ) {
        self.not_live = not_live;
        let same = |(identity, live): (&String, &Live)| {
            let old = self.files.get(identity);
            old.is_some_and(|old| Arc::ptr_eq(&old.generation, &live.generation))
        };
        let unchanged = files.len() == self.files.len() && files.iter().all(same);
        let before = std::mem::replace(&mut self.files, files);
        if unchanged && self.published {
            return;
        }
        self.publish();
        self.older.retain(|older| older.strong_count() > 0);
        for (identity, old) in before {
            let replaced = self
                .files
                .get(&identity)
                .is_none_or(|new| !Arc::ptr_eq(&new.generation, &old.generation));
            if replaced {
                self.older.push(Arc::downgrade(&old.generation));
                old.generation.retire();
            }
        }
    }

    /// Publishes what is current: one store, after which every new call sees all of it.
    pub(crate) fn publish(&mut self) {
        self.version += 1;
        self.published = true;
        let mut entries = Vec::new();
        let identities: BTreeSet<&String> = self.builtins.keys().chain(self.files.keys()).collect();
        for identity in identities {
            if let (Some(_), Some(shadowed)) =
                (self.files.get(identity), self.builtins.get(identity))
            {
                shadowed.generation.set_active(false);
            }
            if let Some(live) = self.current(identity) {
                live.generation.set_active(true);
                entries.extend(placed(&live.generation));
            }
        }
        self.policies
            .publish(Arc::new(PolicySet::new(self.version, entries)));
    }

    /// Publishes an empty set: the host is going away.
    pub(crate) fn clear(&mut self) {
        self.builtins.clear();
        self.files.clear();
        self.publish();
    }

    /// The whole state; `memory_bytes` and `pooling` are the engine's.
    pub(crate) fn status(&self, memory_bytes: usize, pooling: bool) -> PluginsStatus {
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
            let mut status = present(live);
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
            status.live_generations = status.draining.len() + usize::from(status.generation > 0);
        }
        PluginsStatus {
            version: self.version,
            directory: self.directory.clone(),
            plugins: plugins.into_values().collect(),
            memory_bytes,
            pooling,
        }
    }
}

impl NotLive {
    fn identity(&self) -> Option<String> {
        self.manifest.as_ref().map(Manifest::identity)
    }
}

/// A generation at each of its stages.
fn placed(generation: &Arc<Generation>) -> Vec<FilterEntry> {
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

fn draining(older: &Generation) -> DrainingStatus {
    let since = older.retired().unwrap_or_else(Instant::now).elapsed();
    DrainingStatus {
        generation: older.number,
        instances: older.slots.filled(),
        draining_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
    }
}

fn present(live: &Live) -> PluginStatus {
    let generation = &live.generation;
    let shared = &generation.shared;
    let (instances, memory_bytes) = generation.holding();
    let hooks = generation.slots.sum(|tally| &tally.hooks);
    let replies = generation.slots.sum(|tally| &tally.replies);
    PluginStatus {
        origin: live.origin,
        file: live.file.clone(),
        sha256: live.sha256.clone(),
        generation: generation.number,
        counters: shared.counters.report(hooks, replies),
        instances,
        memory_bytes,
        limits: Some(shared.limits),
        swap_ms: live.swap_ms,
        cached: live.cached,
        trips: generation.trips(),
        metrics: shared.metrics.report(),
        ..absent_of(
            &shared.manifest,
            match generation.condition() {
                Condition::Quarantined => PluginState::Quarantined,
                Condition::Healthy | Condition::BackOff => PluginState::Live,
            },
        )
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
        generation: 0,
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
    }
}
