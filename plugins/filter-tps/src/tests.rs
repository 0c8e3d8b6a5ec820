//! The rows of the specification from `tests/vectors/tps.json`, and what a row cannot say.

use super::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use wubbo_plugin_sdk::testing::{Bench, Call, Ended};

const SERVICE: &str = "com.x.S";
const REFUSAL: &str = "Failed to invoke service com.x.S.m because exceed max service tps.";

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    id: String,
    claim: String,
    url: BTreeMap<String, String>,
    /// `pass`, `refuse` (both also `x<times>`), `wait <ms>`, `misread <text>`.
    steps: Vec<String>,
}

fn call(url: &[(&str, &str)], method: &str) -> Call {
    let call = Call::new(SERVICE, method)
        .field("service_key", "g/com.x.S:1.0")
        .field("protocol", "dubbo");
    url.iter()
        .fold(call, |call, (key, value)| call.parameter(key, value))
}

fn bench() -> Bench {
    Bench::new(factory(), "{}").unwrap()
}

fn ask(bench: &mut Bench, call: &Call) -> Option<Ended> {
    let entered = bench.request(call).unwrap();
    assert_eq!(&entered.call, call, "the call goes on unchanged");
    entered.reply
}

fn passes(bench: &mut Bench, call: &Call) -> bool {
    ask(bench, call).is_none()
}

fn step(bench: &mut Bench, call: &Call, step: &str) -> Option<Ended> {
    let (what, text) = step.split_once(' ').unwrap_or((step, ""));
    let times = text
        .strip_prefix('x')
        .map_or(1, |times| times.parse().unwrap());
    match what {
        "wait" => {
            bench.host().advance_ms(text.parse().unwrap());
            None
        }
        "pass" => (0..times).find_map(|_| ask(bench, call)),
        "refuse" => {
            let refusal = Ended::error(status::SERVICE_ERROR, error_code::LIMIT_EXCEEDED, REFUSAL);
            (0..times)
                .map(|_| ask(bench, call).unwrap_or(Ended::null()))
                .find(|reply| *reply != refusal)
        }
        "misread" => {
            let text = format!("tps limit of {SERVICE}: {text}");
            let wanted = Ended::error(status::SERVICE_ERROR, error_code::UNKNOWN, &text);
            let reply = ask(bench, call).unwrap_or(Ended::null());
            (reply != wanted).then_some(reply)
        }
        other => panic!("unknown step {other}"),
    }
}

#[test]
fn vectors() {
    let file: File = serde_json::from_str(include_str!("../tests/vectors/tps.json")).unwrap();
    assert_eq!(file.vectors.len(), 29);
    for vector in &file.vectors {
        let url: Vec<(&str, &str)> = vector.url.iter().map(|(k, v)| (&**k, &**v)).collect();
        let (mut bench, call) = (bench(), call(&url, "m"));
        for (number, text) in vector.steps.iter().enumerate() {
            let wrong = step(&mut bench, &call, text);
            let (id, claim) = (&vector.id, &vector.claim);
            assert_eq!(wrong, None, "{id} ({claim}): step {number}, {text}");
        }
    }
}

#[test]
fn a_service_shares_one_window_and_a_method_with_numbers_of_its_own_has_another() {
    let url = [
        ("tps.limiter", "default"),
        ("tps.limit.rate", "2"),
        ("methods.own.tps.limit.interval", "1000"),
    ];
    let mut bench = bench();
    let mut granted = |method| passes(&mut bench, &call(&url, method));
    assert_eq!(
        [granted("a"), granted("b"), granted("a"), granted("b")],
        [true, true, false, false]
    );
    assert_eq!(
        [granted("own"), granted("own"), granted("own")],
        [true, true, false]
    );
}

#[test]
fn services_versions_and_protocols_are_counted_apart() {
    let one = call(&[("tps", "1")], "m");
    let others = [
        one.clone(),
        one.clone().field("service_key", "g/com.x.S:2.0"),
        one.clone().field("protocol", "tri"),
        one.clone().field("service_key", &"long.".repeat(100)),
        one.clone()
            .field("service_key", &["long.".repeat(100), "er".into()].concat()),
    ];
    let mut bench = bench();
    for call in &others {
        assert!(passes(&mut bench, call), "{call:?}");
        assert!(!passes(&mut bench, call), "{call:?}");
    }
}

#[test]
fn a_changed_rate_or_strategy_counts_from_the_next_call() {
    let mut bench = bench();
    let fixed = |rate| call(&[("tps.limiter", "default"), ("tps.limit.rate", rate)], "m");
    assert!(passes(&mut bench, &fixed("1")));
    assert!(!passes(&mut bench, &fixed("1")));
    assert!(passes(&mut bench, &fixed("3")), "the third call");
    assert!(!passes(&mut bench, &fixed("3")));
    let sliding = fixed("1").parameter("tps.limit.strategy", "slidingWindow");
    assert!(passes(&mut bench, &sliding));
    assert!(!passes(&mut bench, &sliding));
    assert!(!passes(&mut bench, &fixed("3")), "the fixed window went on");
}

#[test]
fn a_full_share_of_state_is_a_failure_of_the_plugin() {
    let mut bench = bench();
    let call =
        |number: usize| call(&[("tps", "1")], "m").field("service_key", &format!("s{number}"));
    for number in 0..10_000 {
        assert!(passes(&mut bench, &call(number)));
    }
    let error = bench.request(&call(10_000)).unwrap_err();
    assert_eq!(error.kind(), wubbo_plugin_sdk::ErrorKind::Quota);
}

#[test]
fn the_log_handler_writes_a_line_per_refusal() {
    for (handler, lines) in [("log", 2), ("default", 0), ("mine", 0)] {
        let url = [("tps", "1"), ("tps.limit.rejected.handler", handler)];
        let (mut bench, call) = (bench(), call(&url, "m"));
        let granted = [(); 3].map(|()| passes(&mut bench, &call));
        assert_eq!(granted, [true, false, false], "{handler}");
        let logged = vec![(Level::Warn, REFUSAL.to_owned()); lines];
        assert_eq!(bench.host().logs(), logged, "{handler}");
        bench.host().fill_log();
        assert!(
            !passes(&mut bench, &call),
            "{handler}: a full log changes nothing"
        );
    }
}

#[test]
fn it_has_no_configuration() {
    assert!(Bench::new(factory(), r#"{"rate":1}"#).is_err());
}
