use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use wubbo_core::{Deadline, Request, RpcResult, ServiceKey};

use super::*;
use crate::testing::{Behaviour, Fake, SERVICE, call, providers, reference};
use crate::{DirectoryContext, StaticDirectory};

struct Scene {
    invoker: Arc<dyn Invoker>,
    calls: Arc<Mutex<Vec<String>>>,
}

async fn scene_with(
    count: usize,
    parameters: &str,
    retry: Retry,
    unavailable: bool,
    behaviour: Behaviour,
) -> Scene {
    let urls = providers(count);
    let fake = Fake::new(behaviour);
    if unavailable {
        let all = urls.iter().map(|url| url.location().to_owned());
        fake.unavailable.lock().unwrap().extend(all);
    }
    scene_over(&fake, &urls, parameters, retry).await
}

async fn scene_over(fake: &Arc<Fake>, urls: &[Url], parameters: &str, retry: Retry) -> Scene {
    let context = DirectoryContext::default();
    let directory = StaticDirectory::new(reference(parameters), urls, &fake.protocols(), context);
    assert!(directory.wait_ready(Duration::from_secs(5)).await);
    Scene {
        invoker: Failover::new(retry).join(Arc::new(directory)),
        calls: fake.calls.clone(),
    }
}

fn failing(kind: ErrorKind) -> Behaviour {
    Box::new(move |_| Err(Error::new(kind, "boom")))
}

/// So many providers, each of which fails so.
async fn scene_failing(count: usize, retry: Retry, kind: ErrorKind) -> Scene {
    scene_with(count, "", retry, false, failing(kind)).await
}

#[tokio::test]
async fn the_kth_call_succeeds() {
    // id, providers, parameters, k, whether the call succeeds
    let cases = [
        ("CL-20", 10, "", 3, true),
        ("CL-21", 10, "", 4, false),
        ("CL-22", 10, "retries=3", 4, true),
        ("CL-23", 10, "retries=2&methods.test.retries=3", 4, true),
    ];
    for (id, count, parameters, kth, succeeds) in cases {
        let behaviour: Behaviour = Box::new(move |number| {
            if number == kth {
                Ok(RpcResult::null())
            } else {
                Err(Error::new(ErrorKind::ServerError, "boom"))
            }
        });
        let scene = scene_with(count, parameters, Retry::Retryable, false, behaviour).await;
        assert_eq!(scene.invoker.invoke(call()).await.is_ok(), succeeds, "{id}");
    }
}

#[tokio::test]
async fn attempts_are_counted_and_named() {
    // id, providers, parameters, calls, words of the error
    let cases = [
        ("CL-25", 1, "retries=2", 2, vec!["Tried 1 times", "(2/1)"]),
        (
            "CL-26",
            2,
            "retries=5",
            2,
            vec![
                "Tried 2 times",
                "(2/2)",
                "192.168.1.1:20000",
                "192.168.1.2:20000",
            ],
        ),
        ("CL-27 5", 3, "retries=5", 3, vec![]),
        ("CL-27 default", 3, "", 3, vec!["Last error is boom"]),
        ("CL-27 0", 3, "retries=0", 1, vec![]),
        ("CL-27 -1", 3, "retries=-1", 3, vec![]),
        ("CL-27 abc", 3, "retries=abc", 3, vec![]),
        ("CL-28", 5, "retries=1", 2, vec![]),
    ];
    for (id, count, parameters, calls, words) in cases {
        let scene = scene_with(
            count,
            parameters,
            Retry::Retryable,
            false,
            failing(ErrorKind::ServerError),
        )
        .await;
        let error = scene.invoker.invoke(call()).await.unwrap_err();
        let called = scene.calls.lock().unwrap().clone();
        assert_eq!(called.len(), calls, "{id}: {called:?}");
        let distinct: HashSet<&String> = called.iter().collect();
        assert_eq!(distinct.len(), calls.min(count), "{id}: {called:?}");
        for word in words {
            assert!(error.message().contains(word), "{id}: {error}");
        }
    }
}

