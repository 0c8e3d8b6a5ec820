//! What a call costs a gateway, with its policies in each of their forms, and how much longer it takes through one.

use serde_json::Value as Json;
use wubbo_tests::artifacts;
use wubbo_tests::process::Error;
use wubbo_tests::scratch::Scratch;

use crate::calls::{CALLS, KILOBYTE, LOADS};
use crate::server::{Server, WUBBO, number};
use crate::{floor, relay};

/// The load that a hop's latency is measured with: calls per second.
const HOP_RATE: &str = "5000";
/// What a hop may add, microseconds.
const HOP_GOALS: [(&str, u64); 2] = [("p50", 50), ("p99", 150)];
/// How often each way is measured, in turn: what is printed is the middle one, since a moment in which the machine does something else
/// decides a p99.
const HOP_ROUNDS: usize = 5;
const HOP_ROUND: &str = "1s";
/// Before each, since gateways are new.
const HOP_WARM_UP: &str = "300ms";
/// What `gateway.busy_poll` is set to beside the default; calls come every 200 us.
const BUSY_POLL: &str = "250us";
/// The bytes of a bulk call's `byte[]`, 100 KB: a multiple of three, so that base64 needs no padding.
const BULK_BYTES: usize = 3 * 34_133;
const BULK_ROUNDS: usize = 3;
const BULK_ROUND: &str = "1s";
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
    let scene = Scene::start()?;
    for (name, form) in GATEWAYS {
        let gateway = scene.gateway(form, None)?;
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
        bulk(&scene, &gateway)?;
        drop(gateway);
        hop(&scene, form)?;
    }
    Ok(())
}

/// Only what a hop adds and what a bulk call costs, without any policy: the figures that one run must compare, in half a minute.
pub(crate) fn hops() -> Result<(), Error> {
    let scene = Scene::start()?;
    bulk(&scene, &scene.gateway(Form::None, None)?)?;
    hop(&scene, Form::None)
}

/// A provider, and the registry and folder of the gateways before it.
struct Scene {
    provider: Server,
    registry: String,
    folder: Scratch,
}

impl Scene {
    fn start() -> Result<Self, Error> {
        let folder = Scratch::new("figures").map_err(io)?;
        let registry = format!("file:{}", folder.join("registry").display());
        let listen = ["--listen", "dubbo://127.0.0.1:0", "--registry", &registry];
        Ok(Self {
            provider: Server::own(1, "echo-provider", &listen)?,
            registry,
            folder,
        })
    }

    /// A gateway whose policies are of one form.
    fn gateway(&self, form: Form, busy_poll: Option<&str>) -> Result<Server, Error> {
        let plugins = self.folder.join(format!("plugins-{form:?}"));
        std::fs::create_dir_all(&plugins).map_err(io)?;
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
            "application: figures\nregistries: {{ main: {{ address: \"{}\" }} }}\n\
             gateway: {{ listen: [\"dubbo://127.0.0.1:0\"], services: [\"org.wubbo.*\"], busy_poll: {} }}\n\
             plugins: {{ dir: \"{}\", builtins: {builtins} }}\n",
            self.registry,
            busy_poll.unwrap_or("0us"),
            plugins.display()
        );
        let file = self.folder.write("wubbo.yaml", yaml).map_err(io)?;
        Server::own(0, WUBBO, &["run", "-c", &file.display().to_string()])
    }
}

fn io(error: std::io::Error) -> Error {
    Error::new(&error.to_string())
}

