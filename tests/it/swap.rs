//! A filter is swapped under full load: no failed call, no call that sees two generations, old generations gone, memory flat. Settings
//! and modules are swapped in turn; in another test a linked filter and its wasm form.
//!
//! 5 s in the ordinary test, 60 s with `WUBBO_FULL=on`.

mod forms;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use wubbo::Client;
use wubbo_core::{
    Applies, BoxFuture, Chain, Filter, FilterEntry, Flow, Handler, Hooks, Invocation, Outcome,
    PolicySet, Protocol, Request, RpcResult, Scratch as CallScratch, ServiceKey, Stage, Url,
};
use wubbo_hessian2::Value;
use wubbo_protocol::{DubboConfig, DubboProtocol};
use wubbo_tests::artifacts;
use wubbo_tests::hosts::{EchoProvider, Gateway};
use wubbo_tests::length::full;
use wubbo_tests::load::{Load, REQUEST_STAMP, RESPONSE_STAMP};
use wubbo_tests::plugin_files::{put, stamped};
use wubbo_tests::process::rss_kib;
use wubbo_tests::scratch::Scratch;

const SERVICE: &str = "org.wubbo.demo.EchoService";
/// Time between two swaps: more than ten a second.
const SWAP_EVERY: Duration = Duration::from_millis(80);
/// One swap in so many changes the module too.
const NEW_MODULE_EVERY: u64 = 8;
/// What an old generation's last call may take to end.
const SETTLE: Duration = Duration::from_secs(20);

fn client_of(url: &str) -> (tokio::runtime::Runtime, wubbo::contract::Stub) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let stub = runtime.block_on(async {
        let client = Client::builder("swap-test")
            .parameter("retries", "0")
            .build()
            .await
            .unwrap();
        client
            .direct_stub(&ServiceKey::new(SERVICE, "", "1.0.0"), url)
            .unwrap()
    });
    (runtime, stub)
}

fn plugin(gateway: &Gateway, identity: &str) -> Json {
    let answer = gateway.get(&format!("/plugins/{identity}")).unwrap();
    serde_json::from_str(&answer.body).unwrap()
}

fn hello(gateway: &Gateway) -> Json {
    plugin(gateway, "filter/hello")
}

fn greet(folder: &Scratch, generation: u64) {
    let settings = format!("side: provider\nconfig: {{ greeting: g{generation} }}\n");
    put(
        &folder.join("plugins.d"),
        "hello-filter.yaml",
        settings.as_bytes(),
    )
    .unwrap();
}

