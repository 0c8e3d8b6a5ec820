//! Swapping while calls run: no call sees two generations, old instances go, memory stays flat.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use wubbo_core::{FilterEntry, PolicySet, Stage};
use wubbo_plugin::Origin;

use crate::guests::{passing, stamping};
use crate::linked::LINKED;
use crate::rig::{MEMORY, Rig, attachment, rss, start, try_start};

/// Calls whose two hooks ran on different generations, calls that spanned a swap, all calls.
#[derive(Default)]
struct Seen {
    mixed: AtomicU64,
    spanned: AtomicU64,
    calls: AtomicU64,
    failed: AtomicU64,
}

impl Seen {
    async fn call(&self, rig: &Rig) {
        let before = rig.policies.load().version();
        let outcome = rig
            .call_and(tokio::time::sleep(Duration::from_millis(5)))
            .await;
        self.calls.fetch_add(1, Ordering::Relaxed);
        if rig.policies.load().version() != before {
            self.spanned.fetch_add(1, Ordering::Relaxed);
        }
        if outcome.is_err() {
            self.failed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let (seen, out) = (attachment(&outcome, "seen.in"), attachment(&outcome, "out"));
        if seen != out || seen.is_none() {
            self.mixed.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn get(&self) -> (u64, u64, u64, u64) {
        let get = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        (
            get(&self.calls),
            get(&self.spanned),
            get(&self.failed),
            get(&self.mixed),
        )
    }
}

/// Keeps eight calls running until told to stop, while `swap` runs.
async fn under_load(rig: &Arc<Rig>, swap: impl Future<Output = ()>) -> (u64, u64, u64, u64) {
    let (seen, stop) = (Arc::new(Seen::default()), Arc::new(AtomicBool::new(false)));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (rig, seen, stop) = (Arc::clone(rig), Arc::clone(&seen), Arc::clone(&stop));
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build()
                    .unwrap();
                while !stop.load(Ordering::Relaxed) {
                    runtime.block_on(seen.call(&rig));
                }
            })
        })
        .collect();
    swap.await;
    stop.store(true, Ordering::Relaxed);
    callers
        .into_iter()
        .for_each(|caller| caller.join().unwrap());
    seen.get()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_sees_two_generations_under_load() {
    let rig = Arc::new(
        try_start(&[("s.wasm", &stamping("s", "1"))], Vec::new(), |config| {
            config.workers = 8
        })
        .await
        .unwrap(),
    );
    let (calls, spanned, failed, mixed) = under_load(&rig, async {
        for generation in 2..=20 {
            rig.put("s.wasm", &stamping("s", &generation.to_string()));
            rig.until_generation("filter/s", generation).await;
        }
    })
    .await;
    println!("{calls} calls, {spanned} spanned a swap, {failed} failed, {mixed} mixed");
    assert_eq!((failed, mixed), (0, 0));
    assert!(spanned > 0);
    let status = rig
        .until("drained", |status| status.plugins[0].live_generations == 1)
        .await;
    assert_eq!(status.plugins[0].instances, 16);
    assert_eq!(
        status.plugins[0].counters.absent + status.plugins[0].counters.busy,
        0
    );
    rig.until("old instances were freed", |status| {
        status.memory_bytes == 16 * (128 << 10)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_mixes_the_linked_and_the_wasm_form_under_load() {
    let workers = |config: &mut wubbo_plugin::PluginsConfig| config.workers = 8;
    let rig = Arc::new(try_start(&[], vec![LINKED], workers).await.unwrap());
    let from = |origin: Origin| {
        move |status: &wubbo_plugin::PluginsStatus| status.plugins[0].origin == origin
    };
    let (calls, spanned, failed, mixed) = under_load(&rig, async {
        for swap in 1..=10 {
            rig.put("s.wasm", &stamping("s", &swap.to_string()));
            rig.until("shadowed", from(Origin::Wasm)).await;
            rig.remove("s.wasm");
            rig.until("given back", from(Origin::Builtin)).await;
        }
    })
    .await;
    println!("{calls} calls, {spanned} spanned a swap, {failed} failed, {mixed} mixed");
    assert_eq!((failed, mixed), (0, 0));
    assert!(spanned > 0);
}

/// A filter that always asks for what is published now, as a host without snapshots would.
#[derive(Debug)]
struct Unpinned(Arc<wubbo_core::PolicySlot>);

impl wubbo_core::Filter for Unpinned {
    fn name(&self) -> &str {
        "unpinned"
    }

    fn hooks(&self) -> wubbo_core::Hooks {
        wubbo_core::Hooks {
            request: true,
            response: true,
        }
    }

    fn on_request(
        &self,
        invocation: &mut wubbo_core::Invocation,
        scratch: &mut wubbo_core::Scratch,
    ) -> wubbo_core::Flow {
        self.0.load().filters(Stage::Provider)[0]
            .filter
            .on_request(invocation, scratch)
    }

    fn on_response(
        &self,
        invocation: &wubbo_core::Invocation,
        outcome: &mut wubbo_core::Outcome,
        scratch: &mut wubbo_core::Scratch,
    ) {
        self.0.load().filters(Stage::Provider)[0]
            .filter
            .on_response(invocation, outcome, scratch);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_detector_catches_a_publish_that_is_not_pinned_to_the_call() {
    let rig = start(&[("s.wasm", &stamping("s", "1"))]).await;
    let entry = FilterEntry {
        filter: Arc::new(Unpinned(Arc::clone(&rig.policies))),
        stage: Stage::Provider,
        order: 0,
        applies: wubbo_core::Applies::default(),
    };
    let mut request = rig.invocation().request().clone();
    request.policies = Arc::new(PolicySet::new(1, vec![entry]));
    let broken = wubbo_core::Invocation::new(request, wubbo_core::Url::default());
    let outcome = wubbo_core::Chain::new(Stage::Provider)
        .invoke(broken, |seen| async move {
            rig.put("s.wasm", &stamping("s", "2"));
            rig.until_generation("filter/s", 2).await;
            let mut result = wubbo_core::RpcResult::null();
            result
                .attachments
                .set("seen.in", seen.attachments().get("in").unwrap().to_owned());
            Ok(result)
        })
        .await;
    assert_eq!(attachment(&outcome, "seen.in").as_deref(), Some("1"));
    assert_eq!(attachment(&outcome, "out").as_deref(), Some("2"));
}

/// 1,000 in the ordinary test, 10,000 with `WUBBO_FULL=on`.
fn swaps() -> u64 {
    match std::env::var("WUBBO_FULL").as_deref() {
        Ok("on") => 10_000,
        _ => 1000,
    }
}

#[tokio::test]
async fn a_thousand_swaps_leave_no_memory_behind() {
    let _alone = MEMORY.lock().await;
    let swaps = swaps();
    let one = |n: u64| passing("p", &n.to_string());
    // Generations are kept on disk too, as an operator would have it.
    let store = tempfile::tempdir().unwrap();
    let rig = try_start(&[("p.wasm", &one(1))], Vec::new(), |config| {
        config.settle = Duration::from_millis(1);
        config.kept_dir = Some(store.path().join("kept"));
    })
    .await
    .unwrap();
    let mut at_100 = 0;
    for generation in 2..=swaps {
        rig.put("p.wasm", &one(generation));
        rig.until_generation("filter/p", generation).await;
        assert!(rig.call().await.is_ok());
        if generation == 100 {
            at_100 = rss();
        }
    }
    let status = rig
        .until("drained", |status| status.plugins[0].live_generations == 1)
        .await;
    let plugin = &status.plugins[0];
    assert_eq!((plugin.instances, plugin.kept.len()), (2, 4));
    assert_eq!((plugin.swaps.live, plugin.swaps.refused), (swaps, 0));
    rig.until("old instances were freed", |status| {
        status.memory_bytes == 2 * (128 << 10)
    })
    .await;
    let end = rss();
    let growth = end.saturating_sub(at_100);
    println!(
        "RSS at swap 100: {} KiB, at swap {swaps}: {} KiB, growth {} KiB; live generations {}",
        at_100 >> 10,
        end >> 10,
        growth >> 10,
        plugin.live_generations
    );
    assert!(growth <= 5 << 20, "grew by {growth} bytes");
}

#[tokio::test]
async fn a_call_in_flight_keeps_its_generation_and_the_fourth_swap_waits() {
    let rig = Arc::new(start(&[("s.wasm", &stamping("s", "1"))]).await);
    let (gate, pass) = tokio::sync::watch::channel(0_u64);
    let mut calls = Vec::new();
    for generation in 1..=3_u64 {
        rig.until_generation("filter/s", generation).await;
        let (caller, mut pass) = (Arc::clone(&rig), pass.clone());
        let mut call = Box::pin(async move {
            caller
                .call_and(async { drop(pass.wait_for(|open| *open >= generation).await) })
                .await
        });
        // Entered: the request hook has run on this generation.
        assert!(futures_poll(&mut call).is_none());
        calls.push(call);
        rig.put("s.wasm", &stamping("s", &(generation + 1).to_string()));
    }
    let status = rig
        .until("waiting", |status| status.plugins[0].last_error.is_some())
        .await;
    let plugin = &status.plugins[0];
    assert_eq!(
        (plugin.generation, plugin.live_generations),
        (3, 3),
        "{plugin:#?}"
    );
    assert!(
        plugin.last_error.as_ref().unwrap().reason.contains("waits"),
        "{:?}",
        plugin.last_error
    );
    // The first call ends: its generation drains, and the swap goes on by itself.
    gate.send(1).unwrap();
    let first = calls.remove(0).await;
    assert_eq!(
        (attachment(&first, "seen.in"), attachment(&first, "out")),
        (Some("1".into()), Some("1".into()))
    );
    let status = rig.until_generation("filter/s", 4).await;
    assert!(status.plugins[0].last_error.is_none());
    gate.send(3).unwrap();
    for call in calls {
        let outcome = call.await;
        assert_eq!(attachment(&outcome, "seen.in"), attachment(&outcome, "out"));
    }
    rig.until("drained", |status| status.plugins[0].live_generations == 1)
        .await;
}

/// Polls once.
fn futures_poll<T>(future: &mut std::pin::Pin<Box<impl Future<Output = T>>>) -> Option<T> {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut cx) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}

#[tokio::test]
async fn a_host_that_stops_publishes_nothing_more() {
    let rig = start(&[("s.wasm", &stamping("s", "1"))]).await;
    let (held, policies) = (rig.policies.load(), Arc::clone(&rig.policies));
    rig.host.shutdown().await;
    assert_eq!(policies.load().version(), held.version() + 1);
    assert!(policies.load().filters(Stage::Provider).is_empty());
    // A call that holds the old set ends as it began.
    let entry = &held.filters(Stage::Provider)[0];
    let request = wubbo_core::Request::new(wubbo_core::ServiceKey::new("a.B", "", ""), "c");
    let mut invocation = wubbo_core::Invocation::new(request, wubbo_core::Url::default());
    entry
        .filter
        .on_request(&mut invocation, &mut wubbo_core::Scratch::default());
    assert_eq!(invocation.attachments().get("in"), Some("1"));
}
