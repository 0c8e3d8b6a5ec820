//! Fake providers, routers and balancers for the tests of this crate.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use wubbo_core::{
    Applies, BoxFuture, Candidates, Choice, Error, ErrorKind, Handler, Invocation, Invoker,
    Listener, LoadBalance, Outcome, PolicySet, Protocol, Remark, Request, Router, RouterEntry,
    Routing, RpcResult, ServiceKey, Snapshot, Url,
};

/// What a fake provider does with a call.
pub(crate) type Behaviour = Box<dyn Fn(usize) -> Outcome + Send + Sync>;

/// A protocol whose providers share one behaviour, which is given the number of the call overall.
pub(crate) struct Fake {
    pub(crate) behaviour: Arc<Behaviour>,
    /// The addresses that were called, in order.
    pub(crate) calls: Arc<Mutex<Vec<String>>>,
    /// The addresses that are not available; may change.
    pub(crate) unavailable: Arc<Mutex<HashSet<String>>>,
    /// Whether calls wait for ever.
    pub(crate) held: Arc<Mutex<bool>>,
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
            unavailable: self.unavailable.clone(),
            held: self.held.clone(),
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
    unavailable: Arc<Mutex<HashSet<String>>>,
    held: Arc<Mutex<bool>>,
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
        !self
            .unavailable
            .lock()
            .unwrap()
            .contains(self.url.location())
    }

    fn invoke(&self, _: Invocation) -> BoxFuture<'_, Outcome> {
        let number = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(self.url.location().to_owned());
            calls.len()
        };
        let (outcome, held) = ((self.behaviour)(number), *self.held.lock().unwrap());
        Box::pin(async move {
            if held {
                std::future::pending::<()>().await;
            }
            outcome
        })
    }
}

pub(crate) const SERVICE: &str = "com.ikurento.user.UserProvider";

pub(crate) fn reference(parameters: &str) -> Url {
    Url::parse(&format!("consumer://127.0.0.1:0/{SERVICE}?{parameters}")).unwrap()
}

pub(crate) fn providers(count: usize) -> Vec<Url> {
    (1..=count)
        .map(|i| Url::parse(&format!("dubbo://192.168.1.{i}:20000/{SERVICE}")).unwrap())
        .collect()
}

impl Fake {
    /// Providers that answer as `behaviour` says.
    pub(crate) fn new(behaviour: Behaviour) -> Arc<Self> {
        Arc::new(Self {
            behaviour: Arc::new(behaviour),
            calls: Arc::default(),
            unavailable: Arc::default(),
            held: Arc::default(),
        })
    }

    /// Providers that answer every call.
    pub(crate) fn healthy() -> Arc<Self> {
        Self::new(Box::new(|_| Ok(RpcResult::null())))
    }

    /// The last parts of the addresses that were called since the last time, 1 for the first of [`providers`].
    pub(crate) fn called(&self) -> Vec<usize> {
        let number = |address: String| {
            let host = address.split(':').next().unwrap();
            host.rsplit('.').next().unwrap().parse().unwrap()
        };
        let mut calls = self.calls.lock().unwrap();
        calls.drain(..).map(number).collect()
    }

    /// Makes these of [`providers`] unavailable, and the others available.
    pub(crate) fn make_unavailable(&self, numbers: &[usize]) {
        let mut unavailable = self.unavailable.lock().unwrap();
        unavailable.clear();
        unavailable.extend(
            numbers
                .iter()
                .map(|number| format!("192.168.1.{number}:20000")),
        );
    }

    /// Who gets a hundred calls to `cluster`, each once.
    pub(crate) async fn callees(&self, cluster: &Arc<dyn Invoker>) -> Vec<usize> {
        for _ in 0..100 {
            cluster.invoke(call()).await.unwrap();
        }
        let mut called = self.called();
        called.sort_unstable();
        called.dedup();
        called
    }

    /// As the list of protocols that directories take.
    pub(crate) fn protocols(self: &Arc<Self>) -> [Arc<dyn Protocol>; 1] {
        [self.clone()]
    }
}

/// The same provider with these parameters, written as in a URL.
pub(crate) fn with(url: &Url, parameters: &str) -> Url {
    let (location, path) = (url.location(), url.path());
    Url::parse(&format!("dubbo://{location}{path}?{parameters}")).unwrap()
}

/// A call of `test` under `policies`.
pub(crate) fn call_under(policies: PolicySet) -> Invocation {
    let mut request = Request::new(ServiceKey::new(SERVICE, "", ""), "test");
    request.policies = Arc::new(policies);
    Invocation::new(request, Url::default())
}

/// A call of `test` without policies.
pub(crate) fn call() -> Invocation {
    call_under(PolicySet::default())
}

pub(crate) fn announce(sender: &watch::Sender<Option<Arc<Snapshot>>>, urls: Vec<Url>) {
    sender.send_replace(Some(Arc::new(Snapshot {
        urls,
        unreadable: 0,
    })));
}

/// A router that keeps the rows that `keep` says yes to, and says why it does not keep the others.
pub(crate) struct FakeRouter {
    pub(crate) name: &'static str,
    pub(crate) keep: fn(usize) -> bool,
    /// Its name is added whenever it is asked.
    pub(crate) asked: Arc<Mutex<Vec<&'static str>>>,
}

impl std::fmt::Debug for FakeRouter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Router for FakeRouter {
    fn name(&self) -> &str {
        self.name
    }

    fn route(&self, routing: &Routing<'_>, candidates: &mut Candidates) {
        self.asked.lock().unwrap().push(self.name);
        for row in 0..routing.table.rows().len() {
            if candidates.contains(row) && !(self.keep)(row) {
                candidates.remove(row);
                if let Some(remarks) = routing.remarks {
                    remarks.add(Remark {
                        policy: format!("router/{}", self.name),
                        row: Some(row),
                        text: "not kept".to_owned(),
                    });
                }
            }
        }
    }
}

/// A router entry of order `order` that keeps what `keep` says.
pub(crate) fn router(name: &'static str, order: i32, keep: fn(usize) -> bool) -> RouterEntry {
    RouterEntry {
        router: Arc::new(FakeRouter {
            name,
            keep,
            asked: Arc::default(),
        }),
        order,
        applies: Applies::default(),
    }
}

/// A balancer that gives its answers in order, and then [`Choice::Unable`].
#[derive(Debug)]
pub(crate) struct FakeBalancer {
    pub(crate) name: &'static str,
    pub(crate) answers: Mutex<VecDeque<Choice>>,
    /// The rows that it was given to choose from, question by question.
    pub(crate) asked: Mutex<Vec<Vec<usize>>>,
}

impl FakeBalancer {
    pub(crate) fn new(name: &'static str, answers: impl IntoIterator<Item = Choice>) -> Arc<Self> {
        Arc::new(Self {
            name,
            answers: Mutex::new(answers.into_iter().collect()),
            asked: Mutex::default(),
        })
    }
}

impl LoadBalance for FakeBalancer {
    fn name(&self) -> &str {
        self.name
    }

    fn select(&self, _: &Routing<'_>, candidates: &Candidates) -> Choice {
        self.asked.lock().unwrap().push(candidates.iter().collect());
        let answer = self.answers.lock().unwrap().pop_front();
        answer.unwrap_or(Choice::Unable)
    }
}
