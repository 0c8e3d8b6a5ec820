//! How a call would be routed now, with the policies' own reasons: the ordinary way, with somebody who writes everything down.

mod scopes;

use std::sync::{Mutex, MutexGuard, PoisonError};

use wubbo_core::{Candidates, Directory, Invocation, Remark, Remarks};

/// What would become of a call, and why. Rows are indices into `providers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Interface, group and version.
    pub service: String,
    /// The method.
    pub method: String,
    /// Which publication of the policies decided ([`wubbo_core::PolicySet::version`]).
    pub policies: u64,
    /// The version of the rules that they follow.
    pub rules: u64,
    /// The version of the provider table.
    pub table: u64,
    /// Every provider that can be called.
    pub providers: Vec<ExplainedProvider>,
    /// Announced entries that cannot be called.
    pub skipped: usize,
    /// Why, of the first few of them.
    pub skipped_because: Vec<String>,
    /// Which of several registries the call keeps to; `None`: their lists are one.
    pub registry: Option<ScopeStep>,
    /// Which of several groups; `None`: the reference asks for one, or none is announced.
    pub group: Option<ScopeStep>,
    /// The routers that apply, in order, as they decided within that registry and group; those behind one that left nobody were not asked.
    pub routers: Vec<RouterStep>,
    /// The balancer and what it said; `None`: there were not two candidates to choose from.
    pub balancer: Option<BalancerStep>,
    /// Who would get the call; `None`: nobody.
    pub chosen: Option<usize>,
}

/// A provider as the policies saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedProvider {
    /// Its address.
    pub address: String,
    /// Whether a call has a chance now.
    pub available: bool,
    /// Its weight for this method now, warm-up included.
    pub weight: u32,
    /// Calls of this method in flight to it from this process.
    pub active: u32,
}

/// How one of several registries or groups was chosen. A call goes to the next one when nobody takes it, and so does an explanation:
/// this is the last one that it came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeStep {
    /// Its name, empty for the providers without a group; `None`: a call may go to none.
    pub chosen: Option<String>,
    /// Why that one.
    pub reason: String,
    /// The first ten of those that would have come before it, had they somebody for the call, and other registries where nobody is available.
    pub passed: Vec<PassedOver>,
}

/// A registry or group that a call does not go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// Its name.
    pub name: String,
    /// Why not there.
    pub reason: String,
}

/// What one router did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterStep {
    /// Its Dubbo key.
    pub router: String,
    /// The rows that it let pass.
    pub kept: Vec<usize>,
    /// The rows that it took out.
    pub dropped: Vec<usize>,
    /// Its reasons.
    pub remarks: Vec<Remark>,
}

/// How the choice among the rows that were left was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalancerStep {
    /// The Dubbo key that was asked for.
    pub balancer: String,
    /// Whether there is such a balancer; without one the pick is uniform.
    pub found: bool,
    /// Its answers: a second one when the first was tried before or is unavailable.
    pub rounds: Vec<Round>,
    /// Its reasons.
    pub remarks: Vec<Remark>,
}

/// One question to a balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// The rows to choose from.
    pub among: Vec<usize>,
    /// What it said.
    pub answer: Answer,
    /// The row that came of it.
    pub row: Option<usize>,
}

/// What a balancer said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// One of the rows.
    Row,
    /// That none of them should get the call.
    Nobody,
    /// A row that was not to choose from; the pick was uniform.
    NoCandidate,
    /// It failed; the pick was uniform.
    Unable,
    /// There is none of that name; the pick was uniform.
    NotAsked,
}

/// Explains the first attempt of `invocation`, under the policies that it carries. Nobody is called, but the policies are really asked:
/// a balancer that takes turns has taken one.
#[must_use]
pub fn explain(invocation: &Invocation, directory: &dyn Directory) -> Explanation {
    let list = directory.list();
    let found = scopes::find(&list, invocation, directory);
    let statistics = list.table.statistics_of(invocation.method());
    let rows = list.table.rows().iter().zip(&list.invokers).enumerate();
    let providers = rows.map(|(index, (row, invoker))| ExplainedProvider {
        address: row.url.location().to_owned(),
        available: invoker.is_available(),
        weight: row.weight_for(invocation.method()),
        active: statistics.row(index).map_or(0, |row| row.active()),
    });
    Explanation {
        service: invocation.service().to_string(),
        method: invocation.method().to_owned(),
        policies: invocation.policies().version(),
        rules: invocation.policies().rules(),
        table: list.table.version(),
        providers: providers.collect(),
        skipped: list.skipped,
        skipped_because: list.skipped_because.clone(),
        registry: found.registry,
        group: found.group,
        routers: found.routers,
        balancer: found.balancer,
        chosen: found.chosen,
    }
}

/// Writes down what happens on the way to one choice.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    remarks: Remarks,
    steps: Mutex<(Vec<RouterStep>, Option<BalancerStep>)>,
}

impl Recorder {
    /// Where the policies write their reasons.
    pub(crate) fn remarks(&self) -> &Remarks {
        &self.remarks
    }

    pub(crate) fn routed(&self, router: &str, before: &Candidates, after: &Candidates) {
        self.steps().0.push(RouterStep {
            router: router.to_owned(),
            kept: after.iter().collect(),
            dropped: before.iter().filter(|row| !after.contains(*row)).collect(),
            remarks: self.remarks.take(),
        });
    }

    pub(crate) fn balanced_by(&self, name: &str, found: bool) {
        self.steps().1 = Some(BalancerStep {
            balancer: name.to_owned(),
            found,
            rounds: Vec::new(),
            remarks: Vec::new(),
        });
    }

    pub(crate) fn answered(&self, among: &Candidates, answer: Answer, row: Option<usize>) {
        if let Some(step) = &mut self.steps().1 {
            step.rounds.push(Round {
                among: among.iter().collect(),
                answer,
                row,
            });
            step.remarks.append(&mut self.remarks.take());
        }
    }

    fn steps(&self) -> MutexGuard<'_, (Vec<RouterStep>, Option<BalancerStep>)> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(self) -> (Vec<RouterStep>, Option<BalancerStep>) {
        self.steps
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
