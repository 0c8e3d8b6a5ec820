use std::sync::Mutex;

use super::*;
use crate::url::{ServiceKey, Url};
use crate::{Applies, Filter, FilterEntry, Hooks, Pattern, Request, RpcResult};

type Log = Arc<Mutex<Vec<String>>>;

#[derive(Debug)]
struct Recorder {
    name: &'static str,
    replies: bool,
    log: Log,
}

impl Filter for Recorder {
    fn name(&self) -> &str {
        self.name
    }

    fn hooks(&self) -> Hooks {
        Hooks {
            request: true,
            response: true,
        }
    }

    fn on_request(&self, invocation: &mut Invocation, scratch: &mut Scratch) -> Flow {
        self.log.lock().unwrap().push(format!("{}>", self.name));
        invocation.set_attachment("last", self.name);
        scratch.word = self.name.len() as u64;
        if self.replies {
            Flow::Reply(Ok(RpcResult::null()))
        } else {
            Flow::Continue
        }
    }

    fn on_response(&self, invocation: &Invocation, outcome: &mut Outcome, scratch: &mut Scratch) {
        assert_eq!(scratch.word, self.name.len() as u64);
        let last = invocation
            .attachments()
            .get("last")
            .unwrap_or("none")
            .to_owned();
        let how = outcome
            .as_ref()
            .map_or_else(|error| error.kind().name(), |_| "ok");
        self.log
            .lock()
            .unwrap()
            .push(format!("<{}:{last}:{how}", self.name));
    }
}

fn call(filters: &[(&'static str, i32, bool)], applies: Applies) -> (Invocation, Log) {
    let log = Log::default();
    let entries = filters
        .iter()
        .map(|&(name, order, replies)| FilterEntry {
            filter: Arc::new(Recorder {
                name,
                replies,
                log: log.clone(),
            }),
            stage: Stage::Call,
            order,
            applies: applies.clone(),
        })
        .collect();
    let mut request = Request::new(ServiceKey::new("a.B", "", ""), "c");
    request.policies = Arc::new(PolicySet::new(1, entries));
    (Invocation::new(request, Url::default()), log)
}

fn taken(log: &Log) -> String {
    log.lock().unwrap().join(" ")
}

#[tokio::test]
async fn hooks_run_in_by_order_and_back_in_reverse() {
    let (invocation, log) = call(&[("two", 2, false), ("one", 1, false)], Applies::default());
    let seen = log.clone();
    let outcome = Chain::new(Stage::Call)
        .invoke(invocation, |_| async move {
            seen.lock().unwrap().push("service".into());
            Ok(RpcResult::null())
        })
        .await;
    assert!(outcome.is_ok());
    assert_eq!(taken(&log), "one> two> service <two:two:ok <one:two:ok");
}

#[tokio::test]
async fn a_reply_skips_the_rest_and_still_unwinds_the_replying_filter() {
    let filters = [("one", 1, false), ("two", 2, true), ("three", 3, false)];
    let (invocation, log) = call(&filters, Applies::default());
    let outcome = Chain::new(Stage::Call)
        .invoke(invocation, |_| async { panic!("reached") })
        .await;
    assert!(outcome.is_ok());
    assert_eq!(taken(&log), "one> two> <two:two:ok <one:two:ok");
}

#[tokio::test]
async fn a_caller_that_goes_away_still_runs_the_response_hooks() {
    let (invocation, log) = call(&[("one", 1, false)], Applies::default());
    let call = Chain::new(Stage::Call).invoke(invocation, |_| std::future::pending());
    assert!(
        tokio::time::timeout(std::time::Duration::from_millis(1), call)
            .await
            .is_err()
    );
    assert_eq!(taken(&log), "one> <one:one:cancelled");
}

#[tokio::test]
async fn filters_of_other_stages_and_services_are_not_entered() {
    let applies = Applies {
        services: vec![Pattern::new("x.*")],
        methods: vec![],
    };
    let (invocation, log) = call(&[("one", 1, false)], applies);
    let outcome = Chain::new(Stage::Call)
        .invoke(invocation.clone(), |_| async { Ok(RpcResult::null()) })
        .await;
    assert!(outcome.is_ok());
    let outcome = Chain::new(Stage::Attempt)
        .invoke(invocation, |_| async { Ok(RpcResult::null()) })
        .await;
    assert!(outcome.is_ok());
    assert_eq!(taken(&log), "");
}
