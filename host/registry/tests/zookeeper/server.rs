//! A real ZooKeeper 3.8 on a free loopback port, its data in a temporary folder. Run against 3.8.0 of Debian 12 (package
//! `zookeeper`), started as its own launcher does: the jar names the others that it needs.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const JAR: &str = "/usr/share/java/zookeeper.jar";
/// A JVM on a loaded machine.
const START_MAX: Duration = Duration::from_secs(60);
/// Ends the JVM when this process ends, however it does, since then the shell's input is closed.
const RUN: &str = "\"$@\" >server.log 2>&1 & echo $!; cat >/dev/null; kill -9 $!; wait";

/// A running server. Its session time-outs are 400 ms to 4 s.
pub(crate) struct Server {
    home: tempfile::TempDir,
    pub(crate) port: u16,
    shell: Option<Child>,
    pid: String,
}

/// The server that tests share which leave it as it is. `None` when there is no ZooKeeper on this machine.
pub(crate) fn shared() -> Option<&'static Server> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    SHARED.get_or_init(own).as_ref()
}

/// A server for one test.
pub(crate) fn own() -> Option<Server> {
    if !Path::new(JAR).exists() || Command::new("java").arg("-version").output().is_err() {
        let reason = format!("no ZooKeeper: {JAR} or java is missing (Debian package zookeeper)");
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "{reason}"
        );
        println!("left out: {reason}");
        return None;
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let home = tempfile::tempdir().unwrap();
    let configuration = format!(
        "tickTime=200\ndataDir=data\nclientPort={port}\nclientPortAddress=127.0.0.1\n\
         admin.enableServer=false\n4lw.commands.whitelist=*\nmaxClientCnxns=0\n"
    );
    fs::write(home.path().join("zoo.cfg"), configuration).unwrap();
    let mut server = Server {
        home,
        port,
        shell: None,
        pid: String::new(),
    };
    server.start();
    Some(server)
}

impl Server {
    pub(crate) fn start(&mut self) {
        let mut shell = Command::new("sh")
            .args(["-c", RUN, "sh", "java", "-Xmx128m", "-cp", JAR])
            .args([
                "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                "zoo.cfg",
            ])
            .current_dir(self.home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        self.pid.clear();
        let mut output = BufReader::new(shell.stdout.take().unwrap());
        output.read_line(&mut self.pid).unwrap();
        self.shell = Some(shell);
        let deadline = Instant::now() + START_MAX;
        while self.ask("ruok").as_deref() != Some("imok") {
            let log = fs::read_to_string(self.home.path().join("server.log"));
            assert!(
                Instant::now() < deadline,
                "ZooKeeper does not start: {log:?}"
            );
            std::thread::sleep(Duration::from_millis(20));
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

    /// The answer to a four-letter word.
    pub(crate) fn ask(&self, word: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_millis(500)))
            .ok()?;
        stream.write_all(word.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// The address of the registry, with `parameters` such as `session=4000`.
    pub(crate) fn address(&self, parameters: &str) -> String {
        format!("zookeeper://127.0.0.1:{}?{parameters}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
