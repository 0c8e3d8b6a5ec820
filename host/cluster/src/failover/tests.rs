use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;
use wubbo_core::{
    Deadline, Handler, Listener, PolicySet, Protocol, Request, RpcResult, ServiceKey, Snapshot,
    Subscription,
};

use super::*;
use crate::{RegistryDirectory, StaticDirectory};

/// What a fake provider does with a call.
type Behaviour = Box<dyn Fn(usize) -> Outcome + Send + Sync>;

/// A protocol whose providers share one behaviour, which is given the number of the call overall.
struct Fake {
    behaviour: Arc<Behaviour>,
    calls: Arc<Mutex<Vec<String>>>,
    unavailable: HashSet<String>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fake")
    }
}

impl Protocol for Fake {
    fn name(&self) -> &str {
        "dubbo"
    }

    fn refer(&self, url: &Url) -> Result<Arc<dyn Invoker>, Error> {
        Ok(Arc::new(FakeInvoker {
            url: url.clone(),
            available: !self.unavailable.contains(url.location()),
            behaviour: self.behaviour.clone(),
            calls: self.calls.clone(),
        }))
    }

    fn bind<'a>(
        &'a self,
        _: &'a Url,
        _: Arc<dyn Handler>,
    ) -> BoxFuture<'a, Result<Box<dyn Listener>, Error>> {
        Box::pin(async { Err(Error::new(ErrorKind::Config, "a fake does not listen")) })
    }
}

struct FakeInvoker {
    url: Url,
    available: bool,
    behaviour: Arc<Behaviour>,
    calls: Arc<Mutex<Vec<String>>>,
}

impl std::fmt::Debug for FakeInvoker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.url.location())
    }
}

impl Invoker for FakeInvoker {
    fn url(&self) -> &Url {
        &self.url
    }

    fn is_available(&self) -> bool {
        self.available
    }

    fn invoke(&self, _: Invocation) -> BoxFuture<'_, Outcome> {
        let number = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(self.url.location().to_owned());
            calls.len()
        };
        let outcome = (self.behaviour)(number);
        Box::pin(async move { outcome })
    }
}

struct Scene {
    invoker: Arc<dyn Invoker>,
    calls: Arc<Mutex<Vec<String>>>,
}

const SERVICE: &str = "com.ikurento.user.UserProvider";

fn reference(parameters: &str) -> Url {
    Url::parse(&format!("consumer://127.0.0.1:0/{SERVICE}?{parameters}")).unwrap()
}

fn providers(count: usize) -> Vec<Url> {
    (1..=count)
        .map(|i| Url::parse(&format!("dubbo://192.168.1.{i}:20000/{SERVICE}")).unwrap())
        .collect()
}

fn scene_with(
    count: usize,
    parameters: &str,
    retry: Retry,
    unavailable: bool,
    behaviour: Behaviour,
) -> Scene {
    let urls = providers(count);
    let calls = Arc::default();
    let unavailable = urls
        .iter()
        .filter(|_| unavailable)
        .map(|url| url.location().to_owned())
        .collect();
    let fake: Arc<dyn Protocol> = Arc::new(Fake {
        behaviour: Arc::new(behaviour),
        calls: Arc::clone(&calls),
        unavailable,
    });
    let directory = StaticDirectory::new(reference(parameters), &urls, &[fake]);
    Scene {
        invoker: Failover::new(retry).join(Arc::new(directory)),
        calls,
    }
}

fn failing(kind: ErrorKind) -> Behaviour {
    Box::new(move |_| Err(Error::new(kind, "boom")))
}

