//! Calls at a steady rate, each kept with its time and its end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use wubbo::contract::Stub;
use wubbo::core::{ErrorKind, Tasks};
use wubbo::hessian2::Value;

/// Longer than any call of a scenario takes.
const LAST_CALL: Duration = Duration::from_secs(30);

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask {
    /// Who answers.
    Name,
    /// To answer after so many milliseconds: such calls are in flight when something happens.
    Sleep(i64),
}

/// A failure: its kind and its text, which names the providers that were tried.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) kind: Option<ErrorKind>,
    pub(super) text: String,
}

/// One call that ended.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) began: Instant,
    pub(super) took: Duration,
    /// Who answered.
    pub(super) outcome: Result<String, Failure>,
}

/// Calls that go on until they are stopped, whatever becomes of them. Dropping it aborts them.
pub(super) struct Calls {
    seen: Arc<Mutex<Vec<Call>>>,
    stop: Arc<AtomicBool>,
    pacer: Tasks,
}

impl Calls {
    /// Asks for names so often a second, whether or not the call before has ended.
    pub(super) fn start(stub: &Stub, per_second: u32) -> Self {
        Self::asking(Ask::Name, stub, per_second)
    }

    /// As [`Calls::start`], with another question.
    pub(super) fn asking(ask: Ask, stub: &Stub, per_second: u32) -> Self {
        let seen = Arc::<Mutex<Vec<Call>>>::default();
        let stop = Arc::new(AtomicBool::new(false));
        let pacer = Tasks::new("calls");
        let (stub, all, stopped) = (stub.clone(), Arc::clone(&seen), Arc::clone(&stop));
        pacer.spawn(async move {
            let mut running = JoinSet::new();
            let mut ticks = interval(Duration::from_secs(1) / per_second);
            // A machine that stood still is not given a burst.
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while !stopped.load(Ordering::Relaxed) {
                ticks.tick().await;
                while running.try_join_next().is_some() {}
                let (stub, all) = (stub.clone(), Arc::clone(&all));
                running.spawn(async move {
                    let call = call(&stub, ask).await;
                    all.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(call);
                });
            }
            running.join_all().await;
        });
        Self { seen, stop, pacer }
    }

    /// The calls that began at `since` or later and have ended.
    pub(super) fn since(&self, since: Instant) -> Vec<Call> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let later = seen.iter().filter(|call| call.began >= since);
        later.cloned().collect()
    }

    /// Lets the last calls end; then all of them.
    pub(super) async fn stop(self) -> Vec<Call> {
        self.stop.store(true, Ordering::Relaxed);
        assert_eq!(self.pacer.join(LAST_CALL).await, 0, "a call hangs");
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Asks whoever is chosen for its name.
pub(super) async fn whoami(stub: &Stub) -> Call {
    call(stub, Ask::Name).await
}

async fn call(stub: &Stub, ask: Ask) -> Call {
    let began = Instant::now();
    let answer = match ask {
        Ask::Name => stub.invoke("whoami", &[], Vec::new()).await,
        Ask::Sleep(ms) => stub.invoke("sleep", &["long"], vec![Value::Long(ms)]).await,
    };
    let outcome = match answer {
        Ok(Value::String(name)) => Ok(name.to_string()),
        Ok(other) => Err(Failure {
            kind: None,
            text: format!("an answer of another kind: {other:?}"),
        }),
        Err(error) => Err(Failure {
            kind: error.kind(),
            text: error.to_string(),
        }),
    };
    let took = began.elapsed();
    Call {
        began,
        took,
        outcome,
    }
}

/// What failed.
pub(super) fn failures(calls: &[Call]) -> Vec<&Failure> {
    let failed = |call: &'_ Call| call.outcome.is_err();
    let failed = calls.iter().filter(|call| failed(call));
    failed
        .filter_map(|call| call.outcome.as_ref().err())
        .collect()
}

/// Who answered how often.
pub(super) fn shares(calls: &[Call]) -> BTreeMap<&str, usize> {
    let mut shares = BTreeMap::new();
    for name in calls.iter().filter_map(|call| call.outcome.as_ref().ok()) {
        *shares.entry(name.as_str()).or_default() += 1;
    }
    shares
}

/// Asserts that nothing failed but calls to the providers at these locations; how many those were.
pub(super) fn failed_at(calls: &[Call], dead: &[&str]) -> usize {
    let failures = failures(calls);
    for failure in &failures {
        assert!(
            dead.iter().any(|location| failure.text.contains(location)),
            "{failure:?} is not to {dead:?}"
        );
    }
    failures.len()
}
