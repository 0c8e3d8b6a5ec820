//! Failover: an attempt that failed is made again on another provider.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tower::retry::budget::{Budget, TpsBudget};
use wubbo_core::{
    BoxFuture, CallEnd, Candidates, Chain, Cluster, Deadline, Directory, Error, ErrorKind,
    Invocation, Invoker, Outcome, ProviderList, Stage, Url, is_any_or_several, keys,
};

use crate::choose::{Attempt, Sticky, remembered};
use crate::scope::Scope;
use crate::{refusal, registries};

/// The further attempts of a gateway's reference, as a share of its calls of the last [`BUDGET_TIME`] (spec GW-4): a service most of whose
/// providers are dead is not asked several times as much.
const BUDGET_SHARE: f32 = 0.2;
/// Over which calls and attempts are counted.
const BUDGET_TIME: Duration = Duration::from_secs(10);
/// Attempts a second on top, so that a service with few calls can try again at all.
const BUDGET_LEAST: u32 = 10;

/// How many attempts of a call may find no connection before its retries count: a list in which nobody is left alive must not keep a worker
/// busy, and every attempt looks through the list for those that were tried.
const UNREACHED_MAX: usize = 32;

/// Which failures are tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// What another provider may answer differently; a consumer's rule.
    Retryable,
    /// Only what certainly reached no provider; a gateway's rule (spec GW-4), whose consumer has retries of its own. The last error is
    /// passed on as it is.
    NeverReachedProvider,
}

/// The strategy `failover`, Dubbo's default.
#[derive(Clone, Copy, Debug)]
pub struct Failover {
    retry: Retry,
}

impl Failover {
    /// Failover that tries again what `retry` says.
    #[must_use]
    pub const fn new(retry: Retry) -> Self {
        Self { retry }
    }
}

impl Cluster for Failover {
    fn name(&self) -> &str {
        "failover"
    }

    fn join(&self, directory: Arc<dyn Directory>) -> Arc<dyn Invoker> {
        Arc::new(FailoverInvoker {
            several_groups: is_any_or_several(directory.url().service_key().group()),
            directory,
            retry: self.retry,
            budget: (self.retry == Retry::NeverReachedProvider)
                .then(|| TpsBudget::new(BUDGET_TIME, BUDGET_LEAST, BUDGET_SHARE)),
            sticky: Sticky::default(),
        })
    }
}

#[derive(Debug)]
pub(crate) struct FailoverInvoker {
    directory: Arc<dyn Directory>,
    several_groups: bool,
    retry: Retry,
    /// What bounds further attempts; `None`: nothing but their number.
    budget: Option<TpsBudget>,
    sticky: Sticky,
}

impl Invoker for FailoverInvoker {
    fn url(&self) -> &Url {
        self.directory.url()
    }

    fn is_available(&self) -> bool {
        self.directory
            .list()
            .invokers
            .iter()
            .any(|invoker| invoker.is_available())
    }

    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Outcome> {
        if let Some(budget) = &self.budget {
            budget.deposit();
        }
        let list = self.directory.list();
        if self.several_groups || !list.registries.is_empty() {
            Box::pin(registries::call(self, list, invocation))
        } else {
            Box::pin(async move { self.call(&invocation, Scope::default()).await })
        }
    }
}

impl FailoverInvoker {
    /// The reference's URL.
    pub(crate) fn reference(&self) -> &Url {
        self.directory.url()
    }

    /// The row of the provider that sticky calls stay with.
    pub(crate) fn sticky_row(&self, list: &ProviderList) -> Option<usize> {
        remembered(&self.sticky, list)
    }

    /// Whether a call that ended so may go to another registry: no provider has seen it, there is time left, and a gateway's budget is
    /// not used up.
    pub(crate) fn may_go_on(&self, invocation: &Invocation, error: &Error) -> bool {
        let is_over = |deadline: Deadline| deadline.is_over();
        match error.kind() {
            _ if invocation.deadline().is_some_and(is_over) => false,
            ErrorKind::NoProvider => true,
            ErrorKind::Connect => !self.is_over_budget(),
            _ => false,
        }
    }

    /// Calls a provider within `scope`.
    pub(crate) async fn call(&self, invocation: &Invocation, scope: Scope<'_>) -> Outcome {
        let mut tried = Tried::default();
        let mut number = 0;
        let mut unreached = 0;
        loop {
            // Taken anew for each attempt: a provider that went away meanwhile is not tried.
            let list = self.directory.list();
            let attempt = Attempt {
                invocation,
                directory: &*self.directory,
                list: &list,
                scope,
                number,
                tried: &tried.on(&list),
                sticky: Some(&self.sticky),
                recorder: None,
            };
            let narrowed = attempt.narrow();
            let candidates = &narrowed.candidates;
            let count = candidates.count();
            if count == 0 {
                return Err(refusal::no_provider(&attempt, narrowed.emptied_by));
            }
            let Some(index) = attempt.select(candidates) else {
                return Err(self.give_up(&attempt, candidates, tried));
            };
            let error = match attempted(&list, index, invocation, number).await {
                Ok(result) => return Ok(result),
                Err(error) => error,
            };
            tried.add(&list, index, error);
            let retries = retries(&attempt, candidates);
            // One provider is tried again; of several each once, as long as there are fresh ones that are available.
            let most = if count == 1 {
                retries + unreached
            } else {
                unreached += usize::from(unreached < UNREACHED_MAX && tried.is_unreached());
                (retries + unreached).min(count - 1)
            };
            if !self.again(invocation, &tried) || number as usize >= most {
                return Err(self.give_up(&attempt, candidates, tried));
            }
            if let Some(last) = tried.last.take_if(|_| self.is_over_budget()) {
                return Err(refusal::over_budget(last));
            }
            number += 1;
        }
    }

