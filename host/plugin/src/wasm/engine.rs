//! The one engine of a process: what guests may use of WebAssembly, where their memory comes from, and what they import.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::{
    Config, InstanceAllocationStrategy, Linker, Module, OptLevel, PoolingAllocationConfig,
};
use wubbo_plugin_sdk::abi::limits::{STACK_BYTES, TABLE_ELEMENTS_MAX};

use super::apart;
use super::cache::Cache;
use super::guest::Guest;
use super::imports;
use super::limiter::Budget;
use super::module::WasmModule;
use super::ticker::{self, Pulse};
use crate::check::Checked;
use crate::config::{Compiler, ImportWatch};
use crate::error::{PluginError, PluginErrorKind, chain};
use crate::limits::MEMORY_BYTES_MAX;

/// Generations of one plugin that may hold instances.
pub(crate) const GENERATIONS_MAX: usize = 3;
/// Instances beyond those of the slots: canaries, replacements built before the old one is gone.
const SPARE: usize = 16;
/// Slots of the pool that stay mapped for the next instance of the same module; more looks like a leak after many swaps.
const WARM_SLOTS: u32 = 4;
/// Frames of a guest's backtrace: collecting them is half the cost of a trap.
const BACKTRACE_FRAMES: NonZeroUsize = NonZeroUsize::MIN;

/// What the engine is made for.
#[derive(Debug, Clone)]
pub(crate) struct EngineOptions {
    /// Plugins that may be live.
    pub(crate) plugins: usize,
    /// Slots of one generation.
    pub(crate) slots: usize,
    /// Guest memory of all instances together.
    pub(crate) memory_total_bytes: usize,
    /// Where compiled modules are kept.
    pub(crate) cache: Option<PathBuf>,
    /// Who compiles them, through the cache.
    pub(crate) compiler: Option<Compiler>,
    /// Ask for the pool; it is given up when the address space does not allow it.
    pub(crate) pooling: bool,
    /// Who is told of every import that a guest calls.
    pub(crate) watch: Option<ImportWatch>,
}

/// The engine with everything that lives as long as it does.
pub(crate) struct Engine {
    pub(super) engine: wasmtime::Engine,
    pub(super) linker: Linker<Guest>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) budget: Arc<Budget>,
    cache: Option<Cache>,
    compiler: Option<Compiler>,
    /// Modules compiled so far.
    compilations: AtomicU64,
    pooling: bool,
}

/// A compiled module and where it came from.
pub(crate) struct Compiled {
    pub(super) module: Module,
    pub(crate) cached: bool,
}

impl Engine {
    /// Makes the engine and starts its ticker.
    ///
    /// # Errors
    /// Kind `Engine`: neither form of allocation works here, or there is no thread.
    pub(crate) fn new(options: &EngineOptions) -> Result<Arc<Self>, PluginError> {
        let (engine, pooling) = allocate(options).map_err(failed)?;
        let mut linker = Linker::new(&engine);
        imports::define(&mut linker).map_err(failed)?;
        if let Some(watch) = &options.watch {
            linker = imports::watched(&engine, &linker, watch).map_err(failed)?;
        }
        let pulse = ticker::start(engine.weak()).map_err(|error| {
            PluginError::new(
                PluginErrorKind::Engine,
                format!("no thread for the epoch ticker: {error}"),
            )
        })?;
        let cache = options
            .cache
            .as_ref()
            .map(|dir| Cache::open(dir, &engine))
            .transpose()?;
        Ok(Arc::new(Self {
            linker,
            pulse,
            budget: Budget::new(options.memory_total_bytes),
            cache,
            compiler: options.compiler.clone(),
            compilations: AtomicU64::new(0),
            pooling,
            engine,
        }))
    }

    /// Whether instances come from the pool.
    pub(crate) fn pooling(&self) -> bool {
        self.pooling
    }

    /// Modules compiled so far; one that the cache had was not.
    pub(crate) fn compilations(&self) -> u64 {
        self.compilations.load(Ordering::Relaxed)
    }

    /// Guest memory of all instances.
    pub(crate) fn memory_used(&self) -> usize {
        self.budget.used()
    }