/// What a gateway adds to the latency of a 1 KB echo, as it is and polling, beside a relay that only reads and writes; and what it costs
/// on this machine to wake somebody on the other core, who only parses the header.
fn hop(scene: &Scene, form: Form) -> Result<(), Error> {
    let polling = format!("busy_poll: {BUSY_POLL}");
    let names = ["direct", "header, core 0", "relay", "gateway", &polling];
    let mut ways = names.map(|name| (name, Vec::new()));
    for _ in 0..HOP_ROUNDS {
        let [direct, apart, relay, gateway, polling] = &mut ways;
        direct.1.push(Paced::of(&scene.provider)?);
        let floor = floor::start(0, &scene.provider, &KILOBYTE)?;
        apart.1.push(Paced::of(&floor)?);
        relay.1.push(Paced::of(&relay::start(0, &scene.provider)?)?);
        gateway.1.push(Paced::of(&scene.gateway(form, None)?)?);
        let server = scene.gateway(form, Some(BUSY_POLL))?;
        polling.1.push(Paced::of(&server)?);
    }
    println!(
        "{:18} {:>9} {:>22} {:>22} {:>14} {:>16} {:>12}",
        KILOBYTE.name,
        "calls/s",
        "p50 us, added",
        "p99 us, added",
        "p99 of rounds",
        "sent late, p99",
        "CPU us/call"
    );
    let direct = HOP_GOALS.map(|(quantile, _)| median(&ways[0].1, |round| round.us(quantile)));
    for (name, rounds) in &ways {
        let mut direct = direct.iter();
        let [p50, p99] = HOP_GOALS.map(|(quantile, goal)| {
            let here = median(rounds, |round| round.us(quantile));
            let added = here - direct.next().unwrap_or(&0.0);
            format!("{here} (+{added}, goal {goal})")
        });
        let mut all: Vec<f64> = rounds.iter().map(|round| round.us("p99")).collect();
        all.sort_by(f64::total_cmp);
        let range = format!("{} to {}", all[0], all[all.len() - 1]);
        let late = median(rounds, |round| round.late);
        let cpu = median(rounds, |round| round.cpu);
        println!("{name:18} {HOP_RATE:>9} {p50:>22} {p99:>22} {range:>14} {late:>16} {cpu:>12.1}");
    }
    Ok(())
}

/// What calls at a rate showed in one round.
struct Paced {
    latency: Json,
    /// How late calls were sent, counted from when they were due: the 99th percentile, which no server is to blame for.
    late: f64,
    cpu: f64,
}

impl Paced {
    fn of(server: &Server) -> Result<Self, Error> {
        let argument = KILOBYTE.argument();
        let load = ["--connections", "4", "--depth", "64", "--rate", HOP_RATE];
        let time = ["--duration", HOP_ROUND, "--warm-up", HOP_WARM_UP];
        let figures = server.paced(
            KILOBYTE.method,
            argument.as_deref(),
            &[&load[..], &time].concat(),
        )?;
        Ok(Self {
            latency: figures["latency_us"].clone(),
            late: number(&figures["sent_late_us"], "p99"),
            cpu: number(&figures, "server_cpu_us_per_call"),
        })
    }

    fn us(&self, quantile: &str) -> f64 {
        number(&self.latency, quantile)
    }
}

/// The one in the middle.
fn median<T>(rounds: &[T], figure: impl Fn(&T) -> f64) -> f64 {
    let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// What a bulk call costs a gateway, beside a relay on the same core that copies the bytes; in turn, so that a moment of a busy machine
/// is in both.
fn bulk(scene: &Scene, gateway: &Server) -> Result<(), Error> {
    let base64 = "A".repeat(BULK_BYTES / 3 * 4);
    let file = scene.folder.write("bulk.json", format!("\"{base64}\""));
    let file = file.map_err(io)?;
    let argument = format!("@{}", file.display());
    let load = ["--types", "byte[]", "--connections", "4", "--depth", "4"];
    let cpu = |server: &Server| {
        let time = ["--duration", BULK_ROUND];
        let figures = server.bench_for("echoBytes", Some(&argument), &load, &time)?;
        Ok(number(&figures, "server_cpu_us_per_call"))
    };
    let relay = relay::start(0, &scene.provider)?;
    let mut rounds: Vec<(f64, f64)> = Vec::new();
    for _ in 0..BULK_ROUNDS {
        rounds.push((cpu(&relay)?, cpu(gateway)?));
    }
    let copied = median(&rounds, |round| round.0);
    let passed = median(&rounds, |round| round.1);
    let ratio = median(&rounds, |(copied, passed)| passed / copied);
    println!(
        "{:18} {:>9} {:>12} {:>14} {:>8}",
        "100 KB byte[]", "load", "relay us", "gateway us", "goal"
    );
    println!(
        "{:18} {:>9} {copied:>12.1} {:>14} {BULK_GOAL:>8}",
        "CPU per call",
        "4 x 4",
        format!("{passed:.1} ({ratio:.2} x)")
    );
    Ok(())
}
