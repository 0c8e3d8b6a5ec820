//! Routers and balancers in a host.

use std::sync::Arc;

use wubbo_core::{
    Candidates, Choice, Counting, EndpointStatistics, ProviderRow, ProviderTable, Remarks, Routing,
    Url,
};
use wubbo_plugin_sdk::testing::{BalancerForm, Call, RouterForm};
use wubbo_plugin_sdk::{Cell, Error, Result, Scope};

use super::{Host, filter};

/// The one service of a case.
pub(crate) const SERVICE: u64 = 7;

/// A host, the list of providers that was handed out last, and the calls that count as running.
pub(crate) struct Routed {
    pub(crate) host: Host,
    pub(crate) table: Arc<ProviderTable>,
    version: u64,
    running: Vec<(String, i64, Vec<Counting>)>,
    active: Vec<i64>,
}

impl Routed {
    pub(crate) fn new(host: Host) -> Self {
        let service = wubbo_core::ServiceKey::new("", "", "");
        Self {
            host,
            table: Arc::new(ProviderTable::new(service, SERVICE, 0, Vec::new())),
            version: 0,
            running: Vec::new(),
            active: Vec::new(),
        }
    }

    /// Hands a list out as a directory does.
    ///
    /// # Errors
    /// The plugin cannot take it.
    pub(crate) fn deliver(&mut self, urls: &[String]) -> Result<()> {
        let url = |text: &String| Url::parse(text).map_err(|error| Error::new(error.to_string()));
        let urls = urls.iter().map(url).collect::<Result<Vec<_>>>()?;
        let service = urls.first().map(|url| url.service_key().clone());
        let service = service.unwrap_or_else(|| self.table.service().clone());
        let row = |url| ProviderRow::new(url, Arc::new(EndpointStatistics::default()));
        let rows = urls.into_iter().map(row).collect();
        self.version += 1;
        self.running.clear();
        self.active.clear();
        self.table = Arc::new(ProviderTable::new(service, SERVICE, self.version, rows));
        let sink = self.host.rig.host.tables();
        self.host.runtime.block_on(sink.deliver(&self.table));
        let refused = self.host.status().tables.unwrap_or_default().refused;
        match refused.first() {
            None => Ok(()),
            Some(refused) => Err(Error::new(refused.reason.clone())),
        }
    }

    /// Runs something as an attempt of this call.
    pub(crate) fn attempt<R>(
        &mut self,
        call: &Call,
        remarks: Option<&Remarks>,
        run: impl FnOnce(&Routing<'_>) -> R,
    ) -> R {
        let method = call.field_of("method").unwrap_or_default().to_owned();
        self.run_calls(&method);
        let invocation = filter::invocation(&self.host, call);
        let consumer = Url::builder()
            .protocol("consumer")
            .host(call.field_of("host").unwrap_or("10.9.9.9"))
            .path(call.field_of("service").unwrap_or_default())
            .params(call.parameters());
        run(&Routing {
            invocation: &invocation,
            consumer: &consumer.build(),
            table: &self.table,
            attempt: 0,
            remarks,
        })
    }

    /// Has as many calls of the method running as the case says.
    fn run_calls(&mut self, method: &str) {
        if self.running.iter().any(|(known, ..)| known == method) {
            return;
        }
        for (row, active) in self.table.rows().iter().zip(&self.active) {
            let calls = (0..*active).map(|_| row.statistics.begin(method));
            self.running
                .push((method.to_owned(), *active, calls.collect()));
        }
    }

    /// Keeps these calls running until the next list.
    pub(crate) fn keep_running(&mut self, calls: Vec<Counting>) {
        self.running.push((String::new(), 0, calls));
    }

    /// The rows that the router leaves of all, with the reasons if they are asked for.
    ///
    /// # Errors
    /// The hook failed.
    pub(crate) fn route_explained(
        &mut self,
        call: &Call,
        remarks: Option<&Remarks>,
    ) -> Result<Vec<usize>> {
        let policies = self.host.policies();
        let mut candidates = self.candidates(None);
        self.attempt(call, remarks, |routing| {
            policies.routers()[0].router.route(routing, &mut candidates);
        });
        self.host.failed()?;
        Ok(candidates.iter().collect())
    }

    fn candidates(&self, among: Option<&[usize]>) -> Candidates {
        let rows = self.table.rows().len();
        let mut candidates = Candidates::all(rows);
        if let Some(among) = among {
            let out = (0..rows).filter(|row| !among.contains(row));
            out.for_each(|row| candidates.remove(row));
        }
        candidates
    }
}

impl RouterForm for Routed {
    fn providers(&mut self, urls: &[String]) -> Result<()> {
        self.deliver(urls)
    }

    fn rule(&mut self, scope: Scope, key: &str, group: &str, text: Option<&str>) -> Result<()> {
        self.host.follow(scope, key, group, text)
    }

    fn route(&mut self, call: &Call) -> Result<Vec<usize>> {
        self.route_explained(call, None)
    }
}

impl BalancerForm for Routed {
    fn providers(&mut self, urls: &[String]) -> Result<()> {
        self.deliver(urls)
    }

    fn cells(&mut self, cell: Cell, values: &[i64]) -> Result<()> {
        assert_eq!(values.len(), self.table.rows().len(), "one per provider");
        match cell {
            Cell::Weight => {
                for (row, weight) in self.table.rows().iter().zip(values) {
                    row.set_weight(u32::try_from(*weight).unwrap());
                }
                self.table.weights_changed();
                let sink = self.host.rig.host.tables();
                self.host
                    .runtime
                    .block_on(sink.weights_changed(&self.table));
                Ok(())
            }
            Cell::Active => {
                self.running.clear();
                values.clone_into(&mut self.active);
                Ok(())
            }
            other => Err(Error::new(format!("no case sets {other:?}"))),
        }
    }

    fn advance_ms(&mut self, ms: u64) {
        self.host.advance_ms(ms);
    }

    fn instances(&self) -> usize {
        1
    }

    fn select(&mut self, call: &Call, among: Option<&[usize]>) -> Result<Option<usize>> {
        let candidates = self.candidates(among);
        let policies = self.host.policies();
        let name = self.host.identity.split_once('/').unwrap().1;
        let balancer = policies.balancer(name).expect("a balancer of that name");
        let choice = self.attempt(call, None, |routing| balancer.select(routing, &candidates));
        self.host.failed()?;
        match choice {
            Choice::Row(row) => Ok(Some(row)),
            Choice::Nobody => Ok(None),
            Choice::Unable => Err(Error::new("the hook did not choose")),
        }
    }
}
