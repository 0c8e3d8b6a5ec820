//! The plugin host: policies as linked code or as sandboxed wasm files, swapped while traffic runs.
//!
//! [`PluginHost`] keeps a [`wubbo_core::PolicySet`] published: linked plugins, and the files of a watched directory, which shadow
//! linked ones of the same kind and name. Every call takes the set once; a call never sees two generations of a plugin.
//! The contract between host and guest is `plugin-sdk/ABI.md`.
//!
//! What it deliberately does not know: wire protocols, registries, clusters, configuration files, where log lines end up.
//! Only its `wasm` folder names the engine, and only there, in one function, is unsafe code.
#![cfg_attr(
    not(feature = "wasm"),
    allow(
        dead_code,
        reason = "used by the directory and the sandbox, which this feature turns on"
    )
)]

mod anatomy;
#[cfg(feature = "wasm")]
mod archive;
mod book;
mod call;
mod check;
mod clock;
mod config;
mod configurator;
mod counters;
mod definition;
mod digest;
#[cfg(feature = "wasm")]
mod directory;
mod enter;
mod error;
mod filter;
mod generation;
mod health;
mod host;
mod instance;
mod keeper;
mod kept;
mod limits;
mod load_balance;
mod log;
mod metrics;
mod native;
mod news;
#[cfg(feature = "wasm")]
mod private_dir;
mod router;
mod rules;
mod settings;
mod shared;
mod slots;
mod state;
mod status;
mod tables;
#[cfg(feature = "wasm")]
mod wasm;
mod workshop;

pub use anatomy::{Anatomy, Export, Import, Section};
pub use check::{Checked, FUNCTION_BYTES_MAX, FUNCTIONS_MAX};
pub use clock::PluginClock;
#[doc(hidden)]
pub use config::ImportWatch;
pub use config::{Compiler, PluginsConfig};
pub use counters::{CallCounters, Latency, TripClass};
pub use error::{PluginError, PluginErrorKind};
pub use host::PluginHost;
pub use limits::{CONFIGURE_MAX, HOOK_MAX, Limits, MEMORY_BYTES_MAX};
pub use log::LogSink;
pub use metrics::MetricValue;
pub use status::{
    ArchiveStatus, DamagedFile, DirectoryStatus, DrainingStatus, KeptGeneration, KeptState, Origin,
    PluginHealth, PluginRules, PluginState, PluginStatus, PluginTables, PluginsStatus, Reason,
    RefusedFile, RefusedProviders, RefusedRule, RolledBack, RulesStatus, SwapCounters, TripReport,
};
#[cfg(feature = "wasm")]
pub use wasm::{compile_apart, describe};
