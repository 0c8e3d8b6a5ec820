//! Who is live: the current generation of every identity, the older ones that still drain, and the one place where a set is published.

mod placed;
mod report;
mod swaps;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};

use wubbo_core::PolicySlot;
use wubbo_plugin_sdk::{Kind, Manifest};

use crate::generation::Generation;
use crate::status::{DirectoryStatus, Origin, Reason, RolledBack, SwapCounters};
use placed::Placed;
#[cfg(feature = "wasm")]
pub(crate) use swaps::SwapEnd;

/// A generation that is part of the published set, or would be if no file shadowed it.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) generation: Arc<Generation>,
    pub(crate) origin: Origin,
    pub(crate) file: Option<String>,
    pub(crate) sha256: Option<String>,
    pub(crate) swap_ms: Option<u64>,
    pub(crate) cached: bool,
    /// The file says something else, from which the plugin was rolled back.
    pub(crate) rolled_back: Option<RolledBack>,
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
    /// The version of the rules that the published set follows.
    rules: u64,
    /// Grows whenever another configurator, or edition of one, is published.
    configuration: u64,
    /// The published configurators: identity, generation, edition.
    configurators: Vec<(String, u64, u64)>,
    /// Whether anything was published yet: the linked plugins wait for the directory's first load.
    published: bool,
    required: BTreeSet<String>,
    builtins: BTreeMap<String, Live>,
    files: BTreeMap<String, Live>,
    older: Vec<Weak<Generation>>,
    not_live: BTreeMap<String, NotLive>,
    /// How the swaps of each identity ended, while it is known.
    swaps: BTreeMap<String, SwapCounters>,
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
            rules: 0,
            configuration: 0,
            configurators: Vec::new(),
            published: false,
            policies,
            required: required.iter().cloned().collect(),
            builtins,
            files: BTreeMap::new(),
            older: Vec::new(),
            not_live: BTreeMap::new(),
            swaps: BTreeMap::new(),
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

    #[cfg(feature = "wasm")]
    pub(crate) fn is_linked(&self, identity: &str) -> bool {
        self.builtins.contains_key(identity)
    }

    /// The current generation of an identity.
    pub(crate) fn generation(&self, identity: &str) -> Option<Arc<Generation>> {
        let live = self.current(identity)?;
        Some(Arc::clone(&live.generation))
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
        let mut placed = Placed::default();
        let mut configurators = Vec::new();
        let identities: BTreeSet<&String> = self.builtins.keys().chain(self.files.keys()).collect();
        for identity in identities {
            if let (Some(_), Some(shadowed)) =
                (self.files.get(identity), self.builtins.get(identity))
            {
                shadowed.generation.set_active(false);
            }
            if let Some(Live { generation, .. }) = self.current(identity) {
                generation.set_active(true);
                placed.add(generation);
                if generation.shared.manifest.kind == Kind::Configurator {
                    configurators.push((identity.clone(), generation.number, generation.edition));
                }
            }
        }
        if configurators != self.configurators {
            self.configuration += 1;
            self.configurators = configurators;
        }
        self.policies.publish(Arc::new(placed.set(
            self.version,
            self.rules,
            self.configuration,
        )));
    }

    /// The generations that a change of the rules concerns: live ones, and those that a file shadows.
    pub(crate) fn rule_followers(&self) -> Vec<Arc<Generation>> {
        let live = self.builtins.values().chain(self.files.values());
        let generations = live.map(|live| &live.generation);
        generations
            .filter(|generation| generation.follows_rules())
            .cloned()
            .collect()
    }

    /// The identities that may have no further edition before an older one has drained.
    pub(crate) fn crowded(&self, most: usize) -> Vec<String> {
        let followers = self.rule_followers();
        let crowded = followers.iter().filter(|generation| {
            let live = |other: &&Arc<Generation>| other.identity == generation.identity;
            let standing = followers.iter().filter(live).count();
            standing + self.draining(&generation.identity).len() >= most.max(standing + 1)
        });
        crowded
            .map(|generation| generation.identity.to_string())
            .collect()
    }

    /// Takes over editions in place of the generations they are made from, and publishes them in one store.
    pub(crate) fn take_editions(
        &mut self,
        rules: u64,
        editions: Vec<(Arc<Generation>, Arc<Generation>)>,
    ) {
        self.rules = rules;
        for (old, new) in &editions {
            for live in self.builtins.values_mut().chain(self.files.values_mut()) {
                if Arc::ptr_eq(&live.generation, old) {
                    live.generation = Arc::clone(new);
                }
            }
        }
        self.publish();
        self.older.retain(|older| older.strong_count() > 0);
        for (old, _) in editions {
            self.older.push(Arc::downgrade(&old));
            old.retire();
        }
    }

    /// Publishes an empty set: the host is going away.
    pub(crate) fn clear(&mut self) {
        self.builtins.clear();
        self.files.clear();
        self.publish();
    }
}

impl NotLive {
    fn identity(&self) -> Option<String> {
        self.manifest.as_ref().map(Manifest::identity)
    }
}
