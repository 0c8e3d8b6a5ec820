//! A plain client beside the registry: what another program would see and do.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::pin;
use std::time::{Duration, Instant};

use etcd_client::{GetOptions, PutOptions};
use spawns_core::{Spawn, Task};
use wubbo_core::Tasks;
use zookeeper_client::{Acls, CreateMode, Error};

use crate::server::{Kind, Server};

pub(crate) enum Raw {
    Zookeeper {
        client: zookeeper_client::Client,
        _tasks: Starter,
    },
    Etcd(Box<etcd_client::Client>),
}

pub(crate) struct Starter(Tasks);

impl Spawn for Starter {
    fn spawn(&self, task: Task) {
        self.0.spawn(Box::into_pin(task.future));
    }
}

/// How long a node lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// With its maker's session.
    Session,
    Lasting,
}

/// What the server says about a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stat {
    /// The session or lease that it goes with; 0 for none.
    pub(crate) owner: i64,
    /// Differs after it was made anew.
    pub(crate) made: i64,
    pub(crate) value: Vec<u8>,
}

impl Raw {
    pub(crate) async fn to(server: &Server) -> Self {
        let address = format!("127.0.0.1:{}", server.port);
        if server.kind == Kind::Etcd {
            let client = etcd_client::Client::connect([address], None).await;
            return Self::Etcd(Box::new(client.unwrap()));
        }
        let starter = Starter(Tasks::new("raw client"));
        let mut connecting = pin!(zookeeper_client::Client::connect(&address));
        let connected = poll_fn(|context| {
            let _scope = spawns_core::enter(&starter);
            connecting.as_mut().poll(context)
        });
        Self::Zookeeper {
            client: connected.await.unwrap(),
            _tasks: starter,
        }
    }

    /// The client of the library, where a test is about etcd alone.
    pub(crate) fn etcd(&self) -> etcd_client::Client {
        match self {
            Self::Etcd(client) => (**client).clone(),
            Self::Zookeeper { .. } => panic!("not etcd"),
        }
    }

    /// The names under `path`, sorted; none when it does not exist.
    pub(crate) async fn children(&self, path: &str) -> Vec<String> {
        let names: BTreeSet<String> = match self {
            Self::Zookeeper { client, .. } => match client.list_children(path).await {
                Err(Error::NoNode) => BTreeSet::new(),
                names => names.unwrap().into_iter().collect(),
            },
            Self::Etcd(client) => {
                let prefix = format!("{path}/");
                let options = GetOptions::new().with_prefix().with_keys_only();
                let answer = client.kv_client().get(&*prefix, Some(options)).await;
                let answer = answer.unwrap();
                let names = answer.kvs().iter().map(|kv| kv.key_str().unwrap());
                let names = names.map(|key| key[prefix.len()..].split('/').next().unwrap());
                names.map(str::to_owned).collect()
            }
        };
        names.into_iter().collect()
    }

    pub(crate) async fn stat(&self, path: &str) -> Option<Stat> {
        match self {
            Self::Zookeeper { client, .. } => match client.get_data(path).await {
                Err(Error::NoNode) => None,
                found => {
                    let (value, stat) = found.unwrap();
                    Some(Stat {
                        owner: stat.ephemeral_owner,
                        made: stat.czxid,
                        value,
                    })
                }
            },
            Self::Etcd(client) => {
                let answer = client.kv_client().get(path, None).await.unwrap();
                answer.kvs().first().map(|found| Stat {
                    owner: found.lease(),
                    made: found.mod_revision(),
                    value: found.value().to_vec(),
                })
            }
        }
    }

    /// What the server says about the only child of `path`.
    pub(crate) async fn only_child(&self, path: &str) -> (String, Stat) {
        let names = self.children(path).await;
        assert_eq!(names.len(), 1, "{names:?}");
        let child = format!("{path}/{}", names.concat());
        let stat = self.stat(&child).await.unwrap();
        (child, stat)
    }

    /// Makes a node and its parents, as another program does; its owner is in the answer.
    pub(crate) async fn make(&self, path: &str, life: Life) -> i64 {
        match self {
            Self::Zookeeper { client, .. } => {
                let anyone = Acls::anyone_all();
                let (parent, _) = path.rsplit_once('/').unwrap();
                let lasting = CreateMode::Persistent.with_acls(anyone);
                client.mkdir(parent, &lasting).await.unwrap();
                let mode = match life {
                    Life::Session => CreateMode::Ephemeral,
                    Life::Lasting => CreateMode::Persistent,
                };
                let options = mode.with_acls(anyone);
                client.create(path, b"127.0.0.1", &options).await.unwrap();
                client.session_id().0
            }
            Self::Etcd(client) => {
                let mut lease = 0;
                if life == Life::Session {
                    let granted = client.lease_client().grant(600, None).await.unwrap();
                    lease = granted.id();
                }
                let options = PutOptions::new().with_lease(lease);
                let mut kv = client.kv_client();
                let put = kv.put(path, lease.to_string(), Some(options));
                put.await.unwrap();
                lease
            }
        }
    }

    /// Makes a node of its session under `parent` whose name is the server's next number there; its path. ZooKeeper alone has them.
    pub(crate) async fn make_numbered(&self, parent: &str, data: &[u8]) -> String {
        let Self::Zookeeper { client, .. } = self else {
            panic!("not ZooKeeper")
        };
        let anyone = Acls::anyone_all();
        let lasting = CreateMode::Persistent.with_acls(anyone);
        client.mkdir(parent, &lasting).await.unwrap();
        let options = CreateMode::EphemeralSequential.with_acls(anyone);
        let made = client.create(&format!("{parent}/"), data, &options).await;
        format!("{parent}/{}", made.unwrap().1)
    }

    pub(crate) async fn delete(&self, path: &str) {
        match self {
            Self::Zookeeper { client, .. } => match client.delete(path, None).await {
                Ok(()) | Err(Error::NoNode) => {}
                Err(error) => panic!("{error}"),
            },
            Self::Etcd(client) => {
                client.kv_client().delete(path, None).await.unwrap();
            }
        }
    }

    /// Puts bytes where an admin console would.
    pub(crate) async fn write(&self, path: &str, bytes: &[u8]) {
        match self {
            Self::Zookeeper { client, .. } => {
                let lasting = CreateMode::Persistent.with_acls(Acls::anyone_all());
                client.mkdir(path, &lasting).await.unwrap();
                client.set_data(path, bytes, None).await.unwrap();
            }
            Self::Etcd(client) => {
                client.kv_client().put(path, bytes, None).await.unwrap();
            }
        }
    }
}

/// Waits until `condition` holds, 20 s at most, and prints how long that took.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!("{what}: {:.0} ms", started.elapsed().as_secs_f64() * 1e3);
}