#[tokio::test]
async fn an_attempt_without_a_connection_is_no_retry() {
    // id, providers, parameters, how many are dead, whether the call succeeds, calls
    let cases = [
        ("all but one are dead", 5, "retries=0", 4, true, 5),
        ("the retries come on top", 5, "retries=1", 3, false, 5),
        ("each is tried once", 3, "retries=0", 9, false, 3),
        ("a single one has its retries", 1, "retries=1", 9, false, 2),
        ("not without end", 60, "retries=1", 99, false, 1 + 32 + 1),
    ];
    for retry in [Retry::Retryable, Retry::NeverReachedProvider] {
        for (id, count, parameters, dead, succeeds, calls) in cases {
            let last_fails = id.contains("retries come");
            let behaviour: Behaviour = Box::new(move |number| match number {
                number if number <= dead => Err(Error::new(ErrorKind::Connect, "refused")),
                _ if last_fails => Err(Error::new(ErrorKind::ClientTimeout, "late")),
                _ => Ok(RpcResult::null()),
            });
            let scene = scene_with(count, parameters, retry, false, behaviour).await;
            assert_eq!(scene.invoker.invoke(call()).await.is_ok(), succeeds, "{id}");
            assert_eq!(scene.calls.lock().unwrap().len(), calls, "{id}");
        }
    }
}

