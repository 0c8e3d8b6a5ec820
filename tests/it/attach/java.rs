//! The story: unmodified Java consumers at steady load over a real ZooKeeper, without retries, who count for themselves. Gateways come
//! into their path, are given good and bad routers, die and leave; the consumers are never touched.
//!
//! `cargo xtask attach-demo` runs it and shows the shares. With `WUBBO_FULL=on` there are 100 cycles instead of 20.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use wubbo_tests::artifacts;
use wubbo_tests::go;
use wubbo_tests::hosts::Gateway;
use wubbo_tests::java::{Counted, Java, Line, Provider, Steady, installed};
use wubbo_tests::plugin_files::{fixture, put, stamped};

use super::scene::{CONSUMER, NODES, Site, Texts};
use crate::server::{Kind, Server};

/// A change is live within a second; a machine that compiles at the same time is given time.
const LIVE_LIMIT: Duration = Duration::from_secs(40);
/// How long shares are counted.
const COUNT: Duration = Duration::from_secs(2);
/// The consumer's time-out: of a call that is just being written to a gateway when that is killed, it hears only then.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Of our own sessions, and so how long the entry of a dead gateway stays.
const SESSION: Duration = Duration::from_secs(4);
const SWAPS: u32 = 20;
const OLD: &str = "dubbo-2.7.23";
const NEW: [&str; 2] = ["dubbo-3.3.6-a", "dubbo-3.3.6-b"];
const GO: &str = "dubbo-go-1.5.9";
const ALL: [&str; 4] = [OLD, NEW[0], NEW[1], GO];
/// Without the canary, which is [`OLD`].
const BUT_OLD: [&str; 3] = [NEW[0], NEW[1], GO];

struct Story {
    consumer: Steady,
    total: Counted,
    site: Site,
    _of_java: Vec<Provider>,
    _of_go: go::Provider,
    _zookeeper: Server,
}

impl Story {
    /// A provider of 2.7.23, two of 3.3.6, one of dubbo-go, and a consumer of `line` that calls so often a second.
    fn start(line: Line, rate: u32) -> Option<Self> {
        let java = installed(line).unwrap()?;
        let go = go::installed(go::Line::Go1).unwrap()?;
        let zookeeper = Kind::Zookeeper.own()?;
        let address = zookeeper.address("");
        let registry = address.trim_end_matches('?');
        let two = installed(Line::Dubbo2).unwrap()?;
        let three = installed(Line::Dubbo3).unwrap()?;
        let provider = |java: &Java, name| java.provider_at(registry, name).unwrap();
        let of_java = vec![
            provider(&two, OLD),
            provider(&three, NEW[0]),
            provider(&three, NEW[1]),
        ];
        let of_go = go.provider_for_java(registry, GO).unwrap();
        let consumer = java.steady(registry, CONSUMER, rate).unwrap();
        let session = format!("session={}", SESSION.as_millis());
        let mut story = Self {
            site: Site::for_java(&zookeeper.address(&session)),
            consumer,
            total: Counted::default(),
            _of_java: of_java,
            _of_go: of_go,
            _zookeeper: zookeeper,
        };
        let pid = story.count(Duration::ZERO).pid;
        println!(
            "\n-- a consumer of Dubbo {}, process {pid}: unmodified, {rate} calls a second with retries=0, which it counts for itself",
            line.version()
        );
        // Consumers of Dubbo 3 take the addresses of the applications where there are any: those of 2.7 and of dubbo-go have none.
        story.until("direct", direct(line), &[], 0);
        Some(story)
    }

    fn count(&mut self, time: Duration) -> Counted {
        let counted = self.consumer.during(time).unwrap();
        self.total.add(counted.clone());
        counted
    }

