//! Lists that change, references, shares, and rules that want to take long.

use super::*;
use std::time::{Duration, Instant};
use wubbo_plugin_sdk::abi::call::flags;
use wubbo_plugin_sdk::testing::hostile::{HostileRule, failures, fill};
use wubbo_plugin_sdk::testing::{Call, RouterBench};
use wubbo_plugin_sdk::{Result, Scope};

const KEY: &str = "a.B::.condition-router";

fn call() -> Call {
    Call::new("a.B", "m")
        .on_consumer()
        .field("host", "10.0.0.9")
}

fn providers(count: usize) -> Vec<String> {
    let one = |row: usize| {
        let (host, zone) = (row % 250 + 1, row % 10);
        format!(
            "dubbo://10.{}.{}.{host}:20880/a.B?zone=z{zone}&row={row}",
            row / 62_500,
            row / 250 % 250
        )
    };
    (0..count).map(one).collect()
}

fn bench(count: usize, rule: &str) -> RouterBench {
    let mut bench = RouterBench::new(factory(), "{}").unwrap();
    bench.providers(&providers(count)).unwrap();
    bench.rule(Scope::Service, KEY, "dubbo", rule).unwrap();
    bench
}

fn set(bench: &mut RouterBench, text: &str) -> Result<()> {
    bench.rule(Scope::Service, KEY, "dubbo", text)
}

#[test]
fn a_call_over_the_list_before_sees_its_rows() {
    let mut bench = bench(3, "force: true\nconditions: ['=> row = 2']\n");
    assert_eq!(bench.route(&call()).unwrap(), [2]);
    let newer: Vec<String> = providers(200).into_iter().rev().collect();
    bench.providers(&newer).unwrap();
    assert_eq!(bench.route(&call()).unwrap(), [197]);
    assert_eq!(bench.route_before(&call()).unwrap(), [2]);
    assert_eq!(bench.route(&call()).unwrap(), [197]);
    bench.providers::<&str>(&[]).unwrap();
    assert_eq!(bench.route(&call()).unwrap(), [] as [usize; 0]);
    assert_eq!(bench.route_before(&call()).unwrap(), [197]);
}

#[test]
fn only_candidates_are_left_and_only_they_count() {
    let mut bench = bench(130, "conditions: ['=> zone = z3']\n");
    assert_eq!(
        bench.route_among(&call(), &[0, 3, 64, 73, 129]).unwrap(),
        [3, 73]
    );
    assert_eq!(
        bench.route_among(&call(), &[0, 64, 129]).unwrap(),
        [0, 64, 129]
    );
    assert_eq!(bench.route_among(&call(), &[]).unwrap(), [] as [usize; 0]);
}

#[test]
fn a_reference_follows_the_consumer_of_each_call() {
    let mut bench = bench(
        20,
        "force: true\nconditions: ['=> zone = $zone & row != $row']\n",
    );
    let from = |zone: &str, row: &str| call().parameter("zone", zone).parameter("row", row);
    for _ in 0..3 {
        assert_eq!(bench.route(&from("z1", "1")).unwrap(), [11]);
        assert_eq!(bench.route(&from("z1", "1")).unwrap(), [11]);
        assert_eq!(bench.route(&from("z1", "11")).unwrap(), [1]);
        assert_eq!(bench.route(&from("z2", "")).unwrap(), [2, 12]);
        assert_eq!(bench.route(&call()).unwrap(), [] as [usize; 0]);
    }
}

#[test]
fn destinations_share_calls_by_weight() {
    let share = |weights: [u32; 2]| {
        let [one, two] = weights;
        let rule = format!(
            "conditions:\n- to: [{{match: zone=z1, weight: {one}}}, {{match: zone=z2, weight: {two}}}, {{match: zone=none}}]\n"
        );
        let mut bench = bench(3, &rule);
        let mut first = 0;
        for _ in 0..3000 {
            match bench.route(&call()).unwrap()[..] {
                [1] => first += 1,
                [2] => {}
                ref other => panic!("{other:?}"),
            }
        }
        first
    };
    assert!((900..1100).contains(&share([50, 100])));
    assert!(
        (1350..1650).contains(&share([0, 0])),
        "without any weight both alike"
    );
    assert_eq!(share([0, 1]), 0);
}

