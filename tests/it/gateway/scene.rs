//! A gateway in this process over a registry in this process, providers that remember, and consumers of the gateway.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wubbo::assemble::{Running, assemble};
use wubbo::config::Config;
use wubbo_core::{
    BoxFuture, Deadline, Error, ErrorKind, Handler, Invocation, Invoker, Listener, Outcome,
    Protocol, RawStream, Registry, Request, RequestBody, ResultKind, RpcResult, ServiceKey,
    Subscription, Url,
};
use wubbo_hessian2::{Encoder, Value};
use wubbo_protocol::{DubboConfig, DubboProtocol};

pub(super) const SERVICE: &str = "org.wubbo.demo.EchoService";
pub(super) const LONG: Duration = Duration::from_secs(20);

/// A request of the service with these arguments and a generous deadline.
pub(super) fn call(method: &str, arguments: Vec<Value>) -> Request {
    let mut request = Request::new(ServiceKey::new(SERVICE, "", "1.0.0"), method);
    request.descriptor = "Ljava/lang/Object;".repeat(arguments.len()).into();
    request.body = RequestBody::Raw(RawStream::encode(&arguments).unwrap());
    request.deadline = Some(Deadline::after(LONG));
    request
}

pub(super) fn value(outcome: Outcome) -> Value {
    match outcome.unwrap().kind {
        ResultKind::Value(payload) => payload.to_value().unwrap(),
        ResultKind::Null => Value::Null,
        ResultKind::Exception(payload) => panic!("{payload:?}"),
    }
}

pub(super) fn raw(result: &RpcResult) -> Bytes {
    match &result.kind {
        ResultKind::Value(payload) => payload.to_raw().unwrap().bytes,
        other => panic!("{other:?}"),
    }
}

/// One call as a provider saw it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) request: Request,
    pub(super) answered: Option<Bytes>,
}

impl Seen {
    pub(super) fn attachment(&self, key: &str) -> Option<String> {
        self.request.attachments.get(key).map(str::to_owned)
    }
}

/// Answers `echo` with its first argument, `sleep` after its milliseconds, `broken` with status 80.
#[derive(Debug, Default)]
struct Recorder {
    seen: Mutex<Vec<Seen>>,
    in_flight: AtomicUsize,
}

impl Handler for Recorder {
    fn handle(&self, request: Request) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            self.in_flight.fetch_add(1, Ordering::Relaxed);
            let argument = request
                .body
                .to_values()?
                .into_iter()
                .next()
                .unwrap_or(Value::Null);
            let outcome = match &*request.method {
                "broken" => Err(Error::new(ErrorKind::ServerError, "broken on purpose")),
                "sleep" => {
                    tokio::time::sleep(
                        Duration::from_millis(argument.as_i64().unwrap_or(0) as u64),
                    )
                    .await;
                    Ok(RpcResult::value(argument))
                }
                _ => Ok(RpcResult::value(argument)),
            };
            let answered = outcome
                .as_ref()
                .ok()
                .filter(|result| matches!(result.kind, ResultKind::Value(_)))
                .map(raw);
            self.seen.lock().unwrap().push(Seen { request, answered });
            self.in_flight.fetch_sub(1, Ordering::Relaxed);
            outcome
        })
    }
}

/// A provider that is announced in the scene's registry.
pub(super) struct Provider {
    recorder: Arc<Recorder>,
    listener: Mutex<Option<Box<dyn Listener>>>,
    address: SocketAddr,
}

impl Provider {
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.recorder.seen.lock().unwrap().clone()
    }

    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(super) async fn drain(&self) {
        let listener = self.listener.lock().unwrap().take().unwrap();
        listener.drain(LONG).await;
    }
}

/// Gateway, registry and consumer.
pub(super) struct Scene {
    running: Running,
    registry: Arc<dyn Registry>,
    gateway: Arc<dyn Invoker>,
    protocol: DubboProtocol,
    recorders: Mutex<Vec<Arc<Recorder>>>,
}

impl Scene {
    /// A gateway whose listener has `parameters`, with `more` at the end of its YAML.
    pub(super) async fn start(parameters: &str, more: &str) -> Self {
        Self::start_with(parameters, "", more).await
    }

    /// The same with `section` at the end of its `gateway` section.
    pub(super) async fn start_with(parameters: &str, section: &str, more: &str) -> Self {
        static SCENES: AtomicU64 = AtomicU64::new(0);
        let address = format!(
            "memory://gateway-{}",
            SCENES.fetch_add(1, Ordering::Relaxed)
        );
        let yaml = format!(
            "application: test-gateway\nregistries: {{ main: {{ address: \"{address}\" }} }}\n\
             gateway:\n  listen: [\"dubbo://127.0.0.1:0{parameters}\"]\n  services: [\"org.wubbo.demo.*\"]\n  id: 0a1b2c3d\n{section}{more}"
        );
        let registry = wubbo_registry::open(&address).await.unwrap();
        let config =
            Config::parse(Path::new("wubbo.yaml"), &yaml).unwrap_or_else(|error| panic!("{error}"));
        let running = assemble(config).await.unwrap();
        let url = running.listening().next().unwrap();
        let gateway = consumer_of(&url);
        let protocol = DubboProtocol::new(DubboConfig::default());
        Self {
            running,
            registry,
            gateway,
            protocol,
            recorders: Mutex::default(),
        }
    }

