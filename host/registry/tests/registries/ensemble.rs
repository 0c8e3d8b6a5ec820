//! Three ZooKeeper servers that are one: what happens when their leader is killed.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::server::{Kind, Server, free_port};

/// How long three servers may take to agree on a leader.
const ELECTION_MAX: Duration = Duration::from_secs(60);

/// Three servers, each with its data in its own folder. A session lives 400 ms to 60 s.
pub(crate) struct Ensemble {
    servers: Vec<Server>,
}

impl Ensemble {
    /// `None` when there is no ZooKeeper on this machine.
    pub(crate) fn start() -> Option<Self> {
        let peers: Vec<String> = (1..=3)
            .map(|id| format!("server.{id}=127.0.0.1:{}:{}", free_port(), free_port()))
            .collect();
        // One second to answer, ten to take over what the leader has.
        let words = format!(
            "initLimit=50\nsyncLimit=5\nmaxSessionTimeout=60000\n{}\n",
            peers.join("\n")
        );
        let mut servers = Vec::new();
        for id in 1..=3 {
            servers.push(Server::prepared(Kind::Zookeeper, |home: &Path| {
                let file = home.join("zoo.cfg");
                let alone = fs::read_to_string(&file).unwrap();
                fs::write(&file, format!("{alone}{words}")).unwrap();
                fs::create_dir(home.join("data")).unwrap();
                fs::write(home.join("data/myid"), id.to_string()).unwrap();
            })?);
        }
        let mut ensemble = Self { servers };
        for server in &mut ensemble.servers {
            server.launch();
        }
        for server in &ensemble.servers {
            server.wait();
        }
        Some(ensemble)
    }

    /// The one that leads, as soon as one does.
    pub(crate) fn leader(&self) -> usize {
        let started = Instant::now();
        loop {
            let leads = |server: &Server| {
                let answer = server.ask("srvr").unwrap_or_default();
                answer.contains("Mode: leader")
            };
            if let Some(leader) = self.servers.iter().position(leads) {
                return leader;
            }
            assert!(started.elapsed() < ELECTION_MAX, "no leader");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn stop(&mut self, server: usize) {
        self.servers[server].stop();
    }

    /// The address of a registry at all three, the server `first` before the others.
    pub(crate) fn address(&self, first: usize, parameters: &str) -> String {
        let port = |number: usize| self.servers[(first + number) % 3].port;
        format!(
            "zookeeper://127.0.0.1:{}?backup=127.0.0.1:{},127.0.0.1:{}&{parameters}",
            port(0),
            port(1),
            port(2)
        )
    }
}
