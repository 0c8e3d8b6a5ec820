//! What the other side of a connection cannot see: how many writes its answers took.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::sync::{Semaphore, watch};
use wubbo_core::{BoxFuture, Handler, Outcome, Request, RpcResult, Tasks};
use wubbo_hessian2::Value;

use super::super::Shared;
use super::Connection;
use crate::dubbo::config::DubboConfig;
use crate::dubbo::header::{HEADER_BYTES, Header};
use crate::dubbo::tests::{LONG, call, encode, eventually};

/// Calls in flight together.
const CALLS: i64 = 64;

/// Answers when it is allowed to.
#[derive(Debug)]
struct Held {
    entered: AtomicUsize,
    allowed: Semaphore,
}

impl Handler for Held {
    fn handle(&self, _: Request) -> BoxFuture<'_, Outcome> {
        Box::pin(async {
            self.entered.fetch_add(1, Ordering::Relaxed);
            let _allowed = self.allowed.acquire().await;
            Ok(RpcResult::value(Value::Null))
        })
    }
}

/// Counts the writes.
struct Counted(DuplexStream, Arc<AtomicUsize>);

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// A worker runs the task that was woken last before those that wait for longer, so each call that ends would have its answer written
/// before the next one can end.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn calls_that_end_together_share_a_write() {
    let handler = Arc::new(Held {
        entered: AtomicUsize::new(0),
        allowed: Semaphore::new(0),
    });
    let shared = Arc::new(Shared {
        config: DubboConfig::default(),
        tls: None,
        handler: handler.clone(),
        in_flight: AtomicUsize::new(0),
        reads: AtomicU64::new(0),
    });
    let (mut consumer, provider) = tokio::io::duplex(1 << 20);
    let writes = Arc::new(AtomicUsize::new(0));
    let stream = Counted(provider, writes.clone());
    let tasks = Arc::new(Tasks::new("connections"));
    let address = "127.0.0.1:1".parse().unwrap();
    let connection = Connection::new(shared, Arc::downgrade(&tasks), (address, None));
    let (_serving, draining) = watch::channel(false);
    tasks.spawn(connection.run(stream, draining));
    for id in 0..CALLS {
        let frame = encode(id, &call("held", Value::Null, LONG));
        consumer.write_all(&frame).await.unwrap();
    }
    eventually("every call is in flight", || {
        handler.entered.load(Ordering::Relaxed) == 64
    })
    .await;
    assert_eq!(writes.load(Ordering::Relaxed), 0);

    handler.allowed.add_permits(64);
    for _ in 0..CALLS {
        let mut head = [0; HEADER_BYTES];
        consumer.read_exact(&mut head).await.unwrap();
        let mut body = vec![0; Header::parse(&head).unwrap().body_bytes];
        consumer.read_exact(&mut body).await.unwrap();
    }
    let writes = writes.load(Ordering::Relaxed);
    assert!(writes <= 16, "{writes} writes for {CALLS} answers");
}
