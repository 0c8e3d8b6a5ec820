//! A server with a core of its own, and the load on it.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use wubbo_tests::artifacts;
use wubbo_tests::process::{Error, Process};

/// The service's path and version.
pub(crate) const SERVICE: &str = "org.wubbo.demo.EchoService?version=1.0.0";
/// The program that makes the load, and is the gateway.
pub(crate) const WUBBO: &str = "wubbo";
/// Where the load runs.
pub(crate) const LOAD_CORE: u32 = 1;
/// How long a figure is measured.
const MEASURED: &str = "3s";
/// How long a program may take to start.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A running server.
pub(crate) struct Server {
    process: Process,
    pub(crate) url: String,
}

impl Server {
    /// A program of this workspace, as a release.
    pub(crate) fn own(core: u32, program: &str, arguments: &[&str]) -> Result<Self, Error> {
        let mut command = on_core(core);
        command.arg(artifacts::released(program)).args(arguments);
        Self::start(command).map_err(|error| error.of(program))
    }

    /// Whatever prints `READY <url or port>` once it serves.
    pub(crate) fn start(command: Command) -> Result<Self, Error> {
        let process = Process::start(command).map_err(|error| Error::new(&error.to_string()))?;
        let (process, ready) = process.ready("READY ", 1, Instant::now() + START_LIMIT)?;
        let place = ready.into_iter().next().unwrap_or_default();
        let url = if place.contains("://") {
            place
        } else {
            format!("dubbo://127.0.0.1:{place}")
        };
        Ok(Self { process, url })
    }

    /// Load for the time of a figure, and what it showed.
    pub(crate) fn bench(
        &self,
        method: &str,
        argument: Option<&str>,
        load: &[&str],
    ) -> Result<Json, Error> {
        self.bench_for(method, argument, load, &["--duration", MEASURED])
    }

    /// The same for another time.
    pub(crate) fn bench_for(
        &self,
        method: &str,
        argument: Option<&str>,
        load: &[&str],
        time: &[&str],
    ) -> Result<Json, Error> {
        self.load(on_core(LOAD_CORE), method, argument, &[load, time].concat())
    }

    /// Calls at a rate, whose latencies are the point. The load looks at the clock all the time, and whoever shares its core (the
    /// provider behind a gateway) would wait for the end of its time slice, some milliseconds: so everybody else goes first.
    pub(crate) fn paced(
        &self,
        method: &str,
        argument: Option<&str>,
        load: &[&str],
    ) -> Result<Json, Error> {
        let mut command = on_core(LOAD_CORE);
        command.args(["chrt", "--idle", "0"]);
        self.load(command, method, argument, load)
    }

    fn load(
        &self,
        mut command: Command,
        method: &str,
        argument: Option<&str>,
        load: &[&str],
    ) -> Result<Json, Error> {
        command
            .arg(artifacts::released(WUBBO))
            .args(["bench", &format!("{}/{SERVICE}", self.url), method])
            .args(argument)
            .args(load)
            .args(["--json", "--server-pid"])
            .arg(self.process.pid().to_string());
        let output = command
            .output()
            .map_err(|error| Error::new(&error.to_string()))?;
        if !output.status.success() {
            return Err(Error::new(&String::from_utf8_lossy(&output.stderr)));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| Error::new(&error.to_string()))
    }
}

/// A number of what the load showed.
pub(crate) fn number(figures: &Json, key: &str) -> f64 {
    figures[key].as_f64().unwrap_or(f64::NAN)
}

/// The start of a command that runs on one core.
pub(crate) fn on_core(core: u32) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", &core.to_string()]);
    command
}
