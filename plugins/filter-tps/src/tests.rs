//! The rows of the specification from `tests/vectors/tps.json`, and what a row cannot say.

use super::*;
use wubbo_plugin_sdk::testing::{Bench, Call, Linked, vectors};

const SERVICE: &str = "com.x.S";

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

fn passes(bench: &mut Bench, call: &Call) -> bool {
    let entered = bench.request(call).unwrap();
    assert_eq!(&entered.call, call, "the call goes on unchanged");
    entered.reply.is_none()
}

#[test]
fn rows_of_the_specification() {
    let file = include_str!("../tests/vectors/tps.json");
    let report = vectors::run(file, &Linked(factory())).unwrap();
    assert_eq!(report.prove(), 33);
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
fn a_full_log_changes_nothing() {
    let url = [("tps", "1"), ("tps.limit.rejected.handler", "log")];
    let (mut bench, call) = (bench(), call(&url, "m"));
    bench.host().fill_log();
    assert_eq!([(); 2].map(|()| passes(&mut bench, &call)), [true, false]);
}
