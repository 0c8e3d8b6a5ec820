//! The services of a provider: which one a request means, and its way through the provider filters.

use std::collections::HashMap;
use std::sync::Arc;

use wubbo_core::{
    BoxFuture, Chain, Error, ErrorKind, Handler, Invocation, Outcome, PolicySlot, Request,
    ServiceKey, Slot, Stage, Url,
};

use crate::contract::{Service, dispatch};
use crate::metrics::{CallCounters, Metrics, Side};

/// The services of one listener.
#[derive(Debug)]
pub(crate) struct Services {
    by_path: HashMap<Box<str>, Vec<Exported>>,
    policies: Arc<PolicySlot>,
}

#[derive(Debug)]
struct Exported {
    key: ServiceKey,
    url: Arc<Slot<Url>>,
    service: Arc<dyn Service>,
    counters: Arc<CallCounters>,
}

impl Services {
    /// No service yet; calls will take their policies from `policies`.
    #[must_use]
    pub(crate) fn new(policies: Arc<PolicySlot>) -> Self {
        Self {
            by_path: HashMap::new(),
            policies,
        }
    }

    /// Adds `service` under the identity that `url` says now; its parameters may change later. The same identity again replaces the
    /// earlier one.
    pub(crate) fn add(
        &mut self,
        url: Arc<Slot<Url>>,
        service: Arc<dyn Service>,
        metrics: &Metrics,
    ) {
        let offered = url.load();
        let key = offered.service_key().clone();
        let counters = metrics.counters(Side::Provider, &key);
        let path = offered.path().trim_start_matches('/');
        let exported = self.by_path.entry(path.into()).or_default();
        exported.retain(|known| known.key != key);
        exported.push(Exported {
            key,
            url,
            service,
            counters,
        });
    }

    /// Group and path decide whether there is such a service, the version whether it is the right one (live-peer fact LJ-6).
    fn find(&self, request: &Request) -> Result<&Exported, Error> {
        let asked = &request.service;
        let of_path = self
            .by_path
            .get(&*request.path)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut of_group = of_path
            .iter()
            .filter(|exported| exported.key.group() == asked.group())
            .peekable();
        if of_group.peek().is_none() {
            let message = format!(
                "not found exported service: {asked}, may be group mismatch or no such path {}",
                request.path
            );
            return Err(Error::new(ErrorKind::ServiceError, message));
        }
        of_group
            .find(|exported| exported.key.version() == asked.version())
            .ok_or_else(|| {
                let message =
                    format!("not found exported service: {asked}, may be version mismatch");
                Error::new(ErrorKind::BadRequest, message)
            })
    }
}

impl Handler for Services {
    fn handle(&self, mut request: Request) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            let exported = self.find(&request)?;
            let counting = exported.counters.begin();
            request.policies = self.policies.load();
            let invocation = Invocation::new(request, Url::clone(&exported.url.load()));
            let outcome = Chain::new(Stage::Provider)
                .invoke(invocation, |invocation| {
                    dispatch(&exported.service, invocation)
                })
                .await;
            counting.finish(&outcome);
            outcome
        })
    }
}
