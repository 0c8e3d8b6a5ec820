//! A provider list that is kept up to date behind the scenes: new announcements, changed override rules and weights of providers that
//! warm up. Whatever changes, the policies have seen a table before a call does.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout};
use wubbo_core::{BoxFuture, ProviderList, ProviderTable, Slot, Snapshot, TableSink, Tasks};

use crate::announcements::{Announced, Announcements};
use crate::build::ListBuilder;
use crate::context::{DirectoryContext, POLICY_LIMIT};

/// How often weights are computed anew while a provider warms up.
const WEIGHTS_EVERY: Duration = Duration::from_secs(1);

/// Where the announcements come from.
pub(crate) enum Source {
    Registries(Announcements),
    Fixed(Snapshot),
}

/// The list and the task that keeps it. Dropping it ends the task and forgets the tables.
#[derive(Debug)]
pub(crate) struct LiveList {
    list: Arc<Slot<ProviderList>>,
    ready: watch::Receiver<bool>,
    _keeper: Tasks,
}

impl LiveList {
    /// Starts the task on the current runtime.
    pub(crate) fn start(builder: ListBuilder, context: DirectoryContext, source: Source) -> Self {
        let list = Arc::new(Slot::new(ProviderList::default()));
        let (first, ready) = watch::channel(false);
        let (announced, announcements) = match source {
            Source::Registries(announcements) => (None, Some(announcements)),
            Source::Fixed(snapshot) => (Some(Announced::of_one(Arc::new(snapshot))), None),
        };
        let mut ticks = interval(WEIGHTS_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let keeper = Keeper {
            tables: Tables {
                sink: context.tables.clone(),
                token: builder.token(),
            },
            builder,
            context,
            announced,
            configuration: 0,
            warming: false,
            clock: Clock::now(),
            ticks,
            list: list.clone(),
            first,
        };
        let tasks = Tasks::new("directory");
        tasks.spawn(keeper.run(announcements));
        Self {
            list,
            ready,
            _keeper: tasks,
        }
    }

    pub(crate) fn list(&self) -> Arc<ProviderList> {
        self.list.load()
    }

    /// Waits for the first list, for `limit` at most; whether it is there.
    pub(crate) async fn wait_ready(&self, limit: Duration) -> bool {
        // Asked before every call to a direct address, so without the channel's lock.
        if self.list.load().table.token() != 0 {
            return true;
        }
        let mut ready = self.ready.clone();
        // The sender is gone only with this list, which is then as good as it gets.
        timeout(limit, ready.wait_for(|ready| *ready))
            .await
            .is_ok_and(|waited| waited.is_ok())
    }
}

struct Keeper {
    tables: Tables,
    builder: ListBuilder,
    context: DirectoryContext,
    announced: Option<Announced>,
    configuration: u64,
    warming: bool,
    clock: Clock,
    ticks: Interval,
    list: Arc<Slot<ProviderList>>,
    first: watch::Sender<bool>,
}

impl Keeper {
    async fn run(mut self, mut announcements: Option<Announcements>) {
        let mut configuration = self.context.configuration.clone();
        if self.announced.is_some() {
            self.rebuild().await;
        }
        loop {
            tokio::select! {
                // An outage says nothing, so the last list stays; so it does when the registries are closed.
                announced = next(&mut announcements) => match announced {
                    Some(announced) => {
                        self.announced = Some(announced);
                        self.rebuild().await;
                    }
                    None => announcements = None,
                },
                () = configuration.changed() => {
                    let configuration = self.context.policies.load().configuration();
                    if self.announced.is_some() && configuration != self.configuration {
                        self.rebuild().await;
                    }
                }
                _ = self.ticks.tick(), if self.warming => self.refresh_weights().await,
            }
        }
    }

    /// Makes a list of what was announced last, hands it to the policies, and then to the calls.
    async fn rebuild(&mut self) {
        let Some(announced) = self.announced.clone() else {
            return;
        };
        let policies = self.context.policies.load();
        self.configuration = policies.configuration();
        let list = self.builder.build(&announced, &policies).await;
        self.clock = Clock::now();
        self.warming = refresh_weights(&list.table, self.clock.unix_ms()).1;
        self.ticks.reset();
        self.tables
            .tell("table", &list.table, |sink, table| sink.deliver(table))
            .await;
        tracing::info!(
            service = %list.table.service(),
            providers = list.invokers.len(),
            skipped = list.skipped,
            "provider list changed"
        );
        self.list.publish(Arc::new(list));
        self.first.send_replace(true);
    }

    async fn refresh_weights(&mut self) {
        let table = self.list.load().table.clone();
        let (changed, warming) = refresh_weights(&table, self.clock.unix_ms());
        self.warming = warming;
        if changed {
            table.weights_changed();
            self.tables
                .tell("weights", &table, |sink, table| sink.weights_changed(table))
                .await;
        }
    }
}

async fn next(announcements: &mut Option<Announcements>) -> Option<Announced> {
    match announcements {
        Some(announcements) => announcements.next().await,
        None => pending().await,
    }
}

/// Whether some weight changed, and whether some will.
fn refresh_weights(table: &ProviderTable, unix_ms: u64) -> (bool, bool) {
    table.rows().iter().fold((false, false), |sum, row| {
        let row = row.refresh_weights(unix_ms);
        (sum.0 | row.changed, sum.1 | row.warming)
    })
}

/// Who is told of the tables of one reference, and in the end to forget them.
struct Tables {
    sink: Option<Arc<dyn TableSink>>,
    token: u64,
}

impl Tables {
    async fn tell<'a>(
        &'a self,
        what: &'static str,
        table: &'a Arc<ProviderTable>,
        tell: impl FnOnce(&'a dyn TableSink, &'a Arc<ProviderTable>) -> BoxFuture<'a, ()>,
    ) {
        let Some(sink) = &self.sink else {
            return;
        };
        if timeout(POLICY_LIMIT, tell(&**sink, table)).await.is_err() {
            tracing::warn!(
                service = %table.service(),
                what,
                limit = POLICY_LIMIT.as_secs(),
                "the policies did not take the providers in time: calls go on without those that are late"
            );
        }
    }
}

impl Drop for Tables {
    /// Goes with the task, whose last delivery has then ended: nothing is delivered after it was forgotten.
    fn drop(&mut self) {
        if let Some(sink) = &self.sink {
            sink.forget(self.token);
        }
    }
}

/// The time since the epoch, counted on from one reading of the system's clock: steady while a provider warms up.
struct Clock {
    since_epoch: Duration,
    read: Instant,
}

impl Clock {
    fn now() -> Self {
        Self {
            since_epoch: SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default(),
            read: Instant::now(),
        }
    }

    fn unix_ms(&self) -> u64 {
        let now = self.since_epoch.saturating_add(self.read.elapsed());
        u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests;
