//! A listener and consumers over loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wubbo_core::{
    BoxFuture, Deadline, Error, ErrorKind, Handler, Invocation, Invoker, Listener, Outcome,
    Protocol, RawStream, Request, RequestBody, ResultKind, RpcResult, ServiceKey, Url,
};
use wubbo_hessian2::Value;

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

fn call(method: &str, argument: Value, timeout: Duration) -> Invocation {
    let mut request = Request::new(ServiceKey::new("a.B", "", "1.0"), method);
    request.descriptor = "Ljava/lang/Object;".into();
    request.body = RequestBody::Raw(RawStream::encode(&[argument]).unwrap());
    request.deadline = Some(Deadline::after(timeout));
    request.attachments.set("key", "value");
    Invocation::new(request, Url::default())
}

const LONG: Duration = Duration::from_secs(20);

fn value(outcome: Outcome) -> Value {
    match outcome.unwrap().kind {
        ResultKind::Value(payload) => payload.to_value().unwrap(),
        ResultKind::Null => Value::Null,
        ResultKind::Exception(payload) => panic!("{payload:?}"),
    }
}

#[tokio::test]
async fn a_call_comes_back_with_its_value_and_attachments() {
    let scene = scene(DubboConfig::default()).await;
    let outcome = scene
        .invoker
        .invoke(call("echo", Value::from("hello"), LONG))
        .await;
    assert_eq!(
        outcome.as_ref().unwrap().attachments.get("seen"),
        Some("value")
    );
    assert_eq!(value(outcome), Value::from("hello"));
    assert_eq!(
        value(scene.invoker.invoke(call("echo", Value::Null, LONG)).await),
        Value::Null
    );
}

#[tokio::test]
async fn a_thousand_calls_share_one_connection_and_come_back_in_any_order() {
    let scene = scene(DubboConfig::default()).await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..1000_i32 {
        let invoker = scene.invoker.clone();
        // The later it was sent, the sooner it is answered.
        let method = if number % 10 == 0 { "sleep" } else { "echo" };
        let argument = if method == "sleep" {
            100 - number / 10
        } else {
            number
        };
        calls.spawn(async move {
            (
                argument,
                value(
                    invoker
                        .invoke(call(method, Value::Int(argument), LONG))
                        .await,
                ),
            )
        });
    }
    while let Some(done) = calls.join_next().await {
        let (argument, answer) = done.unwrap();
        assert_eq!(answer, Value::Int(argument));
    }
    assert_eq!(scene.protocol.counts().connections_made, 1);
}

#[tokio::test]
async fn a_one_way_call_is_not_answered() {
    let scene = scene(DubboConfig::default()).await;
    let mut request = Request::new(ServiceKey::new("a.B", "", ""), "echo");
    request.one_way = true;
    let outcome = scene
        .invoker
        .invoke(Invocation::new(request, Url::default()))
        .await;
    assert!(matches!(outcome.unwrap().kind, ResultKind::Null));
    value(
        scene
            .invoker
            .invoke(call("echo", Value::Int(1), LONG))
            .await,
    );
    assert_eq!(scene.handler.one_way.load(Ordering::Relaxed), 1);
    assert_eq!(scene.protocol.counts().late_responses, 0);
}

#[tokio::test]
async fn a_late_answer_is_dropped_and_the_connection_lives_on() {
    let scene = scene(DubboConfig::default()).await;
    let error = scene
        .invoker
        .invoke(call("sleep", Value::Int(200), Duration::from_millis(20)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerTimeout);
    let address = scene.listener.local_addr().to_string();
    assert!(
        error.message().contains(&address) && error.message().contains("sleep"),
        "{error}"
    );
    assert_eq!(
        value(
            scene
                .invoker
                .invoke(call("sleep", Value::Int(300), LONG))
                .await
        ),
        Value::Int(300)
    );
    assert_eq!(scene.protocol.counts().connections_made, 1);
}

#[tokio::test]
async fn errors_and_panics_reach_the_caller_with_their_status() {
    let scene = scene(DubboConfig::default()).await;
    let error = scene
        .invoker
        .invoke(call("nothing", Value::Null, LONG))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::BadRequest, "no method nothing")
    );
    let error = scene
        .invoker
        .invoke(call("panic", Value::Null, LONG))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerError);
    assert!(error.message().contains("on purpose"), "{error}");
    assert_eq!(
        value(
            scene
                .invoker
                .invoke(call("echo", Value::Int(1), LONG))
                .await
        ),
        Value::Int(1)
    );
}

#[tokio::test]
async fn nobody_there_is_told_by_address_and_found_when_it_comes_back() {
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let protocol = DubboProtocol::new(DubboConfig::default());
    let url = Url::parse(&format!("dubbo://{free}/a.B")).unwrap();
    let invoker = protocol.refer(&url).unwrap();
    let error = invoker
        .invoke(call("echo", Value::Int(1), LONG))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.message().contains(&free.to_string()), "{error}");
    assert!(!invoker.is_available());

    let _listener = protocol
        .bind(&url, Arc::new(Echo::default()))
        .await
        .unwrap();
    let back = async {
        while invoker
            .invoke(call("echo", Value::Int(1), LONG))
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LONG, back).await.unwrap();
}