#[tokio::test]
async fn nobody_to_call_is_said_by_name() {
    let scene = scene_failing(0, Retry::Retryable, ErrorKind::ServerError).await;
    let error = scene.invoker.invoke(call()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoProvider, "CL-29, CL-31");
    assert!(
        error.message().contains("method test") && error.message().contains(SERVICE),
        "{error}"
    );
    assert!(
        error
            .message()
            .contains("0 known, 0 skipped, 0 routed away"),
        "{error}"
    );

    let scene = scene_with(
        3,
        "",
        Retry::Retryable,
        true,
        failing(ErrorKind::ServerError),
    )
    .await;
    let error = scene.invoker.invoke(call()).await.unwrap_err();
    assert!(
        error.message().contains("no available provider"),
        "CL-30: {error}"
    );
    assert!(scene.calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_provider_that_was_tried_is_tried_again_when_no_other_is_available() {
    let urls = providers(3);
    let fake = Fake::new(Box::new(|number| match number {
        3 => Ok(RpcResult::null()),
        _ => Err(Error::new(ErrorKind::ServerError, "boom")),
    }));
    let others = urls.iter().skip(1).map(|url| url.location().to_owned());
    fake.unavailable.lock().unwrap().extend(others);
    let scene = scene_over(&fake, &urls, "", Retry::Retryable).await;
    assert!(scene.invoker.invoke(call()).await.is_ok());
    assert_eq!(scene.calls.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_single_provider_is_called_even_when_unavailable() {
    let scene = scene_with(
        1,
        "",
        Retry::Retryable,
        true,
        Box::new(|_| Ok(RpcResult::null())),
    )
    .await;
    assert!(scene.invoker.invoke(call()).await.is_ok(), "CL-05");
}

#[tokio::test]
async fn what_another_provider_would_repeat_is_not_retried() {
    for kind in [ErrorKind::Forbidden, ErrorKind::BadRequest] {
        let scene = scene_failing(3, Retry::Retryable, kind).await;
        let error = scene.invoker.invoke(call()).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (kind, "boom"));
        assert_eq!(scene.calls.lock().unwrap().len(), 1);
    }
    let thrown: Behaviour = Box::new(|_| Ok(RpcResult::exception("x.Y", None)));
    let scene = scene_with(3, "", Retry::Retryable, false, thrown).await;
    assert!(scene.invoker.invoke(call()).await.is_ok());
    assert_eq!(scene.calls.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_gateway_retries_only_what_reached_no_provider_and_passes_the_error_on() {
    let scene = scene_failing(3, Retry::NeverReachedProvider, ErrorKind::ServerError).await;
    let error = scene.invoker.invoke(call()).await.unwrap_err();
    assert_eq!(
        (scene.calls.lock().unwrap().len(), error.message()),
        (1, "boom"),
        "GW-4"
    );
    let scene = scene_failing(3, Retry::NeverReachedProvider, ErrorKind::Connect).await;
    let error = scene.invoker.invoke(call()).await.unwrap_err();
    assert_eq!(
        (scene.calls.lock().unwrap().len(), error.message()),
        (3, "boom"),
        "GW-4"
    );
}

#[tokio::test(start_paused = true)]
async fn a_gateways_further_attempts_have_a_budget() {
    // retry, attempts of 1,000 calls within a moment: 10 s x 10 and a fifth of the calls on top
    for (retry, attempts) in [
        (Retry::NeverReachedProvider, 1000 + 100 + 1000 / 5),
        (Retry::Retryable, 2000),
    ] {
        let scene = scene_failing(2, retry, ErrorKind::Connect).await;
        let mut refused = 0;
        for _ in 0..1000 {
            let error = scene.invoker.invoke(call()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Connect);
            refused += usize::from(error.message().contains("at most 20 %"));
        }
        let made = scene.calls.lock().unwrap().len();
        assert_eq!(made, attempts, "GW-4");
        assert_eq!(refused, 2000 - attempts, "GW-4");
    }
    // Later there is a reserve again.
    let scene = scene_failing(2, Retry::NeverReachedProvider, ErrorKind::Connect).await;
    for round in 0..2 {
        let before = scene.calls.lock().unwrap().len();
        for _ in 0..200 {
            assert!(scene.invoker.invoke(call()).await.is_err());
        }
        let made = scene.calls.lock().unwrap().len() - before;
        assert_eq!(made, 200 + 100 + 200 / 5, "GW-4, round {round}");
        tokio::time::advance(Duration::from_secs(11)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_attempt_starts_after_the_deadline() {
    let scene = scene_failing(3, Retry::Retryable, ErrorKind::ServerTimeout).await;
    let mut request = Request::new(ServiceKey::new(SERVICE, "", ""), "test");
    request.deadline = Some(Deadline::after(Duration::from_millis(10)));
    tokio::time::advance(Duration::from_millis(11)).await;
    assert!(
        scene
            .invoker
            .invoke(Invocation::new(request, Url::default()))
            .await
            .is_err()
    );
    assert_eq!(scene.calls.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_pick_is_uniform() {
    let scene = scene_with(
        4,
        "",
        Retry::Retryable,
        false,
        Box::new(|_| Ok(RpcResult::null())),
    )
    .await;
    for _ in 0..4000 {
        assert!(scene.invoker.invoke(call()).await.is_ok());
    }
    let calls = scene.calls.lock().unwrap();
    for url in providers(4) {
        let share = calls
            .iter()
            .filter(|address| *address == url.location())
            .count();
        assert!(
            (850..1150).contains(&share),
            "{}: {share} of 4000",
            url.location()
        );
    }
}

/// Active, total, failed and failures in a row of the endpoint and of its method `test`, which must agree.
fn counters(directory: &StaticDirectory, row: usize) -> [u64; 4] {
    let list = directory.list();
    let statistics = &list.table.rows()[row].statistics;
    let [whole, method] = [statistics.whole(), statistics.method("test")].map(|cell| {
        let (active, in_a_row) = (cell.active(), cell.consecutive_failures());
        [active.into(), cell.total(), cell.failed(), in_a_row.into()]
    });
    assert_eq!(whole, method);
    whole
}

#[tokio::test]
async fn what_an_outcome_says_about_the_provider_is_counted() {
    type Answers = fn() -> Outcome;
    // outcome, failed
    let cases: [(&str, Answers, u64); 5] = [
        ("answer", || Ok(RpcResult::null()), 0),
        ("exception", || Ok(RpcResult::exception("x.Y", None)), 0),
        (
            "time-out",
            || Err(Error::new(ErrorKind::ServerTimeout, "late")),
            1,
        ),
        (
            "bad request",
            || Err(Error::new(ErrorKind::BadRequest, "what?")),
            0,
        ),
        (
            "cancelled",
            || Err(Error::new(ErrorKind::Cancelled, "gone")),
            0,
        ),
    ];
    for (what, outcome, failed) in cases {
        let fake = Fake::new(Box::new(move |_| outcome()));
        let context = DirectoryContext::default();
        let urls = providers(1);
        let directory =
            StaticDirectory::new(reference("retries=0"), &urls, &fake.protocols(), context);
        assert!(directory.wait_ready(Duration::from_secs(5)).await);
        let directory = Arc::new(directory);
        let invoker = Failover::new(Retry::Retryable).join(directory.clone());
        assert_eq!(invoker.invoke(call()).await.is_err(), outcome().is_err());
        assert_eq!(counters(&directory, 0), [0, 1, failed, failed], "{what}");
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_is_not_left_counted_as_active() {
    let fake = Fake::healthy();
    let context = DirectoryContext::default();
    let urls = providers(1);
    let directory = StaticDirectory::new(reference(""), &urls, &fake.protocols(), context);
    assert!(directory.wait_ready(Duration::from_secs(5)).await);
    let directory = Arc::new(directory);
    let invoker = Failover::new(Retry::Retryable).join(directory.clone());
    *fake.held.lock().unwrap() = true;
    let mut pending = invoker.invoke(call());
    let polled = tokio::time::timeout(Duration::from_millis(5), &mut pending).await;
    assert!(polled.is_err());
    assert_eq!(counters(&directory, 0), [1, 0, 0, 0]);
    drop(pending);
    assert_eq!(counters(&directory, 0), [0, 1, 0, 0]);
}
