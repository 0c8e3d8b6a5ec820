//! A real case: three Java providers of two lines of Dubbo behind a gateway, and an unmodified Java consumer that calls all the time.
//! Rules change in the config center, a router from the cookbook is dropped in as wasm; the consumer counts who answered.
//!
//! `cargo test --workspace --test it -- fleet --nocapture` shows the shares.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use wubbo_tests::artifacts;
use wubbo_tests::hosts::Gateway;
use wubbo_tests::java::{Caller, Java, Line, Provider, Shares, Slice, installed};
use wubbo_tests::plugin_files::put;
use wubbo_tests::scratch::Scratch;

use super::{address, only_wasm};

/// The first-party plugins that have a part here.
const PLUGINS: [&str; 3] = ["router-tag", "router-condition", "loadbalance-random"];
/// Calls of each provider, on average, that are counted once a change is seen: then a random choice is never half of its part away.
const PART: u64 = 60;
/// A change is live within milliseconds; a machine that compiles at the same time is given time.
const LIVE_LIMIT: Duration = Duration::from_secs(20);
/// For the calls that are counted then.
const COUNT_LIMIT: Duration = Duration::from_secs(80);
/// Where the rules lie.
const TAG_RULE: &str = "wubbo-demo-provider.tag-router";
const CONDITION_RULE: &str = "org.wubbo.demo.EchoService:1.0.0:.condition-router";

struct Fleet {
    folder: Scratch,
    providers: Vec<Provider>,
    gateway: Gateway,
    caller: Caller,
    /// Everything that the consumer printed.
    total: RefCell<Slice>,
}

impl Fleet {
    /// One provider of 2.7.23 in zone `a`, two of 3.3.6, in zones `a` and `b`.
    fn start(two: &Java, three: &Java) -> Self {
        let folder = Scratch::new("fleet").unwrap();
        let started = [
            (two, "dubbo-2.7.23", "a"),
            (three, "dubbo-3.3.6-a", "a"),
            (three, "dubbo-3.3.6-b", "b"),
        ];
        let providers = started.map(|(java, name, zone)| {
            let provider = java.provider(name).unwrap();
            let entry =
                "org.wubbo.demo.EchoService?version=1.0.0&application=wubbo-demo-provider&zone=";
            let file = format!("registry/org.wubbo.demo.EchoService/providers/{name}.url");
            let entry = format!("{}/{entry}{zone}\n", provider.url());
            folder.write(file, entry).unwrap();
            provider
        });
        folder.folder("rules/dubbo").unwrap();
        let plugins = folder.folder("plugins.d").unwrap();
        for name in PLUGINS {
            let module = std::fs::read(artifacts::wasm(name)).unwrap();
            put(&plugins, &format!("{name}.wasm"), &module).unwrap();
        }
        let yaml = "application: fleet\nregistries: { main: { address: \"file:./registry\" } }\n\
                    config_center: { address: \"file:./rules\" }\nplugins: { dir: ./plugins.d, builtins: off }\n\
                    gateway: { listen: [\"dubbo://127.0.0.1:0\"], services: [\"org.wubbo.demo.*\"] }\n\
                    admin: { listen: \"127.0.0.1:0\" }\n";
        let gateway = Gateway::start(yaml, folder.path()).unwrap();
        let caller = three.caller(&address(gateway.url()), "gray").unwrap();
        Self {
            folder,
            providers: providers.into(),
            gateway,
            caller,
            total: RefCell::default(),
        }
    }

    fn next(&self) -> Slice {
        let slice = self.caller.slice().unwrap();
        self.total.borrow_mut().add(slice.clone());
        slice
    }

    /// Waits until only these providers answer calls without and with the tag, and then counts.
    fn expect(&self, step: &str, plain: &[usize], tagged: &[usize]) {
        let (plain, tagged) = (self.names(plain), self.names(tagged));
        let wanted = |slice: &Slice| names(&slice.plain) == plain && names(&slice.tagged) == tagged;
        let since = Instant::now();
        let mut slice = self.next();
        while !wanted(&slice) {
            assert!(
                since.elapsed() < LIVE_LIMIT,
                "{step}: {slice:?}\n{}",
                self.gateway.log()
            );
            slice = self.next();
        }
        let mut sum = Slice::default();
        while part(&sum.plain) < PART || part(&sum.tagged) < PART {
            assert!(since.elapsed() < COUNT_LIMIT, "{step}: {sum:?}");
            sum.add(self.next());
        }
        println!(
            "{step}\n    without a tag {}\n    tag gray      {}",
            shares(&sum.plain),
            shares(&sum.tagged)
        );
        assert!(wanted(&sum), "{step}: {sum:?}");
        for answers in [&sum.plain, &sum.tagged] {
            // Shares of a random choice among few: none is far from its part.
            let fair = answers.values().all(|calls| *calls * 2 > part(answers));
            assert!(fair, "{step}: {answers:?}");
        }
        let total = self.total.borrow();
        assert_eq!(total.failed, 0, "{step}: {:?}", total.failure);
    }

