//! The processes of this workspace that a test starts: the demo's provider, and the gateway.
//!
//! Both are read by their `READY <url>` lines and stopped by SIGTERM, as an operator does it; one that is dropped is killed.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use crate::artifacts;
use crate::http;
use crate::process::{Error, Process};

/// What a listener prints once it serves.
const READY: &str = "READY ";

/// A listener at a port that the system chooses.
const ANY_PORT: &str = "dubbo://127.0.0.1:0";

/// A start compiles plugins; measured below 2 s, on a machine that compiles at the same time.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A stop drains calls for 10 s at most by default.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// What the gateway logs before the address of its admin server.
const ADMIN_LOG: &str = "admin server listens address=";

/// The log is written before the line that is waited for; its reader may still be behind.
const LOG_LIMIT: Duration = Duration::from_secs(5);

/// A running `echo-provider`.
#[derive(Debug)]
pub struct EchoProvider {
    host: Host,
}

/// Runs `wubbo` with these arguments and waits for its end: its exit code, what it printed and what it complained about.
///
/// # Errors
/// It cannot be started.
///
/// # Panics
/// The workspace cannot be built.
pub fn wubbo(arguments: &[&str]) -> io::Result<(Option<i32>, String, String)> {
    let output = Command::new(artifacts::binary("wubbo"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    ))
}

impl EchoProvider {
    /// Starts it with these arguments and waits until every `--listen` is served; without one it listens at a free port of
    /// 127.0.0.1.
    ///
    /// # Errors
    /// It ended or was not ready within 60 s; the text holds the end of its standard error.
    ///
    /// # Panics
    /// The workspace cannot be built.
    pub fn start<A: AsRef<OsStr>>(arguments: &[A]) -> Result<Self, Error> {
        Self::run(Command::new(artifacts::binary("echo-provider")), arguments)
    }

    /// As [`EchoProvider::start`], announced under `host`.
    ///
    /// # Errors
    /// As [`EchoProvider::start`].
    pub fn start_published<A: AsRef<OsStr>>(host: &str, arguments: &[A]) -> Result<Self, Error> {
        let mut command = Command::new(artifacts::binary("echo-provider"));
        command.env("DUBBO_IP_TO_REGISTRY", host);
        Self::run(command, arguments)
    }

    fn run<A: AsRef<OsStr>>(mut command: Command, arguments: &[A]) -> Result<Self, Error> {
        command.args(arguments);
        let listeners = arguments
            .iter()
            .filter(|argument| argument.as_ref() == "--listen")
            .count();
        if listeners == 0 {
            command.args(["--listen", ANY_PORT]);
        }
        let host = Host::start(command, "echo-provider", listeners.max(1))?;
        Ok(Self { host })
    }

    /// The URL of its first listener, with the port that it really has.
    pub fn url(&self) -> &str {
        self.host.url()
    }

    /// The URLs of its listeners.
    pub fn urls(&self) -> &[String] {
        &self.host.urls
    }

    /// Its process id, for a test that measures it or sends it a signal.
    pub fn pid(&self) -> u32 {
        self.host.process.pid()
    }

    /// The end of what it wrote to standard error, at most 16 KiB.
    pub fn log(&self) -> String {
        self.host.process.log()
    }

    /// Asks it to stop and waits for its exit code, 30 s at most.
    ///
    /// # Errors
    /// It gave no exit code in time.
    pub fn stop(self) -> Result<i32, Error> {
        self.host.stop()
    }
}

/// A running `wubbo run`.
#[derive(Debug)]
pub struct Gateway {
    host: Host,
    /// Kept from the first look: the log that says it is a window.
    admin: OnceLock<String>,
}

impl Gateway {
    /// Writes `yaml` as `wubbo.yaml` into `folder`, runs it there (relative registries are taken from the working directory), and
    /// waits until its one listener is served.
    ///
    /// # Errors
    /// The file cannot be written, or the gateway ended or was not ready within 60 s; the text holds the end of its standard
    /// error.
    ///
    /// # Panics
    /// The workspace cannot be built.
    pub fn start(yaml: &str, folder: &Path) -> Result<Self, Error> {
        Self::start_with(yaml, folder, 1)
    }