    pub(super) fn address(&self) -> String {
        self.running
            .listening()
            .next()
            .unwrap()
            .location()
            .to_owned()
    }

    /// Starts a provider and announces it with these parameters.
    pub(super) async fn provider(&self, parameters: &str) -> Provider {
        let recorder = Arc::new(Recorder::default());
        let url = Url::parse("dubbo://127.0.0.1:0").unwrap();
        let listener = self.protocol.bind(&url, recorder.clone()).await.unwrap();
        let address = listener.local_addr();
        self.recorders.lock().unwrap().push(recorder.clone());
        self.announce(&format!("dubbo://{address}"), parameters)
            .await;
        Provider {
            recorder,
            listener: Mutex::new(Some(listener)),
            address,
        }
    }

    /// Announces a provider whose port nobody listens at.
    pub(super) async fn dead_provider(&self) {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        self.announce(&format!("dubbo://{free}"), "").await;
    }

    pub(super) async fn announce(&self, address: &str, parameters: &str) {
        let url = Url::parse(&format!(
            "{address}/{SERVICE}?interface={SERVICE}&version=1.0.0&{parameters}"
        ))
        .unwrap();
        self.registry.register(&url).await.unwrap();
        // A gateway that has referred the service follows at once; one that has not sees the entry on its first call.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    /// A call through the gateway.
    pub(super) async fn call(&self, request: Request) -> Outcome {
        self.gateway
            .invoke(Invocation::new(request, Url::default()))
            .await
    }

    /// A call as a consumer makes it that sends no time-out, frame by hand; the answer's frame.
    pub(super) async fn call_without_timeout(
        &self,
        method: &str,
        argument: Option<i64>,
    ) -> Vec<u8> {
        let mut body = BytesMut::new();
        let mut encoder = Encoder::new(&mut body);
        let types = if argument.is_some() { "J" } else { "" };
        for text in ["2.0.2", SERVICE, "1.0.0", method, types] {
            encoder.write_str(text);
        }
        if let Some(argument) = argument {
            encoder.write_i64(argument);
        }
        encoder.begin_map(None);
        for (key, value) in [
            ("path", SERVICE),
            ("interface", SERVICE),
            ("version", "1.0.0"),
        ] {
            encoder.write_str(key);
            encoder.write_str(value);
        }
        encoder.end_map();
        let mut frame = vec![0xda, 0xbb, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        frame.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes());
        frame.extend_from_slice(&body);
        let mut stream = TcpStream::connect(self.address()).await.unwrap();
        stream.write_all(&frame).await.unwrap();
        let mut header = [0; 16];
        tokio::time::timeout(LONG, stream.read_exact(&mut header))
            .await
            .unwrap()
            .unwrap();
        let length = u32::from_be_bytes(*header.last_chunk().unwrap());
        let mut answer = vec![0; length as usize];
        stream.read_exact(&mut answer).await.unwrap();
        [header.to_vec(), answer].concat()
    }

    /// Another consumer of the gateway, with a connection of its own.
    pub(super) fn consumer(&self) -> Arc<dyn Invoker> {
        consumer_of(&self.running.listening().next().unwrap())
    }

    pub(super) fn in_flight(&self) -> usize {
        self.recorders
            .lock()
            .unwrap()
            .iter()
            .map(|recorder| recorder.in_flight.load(Ordering::Relaxed))
            .sum()
    }

    pub(super) async fn entries(&self) -> Vec<Url> {
        last(self.watch().await).await
    }

    /// The entries of the service, followed.
    pub(super) async fn watch(&self) -> Subscription {
        let consumer =
            Url::parse(&format!("consumer://127.0.0.1:0/{SERVICE}?version=1.0.0")).unwrap();
        self.registry.subscribe(&consumer).await.unwrap()
    }

    pub(super) async fn stop(self, limit: Duration) -> usize {
        self.running.stop(limit).await
    }

    /// Waits until `condition` holds.
    pub(super) async fn eventually(&self, what: &str, condition: impl Fn() -> bool) {
        let holds = async {
            while !condition() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(LONG, holds)
            .await
            .unwrap_or_else(|_| panic!("{what} did not come"));
    }
}

/// The newest list of a subscription.
pub(super) async fn last(mut subscription: Subscription) -> Vec<Url> {
    subscription.next().await.unwrap().urls.clone()
}

fn consumer_of(url: &Url) -> Arc<dyn Invoker> {
    DubboProtocol::new(DubboConfig::default())
        .refer(&url.with_path(SERVICE))
        .unwrap()
}
