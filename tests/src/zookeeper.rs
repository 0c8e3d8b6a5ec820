//! A real ZooKeeper on a free loopback port for tests with processes around it, its data in a temporary folder. Run against 3.8.0 of
//! Debian 12 (package `zookeeper`).

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::java::build::{left_out, missing};
use crate::java::free_port;
use crate::process::{Error, Process};
use crate::scratch::Scratch;

const JAR: &str = "/usr/share/java/zookeeper.jar";
/// A JVM on a loaded machine.
const START_LIMIT: Duration = Duration::from_secs(60);
/// An answer of a server on this machine.
const ANSWER_LIMIT: Duration = Duration::from_millis(500);

/// A running server; killed when dropped. Its session time-outs are 400 ms to 4 s.
#[derive(Debug)]
pub struct Zookeeper {
    port: u16,
    _process: Process,
    _folder: Scratch,
}

impl Zookeeper {
    /// Starts one and waits until it answers. `Ok(None)`: there is no ZooKeeper on this machine, which is said once; with
    /// `CI=true` in the environment that is an error.
    ///
    /// # Errors
    /// It is missing under CI, or did not answer within 60 s.
    pub fn start() -> Result<Option<Self>, Error> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if !Path::new(JAR).exists() || missing("java", &path) {
            let strict = std::env::var_os("CI").is_some_and(|value| value == "true");
            let needed = "java and the package zookeeper are needed";
            return left_out("a ZooKeeper", needed, strict).map(|_| None);
        }
        let failed = |error: std::io::Error| Error::new(&format!("zookeeper: {error}"));
        let folder = Scratch::new("zookeeper").map_err(failed)?;
        let port = free_port()?;
        let configuration = format!(
            "tickTime=200\ndataDir=data\nclientPort={port}\nclientPortAddress=127.0.0.1\n\
             admin.enableServer=false\n4lw.commands.whitelist=ruok\nmaxClientCnxns=0\n"
        );
        folder.write("zoo.cfg", configuration).map_err(failed)?;
        let mut command = Command::new("java");
        command
            .args(["-Xmx128m", "-cp", JAR])
            .args([
                "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                "zoo.cfg",
            ])
            .current_dir(folder.path());
        let process = Process::start(command).map_err(failed)?;
        let deadline = Instant::now() + START_LIMIT;
        while !answers(port) {
            if Instant::now() > deadline {
                return Err(process.failure("zookeeper did not answer in time"));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(Some(Self {
            port,
            _process: process,
            _folder: folder,
        }))
    }

    /// Its address as a registry and config center, with `parameters` such as `session=4000`.
    #[must_use]
    pub fn address(&self, parameters: &str) -> String {
        format!("zookeeper://127.0.0.1:{}?{parameters}", self.port)
    }
}

fn answers(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(ANSWER_LIMIT))?;
        stream.write_all(b"ruok")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    ask().is_ok_and(|answer| answer == "imok")
}
