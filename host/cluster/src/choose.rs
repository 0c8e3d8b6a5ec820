//! The way from a list to one provider: routers narrow it, a balancer picks (spec/10 sections 6.2, 6.3 and 8.2).

use std::sync::Arc;

use wubbo_core::{
    Candidates, Choice, Directory, Invocation, Invoker, LoadBalance, ProviderList, Routing, Slot,
    Url, keys,
};

use crate::explain::{Answer, Recorder};
use crate::scope::Scope;

/// One attempt on its way to a provider. The policies are those that the call took at its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) invocation: &'a Invocation,
    pub(crate) directory: &'a dyn Directory,
    /// The list of this attempt.
    pub(crate) list: &'a ProviderList,
    /// What the call keeps to, of several registries or groups.
    pub(crate) scope: Scope<'a>,
    /// From 0.
    pub(crate) number: u32,
    /// The rows that earlier attempts were made on.
    pub(crate) tried: &'a [usize],
    /// Where the last choice is remembered; `None`: nowhere.
    pub(crate) sticky: Option<&'a Sticky>,
    /// Who writes everything down; `None` on the ordinary path.
    pub(crate) recorder: Option<&'a Recorder>,
}

/// The provider that sticky calls stay with; one per reference, whatever the method (as in Dubbo).
pub(crate) type Sticky = Slot<Option<Arc<dyn Invoker>>>;

/// What the routers left.
#[derive(Debug)]
pub(crate) struct Narrowed<'a> {
    pub(crate) candidates: Candidates,
    /// The router behind which nobody was left.
    pub(crate) emptied_by: Option<&'a str>,
}

impl<'a> Attempt<'a> {
    /// Lets each router that applies take candidates out, in order, until nobody is left.
    pub(crate) fn narrow(&self) -> Narrowed<'a> {
        let service = self.invocation.service().interface();
        let method = self.invocation.method();
        let mut candidates = self.scope.rows(self.list);
        let mut emptied_by = None;
        for entry in self.invocation.policies().routers() {
            if candidates.count() == 0 {
                break;
            }
            if !entry.applies.to(service, method) {
                continue;
            }
            let before = self.recorder.map(|_| candidates.clone());
            entry.router.route(&self.routing(), &mut candidates);
            if let (Some(recorder), Some(before)) = (self.recorder, before) {
                recorder.routed(entry.router.name(), &before, &candidates);
            }
            emptied_by = (candidates.count() == 0).then(|| entry.router.name());
        }
        Narrowed {
            candidates,
            emptied_by,
        }
    }

    /// One of the candidates; `None`: there is none, or none that is available.
    pub(crate) fn select(&self, candidates: &Candidates) -> Option<usize> {
        let first = self.list.table.rows().get(candidates.nth(0)?)?;
        let Some(sticky) = self.sticky.filter(|_| is_sticky(&first.url, self.method())) else {
            return self.pick(candidates, &first.url);
        };
        if let Some(row) = self.remembered(sticky, candidates) {
            return Some(row);
        }
        let row = self.pick(candidates, &first.url);
        let invoker = row.and_then(|row| self.list.invokers.get(row));
        sticky.publish(Arc::new(invoker.cloned()));
        row
    }

    /// The provider of the call before, while it is listed, available and not tried by this call.
    fn remembered(&self, sticky: &Sticky, candidates: &Candidates) -> Option<usize> {
        let row = remembered(sticky, self.list)?;
        (candidates.contains(row) && self.is_fresh(row)).then_some(row)
    }

    /// Dubbo's pick. A single candidate is chosen whatever its state, so that a lone provider gets its chance to come back. A choice
    /// that was tried or is unavailable is made again over the rest, and at last over those that were tried and are available.
    fn pick(&self, candidates: &Candidates, first: &Url) -> Option<usize> {
        if candidates.count() == 1 {
            return candidates.nth(0);
        }
        let name = first.get_method_or_service(self.method(), keys::LOADBALANCE);
        let name = name.unwrap_or(keys::DEFAULT_LOADBALANCE);
        let balancer = self.invocation.policies().balancer(name);
        if let Some(recorder) = self.recorder {
            recorder.balanced_by(name, balancer.is_some());
        }
        let chosen = self.ask(balancer, candidates)?;
        if self.is_fresh(chosen) {
            return Some(chosen);
        }
        let mut left = self.retain(candidates, |row| self.is_fresh(row));
        if left.count() == 0 {
            left = self.retain(candidates, |row| self.list.is_available(row));
        }
        self.ask(balancer, &left)
    }

    /// What the balancer says; the cluster's own uniform pick where there is no balancer or it says nothing sensible. `None`: nobody.
    fn ask(
        &self,
        balancer: Option<&Arc<dyn LoadBalance>>,
        candidates: &Candidates,
    ) -> Option<usize> {
        let count = candidates.count();
        if count <= 1 {
            return candidates.nth(0);
        }
        let choice = balancer.map(|balancer| balancer.select(&self.routing(), candidates));
        let (answer, row) = match choice {
            Some(Choice::Row(row)) if candidates.contains(row) => (Answer::Row, Some(row)),
            Some(Choice::Nobody) => (Answer::Nobody, None),
            Some(Choice::Row(_)) => (Answer::NoCandidate, uniform(candidates, count)),
            Some(Choice::Unable) => (Answer::Unable, uniform(candidates, count)),
            None => (Answer::NotAsked, uniform(candidates, count)),
        };
        if let Some(recorder) = self.recorder {
            recorder.answered(candidates, answer, row);
        }
        row
    }

    fn routing(&self) -> Routing<'a> {
        Routing {
            invocation: self.invocation,
            consumer: self.directory.url(),
            table: &self.list.table,
            attempt: self.number,
            remarks: self.recorder.map(Recorder::remarks),
        }
    }

    fn method(&self) -> &'a str {
        self.invocation.method()
    }

    fn retain(&self, candidates: &Candidates, keep: impl Fn(usize) -> bool) -> Candidates {
        let mut left = candidates.clone();
        for row in candidates.iter().filter(|row| !keep(*row)) {
            left.remove(row);
        }
        left
    }

    fn is_fresh(&self, row: usize) -> bool {
        !self.tried.contains(&row) && self.list.is_available(row)
    }
}

/// The row of the provider that sticky calls stay with, while it is listed.
pub(crate) fn remembered(sticky: &Sticky, list: &ProviderList) -> Option<usize> {
    let remembered = sticky.load();
    let invoker = Option::as_ref(&remembered)?;
    let mut listed = list.invokers.iter();
    listed.position(|listed| Arc::ptr_eq(listed, invoker))
}

/// `methods.<m>.sticky`, else `sticky`, default false.
fn is_sticky(url: &Url, method: &str) -> bool {
    match url.get_method(method, keys::STICKY) {
        Some(_) => url.get_method_bool(method, keys::STICKY, false),
        None => url.get_bool(keys::STICKY, false),
    }
}

fn uniform(candidates: &Candidates, count: usize) -> Option<usize> {
    candidates.nth(fastrand::usize(..count))
}

#[cfg(test)]
mod tests;
