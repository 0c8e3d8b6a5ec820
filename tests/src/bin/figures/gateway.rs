//! What a call costs a gateway, with its policies in each of their forms, and how much longer it takes through one.

use serde_json::Value as Json;
use wubbo_tests::artifacts;
use wubbo_tests::process::Error;
use wubbo_tests::scratch::Scratch;

use crate::calls::{CALLS, LOADS};
use crate::relay;
use crate::server::{Server, WUBBO, number};

/// The load that a hop's latency is measured with: calls per second.
const HOP_RATE: &str = "5000";
/// What a hop may add, microseconds.
const HOP_GOALS: [(&str, u64); 2] = [("p50", 50), ("p99", 150)];
/// The bytes of a bulk call's `byte[]`, 100 KB: a multiple of three, so that base64 needs no padding.
const BULK_BYTES: usize = 3 * 34_133;
/// What a bulk call may cost a gateway, compared with copying it.
const BULK_GOAL: f64 = 1.1;
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

/// Which policies a gateway has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    None,
    Linked,
    Wasm,
}

/// Prints the tables.
pub(crate) fn tables() -> Result<(), Error> {
    let folder = Scratch::new("figures").map_err(|error| Error::new(&error.to_string()))?;
    let registry = format!("file:{}", folder.join("registry").display());
    let listen = ["--listen", "dubbo://127.0.0.1:0", "--registry", &registry];
    let behind = Server::own(1, "echo-provider", &listen)?;
    for (name, form) in GATEWAYS {
        let gateway = gateway(form, &registry, &folder)?;
        println!(
            "\n{:18} {:>9} {:>12} {:>14} {:>8}",
            name, "load", "calls/s", "CPU us/call", "p50 us"
        );
        for call in CALLS {
            for load in LOADS {
                let figures =
                    gateway.bench(call.method, call.argument().as_deref(), &load.flags())?;
                println!(
                    "{:18} {:>9} {:>12.0} {:>14.2} {:>8}",
                    call.name,
                    load.name(),
                    number(&figures, "calls_per_second"),
                    number(&figures, "server_cpu_us_per_call"),
                    figures["latency_us"]["p50"].to_string(),
                );
            }
        }
        hop(&behind, &gateway)?;
        bulk(&behind, &gateway, &folder)?;
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
    Server::own(0, WUBBO, &["run", "-c", &file.display().to_string()])
}

/// What the gateway adds to the latency of a 1 KB echo.
fn hop(provider: &Server, gateway: &Server) -> Result<(), Error> {
    let argument = format!("\"{}\"", "x".repeat(1024));
    let load = ["--connections", "4", "--depth", "64", "--rate", HOP_RATE];
    let direct = provider.bench("echo", Some(&argument), &load)?;
    let through = gateway.bench("echo", Some(&argument), &load)?;
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

/// What a bulk call costs a gateway, beside a relay on the same core that copies the bytes.
fn bulk(provider: &Server, gateway: &Server, folder: &Scratch) -> Result<(), Error> {
    let base64 = "A".repeat(BULK_BYTES / 3 * 4);
    let file = folder.write("bulk.json", format!("\"{base64}\""));
    let file = file.map_err(|error| Error::new(&error.to_string()))?;
    let argument = format!("@{}", file.display());
    let load = ["--types", "byte[]", "--connections", "4", "--depth", "4"];
    let cpu = |server: &Server| {
        let figures = server.bench("echoBytes", Some(&argument), &load)?;
        Ok(number(&figures, "server_cpu_us_per_call"))
    };
    let relay = relay::start(0, provider)?;
    let (copied, passed): (f64, f64) = (cpu(&relay)?, cpu(gateway)?);
    println!(
        "{:18} {:>9} {:>12} {:>14} {:>8}",
        "100 KB byte[]", "load", "relay us", "gateway us", "goal"
    );
    println!(
        "{:18} {:>9} {copied:>12.1} {:>14} {BULK_GOAL:>8}",
        "CPU per call",
        "4 x 4",
        format!("{passed:.1} ({:.2} x)", passed / copied)
    );
    Ok(())
}
