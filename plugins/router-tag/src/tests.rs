//! Lists that change, many tags, notes, and rules that want to take long.

use super::*;
use wubbo_plugin_sdk::abi::call::flags;
use wubbo_plugin_sdk::testing::hostile::{failures, fill};
use wubbo_plugin_sdk::testing::{Call, RouterBench};
use wubbo_plugin_sdk::{Result, Scope};

fn call(tag: &str) -> Call {
    let call = Call::new("a.B", "m").on_consumer();
    if tag.is_empty() {
        call
    } else {
        call.attachment("dubbo.tag", tag)
    }
}

/// Row r has tag `t<r % tags>`; the last tag is none.
fn providers(count: usize, tags: usize) -> Vec<String> {
    let one = |row: usize| {
        let (host, tag) = (format!("10.0.{}.{}", row / 250, row % 250 + 1), row % tags);
        let tag = if tag + 1 == tags {
            String::new()
        } else {
            format!("&dubbo.tag=t{tag}")
        };
        format!("dubbo://{host}:20880/a.B?application=stock{tag}")
    };
    (0..count).map(one).collect()
}

fn bench(count: usize, tags: usize) -> RouterBench {
    let mut bench = RouterBench::new(factory(), "{}").unwrap();
    bench.providers(&providers(count, tags)).unwrap();
    bench
}

fn set(bench: &mut RouterBench, text: &str) -> Result<()> {
    bench.rule(Scope::Application, "stock.tag-router", "dubbo", text)
}

#[test]
fn sets_of_many_and_of_few_rows_are_the_same_to_a_call() {
    for (count, tags) in [
        (1, 1),
        (64, 2),
        (130, 3),
        (1000, 4),
        (1000, 500),
        (300, 300),
    ] {
        let mut bench = bench(count, tags);
        for tag in 0..tags - 1 {
            let expected: Vec<usize> = (0..count).filter(|row| row % tags == tag).collect();
            assert_eq!(
                bench.route(&call(&format!("t{tag}"))).unwrap(),
                expected,
                "{count} rows, {tags} tags"
            );
        }
        assert_eq!(bench.route(&call("t")).unwrap().len(), count);
    }
}

#[test]
fn a_call_over_the_list_before_sees_its_rows() {
    let mut bench = bench(4, 2);
    bench.providers(&providers(300, 100)).unwrap();
    assert_eq!(bench.route(&call("t0")).unwrap(), [0, 100, 200]);
    assert_eq!(bench.route_before(&call("t0")).unwrap(), [0, 2]);
    assert_eq!(bench.route(&call("t1")).unwrap(), [1, 101, 201]);
    bench.providers::<&str>(&[]).unwrap();
    assert_eq!(bench.route(&call("t0")).unwrap(), [] as [usize; 0]);
}

#[test]
fn only_candidates_count() {
    let mut bench = bench(6, 3);
    assert_eq!(bench.route_among(&call("t0"), &[1, 2, 3]).unwrap(), [3]);
    assert_eq!(bench.route_among(&call("t0"), &[1, 2]).unwrap(), [1, 2]);
    assert_eq!(
        bench
            .route_among(&call("t0").attachment("dubbo.force.tag", "true"), &[1, 2])
            .unwrap(),
        [] as [usize; 0]
    );
}

#[test]
fn an_explained_call_says_what_was_done() {
    let mut bench = bench(6, 3);
    bench.route(&call("none").flags(flags::EXPLAIN)).unwrap();
    assert_eq!(
        bench.notes(),
        [(None, "no provider has the tag: all".to_owned())]
    );
    set(&mut bench, "tags: [{name: x, addresses: [10.0.0.1]}]").unwrap();
    bench.route(&call("").flags(flags::EXPLAIN)).unwrap();
    assert_eq!(
        bench.notes(),
        [(None, "no tag: providers without one".to_owned())]
    );
}

#[test]
fn a_configuration_of_another_kind_is_refused() {
    for config in [r#"{"semantics":"rust"}"#, r#"{"semantic":"go"}"#] {
        assert!(RouterBench::new(factory(), config).is_err(), "{config}");
    }
}

fn list(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count)
        .map(|number| format!("- {}\n", one(number)))
        .collect()
}

#[test]
fn hostile_rules_take_bounded_time() {
    let tag = |addresses: &str| format!("tags:\n- name: t\n  addresses: [{addresses}]\n");
    let key =
        |number| format!("{{name: t{number}, match: [{{key: k{number}, value: {{exact: a}}}}]}}");
    let cases = [
        (
            "one long name",
            format!("tags: [{{name: {}}}]", fill("a")),
            None,
        ),
        (
            "one long address",
            tag(&fill("a")),
            Some("an address is a host"),
        ),
        (
            "stars",
            tag(&format!("'{}'", fill("*"))),
            Some("an address is a host"),
        ),
        (
            "many tags",
            format!("tags:\n{}", list(1001, |number| format!("name: t{number}"))),
            Some("at most 1000 tags"),
        ),
        (
            "many addresses",
            tag(&"10.1.1.1,".repeat(10_001)),
            Some("more than 10000 addresses"),
        ),
        (
            "many patterns",
            tag(&"10.1.*,".repeat(1001)),
            Some("1000 address patterns"),
        ),
        ("10,000 addresses", tag(&"10.1.1.1,".repeat(10_000)), None),
        ("1000 patterns", tag(&"10.1.*,".repeat(1000)), None),
        (
            "many keys",
            format!("tags:\n{}", list(60, key)),
            Some("more than 55 parameters"),
        ),
        ("55 keys", format!("tags:\n{}", list(55, key)), None),
        ("deep", format!("tags: {}", fill("[")), Some("")),
    ];
    let mut bench = bench(1000, 10);
    let failed = failures(&cases, |text| {
        set(&mut bench, text)?;
        bench.route(&call("t")).map(drop)
    });
    assert!(failed.is_empty(), "{failed:#?}");
}