    /// Compiles a checked module, or takes it from the cache. Takes up to seconds; never on a worker.
    ///
    /// # Errors
    /// Kind `Compile`.
    pub(crate) fn compile(&self, bytes: &[u8], sha256: &[u8; 32]) -> Result<Compiled, PluginError> {
        if let Some(module) = self.load(sha256) {
            return Ok(Compiled {
                module,
                cached: true,
            });
        }
        self.compilations.fetch_add(1, Ordering::Relaxed);
        let module = match self.compile_apart(bytes, sha256)? {
            Some(module) => module,
            None => self.compile_here(bytes, sha256)?,
        };
        Ok(Compiled {
            module,
            cached: false,
        })
    }

    fn load(&self, sha256: &[u8; 32]) -> Option<Module> {
        self.cache.as_ref()?.load(&self.engine, sha256)
    }

    fn compile_apart(
        &self,
        bytes: &[u8],
        sha256: &[u8; 32],
    ) -> Result<Option<Module>, PluginError> {
        let (Some(cache), Some(compiler)) = (&self.cache, &self.compiler) else {
            return Ok(None);
        };
        let done = apart::compile(compiler, cache, bytes)?;
        Ok(if done { self.load(sha256) } else { None })
    }

    fn compile_here(&self, bytes: &[u8], sha256: &[u8; 32]) -> Result<Module, PluginError> {
        let module = compiled(&self.engine, bytes)?;
        if let Some(cache) = &self.cache
            && let Err(error) = cache.store(&module, sha256)
        {
            tracing::warn!(dir = %cache.path().display(), %error, "a compiled plugin cannot be cached");
        }
        Ok(module)
    }

    /// Links a compiled module with the imports.
    ///
    /// # Errors
    /// Kind `Check`: an import or a size that the static check would have refused.
    pub(crate) fn link(
        self: &Arc<Self>,
        compiled: &Compiled,
        checked: &Checked,
    ) -> Result<WasmModule, PluginError> {
        WasmModule::link(Arc::clone(self), &compiled.module, checked)
    }
}

fn failed(error: wasmtime::Error) -> PluginError {
    PluginError::new(
        PluginErrorKind::Engine,
        format!("the wasm engine cannot start: {}", chain(error.as_ref())),
    )
}

/// An engine that runs nothing; its code fits every engine of the same settings, whoever allocates there.
///
/// # Errors
/// Kind `Engine`.
pub(super) fn for_compiling() -> Result<wasmtime::Engine, PluginError> {
    wasmtime::Engine::new(&config()).map_err(failed)
}

/// Compiles a checked module.
///
/// # Errors
/// Kind `Compile`.
pub(super) fn compiled(engine: &wasmtime::Engine, bytes: &[u8]) -> Result<Module, PluginError> {
    Module::new(engine, bytes).map_err(|error| {
        PluginError::new(
            PluginErrorKind::Compile,
            format!("does not compile: {}", chain(error.as_ref())),
        )
    })
}

/// An engine with the pool, or without it where it cannot be mapped: a 39-bit address space, a container's limit.
fn allocate(options: &EngineOptions) -> wasmtime::Result<(wasmtime::Engine, bool)> {
    if options.pooling {
        let mut config = config();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(options)));
        match wasmtime::Engine::new(&config) {
            Ok(engine) => return Ok((engine, true)),
            Err(error) => {
                tracing::warn!(
                    error = chain(error.as_ref()),
                    "no pool for plugin instances, they are allocated one by one"
                );
            }
        }
    }
    wasmtime::Engine::new(&config()).map(|engine| (engine, false))
}

fn pool(options: &EngineOptions) -> PoolingAllocationConfig {
    let instances = options.plugins * options.slots * GENERATIONS_MAX + SPARE;
    let instances = u32::try_from(instances).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(instances)
        .total_memories(instances)
        .total_tables(instances)
        .max_tables_per_module(1)
        .max_memories_per_module(1)
        .max_memory_size(MEMORY_BYTES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_unused_warm_slots(WARM_SLOTS)
        .linear_memory_keep_resident(0)
        .table_keep_resident(0);
    pool
}

/// What guests may use: the list of ABI.md section 1. Threads, GC and exceptions are not even built in.
fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(STACK_BYTES)
        .wasm_backtrace_max_frames(Some(BACKTRACE_FRAMES))
        .native_unwind_info(false)
        .concurrency_support(false)
        .cranelift_opt_level(OptLevel::Speed)
        .parallel_compilation(true)
        .wasm_simd(true)
        .wasm_bulk_memory(true)
        .wasm_multi_value(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_extended_const(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false);
    config
}
