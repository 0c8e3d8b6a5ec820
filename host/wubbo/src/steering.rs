//! What ties the references of a process to its policies: who sees their tables, whose rules are followed, and who tells them when
//! override rules changed.

use std::sync::{Arc, Weak};

use tokio::sync::watch;
use wubbo_cluster::DirectoryContext;
use wubbo_core::{Error, PolicySlot, TableSink, Tasks};
use wubbo_plugin::PluginHost;

use crate::rules::{RuledTables, Rules};

/// Where rules come from.
#[derive(Clone, Debug)]
pub(crate) struct RuleSource {
    /// The config center's address, such as `file:./rules`.
    pub(crate) address: String,
    /// Keys to follow besides those of Dubbo.
    pub(crate) keys: Vec<String>,
}

/// The ties. Dropping it ends them; the policies stay as they are.
#[derive(Debug)]
pub(crate) struct Steering {
    context: DirectoryContext,
    rules: Arc<Rules>,
    _teller: Tasks,
}

impl Steering {
    /// Ties references of `application` to `plugins` and to the rules of `source`.
    ///
    /// # Errors
    /// The config center cannot be opened.
    pub(crate) async fn start(
        source: Option<&RuleSource>,
        application: &str,
        policies: &Arc<PolicySlot>,
        plugins: &Arc<PluginHost>,
    ) -> Result<Self, Error> {
        let center = match source {
            None => None,
            Some(source) => Some(wubbo_registry::open_config(&source.address).await?),
        };
        let rules = Arc::new(Rules::new(center, application, plugins));
        rules
            .follow_keys(source.map_or(&[], |source| &source.keys))
            .await;
        let tables = Arc::new(RuledTables::new(rules.clone(), plugins.tables()));
        let (configuration, configured) = watch::channel(policies.load().configuration());
        let teller = Tasks::new("steering");
        teller.spawn(tell(
            policies.clone(),
            Arc::downgrade(plugins),
            configuration,
        ));
        Ok(Self {
            context: DirectoryContext {
                policies: policies.clone(),
                tables: Some(tables as Arc<dyn TableSink>),
                configuration: configured.into(),
            },
            rules,
            _teller: teller,
        })
    }

    /// What a directory needs to know.
    #[must_use]
    pub(crate) fn context(&self) -> DirectoryContext {
        self.context.clone()
    }

    /// The rules of the config center, if there is one, and of the registries.
    #[must_use]
    pub(crate) fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }
}

/// Tells every directory when the configurators in use, or their rules, are others.
async fn tell(
    policies: Arc<PolicySlot>,
    plugins: Weak<PluginHost>,
    configuration: watch::Sender<u64>,
) {
    while let Some(changed) = plugins.upgrade().map(|plugins| plugins.changed()) {
        let now = policies.load().configuration();
        configuration.send_if_modified(|known| std::mem::replace(known, now) != now);
        changed.await;
    }
}
