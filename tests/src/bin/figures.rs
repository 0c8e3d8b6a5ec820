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
/// A third of what a warmed consumer of Dubbo Java 3.3.6 needs with 64 callers, microseconds of CPU per call.
const CONSUMER_GOAL: f64 = 16.0 / 3.0;
/// The load that a hop's latency is measured with: calls per second.
const HOP_RATE: &str = "5000";
/// What a hop may add, microseconds.
const HOP_GOALS: [(&str, u64); 2] = [("p50", 50), ("p99", 150)];
/// What a gateway has linked in: the same policies as wasm files.
const FIRST_PARTY: [&str; 11] = [
    "configurator-override",
    "filter-accesslog",
    "filter-tagrequest",
    "filter-token",
    "filter-tps",
    "loadbalance-consistenthash",
    "loadbalance-leastactive",
    "loadbalance-random",
    "loadbalance-roundrobin",
    "router-condition",
    "router-tag",
];
const GATEWAYS: [(&str, Form); 3] = [
    ("gateway, no policy", Form::None),
    ("gateway, linked", Form::Linked),
    ("gateway, wasm", Form::Wasm),
];
const LOADS: [(&str, &str); 2] = [("1", "64"), ("16", "16")];

/// Which policies a gateway has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    None,
    Linked,
    Wasm,
}

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
        "{:18} {:>9} {:>12} {:>14} {:>8} {:>14} {:>8}",
        "direct", "load", "calls/s", "CPU us/call", "goal", "consumer's", "goal"
    );
    let provider = Server::start(0, "echo-provider", &["--listen", "dubbo://127.0.0.1:0"])?;
    measure(&provider, true)?;
    drop(provider);

    let behind = Server::start(
        1,
        "echo-provider",
        &["--listen", "dubbo://127.0.0.1:0", "--registry", &registry],
    )?;
    for (name, form) in GATEWAYS {
        let gateway = gateway(form, &registry, &folder)?;
        println!(
            "{:18} {:>9} {:>12} {:>14} {:>8}",
            name, "load", "calls/s", "CPU us/call", "p50 us"
        );
        measure(&gateway, false)?;
        hop(&behind, &gateway)?;
    }
    Ok(())
}

/// A gateway whose policies are of one form.
fn gateway(form: Form, registry: &str, folder: &Scratch) -> Result<Server, Error> {
    let io = |error: std::io::Error| Error::new(&error.to_string());
    let plugins = folder.join(format!("plugins-{form:?}"));
    std::fs::create_dir(&plugins).map_err(io)?;
    let set = if form == Form::Wasm {
        &FIRST_PARTY[..]
    } else {
        &[]
    };
    for plugin in set {
        let name = format!("{plugin}.wasm");
        std::fs::copy(artifacts::wasm(plugin), plugins.join(name)).map_err(io)?;
    }
    let builtins = if form == Form::Linked { "on" } else { "off" };
    let yaml = format!(
        "application: figures\nregistries: {{ main: {{ address: \"{registry}\" }} }}\n\
         gateway: {{ listen: [\"dubbo://127.0.0.1:0\"], services: [\"org.wubbo.*\"] }}\n\
         plugins: {{ dir: \"{}\", builtins: {builtins} }}\n",
        plugins.display()
    );
    let file = folder.write("wubbo.yaml", yaml).map_err(io)?;
    Server::start(0, "wubbo", &["run", "-c", &file.display().to_string()])
}

/// What the gateway adds to the latency of a 1 KB echo.
fn hop(provider: &Server, gateway: &Server) -> Result<(), Error> {
    let argument = format!("\"{}\"", "x".repeat(1024));
    let load = ["--connections", "4", "--depth", "64", "--rate", HOP_RATE];
    let direct = bench(provider, "echo", Some(&argument), &load)?;
    let through = bench(gateway, "echo", Some(&argument), &load)?;
    println!(
        "{:18} {:>9} {:>12} {:>14} {:>8}",
        "1 KB echo", "calls/s", "direct us", "gateway us", "goal"
    );
    for (quantile, goal) in HOP_GOALS {
        let us = |figures: &Json| figures["latency_us"][quantile].as_u64().unwrap_or(u64::MAX);
        let (direct, through) = (us(&direct), us(&through));
        let added = through.saturating_sub(direct);
        println!(
            "{quantile:18} {HOP_RATE:>9} {direct:>12} {:>14} {goal:>8}",
            format!("{through} (+{added})")
        );
    }
    Ok(())
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

fn measure(server: &Server, goals: bool) -> Result<(), Error> {
    for (name, method, argument, goal) in CALLS {
        for (connections, depth) in LOADS {
            let text = (argument == Some("128")).then(|| format!("\"{}\"", "x".repeat(128)));
            let argument = text.as_deref().or(argument);
            let load = ["--connections", connections, "--depth", depth];
            let figures = bench(server, method, argument, &load)?;
            let number = |key: &str| figures[key].as_f64().unwrap_or(f64::NAN);
            let last = if goals {
                let consumer = number("client_cpu_us_per_call");
                format!("{goal:>8.1} {consumer:>14.2} {CONSUMER_GOAL:>8.1}")
            } else {
                format!("{:>8}", figures["latency_us"]["p50"].to_string())
            };
            println!(
                "{name:18} {:>9} {:>12.0} {:>14.2} {last}",
                format!("{connections} x {depth}"),
                number("calls_per_second"),
                number("server_cpu_us_per_call"),
            );
        }
    }
    Ok(())
}

fn bench(
    server: &Server,
    method: &str,
    argument: Option<&str>,
    load: &[&str],
) -> Result<Json, Error> {
    let mut command = Command::new("taskset");
    command
        .args(["-c", "1"])
        .arg(artifacts::released("wubbo"))
        .args(["bench", &format!("{}/{SERVICE}", server.url), method])
        .args(argument)
        .args(load)
        .args(["--duration", "3s", "--json", "--server-pid"])
        .arg(server.process.pid().to_string());
    let output = command
        .output()
        .map_err(|error| Error::new(&error.to_string()))?;
    if !output.status.success() {
        return Err(Error::new(&String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| Error::new(&error.to_string()))
}