    /// Whether the last failure may be tried again, and there is time left to.
    fn again(&self, invocation: &Invocation, tried: &Tried) -> bool {
        let Some(last) = &tried.last else {
            return false;
        };
        let allowed = match self.retry {
            Retry::Retryable => last.kind().is_retryable(),
            Retry::NeverReachedProvider => last.kind().never_reached_provider(),
        };
        allowed
            && !invocation
                .deadline()
                .is_some_and(|deadline| deadline.is_over())
    }

    /// Takes a further attempt from the budget, if there is one.
    fn is_over_budget(&self) -> bool {
        self.budget
            .as_ref()
            .is_some_and(|budget| !budget.withdraw())
    }

    fn give_up(&self, attempt: &Attempt<'_>, candidates: &Candidates, tried: Tried) -> Error {
        match tried.last {
            None => refusal::none_available(attempt, candidates),
            Some(last)
                if self.retry == Retry::NeverReachedProvider || !last.kind().is_retryable() =>
            {
                last
            }
            Some(last) => {
                let counts = (retries(attempt, candidates), candidates.count());
                refusal::exhausted(attempt, counts, &tried.addresses, last)
            }
        }
    }
}

/// One attempt on the provider at `index`: attempt filters, then the provider, counted.
async fn attempted(
    list: &ProviderList,
    index: usize,
    invocation: &Invocation,
    number: u32,
) -> Outcome {
    let (Some(row), Some(invoker)) = (list.table.rows().get(index), list.invokers.get(index))
    else {
        return Err(Error::new(
            ErrorKind::NoProvider,
            "the chosen provider left the list",
        ));
    };
    let attempt = invocation.clone().with_url(row.url.clone());
    let mut attempt = attempt.at_attempt(number);
    if let Some(limit) = row.limits().of(invocation.method()) {
        attempt = attempt.ending_by(Deadline::after(limit));
    }
    let provider = |attempt: Invocation| async {
        let counting = row.statistics.begin(attempt.method());
        let since = Instant::now();
        let outcome = invoker.invoke(attempt).await;
        counting.finish(since.elapsed(), end(&outcome));
        outcome
    };
    Chain::new(Stage::Attempt).invoke(attempt, provider).await
}

/// What an outcome says about the provider.
fn end(outcome: &Outcome) -> CallEnd {
    match outcome {
        Ok(_) => CallEnd::Succeeded,
        Err(error) if error.kind().is_retryable() => CallEnd::Failed,
        Err(_) => CallEnd::Neither,
    }
}

/// `methods.<m>.retries`, else `retries`, else 2, of the first candidate's merged URL; never more than there are candidates.
fn retries(attempt: &Attempt<'_>, candidates: &Candidates) -> usize {
    let rows = attempt.list.table.rows();
    let first = candidates.nth(0).and_then(|first| rows.get(first));
    let method = attempt.invocation.method();
    let written = first.and_then(|row| row.url.get_method_or_service(method, keys::RETRIES));
    let retries = written
        .and_then(|text| text.parse::<u32>().ok())
        .unwrap_or(keys::DEFAULT_RETRIES);
    (retries as usize).min(candidates.count())
}

/// What was tried so far, by address, since a list may change between two attempts.
#[derive(Default)]
struct Tried {
    addresses: Vec<String>,
    last: Option<Error>,
}

impl Tried {
    /// Whether no connection could be made at the last attempt, or it closed before the request was written. Such an attempt is none of
    /// the retries: a consumer of Dubbo connects to an address when it is listed and never offers a dead one to a call; here the first
    /// call connects.
    fn is_unreached(&self) -> bool {
        let last = self.last.as_ref();
        last.is_some_and(|last| last.kind() == ErrorKind::Connect)
    }

    fn add(&mut self, list: &ProviderList, index: usize, error: Error) {
        if let Some(row) = list.table.rows().get(index) {
            self.addresses.push(row.url.location().to_owned());
        }
        self.last = Some(error);
    }

    /// The rows of `list` that were tried.
    fn on(&self, list: &ProviderList) -> Vec<usize> {
        if self.addresses.is_empty() {
            return Vec::new();
        }
        let rows = list.table.rows().iter().enumerate();
        rows.filter(|(_, row)| {
            self.addresses
                .iter()
                .any(|tried| tried == row.url.location())
        })
        .map(|(index, _)| index)
        .collect()
    }
}

#[cfg(test)]
mod tests;