    /// Waits until only these providers answer, with at least so many of a hundred calls through `gateways`, or with none; then shows
    /// the shares of two seconds.
    fn until(
        &mut self,
        step: &str,
        names: &[&str],
        gateways: &[&Gateway],
        percent: u64,
    ) -> Counted {
        let since = Instant::now();
        loop {
            let before = passed(gateways);
            let counted = self.count(COUNT);
            let through = passed(gateways) - before;
            let right = match percent {
                0 => through == 0,
                percent => through * 100 >= counted.calls * percent,
            };
            let answered: Vec<&str> = counted.shares.keys().map(String::as_str).collect();
            if right && answered == names {
                println!(
                    "{step}: {} calls{}; answered by {}; {} failed",
                    counted.calls,
                    passed_on(gateways.len(), through),
                    percents(&counted),
                    counted.failed()
                );
                return counted;
            }
            let logs: Vec<String> = gateways.iter().map(|gateway| gateway.log()).collect();
            assert!(
                since.elapsed() < LIVE_LIMIT,
                "{step}: {through} through, {counted:?}\n{}",
                logs.concat()
            );
        }
    }

    /// Waits for a stretch of time in which so many calls went through the gateway.
    fn through(&mut self, gateway: &Gateway, enough: impl Fn(u64) -> bool) {
        let since = Instant::now();
        let mut before = passed(&[gateway]);
        loop {
            self.count(Duration::from_millis(500));
            let now = passed(&[gateway]);
            if enough(now - before) {
                return;
            }
            before = now;
            assert!(since.elapsed() < LIVE_LIMIT, "{:?}", self.total);
        }
    }

    fn no_failure(&self, step: &str) {
        assert_eq!(self.total.failed(), 0, "{step}: {:?}", self.total);
    }

    /// Puts a file into the plugin directory of each gateway.
    fn drop_in(&self, name: &str, bytes: &[u8]) {
        for gateway in 0..2 {
            put(&self.site.folder(gateway).join("plugins.d"), name, bytes).unwrap();
        }
    }

    fn take_away(&self, name: &str) {
        for gateway in 0..2 {
            std::fs::remove_file(self.site.folder(gateway).join("plugins.d").join(name)).unwrap();
        }
    }
}

/// What gateways counted in about the time in which the consumer did.
fn passed_on(gateways: usize, calls: u64) -> String {
    match gateways {
        0 => String::new(),
        1 => format!(", {calls} passed on by the gateway"),
        _ => format!(", {calls} passed on by the two gateways"),
    }
}

/// What went wrong, out of what Dubbo Java says about a call, which differs from call to call before and after it.
fn reason(text: &str) -> &str {
    let last = text.split("Last error is: ").nth(1).unwrap_or(text);
    let end = last.find([':', ',']).unwrap_or(last.len());
    last.get(..end).unwrap_or(last)
}

/// Who answered how many of a hundred calls.
fn percents(counted: &Counted) -> String {
    let answered = counted.answered().max(1);
    let one = |(name, calls): (&String, &u64)| format!("{name} {} %", calls * 100 / answered);
    let all: Vec<String> = counted.shares.iter().map(one).collect();
    all.join(", ")
}

/// Whom a consumer calls without gateways.
fn direct(line: Line) -> &'static [&'static str] {
    match line {
        Line::Dubbo2 => &ALL,
        Line::Dubbo3 | Line::Dubbo32 => &NEW,
    }
}

/// Calls that ended in these gateways.
fn passed(gateways: &[&Gateway]) -> u64 {
    let of_one = |gateway: &&Gateway| gateway.calls().unwrap();
    gateways.iter().map(of_one).sum()
}

