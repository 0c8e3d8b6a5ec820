//! `wubbo bench`: load on one method, its latencies, and what a call costs the server.

mod cpu;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, anyhow};
use hdrhistogram::Histogram;
use serde_json::Value as Json;
use tokio::time::Instant;
use wubbo_core::Tasks;
use wubbo_hessian2::Value;

use super::output;
use super::target::Target;
use crate::config::parse_duration;
use crate::contract::Stub;
use crate::json;

/// Longest latency that is told apart from longer ones.
const LATENCY_MAX_US: u64 = 60_000_000;

/// Calls a method over and over and prints throughput, latencies, and with --server-pid the CPU time per call of the server.
///
/// Closed loop: each of connections x depth callers sends its next call when the answer of the last one is there. Latencies therefore
/// do not count waiting that a slow server causes before a call is sent.
///
/// Exit codes: 0 every call succeeded, 1 some failed.
///
/// Example: wubbo bench dubbo://127.0.0.1:20880/org.wubbo.demo.EchoService?version=1.0.0 echo '"hello"' --connections 1 --depth 64
#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
pub(crate) struct Bench {
    #[command(flatten)]
    target: Target,
    /// The method's Java name.
    method: String,
    /// The arguments, each as JSON, typed as `wubbo call` infers them.
    #[arg(value_name = "JSON", allow_negative_numbers = true)]
    arguments: Vec<String>,
    /// The Java types of the arguments.
    #[arg(long, value_delimiter = ',', value_name = "T1,T2")]
    types: Option<Vec<String>>,
    /// TCP connections, 1 to 1024.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    /// Calls in flight on each connection, 1 to 4096.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    depth: u16,
    /// How long to measure, with its unit, after a warm-up of a tenth of it.
    #[arg(long, default_value = "10s", value_parser = duration)]
    duration: Duration,
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

/// What a run measured.
struct Figures {
    latency: Histogram<u64>,
    failures: u64,
    first_failure: Option<String>,
    elapsed: Duration,
    server_cpu: Option<Duration>,
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
        match figures.first_failure {
            None => Ok(()),
            Some(first) => Err(anyhow!(
                "{} calls failed, the first with: {first}",
                figures.failures
            )),
        }
    }

    /// What is called, read from the command line.
    fn load(&self) -> anyhow::Result<Load> {
        let parsed = self.arguments.iter().map(|text| {
            serde_json::from_str::<Json>(text)
                .with_context(|| format!("the argument {text} is no JSON"))
        });
        let arguments: Vec<Json> = parsed.collect::<Result<_, _>>()?;
        let types = self
            .types
            .clone()
            .unwrap_or_else(|| arguments.iter().map(json::infer).collect());
        let values = arguments
            .iter()
            .zip(&types)
            .map(|(argument, java)| json::to_value(argument, java));
        let values: Arc<[Value]> = values
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| anyhow!("{error}"))?
            .into();
        Ok(Load {
            method: self.method.as_str().into(),
            types: types.into(),
            values,
            ..Load::default()
        })
    }

    async fn measure(&self) -> anyhow::Result<Figures> {
        let load = self.load()?;
        let load = Arc::new(load);
        let callers = Tasks::new("bench");
        let (results, mut finished) =
            tokio::sync::mpsc::channel(usize::from(self.connections) * usize::from(self.depth));
        for _ in 0..self.connections {
            // A client of its own, since a client shares one connection per address.
            let stub = self
                .target
                .stub(&[("timeout", "10000".to_owned()), ("retries", "0".to_owned())])
                .await?;
            // One call before the clock starts: a wrong target is told at once.
            load.call(&stub)
                .await
                .map_err(|error| anyhow!("{}.{}: {error}", self.target.text(), self.method))?;
            for _ in 0..self.depth {
                let (load, stub, results, latency) =
                    (load.clone(), stub.clone(), results.clone(), histogram()?);
                callers.spawn(async move {
                    let latency = load.run(&stub, latency).await;
                    // The receiver is gone only when the measurement was given up.
                    let _given_up = results.send(latency).await;
                });
            }
        }
        drop(results);

        tokio::time::sleep(self.duration / 10).await;
        let (since, cpu_before) = (Instant::now(), self.server_pid.and_then(cpu::of_process));
        load.measuring.store(true, Ordering::Relaxed);
        tokio::time::sleep(self.duration).await;
        load.measuring.store(false, Ordering::Relaxed);
        let elapsed = since.elapsed();
        let cpu_after = self.server_pid.and_then(cpu::of_process);
        load.stop.store(true, Ordering::Relaxed);

        let mut latency = histogram()?;
        while let Some(one) = finished.recv().await {
            latency.add(one).context("latencies cannot be added up")?;
        }
        let failures = load.failures.load(Ordering::Relaxed);
        let first_failure = load.first_failure.get().cloned();
        let server_cpu = cpu_before
            .zip(cpu_after)
            .map(|(before, after)| after.saturating_sub(before));
        Ok(Figures {
            latency,
            failures,
            first_failure,
            elapsed,
            server_cpu,
        })
    }
}

