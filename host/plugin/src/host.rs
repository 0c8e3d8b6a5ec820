//! The plugin host as the program sees it: started once, asked for its status, told to stop.

mod operate;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wubbo_core::{PolicySlot, RuleSet, TableSink, Tasks};
use wubbo_plugin_sdk::native::Factory;

#[cfg(feature = "wasm")]
use crate::archive::Archive;
use crate::book::Book;
use crate::config::PluginsConfig;
use crate::error::{PluginError, PluginErrorKind};
use crate::keeper::{Keeper, Threads};
use crate::log::LogSink;
use crate::news::News;
use crate::status::PluginsStatus;
use crate::tables::Sink;
#[cfg(feature = "wasm")]
use crate::wasm::{Engine, EngineOptions};
use crate::workshop::Workshop;

/// How long [`PluginHost::shutdown`] waits for a load that is under way.
const STOP_MAX: Duration = Duration::from_secs(5);

/// Keeps the published [`wubbo_core::PolicySet`] as the linked plugins and the directory say.
///
/// Dropping it ends the watch and the threads; what is published stays usable.
pub struct PluginHost {
    inner: Arc<Inner>,
    sink: Arc<Sink>,
    tasks: Tasks,
    threads: Threads,
    #[cfg(feature = "wasm")]
    roll_backs: Option<crate::directory::RollBacks>,
}

/// What the host's task and its status share.
pub(crate) struct Inner {
    pub(crate) workshop: Workshop,
    book: Mutex<Book>,
    #[cfg(feature = "wasm")]
    pub(crate) engine: Option<Arc<Engine>>,
    #[cfg(feature = "wasm")]
    pub(crate) archive: Option<Archive>,
}

impl Inner {
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PluginHost {
    /// Starts the linked plugins, loads the directory once, publishes, and watches from then on. Returns when every required plugin is live.
    ///
    /// # Errors
    /// A bad configuration, a directory that is missing or open to everybody, a linked plugin that does not start, or required plugins
    /// that are not live, each with why. A file that is refused and not required is no error: see [`PluginHost::status`].
    ///
    /// # Cancel safety
    /// When the future is dropped nothing keeps running.
    pub async fn start(
        config: PluginsConfig,
        builtins: Vec<Factory>,
        policies: Arc<PolicySlot>,
        log: Arc<dyn LogSink>,
    ) -> Result<Self, PluginError> {
        check_feature(&config)?;
        let news = News::new();
        let (keeper, tables, threads) = Keeper::start(news.clone())?;
        let inner = tokio::task::spawn_blocking(move || {
            prepare(config, &builtins, policies, |config| {
                Workshop::new(config, log, keeper, tables, news)
            })
        });
        let inner = inner.await.map_err(|error| {
            PluginError::new(
                PluginErrorKind::Engine,
                format!("the plugin host panicked: {error}"),
            )
        })??;
        #[cfg_attr(
            not(feature = "wasm"),
            expect(unused_mut, reason = "a directory changes it")
        )]
        let mut host = Self {
            sink: Arc::new(Sink::new(Arc::clone(&inner.workshop.tables))),
            inner: Arc::new(inner),
            tasks: Tasks::new("plugin directory"),
            threads,
            #[cfg(feature = "wasm")]
            roll_backs: None,
        };
        #[cfg(feature = "wasm")]
        {
            host.roll_backs = crate::directory::watch(&host.inner, &host.tasks).await?;
        }
        let missing = host.inner.book().missing();
        if !missing.is_empty() {
            let text = format!("required plugins are not live: {}", missing.join("; "));
            return Err(PluginError::new(PluginErrorKind::Required, text));
        }
        Ok(host)
    }

    /// The state of every plugin and of the directory now.
    #[must_use]
    pub fn status(&self) -> PluginsStatus {
        let rules = self.inner.workshop.rules.status();
        let status = self.inner.book().status(rules);
        #[cfg(feature = "wasm")]
        let status = self.with_wasm(status);
        status
    }

    /// Whom directories hand their lists of providers to, before a call is routed over one.
    #[must_use]
    pub fn tables(&self) -> Arc<dyn TableSink> {
        Arc::clone(&self.sink) as Arc<dyn TableSink>
    }

    /// Has routers and configurators follow `rules`: fresh instances of every one that reads rules, published in one store. Returns when
    /// they, or a later set, are published. A rule that a plugin refuses leaves its last good text in use there; see
    /// [`crate::PluginRules`].
    ///
    /// While calls in flight still use three earlier states of a plugin the change waits, and only the newest of the waiting sets is
    /// applied. A plugin of which no instances that follow the rules can be had keeps following the old ones, visibly.
    ///
    /// # Cancel safety
    /// The rules may have been applied or not, or be applied with the next set.
    pub async fn set_rules(&self, rules: Arc<RuleSet>) {
        crate::rules::set(&self.inner, rules).await;
    }

    /// Waits for a change of the status: a swap, a refusal, a trip, a drained generation. Counts from the moment of the call, not of the first
    /// poll, so that nothing is missed between looking at [`PluginHost::status`] and waiting. Counters alone are no change.
    pub fn changed(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let mut news = self.inner.workshop.news.follow();
        async move {
            // The sender lives as long as the host; without it there is nothing to wait for.
            let _ = news.changed().await;
        }
    }

    /// Waits until the status is as `wanted`.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn until(&self, mut wanted: impl FnMut(&PluginsStatus) -> bool) -> PluginsStatus {
        loop {
            let changed = self.changed();
            let status = self.status();
            if wanted(&status) {
                return status;
            }
            changed.await;
        }
    }

    /// Ends the watch and the threads and publishes an empty set.
    pub async fn shutdown(self) {
        let Self {
            inner,
            tasks,
            mut threads,
            ..
        } = self;
        tasks.join(Duration::ZERO).await;
        inner.book().clear();
        let stopped = tokio::task::spawn_blocking(move || threads.stop());
        if tokio::time::timeout(STOP_MAX, stopped).await.is_err() {
            tracing::warn!("a plugin's tick outlives the shutdown");
        }
    }
}