#[test]
fn swaps_under_full_load_lose_nothing_and_mix_nothing() {
    let folder = Scratch::new("swap").unwrap();
    folder.folder("plugins.d").unwrap();
    greet(&folder, 1);
    let module = std::fs::read(artifacts::wasm("hello-filter")).unwrap();
    put(&folder.join("plugins.d"), "hello-filter.wasm", &module).unwrap();
    let registry = format!("file:{}", folder.join("registry").display());
    let _provider = EchoProvider::start(&["--registry", &registry]).unwrap();
    let yaml = format!(
        "application: swap\nregistries: {{ main: {{ address: \"{registry}\" }} }}\nplugins: {{ dir: ./plugins.d, builtins: off, required: [filter/hello] }}\n\
         gateway: {{ listen: [\"dubbo://127.0.0.1:0\"], services: [\"org.wubbo.*\"] }}\nadmin: {{ listen: \"127.0.0.1:0\" }}\n"
    );
    let gateway = Gateway::start(&yaml, folder.path()).unwrap();
    let (runtime, stub) = client_of(gateway.url());

    let seconds = if full() { 60 } else { 5 };
    let load = runtime.block_on(async { Load::start(&stub, 32) });
    std::thread::sleep(Duration::from_secs(1));
    let (before, first) = (
        rss_kib(gateway.pid()).unwrap(),
        hello(&gateway)["generation"].as_u64().unwrap(),
    );
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut generation, mut modules) = (1, 0);
    while Instant::now() < until {
        generation += 1;
        greet(&folder, generation);
        if generation.is_multiple_of(NEW_MODULE_EVERY) {
            let module = stamped(&module, &generation.to_string());
            put(&folder.join("plugins.d"), "hello-filter.wasm", &module).unwrap();
            modules += 1;
        }
        std::thread::sleep(SWAP_EVERY);
    }
    let last = hello(&gateway)["generation"].as_u64().unwrap();
    let summary = runtime.block_on(load.stop());
    let swaps = last - first;
    println!(
        "{} calls, {} failed, {} mixed, {} span a swap; {swaps} swaps in {seconds} s ({:.1} a second); p50 {} us, p99 {} us",
        summary.calls,
        summary.failures,
        summary.mixed,
        summary.spanning,
        swaps as f64 / seconds as f64,
        summary.p50_us,
        summary.p99_us
    );
    assert_eq!(
        (summary.failures, summary.mixed),
        (0, 0),
        "{:?}",
        summary.first_failure
    );
    assert!(
        summary.spanning > 100,
        "too few calls span a swap to show anything: {}",
        summary.spanning
    );
    // The goal is ten a second; what the test asserts has the usual slack for a busy machine.
    assert!(swaps >= 2 * seconds, "{swaps} swaps in {seconds} s");
    println!("{modules} of the swaps changed the module");
    assert!(modules >= seconds / 5, "{modules} new modules");

    let deadline = Instant::now() + SETTLE;
    while hello(&gateway)["live_generations"] != 1 {
        assert!(
            Instant::now() < deadline,
            "old generations stay: {}",
            hello(&gateway)
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let grown = rss_kib(gateway.pid()).unwrap().saturating_sub(before);
    println!("memory of the gateway grew by {grown} KiB over {swaps} swaps");
    assert!(grown < 48 * 1024, "memory grew by {grown} KiB");
    assert_eq!(gateway.stop().unwrap(), 0);
}

/// A filter published the wrong way: both hooks read what is current, instead of belonging to one generation.
#[derive(Debug)]
struct BrokenPublish(Arc<AtomicU64>);

impl Filter for BrokenPublish {
    fn name(&self) -> &str {
        "broken"
    }

    fn hooks(&self) -> Hooks {
        Hooks {
            request: true,
            response: true,
        }
    }

    fn on_request(&self, _: &mut Invocation, scratch: &mut CallScratch) -> Flow {
        scratch.word = self.0.load(Ordering::Relaxed);
        Flow::Continue
    }

    fn on_response(&self, _: &Invocation, outcome: &mut Outcome, scratch: &mut CallScratch) {
        if let Ok(result) = outcome {
            result
                .attachments
                .set(REQUEST_STAMP, format!("g{}", scratch.word));
            result.attachments.set(
                RESPONSE_STAMP,
                format!("g{}", self.0.load(Ordering::Relaxed)),
            );
        }
    }
}

/// A provider behind [`BrokenPublish`].
#[derive(Debug)]
struct Behind(Mutex<Arc<PolicySet>>);

impl Handler for Behind {
    fn handle(&self, mut request: Request) -> BoxFuture<'_, Outcome> {
        request.policies = self.0.lock().unwrap().clone();
        Box::pin(Chain::new(Stage::Provider).invoke(
            Invocation::new(request, Url::default()),
            |invocation| async move {
                let argument = invocation
                    .body()
                    .to_values()?
                    .into_iter()
                    .next()
                    .unwrap_or(Value::Null);
                if invocation.method() == "sleep" {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    return Ok(RpcResult::value(Value::from("slept 50")));
                }
                Ok(RpcResult::value(argument))
            },
        ))
    }
}

#[test]
fn a_broken_publish_is_caught_by_the_same_detector() {
    let current = Arc::new(AtomicU64::new(1));
    let entry = FilterEntry {
        filter: Arc::new(BrokenPublish(current.clone())),
        stage: Stage::Provider,
        order: 0,
        applies: Applies::default(),
    };
    let (runtime, summary) = {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let summary = runtime.block_on(async {
            let protocol = DubboProtocol::new(DubboConfig::default());
            let handler = Arc::new(Behind(Mutex::new(Arc::new(PolicySet::new(1, vec![entry])))));
            let listener = protocol
                .bind(&Url::parse("dubbo://127.0.0.1:0").unwrap(), handler)
                .await
                .unwrap();
            let client = Client::builder("swap-test").build().await.unwrap();
            let url = format!("dubbo://{}", listener.local_addr());
            let stub = client
                .direct_stub(&ServiceKey::new(SERVICE, "", "1.0.0"), &url)
                .unwrap();
            let load = Load::start(&stub, 8);
            for _ in 0..20 {
                tokio::time::sleep(Duration::from_millis(25)).await;
                current.fetch_add(1, Ordering::Relaxed);
            }
            load.stop().await
        });
        (runtime, summary)
    };
    drop(runtime);
    assert_eq!(summary.failures, 0, "{:?}", summary.first_failure);
    assert!(
        summary.mixed > 20,
        "the detector saw {} mixed calls",
        summary.mixed
    );
}
