//! What operators see of generations on disk, roll-backs, swaps and health.

use serde::Serialize;

/// The directory of kept generations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArchiveStatus {
    /// Its path.
    pub path: String,
    /// What is kept in it, bytes; 256 MiB at most.
    pub bytes: u64,
    /// Files in it that are not believed and not used.
    pub damaged: Vec<DamagedFile>,
}

/// A file that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DamagedFile {
    /// Its name.
    pub file: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A generation on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptGeneration {
    /// SHA-256 of module, configuration and grants, by which a roll-back names it.
    pub digest: String,
    /// Whether it serves.
    pub state: KeptState,
    /// SHA-256 of the module.
    pub sha256: String,
    /// The plugin's own version.
    pub version: String,
    /// The file that it was loaded from.
    pub file: String,
    /// When it went live, milliseconds of unix time.
    pub live_ms: u64,
    /// Its size on disk, bytes.
    pub bytes: u64,
}

/// Whether a kept generation serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptState {
    /// It serves now.
    Live,
    /// The file gives it, and the plugin was rolled back from it.
    RolledAway,
    /// It served before.
    Kept,
}

/// That a plugin was rolled back, until its file or its configuration changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RolledBack {
    /// The digest of what its file gives, and what does not serve.
    pub from: String,
    /// When, milliseconds of unix time.
    pub at_ms: u64,
}

/// How the swaps of a plugin ended, since it was first seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SwapCounters {
    /// What a file gives went live.
    pub live: u64,
    /// An operator went back to a kept generation.
    pub rolled_back: u64,
    /// A file was refused.
    pub refused: u64,
}

/// How a generation is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginHealth {
    /// `healthy`, `back_off` (instances are replaced after a pause) or `quarantined`.
    pub condition: &'static str,
    /// Rounds of failures in the last minute; the fifth is quarantine.
    pub rounds: usize,
    /// When missing instances are replaced, milliseconds from now; absent when none is due.
    pub next_attempt_ms: Option<u64>,
    /// In quarantine, and one instance is being tried.
    pub probing: bool,
}
