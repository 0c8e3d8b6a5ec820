//! Everything that may change while traffic runs, as one immutable set that a call takes once.

use std::sync::Arc;

use crate::{Applies, Filter, Slot};

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

/// The plugin generations that one call sees. Send + Sync; made off the call path, never changed after.
#[derive(Debug, Default)]
pub struct PolicySet {
    version: u64,
    provider: Vec<FilterEntry>,
    call: Vec<FilterEntry>,
    attempt: Vec<FilterEntry>,
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
