//! The call that a running hook serves, lent to the imports for as long as the hook runs.
//!
//! A store holds no borrows, and a clone of the call would cost every hook its reference counts, whether the guest asks or not.
//! So the call is lent by the thread: a hook runs to its end on the thread that entered it, and no hook enters another.

use std::time::Instant;

use scoped_tls::scoped_thread_local;
use wubbo_core::{Invocation, Outcome, Stage, Url};

use crate::call::CallView;

scoped_thread_local!(static INVOCATION: Invocation);
scoped_thread_local!(static OUTCOME: Outcome);
scoped_thread_local!(static CONSUMER: Url);

/// What of a lent call is small enough to be kept in the store, and which of its parts there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Served {
    stage: Stage,
    started: Option<Instant>,
    outcome: bool,
    consumer: bool,
}

impl Served {
    pub(super) fn new(view: &CallView<'_>) -> Self {
        Self {
            stage: view.stage,
            started: view.started,
            outcome: view.outcome.is_some(),
            consumer: view.consumer.is_some(),
        }
    }

    /// Lends the call to `read`. Only inside [`lend`].
    pub(super) fn view<R>(self, read: impl FnOnce(&CallView<'_>) -> R) -> R {
        let with = |invocation: &Invocation, outcome: Option<&Outcome>, consumer: Option<&Url>| {
            read(&CallView {
                invocation,
                outcome,
                stage: self.stage,
                started: self.started,
                scratch: (0, &[]),
                consumer,
            })
        };
        INVOCATION.with(|invocation| match (self.outcome, self.consumer) {
            (true, _) => OUTCOME.with(|outcome| with(invocation, Some(outcome), None)),
            (false, true) => CONSUMER.with(|consumer| with(invocation, None, Some(consumer))),
            (false, false) => with(invocation, None, None),
        })
    }
}

/// Lends the call of `view` to the imports while `hook` runs. A call has an outcome or a consumer's URL, never both.
#[inline]
pub(super) fn lend<R>(view: &CallView<'_>, hook: impl FnOnce() -> R) -> R {
    INVOCATION.set(view.invocation, || match (view.outcome, view.consumer) {
        (Some(outcome), _) => OUTCOME.set(outcome, hook),
        (None, Some(consumer)) => CONSUMER.set(consumer, hook),
        (None, None) => hook(),
    })
}
