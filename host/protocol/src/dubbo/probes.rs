//! Claims of the design that a reading of the code put in doubt; each fails as long as the doubt is right.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use wubbo_core::{
    BoxFuture, Handler, Invocation, Outcome, Protocol, Request, RpcResult, ServiceKey, Url,
};

use super::request::Outgoing;
use super::{DubboConfig, DubboProtocol};

#[derive(Debug, Default)]
struct Slow {
    started: AtomicUsize,
    ended: AtomicUsize,
}

impl Handler for Slow {
    fn handle(&self, _: Request) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            self.started.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(200)).await;
            self.ended.fetch_add(1, Ordering::SeqCst);
            Ok(RpcResult::null())
        })
    }
}

async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(
        timeout(Duration::from_secs(2), wait).await.is_ok(),
        "{what}"
    );
}

fn one_way() -> Invocation {
    let mut request = Request::new(ServiceKey::new("a.B", "", ""), "m");
    request.one_way = true;
    Invocation::new(request, Url::default())
}

async fn nobody_answers() -> (TcpListener, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("dubbo://{}/a.B?timeout=200", listener.local_addr().unwrap());
    (listener, Url::parse(&url).unwrap())
}

#[tokio::test]
async fn a_one_way_call_runs_to_its_end_when_its_consumer_is_gone() {
    let protocol = DubboProtocol::new(DubboConfig::default());
    let handler = Arc::new(Slow::default());
    let url = Url::parse("dubbo://127.0.0.1:0/a.B").unwrap();
    let listener = protocol.bind(&url, handler.clone()).await.unwrap();
    let mut frame = BytesMut::new();
    let outgoing = Outgoing {
        id: 1,
        invocation: &one_way(),
        remaining: Duration::from_secs(1),
        url: &url,
        payload: 1024,
    };
    outgoing.encode(&mut frame).unwrap();
    let mut stream = TcpStream::connect(listener.local_addr()).await.unwrap();
    stream.write_all(&frame).await.unwrap();
    eventually("started", || handler.started.load(Ordering::SeqCst) == 1).await;
    drop(stream);
    eventually("ended", || handler.ended.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn a_one_way_call_is_written_before_it_is_reported_done() {
    let (listener, url) = nobody_answers().await;
    let protocol = DubboProtocol::new(DubboConfig::default());
    let invoker = protocol.refer(&url).unwrap();
    let (done, accepted) = tokio::join!(invoker.invoke(one_way()), listener.accept());
    done.unwrap();
    drop(invoker);
    let mut received = Vec::new();
    let _closed = accepted.unwrap().0.read_to_end(&mut received).await;
    assert!(received.len() > 16, "{} bytes arrived", received.len());
}

#[tokio::test]
async fn a_call_without_a_deadline_waits_as_long_as_its_url_says() {
    let (_listener, url) = nobody_answers().await;
    let protocol = DubboProtocol::new(DubboConfig::default());
    let invoker = protocol.refer(&url).unwrap();
    let request = Request::new(ServiceKey::new("a.B", "", ""), "m");
    let call = invoker.invoke(Invocation::new(request, url.clone()));
    assert!(
        timeout(Duration::from_secs(2), call).await.is_ok(),
        "it still waits"
    );
}

#[tokio::test]
async fn a_provider_that_closes_what_it_accepts_is_left_alone_for_longer_and_longer() {
    let (listener, url) = nobody_answers().await;
    let protocol = DubboProtocol::new(DubboConfig::default());
    let invoker = protocol.refer(&url).unwrap();
    let mut accepted = 0;
    let accepting = async {
        loop {
            drop(listener.accept().await.unwrap());
            accepted += 1;
        }
    };
    let calling = async {
        let _refused = invoker.invoke(one_way()).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    };
    tokio::select! { () = accepting => {}, () = calling => {} }
    assert!(accepted <= 7, "{accepted} connections in 2 s");
}