    /// As [`Gateway::start`], with so many listeners.
    ///
    /// # Errors
    /// As [`Gateway::start`].
    pub fn start_with(yaml: &str, folder: &Path, listeners: usize) -> Result<Self, Error> {
        let file = folder.join("wubbo.yaml");
        let failed = |error: io::Error| Error::new(&format!("{}: {error}", file.display()));
        fs::write(&file, yaml).map_err(failed)?;
        let mut command = Command::new(artifacts::binary("wubbo"));
        command.args(["run", "-c"]).arg(&file).current_dir(folder);
        let host = Host::start(command, "wubbo run", listeners)?;
        Ok(Self {
            host,
            admin: OnceLock::new(),
        })
    }

    /// The URL of its first listener, with the port that it really has.
    pub fn url(&self) -> &str {
        self.host.url()
    }

    /// The URLs of its listeners.
    pub fn urls(&self) -> &[String] {
        &self.host.urls
    }

    /// Calls that ended in it, as its metrics say.
    ///
    /// # Errors
    /// As [`Gateway::get`].
    pub fn calls(&self) -> io::Result<u64> {
        let text = self.get("/metrics")?.body;
        let lines = text.lines();
        let counts = lines
            .filter(|line| line.starts_with("wubbo_calls_total{"))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        Ok(counts.sum::<f64>() as u64)
    }

    /// `host:port` of its admin server, as it logs it; `None` when it has none.
    pub fn admin(&self) -> Option<String> {
        if let Some(address) = self.admin.get() {
            return Some(address.clone());
        }
        let deadline = Instant::now() + LOG_LIMIT;
        loop {
            if let Some(address) = after(&self.log(), ADMIN_LOG) {
                return Some(self.admin.get_or_init(|| address).clone());
            }
            if Instant::now() > deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Asks its admin server for `path`.
    ///
    /// # Errors
    /// It has no admin server, or that does not answer.
    pub fn get(&self, path: &str) -> io::Result<http::Response> {
        let admin = self
            .admin()
            .ok_or_else(|| io::Error::other("the gateway logged no admin address"))?;
        http::get(&admin, path)
    }

    /// Its process id, for a test that measures it or sends it a signal.
    pub fn pid(&self) -> u32 {
        self.host.process.pid()
    }

    /// The end of what it wrote to standard error, at most 16 KiB.
    pub fn log(&self) -> String {
        self.host.process.log()
    }

    /// Asks it to stop and waits for its exit code, 30 s at most.
    ///
    /// # Errors
    /// It gave no exit code in time.
    pub fn stop(self) -> Result<i32, Error> {
        self.host.stop()
    }
}

/// A process with listeners.
#[derive(Debug)]
struct Host {
    name: &'static str,
    process: Process,
    urls: Vec<String>,
}

impl Host {
    fn start(mut command: Command, name: &'static str, listeners: usize) -> Result<Self, Error> {
        // The log is searched for words, which colours would split.
        command.env("NO_COLOR", "1");
        let process = Process::start(command).map_err(|error| Error::new(&error.to_string()));
        let (process, urls) = process
            .and_then(|process| process.ready(READY, listeners, Instant::now() + START_LIMIT))
            .map_err(|error| error.of(name))?;
        Ok(Self {
            name,
            process,
            urls,
        })
    }

    fn url(&self) -> &str {
        self.urls.first().map_or("", String::as_str)
    }

    fn stop(self) -> Result<i32, Error> {
        let stopped = self.process.terminate(Instant::now() + STOP_LIMIT);
        stopped.map_err(|error| error.of(self.name))
    }
}

/// The word after `mark` in a log.
fn after(log: &str, mark: &str) -> Option<String> {
    let (_, rest) = log.split_once(mark)?;
    // The line is complete only with its end.
    let (line, _) = rest.split_once('\n')?;
    line.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_admin_address_is_read_from_a_complete_line() {
        let log = "INFO a: plugin live\nINFO b: admin server listens address=127.0.0.1:4711\n";
        assert_eq!(after(log, ADMIN_LOG).as_deref(), Some("127.0.0.1:4711"));
        assert_eq!(
            after("x admin server listens address=127.0", ADMIN_LOG),
            None
        );
        assert_eq!(after("", ADMIN_LOG), None);
    }
}
