//! `cargo xtask bench`: what a call costs a server, direct and through the gateway, each figure beside its goal.
//!
//! The server under measurement has core 0 for itself, everything else runs on core 1; its CPU time comes from the kernel.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program whose output is its figures"
)]

use std::process::{Command, ExitCode};

use serde_json::Value as Json;
use wubbo_tests::artifacts;
use wubbo_tests::process::{Error, Process};
use wubbo_tests::scratch::Scratch;

const SERVICE: &str = "org.wubbo.demo.EchoService?version=1.0.0";
/// Goals of the design: a quarter of what warmed Dubbo Java 3.3.6 needs, microseconds of CPU per call.
const CALLS: [(&str, &str, Option<&str>, f64); 4] = [
    ("empty call", "touch", None, 11.6 / 4.0),
    ("128-byte echo", "echo", Some("128"), 11.5 / 4.0),
    ("User", "getUser", Some("\"7\""), 12.3 / 4.0),
    ("list of 15 Users", "listUsers", Some("15"), 19.5 / 4.0),
];
const LOADS: [(&str, &str); 2] = [("1", "64"), ("16", "16")];

fn main() -> ExitCode {
    match figures() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("figures: {error}");
            ExitCode::FAILURE
        }
    }
}

fn figures() -> Result<(), Error> {
    let folder = Scratch::new("figures").map_err(|error| Error::new(&error.to_string()))?;
    let registry = format!("file:{}", folder.join("registry").display());

    println!(
        "{:18} {:>9} {:>12} {:>14} {:>8}",
        "direct", "load", "calls/s", "CPU us/call", "goal"
    );
    let provider = Server::start(0, "echo-provider", &["--listen", "dubbo://127.0.0.1:0"])?;
    measure(&provider, &provider.url, true)?;
    drop(provider);

    println!(
        "{:18} {:>9} {:>12} {:>14} {:>8}",
        "gateway", "load", "calls/s", "CPU us/call", "p50 us"
    );
    let _behind = Server::start(
        1,
        "echo-provider",
        &["--listen", "dubbo://127.0.0.1:0", "--registry", &registry],
    )?;
    let yaml = format!(
        "application: figures\nregistries: {{ main: {{ address: \"{registry}\" }} }}\n\
         gateway: {{ listen: [\"dubbo://127.0.0.1:0\"], services: [\"org.wubbo.*\"] }}\n"
    );
    let file = folder
        .write("wubbo.yaml", yaml)
        .map_err(|error| Error::new(&error.to_string()))?;
    let gateway = Server::start(0, "wubbo", &["run", "-c", &file.display().to_string()])?;
    measure(&gateway, &gateway.url, false)
}

/// A server with a core for itself.
struct Server {
    process: Process,
    url: String,
}

impl Server {
    fn start(core: u32, program: &str, arguments: &[&str]) -> Result<Self, Error> {
        let mut command = Command::new("taskset");
        command
            .args(["-c", &core.to_string()])
            .arg(artifacts::released(program))
            .args(arguments);
        let process = Process::start(command)
            .map_err(|error| Error::new(&format!("taskset {program}: {error}")))?;
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        let (process, urls) = process.ready("READY ", 1, deadline)?;
        let url = urls.into_iter().next().unwrap_or_default();
        Ok(Self { process, url })
    }
}

fn measure(server: &Server, url: &str, goals: bool) -> Result<(), Error> {
    for (name, method, argument, goal) in CALLS {
        for (connections, depth) in LOADS {
            let figures = bench(server, url, method, argument, connections, depth)?;
            let cpu = figures["server_cpu_us_per_call"]
                .as_f64()
                .unwrap_or(f64::NAN);
            let calls = figures["calls_per_second"].as_f64().unwrap_or(f64::NAN);
            let last = if goals {
                format!("{goal:.1}")
            } else {
                figures["latency_us"]["p50"].to_string()
            };
            println!(
                "{name:18} {:>9} {calls:>12.0} {cpu:>14.2} {last:>8}",
                format!("{connections} x {depth}")
            );
        }
    }
    Ok(())
}

fn bench(
    server: &Server,
    url: &str,
    method: &str,
    argument: Option<&str>,
    connections: &str,
    depth: &str,
) -> Result<Json, Error> {
    let mut command = Command::new("taskset");
    command
        .args(["-c", "1"])
        .arg(artifacts::released("wubbo"))
        .args(["bench", &format!("{url}/{SERVICE}"), method]);
    match argument {
        Some("128") => {
            command.arg(format!("\"{}\"", "x".repeat(128)));
        }
        Some(argument) => {
            command.arg(argument);
        }
        None => {}
    }
    command.args([
        "--connections",
        connections,
        "--depth",
        depth,
        "--duration",
        "3s",
        "--json",
    ]);
    command.args(["--server-pid", &server.process.pid().to_string()]);
    let output = command
        .output()
        .map_err(|error| Error::new(&error.to_string()))?;
    if !output.status.success() {
        return Err(Error::new(&String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| Error::new(&error.to_string()))
}