    fn names(&self, providers: &[usize]) -> Vec<&str> {
        let names = providers.iter().map(|place| self.providers[*place].name());
        names.collect()
    }

    fn port(&self, provider: usize) -> u16 {
        self.providers[provider].port()
    }

    fn rule(&self, key: &str, text: &str) {
        put(&self.folder.join("rules/dubbo"), key, text.as_bytes()).unwrap();
    }

    fn no_rule(&self, key: &str) {
        std::fs::remove_file(self.folder.join("rules/dubbo").join(key)).unwrap();
    }

    fn plugins(&self) -> PathBuf {
        self.folder.join("plugins.d")
    }

    /// A condition rule of the service.
    fn condition(&self, condition: &str) {
        let head = "configVersion: v3.0\nscope: service\nforce: true\nenabled: true\nkey: org.wubbo.demo.EchoService\n";
        self.rule(
            CONDITION_RULE,
            &format!("{head}conditions:\n  - \"{condition}\"\n"),
        );
    }
}

fn names(shares: &Shares) -> Vec<&str> {
    shares.keys().map(String::as_str).collect()
}

/// What each of them answered, on average.
fn part(shares: &Shares) -> u64 {
    shares.values().sum::<u64>() / shares.len().max(1) as u64
}

/// As people read it.
fn shares(shares: &Shares) -> String {
    let all: u64 = shares.values().sum();
    let one =
        |(name, calls): (&String, &u64)| format!("{name} {} %", (calls * 100 + all / 2) / all);
    let each: Vec<String> = shares.iter().map(one).collect();
    format!("{} ({all} calls)", each.join(", "))
}

#[test]
fn a_java_fleet_is_steered_live_and_its_consumer_counts() {
    let (Some(two), Some(three)) = (
        installed(Line::Dubbo2).unwrap(),
        installed(Line::Dubbo3).unwrap(),
    ) else {
        return;
    };
    let fleet = Fleet::start(&two, &three);
    let [old, near, far] = [0, 1, 2];
    let all = [old, near, far];
    fleet.expect("at the start: all three", &all, &all);
    only_wasm(&fleet.gateway, &PLUGINS);

    let tag = format!(
        "force: false\nenabled: true\nkey: wubbo-demo-provider\ntags:\n  - name: gray\n    addresses: [\"127.0.0.1:{}\"]\n",
        fleet.port(far)
    );
    fleet.rule(TAG_RULE, &tag);
    fleet.expect("a tag rule: gray is the last one", &[old, near], &[far]);

    fleet.condition(&format!("=> port != {}", fleet.port(old)));
    fleet.expect("and a condition rule: nobody calls 2.7.23", &[near], &[far]);
    fleet.condition(&format!("=> port != {}", fleet.port(near)));
    fleet.expect(
        "the rule is changed: 2.7.23 is back, another is out",
        &[old],
        &[far],
    );
    fleet.no_rule(TAG_RULE);
    fleet.no_rule(CONDITION_RULE);
    fleet.expect("both rules are deleted", &all, &all);

    let router = std::fs::read(artifacts::wasm("router-zone")).unwrap();
    put(&fleet.plugins(), "zone.yaml", b"config: { zone: b }\n").unwrap();
    put(&fleet.plugins(), "zone.wasm", &router).unwrap();
    fleet.expect(
        "the router zone is dropped in, our zone is b",
        &[far],
        &[far],
    );
    put(&fleet.plugins(), "zone.yaml", b"config: { zone: a }\n").unwrap();
    fleet.expect("our zone is a", &[old, near], &[old, near]);
    for file in ["zone.wasm", "zone.yaml"] {
        std::fs::remove_file(fleet.plugins().join(file)).unwrap();
    }
    fleet.expect("the router is deleted", &all, &all);

    let total = fleet.total.borrow().clone();
    println!(
        "in all: {} calls answered, {} failed",
        total.answered(),
        total.failed
    );
    assert_eq!(total.failed, 0, "{:?}", total.failure);
    // The negative control: a rule that leaves nobody makes calls fail, and the consumer says so.
    fleet.condition("=> port = 1");
    let since = Instant::now();
    while fleet.next().failed == 0 {
        assert!(since.elapsed() < LIVE_LIMIT, "{}", fleet.gateway.log());
    }
    let failure = fleet.total.take().failure.unwrap_or_default();
    assert!(failure.contains("condition"), "{failure}");
}