fn call() -> Invocation {
    let mut request = Request::new(ServiceKey::new(SERVICE, "", ""), "test");
    request.policies = Arc::new(PolicySet::default());
    Invocation::new(request, Url::default())
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
        let scene = scene_with(count, parameters, Retry::Retryable, false, behaviour);
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
        );
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
async fn nobody_to_call_is_said_by_name() {
    let scene = scene_with(
        0,
        "",
        Retry::Retryable,
        false,
        failing(ErrorKind::ServerError),
    );
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
    );
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
    let calls = Arc::default();
    let unavailable = urls
        .iter()
        .skip(1)
        .map(|url| url.location().to_owned())
        .collect();
    let behaviour: Behaviour = Box::new(|number| match number {
        3 => Ok(RpcResult::null()),
        _ => Err(Error::new(ErrorKind::ServerError, "boom")),
    });
    let fake: Arc<dyn Protocol> = Arc::new(Fake {
        behaviour: Arc::new(behaviour),
        calls: Arc::clone(&calls),
        unavailable,
    });
    let directory = StaticDirectory::new(reference(""), &urls, &[fake]);
    let invoker = Failover::new(Retry::Retryable).join(Arc::new(directory));
    assert!(invoker.invoke(call()).await.is_ok());
    assert_eq!(calls.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_single_provider_is_called_even_when_unavailable() {
    let scene = scene_with(
        1,
        "",
        Retry::Retryable,
        true,
        Box::new(|_| Ok(RpcResult::null())),
    );
    assert!(scene.invoker.invoke(call()).await.is_ok(), "CL-05");
}

#[tokio::test]
async fn what_another_provider_would_repeat_is_not_retried() {
    for kind in [ErrorKind::Forbidden, ErrorKind::BadRequest] {
        let scene = scene_with(3, "", Retry::Retryable, false, failing(kind));
        let error = scene.invoker.invoke(call()).await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (kind, "boom"));
        assert_eq!(scene.calls.lock().unwrap().len(), 1);
    }
    let thrown: Behaviour = Box::new(|_| Ok(RpcResult::exception("x.Y", None)));
    let scene = scene_with(3, "", Retry::Retryable, false, thrown);
    assert!(scene.invoker.invoke(call()).await.is_ok());
    assert_eq!(scene.calls.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_gateway_retries_only_what_reached_no_provider_and_passes_the_error_on() {
    let scene = scene_with(
        3,
        "",
        Retry::NeverReachedProvider,
        false,
        failing(ErrorKind::ServerError),
    );
    let error = scene.invoker.invoke(call()).await.unwrap_err();
    assert_eq!(
        (scene.calls.lock().unwrap().len(), error.message()),
        (1, "boom"),
        "GW-4"
    );
    let scene = scene_with(
        3,
        "",
        Retry::NeverReachedProvider,
        false,
        failing(ErrorKind::Connect),
    );
    let error = scene.invoker.invoke(call()).await.unwrap_err();
    assert_eq!(
        (scene.calls.lock().unwrap().len(), error.message()),
        (3, "boom"),
        "GW-4"
    );
}

#[tokio::test(start_paused = true)]
async fn no_attempt_starts_after_the_deadline() {
    let scene = scene_with(
        3,
        "",
        Retry::Retryable,
        false,
        failing(ErrorKind::ServerTimeout),
    );
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
    );
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

fn healthy() -> Arc<dyn Protocol> {
    Arc::new(Fake {
        behaviour: Arc::new(Box::new(|_| Ok(RpcResult::null()))),
        calls: Arc::default(),
        unavailable: HashSet::new(),
    })
}

fn announce(sender: &watch::Sender<Option<Arc<Snapshot>>>, urls: Vec<Url>) {
    sender.send_replace(Some(Arc::new(Snapshot {
        urls,
        unreadable: 0,
    })));
}

#[tokio::test]
async fn a_directory_follows_its_registry_and_keeps_what_stays() {
    let (sender, receiver) = watch::channel(None);
    let registry = Url::parse("memory://test").unwrap();
    let subscription = Subscription::new(receiver, ());
    let directory = RegistryDirectory::new(
        reference("timeout=70"),
        &registry,
        &[healthy()],
        true,
        subscription,
    );
    assert!(
        !directory.wait_ready(Duration::from_millis(1)).await,
        "no list yet"
    );

    let mut urls = providers(3);
    urls.push(Url::parse(&format!("tri://192.168.1.9:20000/{SERVICE}")).unwrap());
    urls.push(
        Url::parse(&format!(
            "dubbo://192.168.1.8:20000/{SERVICE}?wubbo.gateway=0a1b2c3d"
        ))
        .unwrap(),
    );
    announce(&sender, urls);
    assert!(directory.wait_ready(Duration::from_secs(5)).await);
    let before = directory.list();
    assert_eq!(
        (before.invokers.len(), before.skipped),
        (3, 2),
        "DIR-03, GW-2 and protocols not spoken"
    );
    assert!(
        before
            .table
            .rows()
            .iter()
            .all(|row| row.url.get("timeout") == Some("70"))
    );

    announce(&sender, providers(2));
    let changed = async {
        while directory.list().invokers.len() != 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), changed)
        .await
        .unwrap();
    let after = directory.list();
    assert!(
        Arc::ptr_eq(&before.invokers[0], &after.invokers[0]),
        "the connection of a provider that stays is kept"
    );
    assert!(Arc::ptr_eq(
        &before.table.rows()[0].statistics,
        &after.table.rows()[0].statistics
    ));
    assert!(after.table.version() > before.table.version());

    drop(sender);
    tokio::task::yield_now().await;
    assert_eq!(
        directory.list().invokers.len(),
        2,
        "an outage keeps the last list"
    );
}