fn histogram() -> anyhow::Result<Histogram<u64>> {
    Histogram::new_with_bounds(1, LATENCY_MAX_US, 3).context("no histogram")
}

/// What all callers share.
#[derive(Default)]
struct Load {
    method: Box<str>,
    types: Arc<[String]>,
    values: Arc<[Value]>,
    measuring: AtomicBool,
    stop: AtomicBool,
    failures: AtomicU64,
    first_failure: std::sync::OnceLock<String>,
}

impl Load {
    async fn call(&self, stub: &Stub) -> Result<(), String> {
        let types: Vec<&str> = self.types.iter().map(String::as_str).collect();
        match stub
            .invoke(&self.method, &types, self.values.to_vec())
            .await
        {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn run(&self, stub: &Stub, mut latency: Histogram<u64>) -> Histogram<u64> {
        while !self.stop.load(Ordering::Relaxed) {
            let since = Instant::now();
            let done = self.call(stub).await;
            if let Err(error) = done {
                self.failures.fetch_add(1, Ordering::Relaxed);
                self.first_failure.get_or_init(|| error);
            } else if self.measuring.load(Ordering::Relaxed) {
                let micros = u64::try_from(since.elapsed().as_micros()).unwrap_or(LATENCY_MAX_US);
                latency.saturating_record(micros);
            }
        }
        latency
    }
}

impl Figures {
    fn per_second(&self) -> f64 {
        self.latency.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// Microseconds of the server's CPU time per call.
    fn server_us(&self) -> Option<f64> {
        let calls = self.latency.len();
        self.server_cpu
            .filter(|_| calls > 0)
            .map(|cpu| cpu.as_secs_f64() * 1e6 / calls as f64)
    }

    fn json(&self) -> Json {
        serde_json::json!({
            "calls": self.latency.len(),
            "failures": self.failures,
            "seconds": self.elapsed.as_secs_f64(),
            "calls_per_second": self.per_second(),
            "latency_us": {
                "p50": self.latency.value_at_quantile(0.5),
                "p90": self.latency.value_at_quantile(0.9),
                "p99": self.latency.value_at_quantile(0.99),
                "p999": self.latency.value_at_quantile(0.999),
                "max": self.latency.max(),
            },
            "server_cpu_us_per_call": self.server_us(),
        })
    }

    fn text(&self) -> String {
        let quantiles = [0.5, 0.9, 0.99, 0.999].map(|q| self.latency.value_at_quantile(q));
        let [p50, p90, p99, p999] = quantiles;
        let server = self.server_us().map_or_else(String::new, |us| {
            format!("\nserver CPU  {us:.2} us per call")
        });
        format!(
            "calls       {} in {:.2} s, {} failed\nthroughput  {:.0} calls/s\nlatency     p50 {p50} us, p90 {p90} us, p99 {p99} us, p99.9 {p999} us, max {} us{server}",
            self.latency.len(),
            self.elapsed.as_secs_f64(),
            self.failures,
            self.per_second(),
            self.latency.max(),
        )
    }
}
