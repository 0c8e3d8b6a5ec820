//! A loopback proxy between client and server that can cut its connections or fall silent with them open.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::server::{Kind, Server, address};

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// Bytes pass.
    Open,
    /// Bytes wait; nobody is told.
    Silent,
    /// Connections are closed, new ones at once.
    Cut,
    /// What the server says is late by this, one piece after the other.
    Slow(Duration),
}

pub(crate) struct Proxy {
    pub(crate) port: u16,
    kind: Kind,
    mode: watch::Sender<Mode>,
    accepted: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mode, modes) = watch::channel(Mode::Open);
        let (accepted, open) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(
            listener,
            server.port,
            modes,
            accepted.clone(),
            open.clone(),
        ));
        Self {
            port,
            kind: server.kind,
            mode,
            accepted,
            open,
            _tasks: tasks,
        }
    }

    pub(crate) fn open(&self) {
        self.mode.send_replace(Mode::Open);
    }

    pub(crate) fn silence(&self) {
        self.mode.send_replace(Mode::Silent);
    }

    pub(crate) fn cut(&self) {
        self.mode.send_replace(Mode::Cut);
    }

    /// Each answer takes `delay`, and answers wait for each other.
    pub(crate) fn slow(&self, delay: Duration) {
        self.mode.send_replace(Mode::Slow(delay));
    }

    /// Connections that were ever taken, and those that are open now.
    pub(crate) fn connections(&self) -> (usize, usize) {
        let read = |count: &AtomicUsize| count.load(Ordering::SeqCst);
        (read(&self.accepted), read(&self.open))
    }

    pub(crate) fn address(&self, parameters: &str) -> String {
        address(self.kind, self.port, parameters)
    }
}

async fn accept(
    listener: TcpListener,
    server: u16,
    modes: watch::Receiver<Mode>,
    accepted: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        accepted.fetch_add(1, Ordering::SeqCst);
        if *modes.borrow() == Mode::Cut {
            continue;
        }
        let (modes, open) = (modes.clone(), Arc::clone(&open));
        connections.spawn(async move {
            open.fetch_add(1, Ordering::SeqCst);
            pass(client, server, modes).await;
            open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

async fn pass(client: TcpStream, server: u16, mut modes: watch::Receiver<Mode>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (up, down) = (modes.clone(), modes.clone());
    tokio::select! {
        () = copy(from_client, to_server, up, false) => {}
        () = copy(from_server, to_client, down, true) => {}
        _ = modes.wait_for(|mode| *mode == Mode::Cut) => {}
    }
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut modes: watch::Receiver<Mode>,
    answers: bool,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        let mode = *modes.borrow();
        if let (Mode::Slow(delay), true) = (mode, answers) {
            tokio::time::sleep(delay).await;
        }
        if modes.wait_for(|mode| *mode != Mode::Silent).await.is_err() || read == 0 {
            return;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
