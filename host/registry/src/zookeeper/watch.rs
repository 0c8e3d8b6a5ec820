//! Watches of a client whose task may end at any moment.
//!
//! The library's future of a watch panics when the client's task is gone. A task of ours that is being polled just then, on another
//! thread, would die of that, and a list or an entry would be kept by nobody from then on.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};

use zookeeper_client::OneshotWatcher;

use crate::tree::backend::{Changed, Trouble};

/// The client's task, taken from the library instead of being started detached.
pub(super) type Service = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Whether the client's task has ended. No watch is polled while that changes.
#[derive(Debug, Clone, Default)]
pub(super) struct Ended(Arc<RwLock<bool>>);

impl Ended {
    /// The client's task, whose end is noted before it takes its watches along.
    pub(super) fn note(&self, service: Service) -> Noted {
        let ended = self.clone();
        Noted { ended, service }
    }

    /// Ready when `watcher` fires or can fire no more.
    pub(super) fn fired(&self, watcher: OneshotWatcher) -> Changed {
        let ended = self.clone();
        Box::pin(async move {
            let mut changed = pin!(watcher.changed());
            poll_fn(|context| {
                let ended = ended.0.read().unwrap_or_else(PoisonError::into_inner);
                if *ended {
                    return Poll::Ready(Err(Trouble::Connection));
                }
                changed.as_mut().poll(context).map(|_event| Ok(()))
            })
            .await
        })
    }
}

/// The client's task.
pub(super) struct Noted {
    ended: Ended,
    service: Service,
}

impl Future for Noted {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.get_mut().service.as_mut().poll(context)
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        *self.ended.0.write().unwrap_or_else(PoisonError::into_inner) = true;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::JoinSet;

    use super::*;
    use crate::tree::link::Connector;
    use crate::tree::settings::{Cluster, Identity};
    use crate::zookeeper::connector::ZookeeperConnector;

    const PING: [u8; 4] = (-2_i32).to_be_bytes();
    const NO_NODE: i32 = -101;

    async fn frame(stream: &mut TcpStream) -> Vec<u8> {
        let length = stream.read_u32().await.unwrap();
        let mut bytes = vec![0; length as usize];
        stream.read_exact(&mut bytes).await.unwrap();
        bytes
    }

    async fn send(stream: &mut TcpStream, parts: &[&[u8]]) {
        let bytes = parts.concat();
        stream.write_u32(bytes.len() as u32).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
    }

    /// A server that knows no node at all.
    async fn know_nothing(listener: TcpListener) {
        let (mut stream, _) = listener.accept().await.unwrap();
        frame(&mut stream).await;
        // Version, time-out, session, its password, and that more than reading is allowed.
        let [version, time, length] = [0, 60_000, 16].map(i32::to_be_bytes);
        let session = 1_i64.to_be_bytes();
        send(
            &mut stream,
            &[&version, &time, &session, &length, &[7; 16], &[0]],
        )
        .await;
        loop {
            let request = frame(&mut stream).await;
            let error = if request[..4] == PING { 0 } else { NO_NODE };
            let revision = 1_i64.to_be_bytes();
            send(
                &mut stream,
                &[&request[..4], &revision, &error.to_be_bytes()],
            )
            .await;
        }
    }

    #[tokio::test]
    async fn a_watch_of_a_client_that_ended_is_over() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addresses = listener.local_addr().unwrap().to_string();
        let mut server = JoinSet::new();
        server.spawn(know_nothing(listener));
        let cluster = Cluster {
            addresses,
            identity: Identity::default(),
            session: Duration::from_secs(60),
            tls: None,
        };
        let connected = ZookeeperConnector::new(cluster).connect().await;
        let (client, service) = connected.unwrap();
        let ended = Ended::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(ended.note(service));
        let (stat, watcher) = client.check_and_watch_stat("/x").await.unwrap();
        assert!(stat.is_none());
        let mut fired = ended.fired(watcher);
        let pending = poll_fn(|context| Poll::Ready(fired.as_mut().poll(context).is_pending()));
        assert!(pending.await);
        tasks.shutdown().await;
        assert_eq!(fired.await, Err(Trouble::Connection));
    }
}
