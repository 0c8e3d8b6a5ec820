//! Random modules, and fixtures with random faults, loaded and called.

use std::collections::BTreeMap;

use wubbo_core::{Candidates, ConfigureSide, Flow, Outcome, RpcResult, Scratch, Stage, Url};
use wubbo_plugin_sdk::Kind;

use super::{Run, grafting, mutate};
use crate::atomicity::{invocation, outcome_bytes, request_bytes};
use crate::guests::{fixture, stamping};
use crate::providers::table;
use crate::rig::{MEMORY, Rig, try_start};

/// Plugins of one host: random ones of each kind in turn, and damaged fixtures.
const RANDOM: usize = 20;
const DAMAGED: usize = 4;
const ROWS: usize = 70;
/// What the others are damaged from: modules that import, keep tables, follow rules, answer.
const WHOLE: [&str; 6] = [
    "stamp",
    "router-by-rule",
    "router-first",
    "log-flood",
    "balancer-heaviest",
    "configurator-sets",
];

/// What became of the modules.
#[derive(Debug, Default)]
struct Count {
    modules: usize,
    live: usize,
    reached: usize,
    damaged: usize,
    damaged_live: usize,
    hooks: u64,
    failed: usize,
    /// Why the others never served, by the beginning of the reason.
    refused: BTreeMap<String, usize>,
}

fn kind(number: usize) -> Kind {
    [
        Kind::Filter,
        Kind::Router,
        Kind::LoadBalance,
        Kind::Configurator,
    ][number % 4]
}

/// One host with its plugins; the names of the random ones.
async fn host(run: &mut Run, count: &mut Count) -> (Rig, Vec<String>) {
    let mut files = vec![("control.wasm".to_owned(), stamping("control", "c"))];
    let mut random = Vec::new();
    for number in 0..RANDOM {
        let name = format!("random-{number}");
        let module = grafting::plugin(kind(number), &name, &mut run.random);
        files.push((format!("{name}.wasm"), module));
        files.push((
            format!("{name}.yaml"),
            b"limits: { configure: 20ms }\n".to_vec(),
        ));
        random.push(format!("{}/{name}", kind(number).name()));
    }
    for number in 0..DAMAGED {
        let mut module = fixture(WHOLE[run.random.usize(0..WHOLE.len())]);
        mutate(&mut module, &mut run.random);
        files.push((format!("damaged-{number}.wasm"), module));
        files.push((
            format!("damaged-{number}.yaml"),
            b"limits: { configure: 20ms }\n".to_vec(),
        ));
    }
    count.modules += RANDOM;
    count.damaged += DAMAGED;
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    let rig = try_start(&files, Vec::new(), |config| config.max = 32).await;
    (rig.unwrap(), random)
}

/// Runs every hook of every plugin, and looks at what the failed ones left.
fn call(rig: &Rig, table: &wubbo_core::ProviderTable, count: &mut Count) {
    let policies = rig.policies.load();
    let is_policy = |outcome: &Outcome| {
        outcome
            .as_ref()
            .is_err_and(|error| error.message() == "policy")
    };
    for entry in policies.filters(Stage::Provider) {
        let mut invocation = invocation(policies.clone());
        let before = request_bytes(&invocation);
        let mut scratch = Scratch::default();
        let flow = entry.filter.on_request(&mut invocation, &mut scratch);
        if matches!(&flow, Flow::Reply(reply) if is_policy(reply)) {
            assert_eq!(
                request_bytes(&invocation),
                before,
                "{}",
                entry.filter.name()
            );
            count.failed += 1;
        }
        let mut outcome = match flow {
            Flow::Reply(outcome) => outcome,
            Flow::Continue => Ok(RpcResult::null()),
        };
        entry
            .filter
            .on_response(&invocation, &mut outcome, &mut scratch);
        // Whatever it is now: it can be sent.
        let _ = (request_bytes(&invocation), outcome_bytes(&outcome));
    }
    rig.attempt(table, None, |routing| {
        for entry in policies.routers() {
            let mut candidates = Candidates::all(ROWS);
            entry.router.route(routing, &mut candidates);
            assert!(
                candidates.iter().all(|row| row < ROWS),
                "{}",
                entry.router.name()
            );
        }
        for number in 0..RANDOM {
            if let Some(balancer) = policies.balancer(&format!("random-{number}")) {
                match balancer.select(routing, &Candidates::all(ROWS)) {
                    wubbo_core::Choice::Row(row) => assert!(row < ROWS),
                    _ => count.failed += 1,
                }
            }
        }
    });
    let url = Url::parse("dubbo://10.0.0.1:20880/a.B?timeout=1000").unwrap();
    for entry in policies.configurators() {
        let _ = entry.configurator.configure(&url, ConfigureSide::Consumer);
    }
}

#[tokio::test]
async fn random_modules_reach_their_hooks_and_never_harm_the_host() {
    let _alone = MEMORY.lock().await;
    let mut run = Run::start("random modules", 4, 5);
    let mut count = Count::default();
    while run.goes_on() {
        let (rig, random) = host(&mut run, &mut count).await;
        let table = table(7, ROWS);
        rig.deliver(&table).await;
        rig.host
            .set_rules(crate::rules::rules(1, &[("a", "3")]))
            .await;
        for _ in 0..3 {
            call(&rig, &table, &mut count);
        }
        rig.host.tables().forget(7);
        // The control stands beside them and is not touched.
        let policies = rig.policies.load();
        let mut filters = policies.filters(Stage::Provider).iter();
        let control = filters.find(|entry| entry.filter.name() == "control");
        let mut invocation = invocation(policies.clone());
        let filter = &control.unwrap().filter;
        filter.on_request(&mut invocation, &mut Scratch::default());
        assert_eq!(invocation.attachments().get("in"), Some("c"));
        let status = rig.host.status();
        for refused in &status.directory.as_ref().unwrap().refused {
            let reason: String = refused.error.reason.chars().take(90).collect();
            *count.refused.entry(reason).or_default() += 1;
        }
        for plugin in &status.plugins {
            let hooks = plugin.counters.hooks;
            count.hooks += hooks;
            if random.contains(&plugin.identity) {
                count.live += usize::from(plugin.generation > 0);
                count.reached += usize::from(hooks > 0);
            } else if plugin.name != "control" {
                count.damaged_live += usize::from(plugin.generation > 0);
            }
        }
        rig.host.shutdown().await;
    }
    println!("{count:?}");
    assert!(count.reached * 2 >= count.modules, "{count:?}");
    assert!(count.failed > 0 && count.hooks > 0, "{count:?}");
    run.end();
}
