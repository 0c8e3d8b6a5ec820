//! Real dubbo-go peers (`interop/go`, `interop/go3`): built when needed, started, asked.
//!
//! Run against dubbo-go 1.5.9 and 3.3.2 with Go 1.25 and newer. Everything here blocks, and no peer outlives the value that started it, as in
//! [`crate::java`].

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::java::{LOOPBACK, Outcomes, free_port, outcomes};
use crate::process::{Error, Process};

mod build;

/// Measured 0.3 s; a test machine compiles at the same time.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A port that was free a moment ago may be taken by the time the peer binds it.
const START_ATTEMPTS: usize = 3;

/// A line of dubbo-go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// dubbo-go 1.5.9 with dubbo-go-hessian2 1.9.4.
    Go1,
    /// dubbo-go 3.3.2 with dubbo-go-hessian2 1.12.5.
    Go3,
}

impl Line {
    /// The peer's folder in `interop`.
    fn folder(self) -> &'static str {
        match self {
            Self::Go1 => "go",
            Self::Go3 => "go3",
        }
    }
}

/// The built peer.
#[derive(Debug, Clone)]
pub struct Go {
    binary: PathBuf,
}

/// Builds the peer of a line if it is missing or older than its sources.
///
/// `Ok(None)` means that `go` is not there, which is said once on standard error; with `CI=true` in the environment that is an
/// error.
///
/// # Errors
/// A missing tool under CI, or a build that failed, with what it printed.
pub fn installed(line: Line) -> Result<Option<Go>, Error> {
    Ok(build::binary(line)?.map(|binary| Go { binary }))
}

impl Go {
    /// Starts a provider of the demo contract on a free port of 127.0.0.1 and waits until it serves.
    ///
    /// # Errors
    /// The process ended or was not ready within 60 s; the text holds the end of its standard error.
    pub fn provider(&self, name: &str) -> Result<Provider, Error> {
        self.provider_with(name, &[], &[])
    }

    /// As [`Go::provider`], announced at `registry`, `zookeeper://host:port`.
    ///
    /// # Errors
    /// As [`Go::provider`].
    pub fn provider_at(&self, registry: &str, name: &str) -> Result<Provider, Error> {
        self.provider_with(name, &["--registry", registry], &[])
    }

    /// As [`Go::provider_at`], for Java consumers: its entry says [`LOOPBACK`], by dubbo-go's own means.
    ///
    /// # Errors
    /// As [`Go::provider`].
    pub fn provider_for_java(&self, registry: &str, name: &str) -> Result<Provider, Error> {
        let environment = [("DUBBO_IP_TO_REGISTRY", LOOPBACK)];
        self.provider_with(name, &["--registry", registry], &environment)
    }

    fn provider_with(
        &self,
        name: &str,
        flags: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Provider, Error> {
        let mut last = Error::new("no attempt was made to start a go provider");
        for _ in 0..START_ATTEMPTS {
            let port = free_port()?;
            let port_text = port.to_string();
            let arguments = ["provider", "--port", &port_text, "--name", name];
            let arguments = [&arguments[..], flags].concat();
            let deadline = Instant::now() + START_LIMIT;
            match self.start_in(&arguments, environment)?.ready(
                &format!("READY {port}"),
                1,
                deadline,
            ) {
                Ok((process, _)) => return Ok(Provider { process, port }),
                Err(error) => last = error.of(&format!("go provider on port {port}")),
            }
        }
        Err(last)
    }

    /// Runs all cases against `url`, `dubbo://host:port`.
    ///
    /// # Errors
    /// The consumer failed as a program, printed something else than its lines, or took longer than 180 s. A case that ends in a
    /// failure is an outcome.
    pub fn consume(&self, url: &str) -> Result<Outcomes, Error> {
        self.cases(url, &[])
    }

    /// Runs the cases whose id starts with `prefix` against `url`, which may be a registry's, `zookeeper://host:port`.
    ///
    /// # Errors
    /// As [`Go::consume`].
    pub fn consume_some(&self, url: &str, prefix: &str) -> Result<Outcomes, Error> {
        self.cases(url, &["--cases", prefix])
    }

    /// Runs the cases whose id starts with `prefix` over one connection, and does not call again what dubbo-go could not send.
    ///
    /// # Errors
    /// As [`Go::consume`].
    pub fn consume_once(&self, url: &str, prefix: &str) -> Result<Outcomes, Error> {
        self.cases(
            url,
            &["--cases", prefix, "--connections", "1", "--attempts", "1"],
        )
    }

    fn cases(&self, url: &str, flags: &[&str]) -> Result<Outcomes, Error> {
        let process = self.start(&[&["consumer", "--url", url], flags].concat())?;
        outcomes(process, &format!("go consumer of {url}"))
    }

    /// The program, for whoever starts it in a way of their own.
    #[must_use]
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    fn start(&self, arguments: &[&str]) -> Result<Process, Error> {
        self.start_in(arguments, &[])
    }

    fn start_in(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Process, Error> {
        let mut command = Command::new(&self.binary);
        command.envs(environment.iter().copied()).args(arguments);
        Process::start(command)
            .map_err(|error| Error::new(&format!("go peer {}: {error}", arguments.join(" "))))
    }
}

/// A Go provider of the demo contract that is serving; killed when dropped.
#[derive(Debug)]
pub struct Provider {
    process: Process,
    port: u16,
}

impl Provider {
    /// Its address, `dubbo://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("dubbo://127.0.0.1:{}", self.port)
    }

    /// The end of what it wrote to standard error, at most 16 KiB.
    pub fn log(&self) -> String {
        self.process.log()
    }
}
