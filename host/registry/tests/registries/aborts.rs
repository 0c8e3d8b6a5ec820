//! Streams of HTTP/2 that are aborted with their connection left open, as proxies and servers of gRPC do to the one of all watches and the
//! one that keeps the lease alive.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::conformance::until_ports;
use crate::raw::{Life, Raw, eventually};
use crate::rounds::{connected, registered};
use crate::server::{Kind, Server, address};
use crate::sessions::{entry, subscribed};

/// What a client of HTTP/2 says first.
const PREFACE: usize = 24;
const FRAME_HEAD: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const END_STREAM: u8 = 1;
/// The code of a stream that nobody wants any more.
const CANCEL: u32 = 8;

/// Streams that the client keeps open: requests of one message are none of them.
type Streams = Arc<Mutex<BTreeSet<u32>>>;

/// A loopback proxy that knows where frames begin.
struct Middle {
    port: u16,
    streams: Streams,
    aborts: watch::Sender<u32>,
    _tasks: JoinSet<()>,
}

impl Middle {
    async fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (aborts, told) = watch::channel(0);
        let streams = Streams::default();
        let (open, server) = (streams.clone(), server.port);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                connections.spawn(pass(client, server, open.clone(), told.clone()));
            }
        });
        Self {
            port,
            streams,
            aborts,
            _tasks: tasks,
        }
    }

    fn open(&self) -> BTreeSet<u32> {
        self.streams.lock().unwrap().clone()
    }

    /// Tells both sides of every open stream that the other has aborted it.
    fn abort(&self) {
        self.aborts.send_modify(|count| *count += 1);
    }
}

async fn pass(client: TcpStream, server: u16, open: Streams, mut told: watch::Receiver<u32>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else {
        return;
    };
    open.lock().unwrap().clear();
    told.mark_unchanged();
    let (mut from_client, to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let mut preface = [0; PREFACE];
    if from_client.read_exact(&mut preface).await.is_err()
        || to_server.write_all(&preface).await.is_err()
    {
        return;
    }
    tokio::select! {
        () = frames(from_client, to_server, &open, told.clone(), true) => {}
        () = frames(from_server, to_client, &open, told, false) => {}
    }
    open.lock().unwrap().clear();
}

/// Passes whole frames on, and between two of them what aborts streams.
async fn frames(
    from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    open: &Streams,
    mut told: watch::Receiver<u32>,
    requests: bool,
) {
    let (sender, mut read) = tokio::sync::mpsc::channel(64);
    let mut reading = JoinSet::new();
    reading.spawn(async move {
        let mut from = from;
        while let Some(frame) = next_frame(&mut from).await {
            if sender.send(frame).await.is_err() {
                return;
            }
        }
    });
    loop {
        let frame = tokio::select! {
            frame = read.recv() => {
                let Some(frame) = frame else { return };
                if requests {
                    note(&frame, open);
                }
                frame
            }
            changed = told.changed() => {
                if changed.is_err() {
                    return;
                }
                let streams = open.lock().unwrap().clone();
                streams.into_iter().flat_map(aborted).collect()
            }
        };
        if to.write_all(&frame).await.is_err() {
            return;
        }
    }
}

async fn next_frame(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let mut frame = vec![0; FRAME_HEAD];
    from.read_exact(&mut frame).await.ok()?;
    let length = u32::from_be_bytes([0, frame[0], frame[1], frame[2]]);
    frame.resize(FRAME_HEAD + usize::try_from(length).unwrap(), 0);
    from.read_exact(&mut frame[FRAME_HEAD..]).await.ok()?;
    Some(frame)
}

/// Which streams the client keeps open.
fn note(frame: &[u8], open: &Streams) {
    let [_, _, _, kind, flags, stream @ ..] = frame else {
        return;
    };
    let stream = u32::from_be_bytes([stream[0], stream[1], stream[2], stream[3]]);
    let ends = flags & END_STREAM != 0;
    let mut open = open.lock().unwrap();
    match *kind {
        HEADERS if !ends => {
            open.insert(stream);
        }
        DATA | HEADERS if ends => {
            open.remove(&stream);
        }
        RST_STREAM => {
            open.remove(&stream);
        }
        _ => {}
    }
}

fn aborted(stream: u32) -> Vec<u8> {
    let mut frame = vec![0, 0, 4, RST_STREAM, 0];
    frame.extend(stream.to_be_bytes());
    frame.extend(CANCEL.to_be_bytes());
    frame
}

/// 002-T13: the streams of watches and of the lease are aborted, again and again. By intent nobody is told that a call was cancelled, as
/// dubbo-go's and Java's callers are: who watches goes on with the list as it is, under the same lease, and nothing is left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aborted_streams_are_opened_again() {
    let Some(server) = Kind::Etcd.own() else {
        return;
    };
    let other = Raw::to(&server).await;
    let middle = Middle::to(&server).await;
    let registry = connected(&address(Kind::Etcd, middle.port, "session=30000")).await;
    let mut subscription = subscribed(&registry).await;
    registered(&registry, &entry(1)).await;
    let (_, before) = other.only_child("/dubbo/a.B/providers").await;
    until_ports(&mut subscription, &[1], "ours").await;
    eventually("two watches", async || server.watches() == 2).await;
    let tasks = Handle::current().metrics().num_alive_tasks();
    let mut ports = vec![1];
    for port in 2..7 {
        eventually("both streams are open", async || middle.open().len() == 2).await;
        middle.abort();
        // While nobody listens.
        let name = format!("dubbo%3A%2F%2Fh%3A{port}%2Fa.B");
        let path = format!("/dubbo/a.B/providers/{name}");
        other.make(&path, Life::Lasting).await;
        ports.push(port);
        until_ports(&mut subscription, &ports, "and what came meanwhile").await;
        eventually("available", async || registry.is_available()).await;
    }
    let entries = other.children("/dubbo/a.B/providers").await;
    assert_eq!(entries.len(), ports.len());
    let ours = "/dubbo/a.B/providers/dubbo%3A%2F%2Fh%3A1%2Fa.B";
    let after = other.stat(ours).await.unwrap();
    assert_eq!(before, after, "the same lease, and never made anew");
    eventually("watches and tasks as before", async || {
        server.watches() == 2 && Handle::current().metrics().num_alive_tasks() <= tasks
    })
    .await;
}
