//! What can be asked at any time: every plugin, its generation, what it did, and why something is not live. Serialised as `/plugins`.

mod operation;
mod policies;

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use wubbo_plugin_sdk::abi::interest::Hook;

use crate::counters::{CallCounters, TripClass};
use crate::error::PluginError;
use crate::instance::Trip;
use crate::limits::Limits;
use crate::metrics::MetricValue;

pub use operation::{
    ArchiveStatus, DamagedFile, KeptGeneration, KeptState, PluginHealth, RolledBack, SwapCounters,
};
pub use policies::{PluginRules, PluginTables, RefusedProviders, RefusedRule, RulesStatus};

/// The state of the plugin host at one moment.
#[derive(Debug, Clone, Serialize)]
pub struct PluginsStatus {
    /// Number of the published set; grows by one with each publication.
    pub version: u64,
    /// The watched directory; absent without one.
    pub directory: Option<DirectoryStatus>,
    /// Where generations are kept; absent where none are.
    pub archive: Option<ArchiveStatus>,
    /// Every plugin that is live, drains or was refused, by identity.
    pub plugins: Vec<PluginStatus>,
    /// Guest memory of all instances, bytes.
    pub memory_bytes: usize,
    /// Whether instances come from the pool; false without the wasm engine too.
    pub pooling: bool,
    /// Modules compiled since the start; those that the cache had are not among them.
    pub compilations: u64,
    /// The rules of routers and configurators.
    pub rules: RulesStatus,
}

impl PluginsStatus {
    /// The plugin of an identity such as `filter/token`.
    #[must_use]
    pub fn plugin(&self, identity: &str) -> Option<&PluginStatus> {
        self.plugins
            .iter()
            .find(|plugin| plugin.identity == identity)
    }
}

/// The watched directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DirectoryStatus {
    /// Its path as configured.
    pub path: String,
    /// Why nothing is loaded from it at the moment: it is missing, unreadable, open to everybody, or suddenly empty. What is live stays.
    pub outage: Option<Reason>,
    /// Why changes are seen by polling only.
    pub degraded: Option<String>,
    /// Settled states that were worked through.
    pub scans: u64,
    /// Files that are not live, and why.
    pub refused: Vec<RefusedFile>,
}

/// A file that is not live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedFile {
    /// Its name in the directory.
    pub file: String,
    /// Kind and name, as far as the file says.
    pub identity: Option<String>,
    /// Why.
    pub error: Reason,
}

/// Why something is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Class of the failure: [`crate::PluginErrorKind::name`].
    pub kind: &'static str,
    /// In words.
    pub reason: String,
    /// Since when, milliseconds of unix time.
    pub since_ms: u64,
}

impl Reason {
    pub(crate) fn now(error: &PluginError) -> Self {
        Self {
            kind: error.kind().name(),
            reason: error.to_string(),
            since_ms: unix_ms(),
        }
    }
}

/// Where a plugin comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Linked into the host.
    Builtin,
    /// A file of the directory.
    Wasm,
}

/// What a plugin is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PluginState {
    /// Its current generation serves calls.
    Live,
    /// It tripped too often; the failure policy answers and one instance is tried now and then.
    Quarantined,
    /// It was unloaded; calls in flight still use it.
    Draining,
    /// Its file was refused and there is no earlier generation.
    Refused,
    /// Its YAML says `enabled: false`.
    Disabled,
}

/// One plugin.
#[derive(Debug, Clone, Serialize)]
pub struct PluginStatus {
    /// Kind and name, `filter/token`.
    pub identity: String,
    /// Dubbo's word for the kind.
    pub kind: String,
    /// Dubbo's name of the policy.
    pub name: String,
    /// The plugin's own version.
    pub version: String,
    /// Where the current generation comes from.
    pub origin: Origin,
    /// The file in the directory.
    pub file: Option<String>,
    /// SHA-256 of the module.
    pub sha256: Option<String>,
    /// SHA-256 of everything that defines the current generation: module, configuration, grants. A roll-back names a generation by its
    /// first digits. Absent for a linked plugin.
    pub digest: Option<String>,
    /// From what the plugin was rolled back, while its file still says so.
    pub rolled_back: Option<RolledBack>,
    /// Generations on disk that it can be rolled back to, the newest first, the live one among them.
    pub kept: Vec<KeptGeneration>,
    /// How its swaps ended.
    pub swaps: SwapCounters,
    /// How the current generation is doing; absent if there is none.
    pub health: Option<PluginHealth>,
    /// Number of the current generation, from 1; 0 if there is none.
    pub generation: u64,
    /// How many times that generation got fresh instances for a change of the rules, the first included; 0 if there is none.
    pub edition: u64,
    /// What it is doing.
    pub state: PluginState,
    /// Whether `plugins.required` names it.
    pub required: bool,
    /// Why the newest file, or the plugin itself, is not all right.
    pub last_error: Option<Reason>,
    /// What its hooks did since the generation was loaded.
    pub counters: CallCounters,
    /// Instances of the current generation.
    pub instances: usize,
    /// Guest memory of those that are not in use, bytes.
    pub memory_bytes: usize,
    /// Its limits.
    pub limits: Option<Limits>,
    /// Generations that hold instances, the current one included.
    pub live_generations: usize,
    /// Older generations that calls still use.
    pub draining: Vec<DrainingStatus>,
    /// From the file's last change to the publication of the current generation, milliseconds.
    pub swap_ms: Option<u64>,
    /// Whether the current generation's code came from the compile cache.
    pub cached: bool,
    /// The last instances thrown away, oldest first.
    pub trips: Vec<TripReport>,
    /// Metrics of its own.
    pub metrics: Vec<MetricValue>,
    /// The rules that it follows; absent for a plugin without `on_rule`.
    pub rules: Option<PluginRules>,
    /// The lists of providers that it has; routers and balancers only.
    pub tables: Option<PluginTables>,
}

/// An older generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrainingStatus {
    /// Its number.
    pub generation: u64,
    /// Which edition of it.
    pub edition: u64,
    /// SHA-256 of what defines it; absent for a linked plugin.
    pub digest: Option<String>,
    /// Instances it still holds.
    pub instances: usize,
    /// How long it has been draining, milliseconds.
    pub draining_ms: u64,
}

/// An instance that was thrown away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TripReport {
    /// Export name of the hook.
    pub hook: &'static str,
    /// Class of the trip.
    pub class: TripClass,
    /// In words.
    pub reason: String,
    /// CPU time that was charged to a hook which its deadline ended, microseconds.
    pub cpu_us: Option<u64>,
    /// When, milliseconds of unix time.
    pub at_ms: u64,
}

impl TripReport {
    pub(crate) fn new(hook: Hook, trip: &Trip) -> Self {
        Self {
            hook: hook.name(),
            class: trip.class,
            reason: trip.reason.clone(),
            cpu_us: trip
                .cpu
                .map(|cpu| u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX)),
            at_ms: unix_ms(),
        }
    }
}

/// Now, in milliseconds of unix time.
pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
