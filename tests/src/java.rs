//! Real Dubbo Java peers (`interop/java`): built when needed, started, asked, and compared.
//!
//! Run against Dubbo 3.3.6, 3.2.19 and 2.7.23 on OpenJDK 17 with Maven 3.8. Every call here blocks; a test with its own server in the
//! process calls them from `spawn_blocking`. No peer outlives the value that started it: it is killed by its own id,
//! and it ends by itself when its standard input is closed.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) mod build;
mod caller;
mod diff;
mod line;
mod mask;
mod steady;
mod tls;

pub use caller::{Caller, Shares, Slice};
pub use diff::diff;
pub use line::Line;
pub use mask::{mask, sorted};
pub use steady::{Counted, Steady};
pub use tls::{Auth, Tls};

pub use crate::process::Error;
use crate::process::{Process, Read};

/// What a run of the Java consumer printed: the JSON line of each case by its id.
pub type Outcomes = BTreeMap<String, Value>;

/// A JVM that is a peer in a test starts faster than it runs long: one compiler tier, one collector thread.
const JVM_FLAGS: [&str; 3] = ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];

/// Measured 0.8 s on two idle cores; a test machine compiles at the same time.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Measured 3 s for all cases on two idle cores.
const CASES_LIMIT: Duration = Duration::from_secs(180);

/// How the peers spell 127.0.0.1 (`Setup.LOOPBACK` there), as one number: where Dubbo reads 127.0.0.1 it connects to an address of the machine's network card
/// (`NetUtils.filterLocalHost`).
pub const LOOPBACK: &str = "2130706433";

/// Dubbo and the URL decide, where a peer otherwise pins hessian2.
const UNPINNED: [&str; 2] = ["--serialization", "own"];

/// A port that was free a moment ago may be taken by the time Java binds it.
const START_ATTEMPTS: usize = 3;

/// The built peers of one line.
#[derive(Debug, Clone)]
pub struct Java {
    jar: PathBuf,
}

/// Builds the peers of a line if the jar is missing or older than its sources.
///
/// `Ok(None)` means that `java` or `mvn` is not there, which is said once on standard error; with `CI=true` in the
/// environment that is an error.
///
/// # Errors
/// A missing tool under CI, or a build that failed, with the end of Maven's output.
pub fn installed(line: Line) -> Result<Option<Java>, Error> {
    Ok(build::jar(line)?.map(|jar| Java { jar }))
}

impl Java {
    /// Starts a provider of the demo contract on a free port of 127.0.0.1 and waits until it serves.
    ///
    /// # Errors
    /// The process ended or was not ready within 60 s; the text holds the end of its standard error.
    pub fn provider(&self, name: &str) -> Result<Provider, Error> {
        self.provider_with(name, &[])
    }

    /// As [`Java::provider`], but the serialization is left to Dubbo.
    ///
    /// # Errors
    /// As [`Java::provider`].
    pub fn provider_unpinned(&self, name: &str) -> Result<Provider, Error> {
        self.provider_with(name, &UNPINNED)
    }

    /// As [`Java::provider`], over TLS.
    ///
    /// # Errors
    /// As [`Java::provider`].
    pub fn provider_over(&self, tls: &Tls<'_>, name: &str) -> Result<Provider, Error> {
        self.provider_with(name, &tls.flags())
    }

