//! What each first-party policy costs a call, linked and sandboxed side by side, and both forms of a whole chain of five.
//!
//! CPU time of the calling thread with all bookkeeping: slot, deadline, counters, checks, what the hook wants applied. The wasm files
//! are those of `target/plugins`, made by `cargo xtask bench` first. Goals of design section 10: tag router over 1000 <= 1.5 us,
//! condition router <= 0.3 us, random <= 100 ns, consistenthash <= 400 ns (<= 1 us on a subset), roundrobin and leastactive <= 2 us,
//! the chain <= 400 ns more as wasm than linked.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::Criterion;
use tokio::runtime::Runtime;
use wubbo_core::{
    Candidates, Choice, EndpointStatistics, Filter, Flow, Invocation, LoadBalance, MethodNames,
    Outcome, ProviderRow, ProviderTable, Request, RequestBody, Routing, RpcResult, RuleSet,
    Scratch, ServiceKey, Stage, Url, rule_keys,
};
use wubbo_hessian2::Value;
use wubbo_plugin_sdk::native::Factory;

use crate::cpu::CpuTime;
use crate::rig::Rig;

/// Name, and the linked form.
pub(crate) type Policy = (&'static str, fn() -> Factory);

pub(crate) const FILTERS: [Policy; 4] = [
    ("filter-accesslog", filter_accesslog::factory),
    ("filter-tagrequest", filter_tagrequest::factory),
    ("filter-token", filter_token::factory),
    ("filter-tps", filter_tps::factory),
];
pub(crate) const ROUTERS: [Policy; 2] = [
    ("router-condition", router_condition::factory),
    ("router-tag", router_tag::factory),
];
pub(crate) const BALANCERS: [Policy; 4] = [
    (
        "loadbalance-consistenthash",
        loadbalance_consistenthash::factory,
    ),
    ("loadbalance-leastactive", loadbalance_leastactive::factory),
    ("loadbalance-random", loadbalance_random::factory),
    ("loadbalance-roundrobin", loadbalance_roundrobin::factory),
];
const CHAIN: [Policy; 5] = [FILTERS[0], FILTERS[1], FILTERS[3], ROUTERS[1], BALANCERS[2]];
const SIZES: [usize; 4] = [10, 100, 1000, 10_000];
const SERVICE: &str = "org.wubbo.demo.EchoService";
/// A third of the providers is gray, and the rule sends calls of `echo` to those of port 20880, which is all.
const RULE: &str = "scope: service\nkey: org.wubbo.demo.EchoService\nconditions:\n  - \"method=echo => address=*:20880\"\n";

fn service() -> ServiceKey {
    ServiceKey::new(SERVICE, "", "")
}

fn start(runtime: &Runtime, policies: &[Policy], linked: bool) -> Rig {
    let files = if linked { Vec::new() } else { files(policies) };
    let factories = policies.iter().map(|(_, factory)| factory()).collect();
    Rig::start(runtime, factories, &files, None)
}

/// The wasm files of `policies`.
pub(crate) fn files(policies: &[Policy]) -> Vec<(String, Vec<u8>)> {
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("plugins");
    let file = |name: &str| {
        let path = built.join(format!("{name}.wasm"));
        let bytes = std::fs::read(&path).expect("cargo xtask bench makes the wasm files first");
        (format!("{name}.wasm"), bytes)
    };
    policies.iter().map(|(name, _)| file(name)).collect()
}

/// A call as a gateway forwards it: some attachments, one argument.
fn invocation() -> Invocation {
    let mut request = Request::new(service(), "echo");
    request.descriptor = "Ljava/lang/String;".into();
    request.body = RequestBody::Values(vec![Value::from("the argument of a call")]);
    let attachments = [
        ("path", SERVICE),
        ("interface", SERVICE),
        ("remote.application", "shop"),
        ("dubbo.tag", "gray"),
        ("timeout", "3000"),
        ("version", "0.0.0"),
    ];
    for (key, value) in attachments {
        request.attachments.set(key, value);
    }
    let url = format!("dubbo://127.0.0.1:20880/{SERVICE}?application=provider&side=provider");
    Invocation::new(request, Url::parse(&url).expect("a url"))
}

/// A list as a directory makes it: the endpoints of a reference share the names of its methods, and each was called before.
fn table(rows: usize) -> Arc<ProviderTable> {
    let names = Arc::new(MethodNames::default());
    let row = |row: usize| {
        let tag = if row.is_multiple_of(3) {
            "&dubbo.tag=gray"
        } else {
            ""
        };
        let host = format!("10.0.{}.{}", row / 250, row % 250);
        let url = format!("dubbo://{host}:20880/{SERVICE}?application=provider&weight=100{tag}");
        let statistics = Arc::new(EndpointStatistics::new(Arc::clone(&names)));
        drop(statistics.begin("echo"));
        ProviderRow::new(Url::parse(&url).expect("a url"), statistics)
    };
    let rows = (0..rows).map(row).collect();
    Arc::new(ProviderTable::new(service(), 7, 1, rows))
}

/// What routers and balancers are asked about.
struct Scene {
    table: Arc<ProviderTable>,
    invocation: Invocation,
    consumer: Url,
}

impl Scene {
    fn new(rows: usize) -> Self {
        let consumer = format!("consumer://10.9.0.1/{SERVICE}?application=shop");
        Self {
            table: table(rows),
            invocation: invocation(),
            consumer: Url::parse(&consumer).expect("a url"),
        }
    }

    fn routing(&self) -> Routing<'_> {
        Routing {
            invocation: &self.invocation,
            consumer: &self.consumer,
            table: &self.table,
            attempt: 0,
            remarks: None,
        }
    }

    /// Gives `rig` the list and the rule.
    fn hand_out(&self, runtime: &Runtime, rig: &Rig) {
        let keys = rule_keys(&service(), "shop");
        let key = keys
            .iter()
            .find(|key| key.key.ends_with(".condition-router"));
        let rule = key.expect("a key of condition rules").rule(RULE.into());
        runtime.block_on(rig.host.set_rules(Arc::new(RuleSet::new(1, [rule]))));
        runtime.block_on(rig.host.tables().deliver(&self.table));
    }

    /// The gray third.
    fn subset(&self) -> Candidates {
        let mut words = vec![0_u64; self.table.rows().len().div_ceil(64)];
        for row in (0..self.table.rows().len()).step_by(3) {
            words[row / 64] |= 1 << (row % 64);
        }
        let mut some = Candidates::all(self.table.rows().len());
        some.intersect(&words);
        some
    }
}

