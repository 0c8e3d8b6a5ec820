//! `wubbo bench`: load on one method, its latencies, and what a call costs the server.

mod closed;
mod cpu;
mod figures;
mod load;
mod open;
mod recorder;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::anyhow;
use tokio::time::Instant;

use super::target::Target;
use super::{arguments, output};
use crate::config::parse_duration;
use cpu::CpuTimes;
use figures::Figures;
use load::Load;
use recorder::Recorder;

/// The time-out of a call, and how long calls that are late may take to be sent once the last was due.
const CALL_LIMIT: Duration = Duration::from_secs(10);

/// Calls a method over and over and prints throughput, latencies, and the CPU time per call of the load and, with --server-pid, of the
/// server.
///
/// Closed loop, without --rate: each of connections x depth callers sends its next call when the answer of the last one is there.
/// Latencies then do not count waiting that a slow server causes before a call is sent.
///
/// Open loop, with --rate: calls are due at even distances, whatever the server does, and a latency is counted from when the call was
/// due. A call that found all callers busy, or a load that was not awake, has waited, and that is in its latency; how much of it is
/// printed apart.
///
/// Exit codes: 0 every call succeeded, 1 some failed or could not be sent.
///
/// Example: wubbo bench dubbo://127.0.0.1:20880/org.wubbo.demo.EchoService?version=1.0.0 echo '"hello"' --connections 1 --depth 64
#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
pub(crate) struct Bench {
    #[command(flatten)]
    target: Target,
    /// The method's Java name.
    method: String,
    /// The arguments, each as JSON or @FILE, typed as `wubbo call` infers them.
    #[arg(value_name = "JSON", allow_negative_numbers = true)]
    arguments: Vec<String>,
    /// The Java types of the arguments.
    #[arg(long, value_delimiter = ',', value_name = "T1,T2")]
    types: Option<Vec<String>>,
    /// TCP connections to each provider, 1 to 16384; calls take them in turn.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=16_384))]
    connections: u16,
    /// Calls in flight for each connection, 1 to 4096. With --rate it is a bound.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    depth: u16,
    /// Calls per second over all connections, 1 to 1000000. Without it: as many as the server answers.
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: Option<u32>,
    /// How long to measure, with its unit.
    #[arg(long, default_value = "10s", value_parser = duration)]
    duration: Duration,
    /// How long to load the server before measuring, with its unit; a tenth of the duration unless given.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    warm_up: Option<Duration>,
    /// The server's process id: its CPU time per call is printed.
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    /// Worker threads of the load, 1 to 256.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "expected a duration with its unit, such as 10s".to_owned())
}

/// What a loop runs: who is called how, by how many, for how long.
struct Plan {
    load: Arc<Load>,
    recorder: Arc<Recorder>,
    callers: usize,
    warm_up: Duration,
    duration: Duration,
    server_pid: Option<u32>,
}

/// What a loop saw beside the latencies.
struct Ran {
    /// From the start of the measurement to its end.
    elapsed: Duration,
    cpu: CpuTimes,
    /// Calls that were due and never sent.
    unsent: u64,
}

impl Bench {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime
            .worker_threads(usize::from(self.threads))
            .enable_all()
            .build()?;
        let figures = runtime.block_on(self.measure())?;
        output::line(&if self.json {
            figures.json().to_string()
        } else {
            figures.text()
        });
        figures.verdict()
    }

    async fn measure(&self) -> anyhow::Result<Figures> {
        let plan = self.plan().await?;
        let ran = match self.rate {
            None => closed::run(&plan).await,
            Some(rate) => open::run(&plan, rate).await,
        };
        Ok(Figures {
            rate: self.rate,
            latency: plan.recorder.latencies.whole()?,
            sent_late: plan.recorder.sent_late.whole()?,
            failures: plan.recorder.failures.load(Ordering::Relaxed),
            first_failure: plan.recorder.first_failure.get().cloned(),
            ran,
        })
    }

    async fn plan(&self) -> anyhow::Result<Plan> {
        let (types, values) = arguments::typed(&self.arguments, self.types.as_deref())?;
        let stub = self
            .target
            .stub(&[
                ("timeout", CALL_LIMIT.as_millis().to_string()),
                ("retries", "0".to_owned()),
                ("connections", self.connections.to_string()),
            ])
            .await?;
        let load = Load::new(stub, &self.method, types, values);
        let since = Instant::now();
        // Calls before the clock starts, one for each connection: it is there, and a wrong target is told at once.
        for _ in 0..self.connections {
            load.call()
                .await
                .map_err(|error| anyhow!("{}.{}: {error}", self.target.text(), self.method))?;
        }
        tracing::debug!(connections = self.connections, took = ?since.elapsed(), "connected");
        let callers = usize::from(self.connections) * usize::from(self.depth);
        Ok(Plan {
            load: Arc::new(load),
            recorder: Arc::new(Recorder::new(callers)?),
            callers,
            warm_up: self.warm_up.unwrap_or(self.duration / 10),
            duration: self.duration,
            server_pid: self.server_pid,
        })
    }
}
