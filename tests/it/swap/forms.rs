//! A linked plugin and its wasm form in turn, and what goes with neither: the state that the host keeps for it.

use std::time::{Duration, Instant};

use wubbo_tests::artifacts;
use wubbo_tests::hosts::{EchoProvider, Gateway};
use wubbo_tests::load::Load;
use wubbo_tests::plugin_files::{put, stamped};
use wubbo_tests::scratch::Scratch;

use super::{SETTLE, client_of, full, plugin};

const TPS: &str = "filter/tps";

/// A gateway with linked plugins, whose listener limits calls to `rate` in an hour.
fn gateway(folder: &Scratch, rate: u32) -> (EchoProvider, Gateway) {
    folder.folder("plugins.d").unwrap();
    let registry = format!("file:{}", folder.join("registry").display());
    let provider = EchoProvider::start(&["--registry", &registry]).unwrap();
    let yaml = format!(
        "application: forms\nregistries: {{ main: {{ address: \"{registry}\" }} }}\nplugins: {{ dir: ./plugins.d, cache: ./cache }}\n\
         gateway: {{ listen: [\"dubbo://127.0.0.1:0?tps.limiter=default&tps.limit.interval=3600000&tps.limit.rate={rate}\"], services: [\"org.wubbo.*\"] }}\n\
         admin: {{ listen: \"127.0.0.1:0\" }}\n"
    );
    let gateway = Gateway::start(&yaml, folder.path()).unwrap();
    (provider, gateway)
}

fn until_origin(gateway: &Gateway, origin: &str) {
    let deadline = Instant::now() + SETTLE;
    while plugin(gateway, TPS)["origin"] != origin {
        assert!(Instant::now() < deadline, "{}", plugin(gateway, TPS));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_linked_filter_and_its_wasm_form_take_turns_under_load() {
    let folder = Scratch::new("forms").unwrap();
    let (_provider, gateway) = gateway(&folder, 1_000_000_000);
    let plugins = folder.join("plugins.d");
    let hello = std::fs::read(artifacts::wasm("hello-filter")).unwrap();
    let tps = std::fs::read(artifacts::wasm("filter-tps")).unwrap();
    put(&plugins, "h.yaml", b"side: provider\n").unwrap();
    put(&plugins, "h.wasm", &hello).unwrap();
    let (runtime, stub) = client_of(gateway.url());
    let load = runtime.block_on(async { Load::start(&stub, 16) });
    let rounds = if full() { 30 } else { 3 };
    for round in 0..rounds {
        put(&plugins, "tps.wasm", &stamped(&tps, &round.to_string())).unwrap();
        until_origin(&gateway, "wasm");
        std::thread::sleep(Duration::from_millis(500));
        std::fs::remove_file(plugins.join("tps.wasm")).unwrap();
        until_origin(&gateway, "builtin");
        std::thread::sleep(Duration::from_millis(500));
    }
    let summary = runtime.block_on(load.stop());
    println!(
        "{} calls over {} swaps between linked and wasm: {} failed, {} mixed",
        summary.calls,
        2 * rounds,
        summary.failures,
        summary.mixed
    );
    assert_eq!(
        (summary.failures, summary.mixed),
        (0, 0),
        "{:?}",
        summary.first_failure
    );
    assert!(summary.calls > 1000, "{} calls", summary.calls);
    assert_eq!(gateway.stop().unwrap(), 0);
}

/// The row of the swap matrix that wants a real plugin: state is the host's, under the plugin's name, and outlives its generations.
#[test]
fn matrix_state_kept_by_filter_tps_over_a_swap() {
    let folder = Scratch::new("tps").unwrap();
    let (_provider, gateway) = gateway(&folder, 6);
    let plugins = folder.join("plugins.d");
    let tps = std::fs::read(artifacts::wasm("filter-tps")).unwrap();
    put(&plugins, "tps.wasm", &tps).unwrap();
    until_origin(&gateway, "wasm");
    let (runtime, stub) = client_of(gateway.url());
    let call = || {
        let text = wubbo_hessian2::Value::from("x");
        runtime.block_on(stub.invoke("echo", &["java.lang.String"], vec![text]))
    };
    let pass = |count: usize| (0..count).for_each(|_| drop(call().unwrap()));
    pass(2);
    // Another module, then other settings: two of six calls are gone, and stay gone.
    put(&plugins, "tps.wasm", &stamped(&tps, "2")).unwrap();
    until_generation(&gateway, 2);
    pass(2);
    put(&plugins, "tps.yaml", b"order: -6999\n").unwrap();
    until_generation(&gateway, 3);
    pass(2);
    let refused = call().unwrap_err().to_string();
    assert!(refused.contains("exceed max service tps"), "{refused}");
    put(&plugins, "tps.wasm", &stamped(&tps, "4")).unwrap();
    until_generation(&gateway, 4);
    assert!(call().is_err());
    assert_eq!(gateway.stop().unwrap(), 0);
}

fn until_generation(gateway: &Gateway, generation: u64) {
    let deadline = Instant::now() + SETTLE;
    while plugin(gateway, TPS)["generation"] != generation {
        assert!(Instant::now() < deadline, "{}", plugin(gateway, TPS));
        std::thread::sleep(Duration::from_millis(5));
    }
}