#[test]
fn an_explained_call_says_what_each_condition_did() {
    let mut bench = bench(
        20,
        "conditions:\n- method = m => zone = z1\n- method = n => false\n- => row = 7\n",
    );
    bench.route(&call().flags(flags::EXPLAIN)).unwrap();
    let notes: Vec<String> = bench.notes().into_iter().map(|(_, text)| text).collect();
    assert_eq!(
        notes,
        [
            "method = m => zone = z1: 2 of 20 left",
            "=> row = 7: 2 of 2 left"
        ]
    );
    bench.route(&call()).unwrap();
    assert!(bench.notes().is_empty());
}

#[test]
fn a_refused_rule_leaves_the_one_before() {
    let mut bench = bench(3, "conditions: ['=> row = 1']\n");
    let error = set(&mut bench, "conditions:\n- => row = 2\n- a = b = => !! c\n").unwrap_err();
    assert_eq!(error.place(), (3, 14), "{error}");
    assert_eq!(bench.route(&call()).unwrap(), [1]);
}

fn list(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count)
        .map(|number| format!("- {}\n", one(number)))
        .collect()
}

/// Each is set over 1000 providers, and a call is routed.
fn within_bounds(rules: &[HostileRule<'_>]) {
    let mut bench = bench(1000, "conditions: ['=> zone = z1']\n");
    let failed = failures(rules, |text| {
        set(&mut bench, text)?;
        bench.route(&call()).map(drop)
    });
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn hostile_rules_take_bounded_time() {
    let cases = [
        (
            "one long condition",
            format!("conditions:\n- {}", fill("a")),
            Some("a key has at most 248 bytes"),
        ),
        (
            "one long reference",
            format!("conditions:\n- => a = ${}", fill("a")),
            Some("a key has at most 248 bytes"),
        ),
        (
            "many keys",
            format!("conditions:\n- {}", fill("a ")),
            Some("more than 10000 keys and values"),
        ),
        (
            "many different keys",
            format!(
                "conditions:\n- =>{}",
                list(65, |key| format!("k{key} ")).replace(['\n', '-'], "")
            ),
            Some("more than 64 keys"),
        ),
        (
            "many values",
            format!("conditions:\n- => a={}", fill("b,")),
            Some("more than 10000 keys and values"),
        ),
        (
            "many stars",
            format!("conditions:\n- => row = {}", fill("*")),
            None,
        ),
        (
            "many separators",
            format!("conditions:\n- => a={}", fill("!")),
            None,
        ),
        (
            "spaces",
            format!("conditions:\n- \"{} => a\"", fill(" ")),
            None,
        ),
        (
            "many conditions",
            format!("conditions:\n{}", list(1001, |_| "=> zone=z1".into())),
            Some("more than 1000 conditions"),
        ),
    ];
    within_bounds(&cases);
}

#[test]
fn the_number_of_keys_is_bounded() {
    let cases = [
        ("deep", format!("conditions: {}", fill("[")), Some("")),
        (
            "many provider keys",
            format!("conditions:\n{}", list(33, |key| format!("=> k{key}=1"))),
            Some("66 parameters of providers"),
        ),
        (
            "32 provider keys",
            format!("conditions:\n{}", list(32, |key| format!("=> k{key}=1"))),
            None,
        ),
        (
            "many caller keys",
            format!("conditions:\n{}", list(200, |key| format!("k{key}=1 => a"))),
            None,
        ),
    ];
    within_bounds(&cases);
}

#[test]
fn the_largest_rule_over_many_providers_takes_bounded_time() {
    let conditions = list(1000, |number| {
        format!("=> zone != z1{number},*x{number} & row = {number}~")
    });
    let start = Instant::now();
    let mut bench = bench(10_000, &format!("conditions:\n{conditions}"));
    let left = bench.route(&call()).unwrap();
    let took = start.elapsed();
    assert_eq!(left, (999..10_000).collect::<Vec<_>>());
    assert!(took < Duration::from_secs(20), "took {took:?}");
}