    fn provider_with(&self, name: &str, flags: &[&str]) -> Result<Provider, Error> {
        let mut last = Error::new("no attempt was made to start a provider");
        for _ in 0..START_ATTEMPTS {
            match self.start_provider(free_port()?, name, flags, &[]) {
                Ok(provider) => return Ok(provider),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// As [`Java::provider`], on a port that the caller has chosen.
    ///
    /// # Errors
    /// As [`Java::provider`]; a port in use is one of them.
    pub fn provider_on(&self, port: u16, name: &str) -> Result<Provider, Error> {
        self.start_provider(port, name, &[], &[])
    }

    fn start_provider(
        &self,
        port: u16,
        name: &str,
        flags: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Provider, Error> {
        let port_text = port.to_string();
        let arguments = ["provider", "--port", &port_text, "--name", name];
        let arguments = [&arguments[..], flags].concat();
        let deadline = Instant::now() + START_LIMIT;
        let (process, _) = self
            .start_in(&arguments, environment)?
            .ready(&format!("READY {port}"), 1, deadline)
            .map_err(|error| error.of(&format!("java provider on port {port}")))?;
        Ok(Provider {
            process,
            port,
            name: name.to_owned(),
        })
    }

    /// Runs the cases whose id starts with `prefix` (all with "") against `url`, `dubbo://host:port`.
    ///
    /// # Errors
    /// The consumer failed as a program, printed something else than its lines, or took longer than 180 s. A case that
    /// ends in an exception is an outcome.
    pub fn consume(&self, url: &str, prefix: &str) -> Result<Outcomes, Error> {
        let process = self.start(&["consumer", "--url", url, "--cases", prefix])?;
        outcomes(process, &format!("java consumer of {url}"))
    }

    /// As [`Java::consume`], but the serialization is left to Dubbo and to the parameters of `url`.
    ///
    /// # Errors
    /// As [`Java::consume`].
    pub fn consume_unpinned(&self, url: &str, prefix: &str) -> Result<Outcomes, Error> {
        let flags = ["consumer", "--url", url, "--cases", prefix];
        let process = self.start(&[&flags[..], &UNPINNED].concat())?;
        outcomes(process, &format!("java consumer of {url}"))
    }

    /// As [`Java::consume`], over TLS.
    ///
    /// # Errors
    /// As [`Java::consume`].
    pub fn consume_over(&self, tls: &Tls<'_>, url: &str, prefix: &str) -> Result<Outcomes, Error> {
        let flags = ["consumer", "--url", url, "--cases", prefix];
        let process = self.start(&[&flags[..], &tls.flags()].concat())?;
        outcomes(process, &format!("java consumer of {url} over TLS"))
    }

    /// Runs the cases of these ids against `url`.
    ///
    /// # Errors
    /// As [`Java::consume`].
    pub fn consume_ids(&self, url: &str, ids: &[&str]) -> Result<Outcomes, Error> {
        let process = self.start(&["consumer", "--url", url, "--ids", &ids.join(",")])?;
        outcomes(process, &format!("java consumer of {url}"))
    }

    /// The jar, for whoever starts it in a way of their own; its `lib` folder lies beside it.
    #[must_use]
    pub fn jar(&self) -> &Path {
        &self.jar
    }

    fn start(&self, arguments: &[&str]) -> Result<Process, Error> {
        self.start_in(arguments, &[])
    }

    fn start_in(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Process, Error> {
        let mut command = Command::new("java");
        command
            .envs(environment.iter().copied())
            .args(JVM_FLAGS)
            .arg("-jar")
            .arg(&self.jar)
            .args(arguments);
        Process::start(command)
            .map_err(|error| Error::new(&format!("java {}: {error}", arguments.join(" "))))
    }
}

/// A Java provider of the demo contract that is serving; killed when dropped.
#[derive(Debug)]
pub struct Provider {
    process: Process,
    port: u16,
    name: String,
}

impl Provider {
    /// Its address, `dubbo://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("dubbo://127.0.0.1:{}", self.port)
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What its method `whoami` answers.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id, for a test that measures it or sends it a signal.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The end of what it wrote to standard error, at most 16 KiB.
    pub fn log(&self) -> String {
        self.process.log()
    }
}

/// What a consumer prints until it ends, by case.
pub(crate) fn outcomes(mut process: Process, who: &str) -> Result<Outcomes, Error> {
    let deadline = Instant::now() + CASES_LIMIT;
    let mut outcomes = Outcomes::new();
    loop {
        match process.line(deadline) {
            Read::Line(line) => {
                let (case, outcome) = parse(&line).map_err(|error| error.of(who))?;
                outcomes.insert(case, outcome);
            }
            Read::End => break,
            Read::Late => {
                let done = outcomes.len();
                return Err(process.failure(&format!("{who} was late after {done} cases")));
            }
        }
    }
    if !process.ended_well(deadline) {
        return Err(process.failure(&format!("{who} failed")));
    }
    Ok(outcomes)
}

/// A port of 127.0.0.1 that nobody listens on now.
///
/// # Errors
/// There is none.
pub fn free_port() -> Result<u16, Error> {
    let port = |listener: TcpListener| listener.local_addr().map(|address| address.port());
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(port)
        .map_err(|error: io::Error| Error::new(&format!("no free port on 127.0.0.1: {error}")))
}

fn parse(line: &str) -> Result<(String, Value), Error> {
    let shown = || line.chars().take(200).collect::<String>();
    let outcome: Value = serde_json::from_str(line)
        .map_err(|error| Error::new(&format!("it printed no JSON ({error}): {}", shown())))?;
    let case = outcome.get("case").and_then(Value::as_str);
    let case =
        case.ok_or_else(|| Error::new(&format!("it printed a line without case: {}", shown())))?;
    Ok((case.to_owned(), outcome))
}

#[cfg(test)]
mod tests;
