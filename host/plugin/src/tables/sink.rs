//! The way in for directories: every generation is given a table before its directory publishes it.

use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;
use wubbo_core::{BoxFuture, ProviderTable, TableSink};

use super::{KnownTable, Tables};

/// What [`crate::PluginHost::tables`] gives.
pub(crate) struct Sink {
    tables: Arc<Tables>,
    /// One delivery at a time: two would keep two instances of one plugin from the calls.
    turn: Arc<Semaphore>,
}

/// What instances are told.
#[derive(Clone, Copy)]
enum Reason {
    List,
    Weights,
}

impl Sink {
    pub(crate) fn new(tables: Arc<Tables>) -> Self {
        Self {
            tables,
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    async fn tell(&self, known: Arc<KnownTable>, reason: Reason) {
        let generations = self.tables.generations();
        if generations.is_empty() {
            return;
        }
        // Never closed; the permit travels with the work, which goes on when this future is dropped.
        let Ok(permit) = Arc::clone(&self.turn).acquire_owned().await else {
            return;
        };
        let told = tokio::task::spawn_blocking(move || {
            for generation in &generations {
                match reason {
                    Reason::List => generation.deliver(&known),
                    Reason::Weights => generation.tell_weights(&known),
                }
            }
            drop(permit);
        });
        if let Err(error) = told.await {
            tracing::error!(%error, "handing out a list of providers panicked");
        }
    }
}

impl TableSink for Sink {
    fn deliver<'a>(&'a self, table: &'a Arc<ProviderTable>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Some(known) = self.tables.register(table) {
                self.tell(known, Reason::List).await;
            }
        })
    }

    fn weights_changed<'a>(&'a self, table: &'a Arc<ProviderTable>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Some(known) = self.tables.known(table) {
                self.tell(known, Reason::Weights).await;
            }
        })
    }

    fn forget(&self, token: u64) {
        self.tables.forget(token);
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Sink")
            .field("tables", &self.tables.count())
            .finish_non_exhaustive()
    }
}
