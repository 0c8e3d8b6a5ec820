//! What processes hold: connections that are idle, many calls, services and plugins that nobody uses.

use std::io::Write;
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use wubbo_tests::artifacts;
use wubbo_tests::hosts::{EchoProvider, Gateway};
use wubbo_tests::length::full;
use wubbo_tests::plugin_files::put;
use wubbo_tests::process::rss_kib;
use wubbo_tests::scratch::Scratch;
use wubbo_tests::wire::{Request, ask, place, read_response, values};

const SERVICE: &str = "org.wubbo.demo.EchoService?version=1.0.0";

/// The goal, for each of the two processes.
const CONNECTIONS: u64 = 10_000;
const CONNECTIONS_KIB: u64 = 200 * 1000;

/// Calls that are in flight together.
const BATCH: i64 = 100;

/// What tens of thousands of calls may leave behind.
const GROWN_MAX_KIB: u64 = 8 * 1024;

/// The goal of an idle gateway is 40 MB in a release build.
const IDLE_KIB: u64 = 40 * 1000;

/// The plugins of the idle gateway.
const PLUGINS: [&str; 10] = [
    "configurator-override",
    "filter-accesslog",
    "filter-tagrequest",
    "filter-token",
    "filter-tps",
    "loadbalance-consistenthash",
    "loadbalance-leastactive",
    "loadbalance-random",
    "router-condition",
    "router-tag",
];

