//! A plain client beside the registry: what another program would see and do.

use std::future::poll_fn;
use std::pin::pin;
use std::time::{Duration, Instant};

use spawns_core::{Spawn, Task};
use zookeeper_client::{Acls, Client, CreateMode, Error};

struct OnTokio;

impl Spawn for OnTokio {
    fn spawn(&self, task: Task) {
        tokio::spawn(Box::into_pin(task.future));
    }
}

pub(crate) async fn client(port: u16) -> Client {
    let address = format!("127.0.0.1:{port}");
    let mut connecting = pin!(Client::connect(&address));
    let connected = poll_fn(|context| {
        let _scope = spawns_core::enter(&OnTokio);
        connecting.as_mut().poll(context)
    });
    connected.await.unwrap()
}

/// The names under `path`, sorted; none when it does not exist.
pub(crate) async fn children(client: &Client, path: &str) -> Vec<String> {
    let mut names = match client.list_children(path).await {
        Err(Error::NoNode) => Vec::new(),
        names => names.unwrap(),
    };
    names.sort();
    names
}

/// Makes a node and its parents, as another program does.
pub(crate) async fn make(client: &Client, path: &str, mode: CreateMode) {
    let persistent = CreateMode::Persistent.with_acls(Acls::anyone_all());
    let (parent, _) = path.rsplit_once('/').unwrap();
    client.mkdir(parent, &persistent).await.unwrap();
    let options = mode.with_acls(Acls::anyone_all());
    client.create(path, b"127.0.0.1", &options).await.unwrap();
}

/// Waits until `condition` holds, 10 s at most, and prints how long that took.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < Duration::from_secs(10), "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!("{what}: {:.0} ms", started.elapsed().as_secs_f64() * 1e3);
}