#[tokio::test]
async fn a_provider_that_dies_fails_its_calls_at_once() {
    let scene = scene(DubboConfig::default()).await;
    let pending = call("sleep", Value::Int(60_000), Duration::from_secs(60));
    let invoker = scene.invoker.clone();
    let mut calling = tokio::task::JoinSet::new();
    calling.spawn(async move { invoker.invoke(pending).await });
    while scene.listener.in_flight() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(scene.listener);
    let error = tokio::time::timeout(LONG, calling.join_next())
        .await
        .unwrap()
        .unwrap()
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ChannelInactive, "{error}");
}

#[tokio::test]
async fn a_drain_ends_what_is_in_flight_and_takes_no_new_calls() {
    let scene = scene(DubboConfig::default()).await;
    let invoker = scene.invoker.clone();
    let mut calls = tokio::task::JoinSet::new();
    calls.spawn(async move { invoker.invoke(call("sleep", Value::Int(300), LONG)).await });
    while scene.listener.in_flight() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(scene.listener.drain(LONG).await, 0);
    assert_eq!(
        value(calls.join_next().await.unwrap().unwrap()),
        Value::Int(300)
    );
    assert!(
        !scene.invoker.is_available(),
        "the read-only event was heard"
    );
}

#[tokio::test]
async fn a_full_listener_says_so_and_does_not_grow() {
    let scene = scene(DubboConfig {
        in_flight_connection: 10,
        ..DubboConfig::default()
    })
    .await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let invoker = scene.invoker.clone();
        calls.spawn(async move { invoker.invoke(call("sleep", Value::Int(200), LONG)).await });
    }
    let mut refused = 0;
    while let Some(done) = calls.join_next().await {
        match done.unwrap() {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ThreadPoolExhausted);
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 20);
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

#[tokio::test]
async fn bad_input_is_refused_and_others_are_unharmed() {
    let scene = scene(DubboConfig::default()).await;
    let address = scene.listener.local_addr();
    let garbage: Vec<u8> = (0..4096_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    // id, bytes, closed, start of the answer
    let cases: [(&str, Vec<u8>, bool, &str); 8] = [
        ("garbage", garbage, true, ""),
        ("X-12 hello", b"hello".to_vec(), true, ""),
        (
            "X-13 one magic byte",
            hex("dabce200000000000000000100000001"),
            true,
            "",
        ),
        (
            "negative length",
            hex("dabbc2000000000000000001ffffffff"),
            true,
            "",
        ),
        (
            "LJ-5 2 GiB length",
            hex("dabbc20000000000000000017fffffff"),
            false,
            "dabb02190000000000000001",
        ),
        (
            "X-5 unknown serialization, two-way",
            hex("dabbcf00000000000000000700000000"),
            false,
            "dabb02280000000000000007",
        ),
        (
            "X-8 garbage body",
            hex("dabbc20000000000000000090000000440404040"),
            false,
            "dabb02280000000000000009",
        ),
        (
            "F-01 heartbeat",
            hex("dabbe2000000000000000001000000014e"),
            false,
            "dabb22140000000000000001000000014e",
        ),
    ];
    for (id, bytes, closes, start) in cases {
        let (answer, closed) = raw(address, &bytes).await;
        assert_eq!(closed, closes, "{id}");
        assert!(answer.starts_with(&hex(start)), "{id}: {answer:02x?}");
        assert_eq!(
            value(
                scene
                    .invoker
                    .invoke(call("echo", Value::Int(7), LONG))
                    .await
            ),
            Value::Int(7),
            "{id}"
        );
    }
    assert_eq!(
        scene.protocol.counts().connections_made,
        1,
        "the good consumer kept its connection"
    );
}

#[tokio::test]
async fn a_frame_in_single_bytes_and_many_in_one_write_are_the_same() {
    let scene = scene(DubboConfig::default()).await;
    let heartbeat = hex("dabbe2000000000000000001000000014e");
    let mut stream = TcpStream::connect(scene.listener.local_addr())
        .await
        .unwrap();
    for byte in &heartbeat {
        stream.write_all(&[*byte]).await.unwrap();
    }
    stream.write_all(&heartbeat.repeat(3)).await.unwrap();
    let mut answer = vec![0; heartbeat.len() * 4];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, hex("dabb22140000000000000001000000014e").repeat(4));
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let scene = scene(DubboConfig::default()).await;
    let url = Url::parse(&format!("dubbo://{}", scene.listener.local_addr())).unwrap();
    let error = scene
        .protocol
        .bind(&url, Arc::new(Echo::default()))
        .await
        .unwrap_err();
    assert!(
        error
            .message()
            .contains(&scene.listener.local_addr().to_string()),
        "{error}"
    );
}