fn bench(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(artifacts::binary("wubbo"));
    command
        .args(["bench", &format!("dubbo://{}/{SERVICE}", place(url))])
        .args(arguments)
        .args(["--json", "--warm-up", "1s"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[test]
fn ten_thousand_idle_connections_are_cheap_on_both_sides() {
    // Each process needs a file for each, and some.
    let files = wubbo::raise_open_files().unwrap_or(u64::MAX);
    let connections = CONNECTIONS.min(files.saturating_sub(200));
    let strict = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    if connections < CONNECTIONS {
        println!("only {connections} connections: {files} files may be open");
        assert!(
            !strict,
            "allow {} open files (ulimit -n)",
            CONNECTIONS + 200
        );
    }
    let listen = "dubbo://127.0.0.1:0?accepts=20000";
    let provider = EchoProvider::start(&["--listen", listen]).unwrap();
    let count = connections.to_string();
    // 100 calls a second on 10,000 connections: each is idle but for one call in 100 s.
    let load = ["touch", "--connections", &count, "--depth", "1"];
    let rate = ["--rate", "100", "--duration", "3s"];
    let mut client = bench(provider.url(), &[load.as_slice(), &rate].concat())
        .spawn()
        .unwrap();
    let (mut most_client, mut most_provider) = (0, 0);
    while client.try_wait().unwrap().is_none() {
        most_client = most_client.max(rss_kib(client.id()).unwrap_or(0));
        most_provider = most_provider.max(rss_kib(provider.pid()).unwrap());
        thread::sleep(Duration::from_millis(50));
    }
    let output = client.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    println!("{connections} connections: client {most_client} KiB, provider {most_provider} KiB");
    assert!(most_client < CONNECTIONS_KIB, "{most_client} KiB");
    assert!(most_provider < CONNECTIONS_KIB, "{most_provider} KiB");
    assert_eq!(provider.stop().unwrap(), 0);
}

/// 100 calls, written at once and read one by one.
fn batch(stream: &mut TcpStream, frames: &[u8]) {
    stream.write_all(frames).unwrap();
    for _ in 0..BATCH {
        assert_eq!(read_response(stream).unwrap().status, 20);
    }
}

#[test]
fn many_calls_leave_nothing_behind() {
    let scratch = Scratch::new("memory").unwrap();
    let registry = format!("file:{}", scratch.join("registry").display());
    let provider = EchoProvider::start(&["--registry", &registry]).unwrap();
    let yaml = format!(
        "application: memory\nregistries: {{ main: {{ address: \"{registry}\" }} }}\n\
         gateway: {{ listen: [\"dubbo://127.0.0.1:0\"], services: [\"org.wubbo.*\"] }}\n"
    );
    let gateway = Gateway::start(&yaml, scratch.path()).unwrap();
    let mut stream = TcpStream::connect(place(gateway.url())).unwrap();
    let call = Request {
        method: "getUser",
        descriptor: "Ljava/lang/String;",
        arguments: values(&["7".into()]),
        ..Request::default()
    };
    let frames: Vec<u8> = (0..BATCH).flat_map(|id| call.frame(id)).collect();
    let batches = if full() { 10_000 } else { 500 };
    for _ in 0..50 {
        batch(&mut stream, &frames);
    }
    let now = || [gateway.pid(), provider.pid()].map(|pid| rss_kib(pid).unwrap());
    let before = now();
    let since = Instant::now();
    for _ in 0..batches {
        batch(&mut stream, &frames);
    }
    let after = now();
    println!(
        "{} calls in {} ms: gateway and provider {before:?} -> {after:?} KiB",
        i64::from(batches) * BATCH,
        since.elapsed().as_millis()
    );
    for (before, after) in before.into_iter().zip(after) {
        let grown = after.saturating_sub(before);
        assert!(grown < GROWN_MAX_KIB, "{grown} KiB more");
    }
}

/// A gateway with the plugins in its directory, ready when all are live.
fn with_plugins(folder: &Scratch) -> Gateway {
    let yaml = "application: idle\nregistries: { main: { address: \"file:./registry\" } }\n\
                plugins: { dir: ./plugins.d, cache: ./cache }\n\
                gateway: { listen: [\"dubbo://127.0.0.1:0\"], services: [\"org.wubbo.*\"] }\n\
                admin: { listen: \"127.0.0.1:0\" }\n";
    let gateway = Gateway::start(yaml, folder.path()).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let status = gateway.get("/plugins").unwrap().body;
        let live = |name: &&str| status.contains(&format!("{name}.wasm"));
        if PLUGINS.iter().filter(|name| live(name)).count() == PLUGINS.len() {
            return gateway;
        }
        assert!(Instant::now() < deadline, "{status}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_idle_gateway_with_services_and_plugins_is_small() {
    const SERVICES: usize = 100;
    let scratch = Scratch::new("idle").unwrap();
    let plugins = scratch.folder("plugins.d").unwrap();
    for name in PLUGINS {
        let bytes = std::fs::read(artifacts::wasm(name)).unwrap();
        put(&plugins, &format!("{name}.wasm"), &bytes).unwrap();
    }
    let service = |number: usize| format!("org.wubbo.demo.Service{number}");
    for number in 0..SERVICES {
        let name = service(number);
        let entry = format!("dubbo://127.0.0.1:1/{name}?version=1.0.0\n");
        scratch
            .write(format!("registry/{name}/providers/one.url"), entry)
            .unwrap();
    }
    // A process apart compiles them: a host that starts without a cache holds hardly more than one that finds them compiled.
    let compiling = with_plugins(&scratch);
    let compiled = rss_kib(compiling.pid()).unwrap();
    assert_eq!(compiling.stop().unwrap(), 0);
    let gateway = with_plugins(&scratch);
    let mut stream = TcpStream::connect(place(gateway.url())).unwrap();
    for number in 0..SERVICES {
        let name = service(number);
        // Nobody listens there; the reference is made all the same.
        let call = Request {
            path: &name,
            method: "touch",
            ..Request::default()
        };
        assert_ne!(ask(&mut stream, &call, 1).unwrap().status, 20);
    }
    thread::sleep(Duration::from_secs(2));
    let idle = rss_kib(gateway.pid()).unwrap();
    println!(
        "{SERVICES} services and {} plugins: {idle} KiB idle, {compiled} KiB after compiling them; goal {IDLE_KIB} KiB in a release build",
        PLUGINS.len()
    );
    assert!(idle < IDLE_KIB * 2, "{idle} KiB");
    assert!(compiled < IDLE_KIB * 2, "{compiled} KiB after compiling");
    assert_eq!(gateway.stop().unwrap(), 0);
}
