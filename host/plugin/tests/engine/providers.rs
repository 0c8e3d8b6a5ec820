//! Lists of providers, and attempts over them, under what a rig publishes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wubbo_core::{
    Candidates, Choice, PolicySet, ProviderRow, ProviderTable, Remark, Remarks, Routing,
    ServiceKey, Url,
};
use wubbo_plugin::{PluginStatus, PluginsStatus};

use crate::rig::Rig;

/// A list of `rows` providers of the service behind `token`; every third one is tagged `gray`, row 1 weighs most.
pub(crate) fn table(token: u64, rows: usize) -> Arc<ProviderTable> {
    static VERSION: AtomicU64 = AtomicU64::new(1);
    let row = |row: usize| {
        let tag = if row.is_multiple_of(3) {
            "&dubbo.tag=gray"
        } else {
            ""
        };
        let weight = if row == 1 { 700 } else { 100 };
        let url = format!(
            "dubbo://10.0.{}.{}:20880/a.B?weight={weight}{tag}",
            row / 250,
            row % 250
        );
        ProviderRow::new(Url::parse(&url).unwrap(), Arc::default())
    };
    let version = VERSION.fetch_add(1, Ordering::Relaxed);
    let rows = (0..rows).map(row).collect();
    Arc::new(ProviderTable::new(
        ServiceKey::new("a.B", "", ""),
        token,
        version,
        rows,
    ))
}

/// The reference's URL.
pub(crate) fn consumer() -> Url {
    Url::parse("consumer://10.9.9.9/a.B?zone=here&methods.call.zone=there").unwrap()
}

impl Rig {
    /// Hands a table out, as a directory does before it publishes it.
    pub(crate) async fn deliver(&self, table: &Arc<ProviderTable>) {
        self.host.tables().deliver(table).await;
    }

    pub(crate) fn attempt<R>(
        &self,
        table: &ProviderTable,
        remarks: Option<&Remarks>,
        run: impl FnOnce(&Routing<'_>) -> R,
    ) -> R {
        let invocation = self.invocation();
        let consumer = consumer();
        run(&Routing {
            invocation: &invocation,
            consumer: &consumer,
            table,
            attempt: 0,
            remarks,
        })
    }

    /// The rows that the published routers leave.
    pub(crate) fn route(&self, table: &ProviderTable) -> Vec<usize> {
        self.route_under(&self.policies.load(), table)
    }

    pub(crate) fn route_under(&self, policies: &PolicySet, table: &ProviderTable) -> Vec<usize> {
        let mut candidates = Candidates::all(table.rows().len());
        self.attempt(table, None, |routing| {
            for entry in policies.routers() {
                entry.router.route(routing, &mut candidates);
            }
        });
        candidates.iter().collect()
    }

    /// The same, with the reasons.
    pub(crate) fn explain(&self, table: &ProviderTable) -> Vec<Remark> {
        let remarks = Remarks::default();
        let mut candidates = Candidates::all(table.rows().len());
        self.attempt(table, Some(&remarks), |routing| {
            for entry in self.policies.load().routers() {
                entry.router.route(routing, &mut candidates);
            }
        });
        remarks.take()
    }

    /// What the balancer of that name chooses among all rows but `without`.
    pub(crate) fn select(&self, name: &str, table: &ProviderTable, without: &[usize]) -> Choice {
        let policies = self.policies.load();
        let balancer = policies.balancer(name).expect("a balancer of that name");
        let mut candidates = Candidates::all(table.rows().len());
        without.iter().for_each(|row| candidates.remove(*row));
        self.attempt(table, None, |routing| balancer.select(routing, &candidates))
    }

    pub(crate) fn plugin(&self, identity: &str) -> PluginStatus {
        let status: PluginsStatus = self.host.status();
        status
            .plugin(identity)
            .unwrap_or_else(|| panic!("{status:#?}"))
            .clone()
    }

    /// Waits until every slot has its instance again.
    pub(crate) async fn whole(&self, identity: &str) -> PluginStatus {
        let whole = |status: &PluginsStatus| {
            status
                .plugin(identity)
                .is_some_and(|plugin| plugin.instances == 2)
        };
        let status = self.until("whole", whole).await;
        status.plugin(identity).unwrap().clone()
    }
}
