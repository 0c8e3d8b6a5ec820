//! A plain client beside the registry: what another program would see and do.

use std::future::poll_fn;
use std::ops::Deref;
use std::pin::pin;
use std::time::{Duration, Instant};

use spawns_core::{Spawn, Task};
use wubbo_core::Tasks;
use zookeeper_client::{Acls, Client, CreateMode, Error, Stat};

pub(crate) struct Raw {
    client: Client,
    _tasks: Starter,
}

struct Starter(Tasks);

impl Spawn for Starter {
    fn spawn(&self, task: Task) {
        self.0.spawn(Box::into_pin(task.future));
    }
}

impl Deref for Raw {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Raw {
    /// Connects to the server at this port.
    pub(crate) async fn to(port: u16) -> Self {
        let address = format!("127.0.0.1:{port}");
        let starter = Starter(Tasks::new("raw client"));
        let mut connecting = pin!(Client::connect(&address));
        let connected = poll_fn(|context| {
            let _scope = spawns_core::enter(&starter);
            connecting.as_mut().poll(context)
        });
        Self {
            client: connected.await.unwrap(),
            _tasks: starter,
        }
    }

    /// The names under `path`, sorted; none when it does not exist.
    pub(crate) async fn children(&self, path: &str) -> Vec<String> {
        let mut names = match self.list_children(path).await {
            Err(Error::NoNode) => Vec::new(),
            names => names.unwrap(),
        };
        names.sort();
        names
    }

    /// What the server says about the only child of `path`.
    pub(crate) async fn only_child(&self, path: &str) -> (String, Stat) {
        let names = self.children(path).await;
        assert_eq!(names.len(), 1, "{names:?}");
        let child = format!("{path}/{}", names.concat());
        let stat = self.check_stat(&child).await.unwrap().unwrap();
        (child, stat)
    }

    /// Makes a node and its parents, as another program does.
    pub(crate) async fn make(&self, path: &str, mode: CreateMode) {
        let persistent = CreateMode::Persistent.with_acls(Acls::anyone_all());
        let (parent, _) = path.rsplit_once('/').unwrap();
        self.mkdir(parent, &persistent).await.unwrap();
        let options = mode.with_acls(Acls::anyone_all());
        self.create(path, b"127.0.0.1", &options).await.unwrap();
    }
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
