//! What the tests share: vectors, a listener with its consumers over loopback, a provider made of bytes.

mod calls;
mod events;
mod hostile;
mod lifecycle;
mod limits;
mod long;
mod passing_on;
mod properties;
mod tls;
pub(super) mod vectors;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wubbo_core::{
    BoxFuture, Deadline, Error, ErrorKind, Handler, Invocation, Invoker, Listener, Outcome,
    Protocol, RawStream, Request, RequestBody, ResultKind, RpcResult, ServiceKey, Tasks, Url,
};
use wubbo_hessian2::Value;

use super::head::Heads;
use super::header::HEADER_BYTES;
use super::request::{self, Outgoing};
use super::{DubboConfig, DubboProtocol};

/// Answers `echo` with its argument, `sleep` after its milliseconds, `panic` not at all.
#[derive(Debug, Default)]
struct Echo {
    one_way: AtomicUsize,
}

impl Handler for Echo {
    fn handle(&self, request: Request) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            if request.one_way {
                self.one_way.fetch_add(1, Ordering::Relaxed);
            }
            let argument = request
                .body
                .to_values()?
                .into_iter()
                .next()
                .unwrap_or(Value::Null);
            match &*request.method {
                "echo" => {
                    let mut result = RpcResult::value(argument);
                    result.attachments.set(
                        "seen",
                        request.attachments.get("key").unwrap_or("none").to_owned(),
                    );
                    Ok(result)
                }
                "sleep" => {
                    let millis = u64::try_from(argument.as_i64().unwrap_or(0)).unwrap_or(0);
                    tokio::time::sleep(Duration::from_millis(millis)).await;
                    Ok(RpcResult::value(argument))
                }
                "panic" => panic!("on purpose"),
                other => Err(Error::new(
                    ErrorKind::BadRequest,
                    format!("no method {other}"),
                )),
            }
        })
    }
}

struct Scene {
    handler: Arc<Echo>,
    listener: Box<dyn Listener>,
    protocol: DubboProtocol,
    invoker: Arc<dyn Invoker>,
}

async fn scene(config: DubboConfig) -> Scene {
    let protocol = DubboProtocol::new(config);
    let handler = Arc::new(Echo::default());
    let url = Url::parse("dubbo://127.0.0.1:0/a.B").unwrap();
    let listener = protocol.bind(&url, handler.clone()).await.unwrap();
    let invoker = protocol
        .refer(&url.with_port(listener.local_addr().port()))
        .unwrap();
    Scene {
        handler,
        listener,
        protocol,
        invoker,
    }
}

pub(super) fn call(method: &str, argument: Value, timeout: Duration) -> Invocation {
    let mut request = Request::new(ServiceKey::new("a.B", "", "1.0"), method);
    request.descriptor = "Ljava/lang/Object;".into();
    request.body = RequestBody::Raw(RawStream::encode(&[argument]).unwrap());
    request.deadline = Some(Deadline::after(timeout));
    request.attachments.set("key", "value");
    Invocation::new(request, Url::default())
}

pub(super) const LONG: Duration = Duration::from_secs(20);

fn value(outcome: Outcome) -> Value {
    match outcome.unwrap().kind {
        ResultKind::Value(payload) => payload.to_value().unwrap(),
        ResultKind::Null => Value::Null,
        ResultKind::Exception(payload) => panic!("{payload:?}"),
    }
}

/// Sends raw bytes on a connection of its own; what comes back until the peer closes or is quiet for a while.
async fn raw(address: std::net::SocketAddr, bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A peer that closes early makes the write fail, which is an answer too.
    let _closed_early = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let closed = loop {
        match tokio::time::timeout(Duration::from_millis(300), stream.read_buf(&mut answer)).await {
            Ok(Ok(0) | Err(_)) => break true,
            Ok(Ok(_)) => {}
            Err(_) => break false,
        }
    };
    (answer, closed)
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// A frame's body.
fn body(frame: &[u8]) -> Bytes {
    Bytes::copy_from_slice(&frame[HEADER_BYTES..])
}

fn decode(body: &Bytes, two_way: bool) -> Result<Request, Error> {
    request::decode(body, two_way, &mut Heads::default()).map(|call| call.request)
}

/// The frame of a call as a consumer writes it.
pub(super) fn encode(id: i64, invocation: &Invocation) -> BytesMut {
    let mut out = BytesMut::new();
    let outgoing = Outgoing {
        id,
        invocation,
        remaining: Duration::from_secs(1),
        url: &Url::default(),
        payload: 0,
    };
    outgoing.encode(&mut out).unwrap();
    out
}

/// A provider that takes one connection and answers each request with the frames that `answer` makes of its id.
async fn made_of_bytes(
    answer: impl Fn(i64) -> Vec<u8> + Send + 'static,
) -> (Tasks, std::net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tasks = Tasks::new("provider");
    tasks.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; HEADER_BYTES];
        while stream.read_exact(&mut head).await.is_ok() {
            let header = super::header::Header::parse(&head).unwrap();
            let mut body = vec![0; header.body_bytes];
            stream.read_exact(&mut body).await.unwrap();
            if stream.write_all(&answer(header.id)).await.is_err() {
                return;
            }
        }
    });
    (tasks, address)
}

/// `frame` with another id.
fn with_id(mut frame: Vec<u8>, id: i64) -> Vec<u8> {
    frame[4..12].copy_from_slice(&id.to_be_bytes());
    frame
}

/// Waits for what another task does; fails after a while.
pub(super) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(LONG, wait).await.is_ok(), "{what}");
}
