//! A real ZooKeeper 3.8 or etcd 3.4 on a free loopback port, its data in a temporary folder. Run against ZooKeeper 3.8.0 (started
//! as its own launcher does: the jar names the others that it needs) and etcd 3.4.23 of Debian 12.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{self, Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const JAR: &str = "/usr/share/java/zookeeper.jar";
/// A JVM on a loaded machine.
const START_MAX: Duration = Duration::from_secs(60);
/// Ends the server when this process ends, however it does, since then the shell's input is closed.
const RUN: &str = "\"$@\" >server.log 2>&1 & echo $!; cat >/dev/null; kill -9 $!; wait";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Zookeeper,
    Etcd,
}

/// A running server. Sessions at ZooKeeper live 400 ms to 4 s, leases at etcd whole seconds, 2 at least.
pub(crate) struct Server {
    pub(crate) kind: Kind,
    home: tempfile::TempDir,
    pub(crate) port: u16,
    shell: Option<Child>,
    pid: String,
    command: Vec<String>,
}

impl Kind {
    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Self::Zookeeper => "zookeeper",
            Self::Etcd => "etcd3",
        }
    }

    /// As messages call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Zookeeper => "ZooKeeper",
            Self::Etcd => "etcd",
        }
    }

    fn is_installed(self) -> bool {
        let runs = |program: &str, word: &str| Command::new(program).arg(word).output().is_ok();
        match self {
            Self::Zookeeper => Path::new(JAR).exists() && runs("java", "-version"),
            Self::Etcd => runs("etcd", "--version"),
        }
    }

    /// The server that tests share which leave it as it is. `None` when there is none on this machine.
    pub(crate) fn shared(self) -> Option<&'static Server> {
        static SHARED: [OnceLock<Option<Server>>; 2] = [OnceLock::new(), OnceLock::new()];
        SHARED[self as usize].get_or_init(|| self.own()).as_ref()
    }

    /// A server for one test.
    pub(crate) fn own(self) -> Option<Server> {
        self.with(&[])
    }

    /// A server for one test, with further words on its command line.
    pub(crate) fn with(self, further: &[&str]) -> Option<Server> {
        let mut server = Server::prepared(self, |_| ())?;
        server.further(further);
        server.start();
        Some(server)
    }

    /// The configuration of a server in `home`, and what starts it there.
    fn command(self, home: &Path, port: u16) -> Vec<String> {
        let words = match self {
            Self::Zookeeper => {
                let configuration = format!(
                    "tickTime=200\ndataDir=data\nclientPort={port}\nclientPortAddress=127.0.0.1\n\
                     admin.enableServer=false\n4lw.commands.whitelist=*\nmaxClientCnxns=0\n"
                );
                fs::write(home.join("zoo.cfg"), configuration).unwrap();
                let main = "org.apache.zookeeper.server.quorum.QuorumPeerMain";
                format!("java -Xmx128m -cp {JAR} {main} zoo.cfg")
            }
            Self::Etcd => {
                let (clients, peers) = (
                    format!("http://127.0.0.1:{port}"),
                    format!("http://127.0.0.1:{}", free_port()),
                );
                format!(
                    "etcd --data-dir data --listen-client-urls {clients} --advertise-client-urls {clients} \
                     --listen-peer-urls {peers} --initial-advertise-peer-urls {peers} --initial-cluster default={peers}"
                )
            }
        };
        words.split_whitespace().map(str::to_owned).collect()
    }

    /// Whether it can be started here; says so when not.
    fn is_here(self) -> bool {
        if !self.is_installed() {
            let reason = format!(
                "no {} (Debian packages zookeeper, etcd-server and a JRE)",
                self.name()
            );
            assert!(
                std::env::var_os("CI").is_none_or(|ci| ci != "true"),
                "{reason}"
            );
            println!("left out: {reason}");
            return false;
        }
        true
    }
}

/// A port that nobody listens at, and that no program is given who asks for any: those are above it.
pub(crate) fn free_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = process::id() * 101 + GIVEN.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(22_000 + number % 10_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

impl Server {
    /// A server that is not started yet: `prepare` may change what lies in its folder. `None` when there is none on this machine.
    pub(crate) fn prepared(kind: Kind, prepare: impl FnOnce(&Path)) -> Option<Self> {
        if !kind.is_here() {
            return None;
        }
        let home = tempfile::tempdir().unwrap();
        let port = free_port();
        let command = kind.command(home.path(), port);
        prepare(home.path());
        Some(Self {
            kind,
            home,
            port,
            shell: None,
            pid: String::new(),
            command,
        })
    }

    /// Adds words to its command line.
    pub(crate) fn further(&mut self, words: &[&str]) {
        let words = words.iter().copied().map(str::to_owned);
        self.command.extend(words);
    }

    pub(crate) fn start(&mut self) {
        self.launch();
        self.wait();
    }

    /// Starts it without waiting for it.
    pub(crate) fn launch(&mut self) {
        let mut shell = Command::new("sh")
            .args(["-c", RUN, "sh"])
            .args(&self.command)
            .current_dir(self.home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        self.pid.clear();
        let mut output = BufReader::new(shell.stdout.take().unwrap());
        output.read_line(&mut self.pid).unwrap();
        self.shell = Some(shell);
    }

    /// Waits until it serves.
    pub(crate) fn wait(&self) {
        let deadline = Instant::now() + START_MAX;
        while !self.is_ready() {
            let log = fs::read_to_string(self.home.path().join("server.log"));
            assert!(
                Instant::now() < deadline,
                "{} does not start: {log:?}",
                self.kind.name()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn is_ready(&self) -> bool {
        match self.kind {
            Kind::Zookeeper => self.ask("ruok").as_deref() == Some("imok"),
            Kind::Etcd => {
                let health = self.ask("GET /health HTTP/1.0\r\n\r\n");
                health.is_some_and(|health| health.contains("\"health\":\"true\""))
            }
        }
    }

    /// Kills it, as a power cut would.
    pub(crate) fn stop(&mut self) {
        if let Some(mut shell) = self.shell.take() {
            drop(shell.stdin.take());
            shell.wait().unwrap();
        }
    }

    /// Loses everything that it knew. Only when it is stopped.
    pub(crate) fn wipe(&self) {
        fs::remove_dir_all(self.home.path().join("data")).unwrap();
    }

    /// Sends a signal: `STOP` makes it silent with its sockets open, `CONT` ends that.
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args(["-s", signal, self.pid.trim()])
            .status();
        assert!(sent.unwrap().success());
    }

    /// The answer to a few bytes: a four-letter word of ZooKeeper, or HTTP.
    pub(crate) fn ask(&self, words: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_millis(500)))
            .ok()?;
        stream.write_all(words.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// How many watches it holds for its clients.
    pub(crate) fn watches(&self) -> usize {
        let (words, name) = match self.kind {
            Kind::Zookeeper => ("mntr", "zk_watch_count\t"),
            Kind::Etcd => (
                "GET /metrics HTTP/1.0\r\n\r\n",
                "etcd_debugging_mvcc_watcher_total ",
            ),
        };
        let answer = self.ask(words).unwrap();
        let count = answer.lines().find_map(|line| line.strip_prefix(name));
        count.unwrap().trim().parse().unwrap()
    }

    /// The address of the registry, with `parameters` such as `session=4000`.
    pub(crate) fn address(&self, parameters: &str) -> String {
        address(self.kind, self.port, parameters)
    }
}

pub(crate) fn address(kind: Kind, port: u16, parameters: &str) -> String {
    format!("{}://127.0.0.1:{port}?{parameters}", kind.scheme())
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
