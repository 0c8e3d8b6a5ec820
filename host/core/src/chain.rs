//! The way of a call through the filters of one stage: in, onward, and back.

use std::future::Future;
use std::sync::Arc;

use crate::{Error, ErrorKind, Flow, Invocation, Outcome, PolicySet, Scratch, Stage};

/// The filters of one stage around whatever comes next.
#[derive(Clone, Copy, Debug)]
pub struct Chain {
    stage: Stage,
}

impl Chain {
    /// The chain of `stage`.
    #[must_use]
    pub const fn new(stage: Stage) -> Self {
        Self { stage }
    }

    /// Runs a call through the filters and, if none of them replies, through `next`.
    ///
    /// # Cancel safety
    /// When the future is dropped the response hooks of the entered filters run with `Cancelled`, so that counters do not leak.
    pub async fn invoke<N, F>(self, mut invocation: Invocation, next: N) -> Outcome
    where
        N: FnOnce(Invocation) -> F,
        F: Future<Output = Outcome>,
    {
        // One set for the whole call: what a swap publishes from here on is for later calls.
        let policies = invocation.policies().clone();
        if policies.filters(self.stage).is_empty() {
            return next(invocation).await;
        }

        // In: outermost first. The guard remembers who was entered, whatever happens next.
        let mut entered = Entered::new(policies, self.stage);
        let reply = entered.enter(&mut invocation);

        // Onward: the guard keeps the invocation as it went on, for the response hooks.
        let outcome = match reply {
            Some(outcome) => {
                entered.invocation = Some(invocation);
                outcome
            }
            None => {
                entered.invocation = Some(invocation.clone());
                next(invocation).await
            }
        };

        // Back: innermost first, the replying filter included.
        entered.leave(outcome)
    }
}

/// The filters that a call has entered and not yet left. Dropped before [`Entered::leave`], it leaves them with `Cancelled`.
struct Entered {
    policies: Arc<PolicySet>,
    stage: Stage,
    passed: Vec<(usize, Scratch)>,
    invocation: Option<Invocation>,
}

impl Entered {
    fn new(policies: Arc<PolicySet>, stage: Stage) -> Self {
        let passed = Vec::with_capacity(policies.filters(stage).len());
        Self {
            policies,
            stage,
            passed,
            invocation: None,
        }
    }

    /// Runs the request hooks; `Some` when a filter replied.
    fn enter(&mut self, invocation: &mut Invocation) -> Option<Outcome> {
        for (index, entry) in self.policies.filters(self.stage).iter().enumerate() {
            if !entry
                .applies
                .to(invocation.service().interface(), invocation.method())
            {
                continue;
            }
            let hooks = entry.filter.hooks();
            let mut scratch = Scratch::default();
            let flow = if hooks.request {
                entry.filter.on_request(invocation, &mut scratch)
            } else {
                Flow::Continue
            };
            if hooks.response {
                self.passed.push((index, scratch));
            }
            if let Flow::Reply(outcome) = flow {
                return Some(outcome);
            }
        }
        None
    }

    /// Runs the response hooks and gives the outcome as they left it.
    fn leave(mut self, mut outcome: Outcome) -> Outcome {
        self.unwind(&mut outcome);
        outcome
    }

    fn unwind(&mut self, outcome: &mut Outcome) {
        let Some(invocation) = self.invocation.take() else {
            return;
        };
        let filters = self.policies.filters(self.stage);
        while let Some((index, mut scratch)) = self.passed.pop() {
            if let Some(entry) = filters.get(index) {
                entry.filter.on_response(&invocation, outcome, &mut scratch);
            }
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if !self.passed.is_empty() {
            let mut outcome = Err(Error::new(ErrorKind::Cancelled, "the caller went away"));
            self.unwind(&mut outcome);
        }
    }
}

#[cfg(test)]
mod tests;
