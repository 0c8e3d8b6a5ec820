//! A filter: two short hooks around the rest of a call.

use std::fmt;

use crate::{Invocation, Outcome};

/// What a filter decides in its request hook.
#[derive(Debug)]
pub enum Flow {
    /// The call goes on to the next filter.
    Continue,
    /// The call ends here; the response hooks of the filters entered so far, this one included, still run.
    Reply(Outcome),
}

/// Which hooks a filter has; an absent hook costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hooks {
    /// [`Filter::on_request`] is to be called.
    pub request: bool,
    /// [`Filter::on_response`] is to be called.
    pub response: bool,
}

/// What a filter's request hook leaves for the response hook of the same call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scratch {
    /// A number of the filter's own, zero at the start.
    pub word: u64,
    /// Bytes of the filter's own; the filter's host bounds them.
    pub blob: Option<Box<[u8]>>,
}

/// A policy around a call. Object safe, Send + Sync.
///
/// Both hooks run on a worker thread, once per call or attempt, and must end within microseconds. A failure inside a hook is the
/// filter's own to turn into a [`Flow`] by its failure policy.
pub trait Filter: Send + Sync + fmt::Debug {
    /// The filter's Dubbo key, such as `token`.
    fn name(&self) -> &str;

    /// Which hooks to call.
    fn hooks(&self) -> Hooks;

    /// Runs before the call, outermost filter first. Changes to `invocation` are seen by everything behind this filter.
    fn on_request(&self, invocation: &mut Invocation, scratch: &mut Scratch) -> Flow;

    /// Runs after the call, innermost filter first, with the invocation as it went on and the scratch of [`Filter::on_request`];
    /// also when a filter behind replied and when the caller went away (`Cancelled`).
    fn on_response(&self, invocation: &Invocation, outcome: &mut Outcome, scratch: &mut Scratch);
}
