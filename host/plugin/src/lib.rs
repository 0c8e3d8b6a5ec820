//! The plugin host: policies as linked code or as sandboxed wasm files, swapped while traffic runs.

mod book;
mod call;
mod check;
mod config;
mod counters;
mod digest;
#[cfg(feature = "wasm")]
mod directory;
mod error;
mod filter;
mod generation;
mod health;
mod host;
mod instance;
mod keeper;
mod kept;
mod limits;
mod log;
mod metrics;
mod native;
mod news;
mod settings;
mod shared;
mod slots;
mod state;
mod status;
#[cfg(feature = "wasm")]
mod wasm;
mod workshop;

pub use check::{Checked, FUNCTION_BYTES_MAX, FUNCTIONS_MAX};
pub use config::PluginsConfig;
pub use counters::{CallCounters, Latency, TripClass};
pub use error::{PluginError, PluginErrorKind};
pub use host::PluginHost;
pub use limits::{CONFIGURE_MAX, HOOK_MAX, Limits, MEMORY_BYTES_MAX};
pub use log::LogSink;
pub use metrics::MetricValue;
pub use status::{
    DirectoryStatus, DrainingStatus, Origin, PluginState, PluginStatus, PluginsStatus, Reason,
    RefusedFile, TripReport,
};