/// Waits until each gateway has this plugin in this generation, or a later one.
fn live(gateways: &[&Gateway], plugin: &str, generation: u64) {
    let since = Instant::now();
    let is_live = |gateway: &&Gateway| {
        let answer = gateway.get(&format!("/plugins/{plugin}")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        json["generation"].as_u64() >= Some(generation)
    };
    while !gateways.iter().all(is_live) {
        assert!(since.elapsed() < LIVE_LIMIT, "{plugin}: {generation}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until no gateway has this plugin.
fn gone(gateways: &[&Gateway], plugin: &str) {
    let since = Instant::now();
    let is_gone =
        |gateway: &&Gateway| gateway.get(&format!("/plugins/{plugin}")).unwrap().status == 404;
    while !gateways.iter().all(is_gone) {
        assert!(since.elapsed() < LIVE_LIMIT, "{plugin} stays");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The whole of it, for a consumer of `line`.
fn tell(line: Line, team: Option<&str>) {
    let Some(mut story) = Story::start(line, 200) else {
        return;
    };
    story.site.put(NODES[1], team);
    let before = story.site.texts();
    let first = story.site.gateway("org.wubbo.demo.*");
    let second = story.site.gateway("org.wubbo.demo.*");
    let both = [&first, &second];
    story.site.attached(2);
    story.until("attached", &ALL, &both, 95);
    assert!(
        both.iter().all(|gateway| passed(&[*gateway]) > 0),
        "both are used"
    );

    routers_come_and_go(&mut story, &both);
    story.no_failure("up to here");

    // Killed, not stopped: what was in flight there fails, nothing else.
    let failed = story.total.failed();
    drop(first);
    let counted = story.until("one gateway is killed", &ALL, &[&second], 95);
    story.count(CALL_TIMEOUT + COUNT);
    let lost = story.total.failed() - failed;
    println!(
        "  {lost} calls failed by that; {} were in flight at one time, at most",
        counted.in_flight_max.max(story.total.in_flight_max)
    );
    assert!(lost <= story.total.in_flight_max, "{:?}", story.total);
    let failed = story.total.failed();

    story.site.detached("2s");
    story.until("detached", direct(line), &[&second], 0);
    assert_eq!(story.site.texts(), before, "byte for byte");
    assert_eq!(second.stop().unwrap(), 0);
    story.until("the other gateway is stopped", direct(line), &[], 0);
    assert_eq!(story.total.failed(), failed, "{:?}", story.total);

    // The negative control: with rules that prefer gateways and none of them alive, the consumer is direct again by itself.
    both_killed(&mut story, line, &before);
    println!(
        "in all process {} made {} calls, of which {} failed, all when gateways were killed:",
        story.total.pid,
        story.total.calls,
        story.total.failed(),
    );
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for (text, calls) in &story.total.failures {
        *reasons.entry(reason(text)).or_default() += calls;
    }
    for (reason, calls) in reasons {
        println!("  {calls} times {reason}");
    }
}

fn routers_come_and_go(story: &mut Story, both: &[&Gateway]) {
    let canary = std::fs::read(artifacts::wasm("router-canary")).unwrap();
    let config = format!(
        "config: {{ key: release, value: \"{}\" }}\n",
        Line::Dubbo2.version()
    );
    story.drop_in("canary.yaml", config.as_bytes());
    story.drop_in("canary.wasm", &canary);
    story.until(
        "a canary router: 2.7.23 is the canary, nobody is chosen for it",
        &BUT_OLD,
        both,
        95,
    );
    for swap in 1..=SWAPS {
        story.drop_in("canary.wasm", &stamped(&canary, &swap.to_string()));
        live(both, "router/canary", u64::from(swap) + 1);
    }
    story.until("it was swapped 20 times", &BUT_OLD, both, 95);
    for bad in ["router-traps", "router-loops"] {
        story.drop_in(&format!("{bad}.wasm"), &fixture(bad));
        live(both, &format!("router/{bad}"), 1);
        story.until(&format!("{bad} is dropped in"), &BUT_OLD, both, 95);
        story.take_away(&format!("{bad}.wasm"));
        // Files that vanish together would be taken for an outage of the directory.
        gone(both, &format!("router/{bad}"));
    }
    story.take_away("canary.wasm");
    story.until("the routers are taken away", &ALL, both, 95);
}

/// Both gateways die at once. Calls may fail that are begun before their entries leave with their sessions; those begun later are direct.
///
/// ZooKeeper ends a session with the tick in which its time is over, here 200 ms. Measured: for a consumer of 2.7.23 the last call that
/// failed was begun 4.2 s after the kill; one of 3.3.6 takes addresses that it cannot reach out by itself, so only calls that were in
/// flight failed. The bound leaves a busy machine time to tell the consumer.
fn both_killed(story: &mut Story, line: Line, before: &Texts) {
    let first = story.site.gateway("org.wubbo.demo.*");
    let second = story.site.gateway("org.wubbo.demo.*");
    story.site.attached(2);
    story.until("attached again", &ALL, &[&first, &second], 95);
    let failed = story.total.failed();
    let (killed, since) = (Instant::now(), SystemTime::now());
    drop((first, second));
    let mut told = Duration::ZERO;
    let least = CALL_TIMEOUT + COUNT;
    while killed.elapsed() < SESSION * 5 && killed.elapsed() < least.max(told + SESSION) {
        if story.count(Duration::ZERO).failed() > 0 {
            told = killed.elapsed();
        }
    }
    let begun = story.total.last_failed_begun(since).unwrap_or_default();
    println!(
        "both gateways are killed: {} calls failed, the last of them begun {:.1} s later (and told of after {:.1} s; a call on its way is \
         given up after {} s)",
        story.total.failed() - failed,
        begun.as_secs_f64(),
        told.as_secs_f64(),
        CALL_TIMEOUT.as_secs()
    );
    assert!(begun < SESSION * 3, "{:?}", story.total);
    let failed = story.total.failed();
    // The migration rule still leads to the interface's addresses, which all providers have.
    story.until("direct by itself", &ALL, &[], 0);
    assert_eq!(story.total.failed(), failed, "{:?}", story.total);
    story.site.detached("1s");
    story.until("detached", direct(line), &[], 0);
    assert_eq!(story.site.texts(), *before);
    assert_eq!(story.total.failed(), failed, "{:?}", story.total);
}

#[test]
fn a_consumer_of_dubbo_3_is_led_through_gateways_and_back() {
    tell(Line::Dubbo3, None);
}

#[test]
fn a_consumer_of_dubbo_2_is_led_through_gateways_and_back() {
    let team = "# ours\nforce: false\nenabled: true\nruntime: true\nconditions:\n  - \"method = nothing => host = 1.1.1.1\" # keep\n";
    tell(Line::Dubbo2, Some(team));
}

/// Again and again at 1,000 calls a second; a cycle is over when the consumer has followed both ways.
///
/// That takes 10 s for a consumer of Dubbo 3: it takes over no change of a service's providers sooner than 5 s after the one before
/// (`ZookeeperRegistryNotifier` sleeps for what is left of the registry's `delay-notification`, 5000 ms unless the consumer says
/// otherwise), and a cycle is two changes, for the gateway's entry comes and goes. The rules are not held up by that.
#[test]
fn no_call_fails_however_often_gateways_come_and_go() {
    let full = std::env::var_os("WUBBO_FULL").is_some_and(|full| full == "on");
    let Some(mut story) = Story::start(Line::Dubbo3, 1000) else {
        return;
    };
    let before = story.site.texts();
    let gateway = story.site.gateway("org.wubbo.demo.*");
    let cycles = if full { 100 } else { 20 };
    // Asked early, too: where its admin server is stands at the beginning of its log, of which only the end is kept.
    assert_eq!(passed(&[&gateway]), 0);
    let mut took = [Duration::ZERO; 4];
    for cycle in 1..=cycles {
        let mut since = Instant::now();
        let mut lap = |step: &mut Duration| {
            *step += since.elapsed();
            since = Instant::now();
        };
        story.site.attached(1);
        lap(&mut took[0]);
        story.through(&gateway, |calls| calls >= 100);
        lap(&mut took[1]);
        story.site.detached("500ms");
        lap(&mut took[2]);
        assert_eq!(story.site.texts(), before);
        story.through(&gateway, |calls| calls == 0);
        lap(&mut took[3]);
        story.no_failure("a cycle");
        if cycle % 10 == 0 {
            let [attach, follow, detach, leave] = took.map(|ten| ten.as_secs_f64() / 10.0);
            println!(
                "cycles {} to {cycle}: attach took {attach:.1} s and was followed {follow:.1} s later, detach {detach:.1} s and {leave:.1} s; \
                 {} calls so far, {} failed",
                cycle - 9,
                story.total.calls,
                story.total.failed()
            );
            took = Default::default();
        }
    }
    let through = passed(&[&gateway]);
    println!(
        "{cycles} cycles: {} calls, {through} of them through the gateway, failed {:?}",
        story.total.calls, story.total.failures
    );
    story.until("after the last", direct(Line::Dubbo3), &[&gateway], 0);
    story.no_failure("after the last");
}
