//! A generation as a [`Filter`] of the chain: takes an instance, runs the hook, applies what it wants, or lets the failure policy
//! answer. On the ordinary path there is no allocation, no blocking lock and no clock.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use wubbo_core::{Error, ErrorKind, Filter, Flow, Hooks, Invocation, Outcome, Scratch, Stage};
use wubbo_plugin_sdk::Fail;
use wubbo_plugin_sdk::abi::interest::Hook;

use crate::call::apply;
use crate::enter;
use crate::generation::Generation;
use crate::instance::{HookCall, Seat};
use crate::kept;
use crate::slots::{Taken, Tally};

/// One generation at one stage of the chain.
pub(crate) struct PluginFilter {
    generation: Arc<Generation>,
    stage: Stage,
    hooks: Hooks,
    /// Whether the host notes when a call began.
    times: bool,
}

impl PluginFilter {
    pub(crate) fn new(generation: Arc<Generation>, stage: Stage) -> Self {
        let manifest = &generation.shared.manifest;
        let times = generation.times();
        Self {
            hooks: Hooks {
                request: manifest.has(Hook::OnRequest) || times,
                response: manifest.has(Hook::OnResponse),
            },
            times,
            stage,
            generation,
        }
    }

    /// Runs a hook on an instance; what it wants done is left in its seat.
    fn enter(&self, mut call: HookCall<'_>) -> Result<Taken<'_, Seat>, String> {
        let entered = enter::run(&self.generation, call.hook, |seat| {
            seat.clear();
            seat.instance.call(&mut call, &mut seat.commands)
        });
        entered.map(|(taken, ())| taken)
    }

    /// What the call gets when the plugin failed; `None`: it passes.
    #[cold]
    fn policy(&self, reason: &str) -> Option<Error> {
        match &self.generation.shared.fail {
            Fail::Open => None,
            Fail::Closed => Some(Error::new(
                ErrorKind::Plugin,
                format!("plugin {}: {reason}", self.generation.identity),
            )),
            Fail::Answer { status, message } => {
                Some(Error::new(apply::kind(*status, 0), message.clone()))
            }
        }
    }

    fn request(&self, invocation: &mut Invocation, scratch: &mut Scratch) -> Result<Flow, String> {
        let started = self.times.then(Instant::now);
        if started.is_some() {
            *scratch = kept::pack(0, &[], started);
        }
        if !self.generation.shared.manifest.has(Hook::OnRequest) {
            return Ok(Flow::Continue);
        }
        let taken = self.enter(HookCall {
            hook: Hook::OnRequest,
            invocation,
            outcome: None,
            stage: self.stage,
            started,
            scratch: (0, &[]),
        })?;
        let Some(commands) = taken
            .as_ref()
            .map(|seat| seat.commands.as_slice())
            .filter(|commands| !commands.is_empty())
        else {
            return Ok(Flow::Continue);
        };
        let keep = |number: u64, blob: &[u8]| kept::pack(number, blob, started);
        match apply::request(
            commands,
            self.generation.shared.write,
            invocation,
            keep,
            scratch,
        ) {
            Ok(flow) => {
                if matches!(flow, Flow::Reply(_)) {
                    Tally::add(&taken.tally().decided);
                }
                Ok(flow)
            }
            Err(reason) => Err(enter::bad_answer(
                &self.generation,
                taken,
                Hook::OnRequest,
                reason,
            )),
        }
    }

    fn response(
        &self,
        invocation: &Invocation,
        outcome: &mut Outcome,
        scratch: &Scratch,
    ) -> Result<(), String> {
        let Some((number, blob, started)) = kept::unpack(scratch) else {
            return Ok(());
        };
        let cancelled = is_cancelled(outcome);
        let taken = self.enter(HookCall {
            hook: Hook::OnResponse,
            invocation,
            outcome: Some(&mut *outcome),
            stage: self.stage,
            started,
            scratch: (number, blob),
        })?;
        let commands = taken
            .as_ref()
            .map_or(&[][..], |seat| seat.commands.as_slice());
        if commands.is_empty() || cancelled {
            return Ok(());
        }
        match apply::response(commands, self.generation.shared.write, outcome) {
            Ok(()) => Ok(()),
            Err(reason) => Err(enter::bad_answer(
                &self.generation,
                taken,
                Hook::OnResponse,
                reason,
            )),
        }
    }
}

/// The caller went away: nobody will see what the plugin does to the outcome.
fn is_cancelled(outcome: &Outcome) -> bool {
    outcome
        .as_ref()
        .is_err_and(|error| error.kind() == ErrorKind::Cancelled)
}

impl Filter for PluginFilter {
    fn name(&self) -> &str {
        &self.generation.shared.manifest.name
    }

    fn hooks(&self) -> Hooks {
        self.hooks
    }

    fn on_request(&self, invocation: &mut Invocation, scratch: &mut Scratch) -> Flow {
        match self.request(invocation, scratch) {
            Ok(flow) => flow,
            Err(reason) => {
                *scratch = kept::failed();
                self.policy(&reason)
                    .map_or(Flow::Continue, |error| Flow::Reply(Err(error)))
            }
        }
    }

    fn on_response(&self, invocation: &Invocation, outcome: &mut Outcome, scratch: &mut Scratch) {
        if let Err(reason) = self.response(invocation, outcome, scratch)
            && !is_cancelled(outcome)
            && let Some(error) = self.policy(&reason)
        {
            *outcome = Err(error);
        }
    }
}

impl fmt::Debug for PluginFilter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PluginFilter")
            .field("plugin", &self.generation.shared.label)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}