impl fmt::Debug for PluginHost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PluginHost")
            .field("config", &self.inner.workshop.config)
            .finish_non_exhaustive()
    }
}

fn check_feature(config: &PluginsConfig) -> Result<(), PluginError> {
    match &config.dir {
        Some(dir) if cfg!(not(feature = "wasm")) => Err(PluginError::new(
            PluginErrorKind::Feature,
            format!(
                "plugins.dir {}: this program was built without the feature `wasm` and runs linked plugins only",
                dir.display()
            ),
        )),
        _ => Ok(()),
    }
}

/// What may take its time: the engine and the linked plugins.
fn prepare(
    config: PluginsConfig,
    builtins: &[Factory],
    policies: Arc<PolicySlot>,
    workshop: impl FnOnce(PluginsConfig) -> Workshop,
) -> Result<Inner, PluginError> {
    if config.max == 0 {
        return Err(PluginError::new(
            PluginErrorKind::Config,
            "plugins.max: 0, at least 1",
        ));
    }
    #[cfg(feature = "wasm")]
    let engine = match &config.dir {
        None => None,
        Some(_) => Some(Engine::new(&EngineOptions {
            plugins: config.max,
            slots: config.slots(),
            memory_total_bytes: config.memory_total_bytes,
            cache: config.cache_dir.clone(),
            compiler: config.compiler.clone(),
            pooling: config.pooling,
            watch: config.watch.clone(),
        })?),
    };
    #[cfg(feature = "wasm")]
    let archive = match (&config.dir, &config.kept_dir) {
        (Some(_), Some(kept)) => Some(Archive::open(kept)?),
        _ => None,
    };
    let workshop = workshop(config);
    let linked = if workshop.config.builtins {
        builtins
    } else {
        &[]
    };
    let linked = workshop.builtins(linked)?;
    let mut book = Book::new(policies, &workshop.config.required, linked);
    if workshop.config.dir.is_none() {
        book.publish();
    }
    Ok(Inner {
        book: Mutex::new(book),
        workshop,
        #[cfg(feature = "wasm")]
        engine,
        #[cfg(feature = "wasm")]
        archive,
    })
}
