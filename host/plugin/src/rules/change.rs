//! From a new set of rules to one publication: editions of every plugin that follows rules, made off the workers, stored at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use wubbo_core::RuleSet;

use super::HostRules;
use crate::error::{PluginError, PluginErrorKind};
use crate::generation::{Change, Generation};
use crate::host::Inner;
use crate::status::{Reason, RulesStatus};

/// States of one plugin that may hold instances; a further change waits until calls have left one.
const EDITIONS_MAX: usize = 3;

/// The rules on their way to the plugins.
pub(crate) struct Rules {
    state: Mutex<State>,
    /// One change at a time.
    turn: Arc<Semaphore>,
}

#[derive(Default)]
struct State {
    /// What the published set follows.
    applied: Arc<HostRules>,
    /// What it is to follow next, and since when somebody waits; a newer set takes the place of one that still waits.
    pending: Option<(Arc<RuleSet>, Instant)>,
    /// Why that has not happened yet, or not for everybody.
    waits: Option<Reason>,
    took: Option<Duration>,
}

impl Rules {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the published set follows.
    pub(crate) fn applied(&self) -> Arc<HostRules> {
        Arc::clone(&self.lock().applied)
    }

    pub(crate) fn status(&self) -> RulesStatus {
        let state = self.lock();
        let millis = |took: Duration| u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        RulesStatus {
            version: state.applied.version,
            count: state.applied.rules.len(),
            pending: state.pending.as_ref().map(|(rules, _)| rules.version()),
            waits: state.waits.clone(),
            change_ms: state.took.map(millis),
        }
    }

    /// Notes what is wanted, unless something newer is wanted or applied already.
    fn want(&self, rules: Arc<RuleSet>) {
        let mut state = self.lock();
        let newest = state
            .pending
            .as_ref()
            .map_or(state.applied.version, |(pending, _)| pending.version());
        if rules.version() > newest {
            let since = state
                .pending
                .as_ref()
                .map_or_else(Instant::now, |(_, since)| *since);
            state.pending = Some((rules, since));
        }
    }

    fn is_pending(&self) -> bool {
        self.lock().pending.is_some()
    }

    fn waits(&self, why: Option<PluginError>) {
        self.lock().waits = why.as_ref().map(Reason::now);
    }
}

/// Has the plugins follow `rules`, or a set that came later.
pub(crate) async fn set(inner: &Arc<Inner>, rules: Arc<RuleSet>) {
    let state = &inner.workshop.rules;
    state.want(rules);
    // Never closed.
    let Ok(permit) = Arc::clone(&state.turn).acquire_owned().await else {
        return;
    };
    if !state.is_pending() {
        // Whoever had the turn before took ours along.
        return;
    }
    wait_for_room(inner).await;
    let working = Arc::clone(inner);
    let applied = tokio::task::spawn_blocking(move || {
        apply(&working);
        drop(permit);
    });
    if let Err(error) = applied.await {
        tracing::error!(%error, "a change of the rules panicked; the old ones stay in use");
    }
}

/// Waits until no plugin has too many editions that calls still use.
async fn wait_for_room(inner: &Inner) {
    let workshop = &inner.workshop;
    loop {
        let mut news = workshop.news.follow();
        let crowded = inner.book().crowded(EDITIONS_MAX);
        if crowded.is_empty() {
            workshop.rules.waits(None);
            return;
        }
        let text = format!(
            "{EDITIONS_MAX} states of {} still hold instances; waits until calls in flight leave one",
            crowded.join(", ")
        );
        workshop
            .rules
            .waits(Some(PluginError::new(PluginErrorKind::Capacity, text)));
        // The sender lives as long as the host. Looked at again anyway: a drain that ends by its deadline may be told late.
        let _ = tokio::time::timeout(Duration::from_secs(1), news.changed()).await;
    }
}

/// Makes and publishes what is pending by now. On a thread that may block.
fn apply(inner: &Inner) {
    let workshop = &inner.workshop;
    let _alone = workshop
        .changes
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let Some((wanted, since)) = workshop.rules.lock().pending.clone() else {
        return;
    };
    workshop.keeper.settle();
    let rules = Arc::new(workshop.rules.applied().after(&wanted));
    let followers = inner.book().rule_followers();
    let mut failures = Vec::new();
    let mut editions = Vec::new();
    for old in followers {
        match old.follow_rules(&rules) {
            Ok(Change::Nothing) => {}
            Ok(Change::Edition(new)) => editions.push((old, new)),
            Err(error) => failures.push(stuck(&old, &rules, &error)),
        }
    }
    tracing::info!(
        version = rules.version,
        editions = editions.len(),
        "rules applied"
    );
    inner.book().take_editions(rules.version, editions);
    {
        let mut state = workshop.rules.lock();
        state.applied = rules;
        // A set that came meanwhile goes on waiting for its own turn.
        if state
            .pending
            .as_ref()
            .is_some_and(|(pending, _)| Arc::ptr_eq(pending, &wanted))
        {
            state.pending = None;
        }
        state.took = Some(since.elapsed());
        let failed = (!failures.is_empty()).then(|| failures.join("; "));
        state.waits =
            failed.map(|text| Reason::now(&PluginError::new(PluginErrorKind::Start, text)));
    }
    workshop.news.tell();
}

/// A plugin that goes on under the old rules.
fn stuck(old: &Generation, rules: &HostRules, error: &PluginError) -> String {
    let text = format!(
        "no instances that follow the rules of version {}: {error}; those of version {} stay in use",
        rules.version,
        old.accepted().version
    );
    old.shared.note(tracing::Level::ERROR, &text);
    format!("{}: {text}", old.identity)
}
