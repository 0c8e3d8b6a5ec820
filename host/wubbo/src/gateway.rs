//! The gateway: a listener whose service is everybody else's service; as a sidecar, that of the one provider beside it.
//!
//! A call runs as if a provider were glued to a consumer, the body passed through untouched: the listener's provider filters, then
//! the reference's call filters, cluster, and attempt filters (spec/70 section 3, whose rule ids stand at the lines that keep them).

use std::sync::Arc;

use wubbo_cluster::Explanation;
use wubbo_core::{
    BoxFuture, Chain, Deadline, Error, ErrorKind, Handler, Invocation, Invoker, Outcome, Pattern,
    PolicySlot, Request, Stage, Url, keys,
};

use crate::busy_poll::BusyPoll;
use crate::explain::Question;
use crate::references::{Known, References};

/// Gateways that a call may pass before it counts as a loop (GW-2).
const HOPS_MAX: usize = 4;

/// Passes calls of listed services on to their providers.
#[derive(Debug)]
pub(crate) struct Gateway {
    id: Box<str>,
    application: Box<str>,
    services: Vec<Pattern>,
    listen: Url,
    references: Arc<References>,
    upstream: Option<Arc<dyn Invoker>>,
    policies: Arc<PolicySlot>,
    busy_poll: Option<Arc<BusyPoll>>,
}

/// What a [`Gateway`] is made of.
#[derive(Debug)]
pub(crate) struct GatewayParts {
    /// The hop mark, 8 hexadecimal digits.
    pub(crate) id: String,
    /// The application name that providers see when the consumer told none.
    pub(crate) application: String,
    /// The interfaces that may be called.
    pub(crate) services: Vec<Pattern>,
    /// The listener's URL; its parameters (`token`, `accesslog`) apply to the provider filters.
    pub(crate) listen: Url,
    /// Where providers are found.
    pub(crate) references: Arc<References>,
    /// A sidecar's provider: every call goes there, and nobody looks for others.
    pub(crate) upstream: Option<Arc<dyn Invoker>>,
    /// The policies that each call takes.
    pub(crate) policies: Arc<PolicySlot>,
    /// Who stays awake between events, if anybody does.
    pub(crate) busy_poll: Option<Arc<BusyPoll>>,
}

impl Gateway {
    /// A gateway.
    #[must_use]
    pub(crate) fn new(parts: GatewayParts) -> Self {
        Self {
            id: parts.id.into(),
            application: parts.application.into(),
            services: parts.services,
            listen: parts.listen,
            references: parts.references,
            upstream: parts.upstream,
            policies: parts.policies,
            busy_poll: parts.busy_poll,
        }
    }

    /// A hop mark for this process: 8 random hexadecimal digits.
    #[must_use]
    pub(crate) fn random_id() -> String {
        format!("{:08x}", fastrand::u32(..))
    }

    /// How a described call would be routed now. No filter runs and nobody is called, so attachments that a filter would set are to be
    /// part of the question.
    ///
    /// # Errors
    /// The service is not listed, the question makes no sense, the registry gave no list in time, or there is nothing to choose from.
    pub(crate) async fn explain(&self, question: &Question) -> Result<Explanation, Error> {
        let mut request = question.request()?;
        self.admit(&request)?;
        if let Some(upstream) = &self.upstream {
            let place = upstream.url().location();
            let message = format!("a sidecar routes nothing: every call goes to {place}");
            return Err(Error::new(ErrorKind::Config, message));
        }
        let known = self.references.known(&request.service)?;
        request.deadline = Some(Deadline::after(known.timeout(&request.method)));
        request.policies = self.policies.load();
        let reference = self.references.get(&known, request.deadline).await?;
        Ok(reference.explain(request))
    }

    async fn pass(&self, known: &Known, mut request: Request) -> Outcome {
        self.mark(&mut request)?;
        // GW-5: what the consumer said, else what the reference says; everything from here on spends from it.
        if request.deadline.is_none() {
            request.deadline = Some(Deadline::after(known.timeout(&request.method)));
        }
        request.policies = self.policies.load();

        // GW-1: the listener's filters first, so that a refused consumer costs no subscription.
        let invocation = Invocation::new(request, self.listen.clone());
        Chain::new(Stage::Provider)
            .invoke(invocation, |mut invocation| async move {
                if let Some(upstream) = &self.upstream {
                    // The consumer read the provider's own token at the registry; one of the upstream's URL is set in its place.
                    let invocation = invocation.with_url(upstream.url().clone());
                    return upstream.invoke(invocation).await;
                }
                // GW-1: the consumer's token opened this listener; the chosen provider's own is set on the attempt.
                invocation.remove_attachment(keys::TOKEN);
                let reference = self.references.get(known, invocation.deadline()).await?;
                reference.invoke(invocation).await
            })
            .await
    }

    /// GW-10 and GW-8: what may not pass.
    fn admit(&self, request: &Request) -> Result<(), Error> {
        let interface = request.service.interface();
        if !self
            .services
            .iter()
            .any(|pattern| pattern.matches(interface))
        {
            let message = format!(
                "gateway {} does not serve {interface}: the service is not among those listed under gateway.services",
                self.id
            );
            return Err(Error::new(ErrorKind::ServiceError, message));
        }
        let callback = request
            .attachments
            .iter()
            .find(|entry| entry.key.starts_with(keys::CALLBACK_ARG_PREFIX));
        if let Some(entry) = callback {
            let message = format!(
                "gateway {} cannot pass callback arguments ({} of {interface}.{}): call the provider directly",
                self.id, entry.key, request.method
            );
            return Err(Error::new(ErrorKind::ServiceError, message));
        }
        Ok(())
    }

    /// GW-2 and GW-3: who passed this call on, and who made it.
    fn mark(&self, request: &mut Request) -> Result<(), Error> {
        let via = request.attachments.get(keys::WUBBO_VIA).unwrap_or_default();
        let hops = via.split(',').filter(|hop| !hop.is_empty()).count();
        if hops >= HOPS_MAX || via.split(',').any(|hop| hop == &*self.id) {
            let message = format!(
                "routing loop: the call of {} passed the gateways {via} and came to {}",
                request.service, self.id
            );
            return Err(Error::new(ErrorKind::ServiceError, message));
        }
        let via = if via.is_empty() {
            self.id.to_string()
        } else {
            format!("{via},{}", self.id)
        };
        request.attachments.set(keys::WUBBO_VIA, via);
        // Added by our own listener for services in this process; the provider's adds its own.
        request.attachments.remove(keys::INPUT);
        if !request.attachments.contains(keys::REMOTE_APPLICATION) {
            request
                .attachments
                .set(keys::REMOTE_APPLICATION, self.application.to_string());
        }
        if let (Some(remote), false) = (
            request.remote,
            request.attachments.contains(keys::WUBBO_CLIENT),
        ) {
            request
                .attachments
                .set(keys::WUBBO_CLIENT, remote.to_string());
        }
        Ok(())
    }
}

impl Handler for Gateway {
    fn handle(&self, request: Request) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            let _awake = self.busy_poll.as_ref().map(|busy_poll| busy_poll.call());
            let admitted = self
                .admit(&request)
                .and_then(|()| self.references.known(&request.service));
            let known = match admitted {
                Ok(known) => known,
                Err(error) => {
                    let refused = Err(error);
                    self.references.refused().begin().finish(&refused);
                    return refused;
                }
            };
            let counting = known.counters().begin();
            let outcome = self.pass(&known, request).await;
            counting.finish(&outcome);
            outcome
        })
    }
}
