//! What the plugin host is told by the program that embeds it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::PluginClock;

/// Configuration of a [`crate::PluginHost`].
#[derive(Debug, Clone)]
pub struct PluginsConfig {
    /// The watched directory of `<name>.wasm` and `<name>.yaml`. Default none; needs the feature `wasm`.
    pub dir: Option<PathBuf>,
    /// Whether linked plugins are used. Default true; with false the host holds no native policy at all.
    pub builtins: bool,
    /// Identities such as `filter/token` that must be live before [`crate::PluginHost::start`] returns, and that no removal of a file
    /// unloads. Default none.
    pub required: Vec<String>,
    /// Plugins that may be live from the directory; the instance pool is sized for them once. Default 32.
    pub max: usize,
    /// Guest memory of all instances of all plugins together, bytes. Default 1 GiB.
    pub memory_total_bytes: usize,
    /// Worker threads of the runtime; a generation has two instances per worker. Default: one per core.
    pub workers: usize,
    /// Where compiled modules are kept, mode 0600, by content. Default none: each start compiles anew.
    pub cache_dir: Option<PathBuf>,
    /// Who compiles modules into `cache_dir`, so that the compiler's memory is not the host's. Default none: the host itself.
    pub compiler: Option<Compiler>,
    /// Where generations are kept for a roll-back, mode 0700/0600: of each identity the one that is live and the 3 before it, 256 MiB
    /// together at most. Of one host alone. Default none: nothing can be rolled back.
    pub kept_dir: Option<PathBuf>,
    /// Settings by identity, with the keys of a plugin's YAML: of linked plugins, and of files that have no YAML beside them. Default none.
    pub configs: BTreeMap<String, serde_json::Value>,
    /// How long a file must rest before it is read. Default 20 ms.
    pub settle: Duration,
    /// How often the directory is read without any event. Default 2 s.
    pub poll: Duration,
    /// Largest module file, bytes. Default 8 MiB.
    pub module_bytes_max: u64,
    /// Whether instances come from a pool where the address space allows one. Default true; false allocates each by itself.
    pub pooling: bool,
    /// The time that plugins see. Default: the system's; tests move it on.
    pub clock: PluginClock,
    #[doc(hidden)]
    pub watch: Option<ImportWatch>,
}

/// A command that compiles modules: two more arguments name the cache directory and the module, for `compile_apart`, which says what the
/// process is to write and how it is to end. One that fails, or takes longer than 60 s, is done without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiler {
    /// What is run, as it is; no shell reads it.
    pub program: PathBuf,
    /// Its first arguments.
    pub arguments: Vec<OsString>,
}

/// Told of every import that a guest has called, with the code if it answered one. For tests: a watched call allocates.
#[derive(Clone)]
pub struct ImportWatch(pub Arc<dyn Fn(&'static str, Option<i32>) + Send + Sync>);

impl fmt::Debug for ImportWatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ImportWatch")
    }
}

impl Default for PluginsConfig {
    fn default() -> Self {
        Self {
            dir: None,
            builtins: true,
            required: Vec::new(),
            max: 32,
            memory_total_bytes: 1 << 30,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            cache_dir: None,
            compiler: None,
            kept_dir: None,
            configs: BTreeMap::new(),
            settle: Duration::from_millis(20),
            poll: Duration::from_secs(2),
            module_bytes_max: wubbo_plugin_sdk::abi::limits::MODULE_MAX as u64,
            pooling: true,
            clock: PluginClock::default(),
            watch: None,
        }
    }
}

impl PluginsConfig {
    /// Instances of one generation.
    pub(crate) fn slots(&self) -> usize {
        self.workers.max(1) * 2
    }
}