/// The filters of a rig in the order of a call through a gateway.
fn filters_of(rig: &Rig) -> Vec<Arc<dyn Filter>> {
    let policies = rig.policies.load();
    let stages = [Stage::Provider, Stage::Call];
    let entries = stages.iter().flat_map(|stage| policies.filters(*stage));
    entries.map(|entry| Arc::clone(&entry.filter)).collect()
}

/// Runs the hooks of a call that passes.
fn pass(
    filters: &[Arc<dyn Filter>],
    invocation: &mut Invocation,
    outcome: &mut Outcome,
    between: impl FnOnce(&Invocation),
) {
    let mut scratches: [Scratch; 4] = Default::default();
    for (filter, scratch) in filters.iter().zip(&mut scratches) {
        if filter.hooks().request {
            let flow = filter.on_request(invocation, scratch);
            assert!(matches!(flow, Flow::Continue));
        }
    }
    between(invocation);
    for (filter, scratch) in filters.iter().zip(&mut scratches).rev() {
        if filter.hooks().response {
            filter.on_response(invocation, outcome, scratch);
        }
    }
}

const FORMS: [(&str, bool); 2] = [("native", true), ("wasm", false)];

pub(crate) fn filters(criterion: &mut Criterion<CpuTime>) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("first-party filter");
    for policy in FILTERS {
        for (form, linked) in FORMS {
            let rig = start(&runtime, &[policy], linked);
            let filters = filters_of(&rig);
            assert_eq!(filters.len(), 1, "{}", policy.0);
            let mut invocation = invocation();
            let mut outcome: Outcome = Ok(RpcResult::null());
            rig.measure(&mut group, &format!("{}, {form}", policy.0), || {
                pass(&filters, &mut invocation, &mut outcome, |_| ())
            });
        }
    }
    group.finish();
}

pub(crate) fn routers(criterion: &mut Criterion<CpuTime>) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("first-party router");
    for policy in ROUTERS {
        for rows in SIZES {
            let scene = Scene::new(rows);
            let expected = if policy.0 == "router-tag" {
                rows.div_ceil(3)
            } else {
                rows
            };
            for (form, linked) in FORMS {
                let rig = start(&runtime, &[policy], linked);
                scene.hand_out(&runtime, &rig);
                let policies = rig.policies.load();
                let router = &policies.routers().first().expect("a router").router;
                let mut left = Candidates::all(rows);
                router.route(&scene.routing(), &mut left);
                assert_eq!(left.count(), expected, "{} {form}", policy.0);
                // All that is clear stays clear: the work is the same each time, and no copy is measured.
                let title = format!("{} over {rows}, {form}", policy.0);
                rig.measure(&mut group, &title, || {
                    router.route(&scene.routing(), black_box(&mut left));
                });
            }
        }
    }
    group.finish();
}

pub(crate) fn balancers(criterion: &mut Criterion<CpuTime>) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("first-party balancer");
    for policy in BALANCERS {
        let name = policy.0.trim_start_matches("loadbalance-");
        for rows in SIZES {
            let scene = Scene::new(rows);
            for (form, linked) in FORMS {
                let rig = start(&runtime, &[policy], linked);
                scene.hand_out(&runtime, &rig);
                let policies = rig.policies.load();
                let balancer = policies.balancer(name).expect("the balancer");
                for (set, candidates) in
                    [("all", Candidates::all(rows)), ("a third", scene.subset())]
                {
                    let title = format!("{name} over {set} of {rows}, {form}");
                    rig.measure(&mut group, &title, || {
                        choose(&**balancer, &scene.routing(), &candidates);
                    });
                }
            }
        }
    }
    group.finish();
}

fn choose(balancer: &dyn LoadBalance, routing: &Routing<'_>, candidates: &Candidates) {
    let chosen = balancer.select(routing, black_box(candidates));
    assert!(matches!(chosen, Choice::Row(_)));
}

pub(crate) fn chain(criterion: &mut Criterion<CpuTime>) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("three filters, router and balancer");
    for rows in [3, 1000] {
        let scene = Scene::new(rows);
        for (form, linked) in FORMS {
            let rig = start(&runtime, &CHAIN, linked);
            scene.hand_out(&runtime, &rig);
            let policies = rig.policies.load();
            let router = &policies.routers().first().expect("a router").router;
            let balancer = policies.balancer("random").expect("the balancer");
            let filters = filters_of(&rig);
            assert_eq!(filters.len(), 3, "{form}");
            let mut invocation = invocation();
            let mut outcome: Outcome = Ok(RpcResult::null());
            let mut left = Candidates::all(rows);
            rig.measure(&mut group, &format!("{rows} providers, {form}"), || {
                pass(&filters, &mut invocation, &mut outcome, |invocation| {
                    let routing = Routing {
                        invocation,
                        ..scene.routing()
                    };
                    router.route(&routing, black_box(&mut left));
                    choose(&**balancer, &routing, &left);
                });
            });
        }
    }
    group.finish();
}
