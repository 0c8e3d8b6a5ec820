//! Which calls get which attachments, and which configurations are refused.

use super::*;
use wubbo_plugin_sdk::testing::{Bench, Call};

const CONFIG: &str = r#"{"rules":[
  {"service":"com.shop.*","method":"get*","set":{"dubbo.tag":"gray"},"remove":["debug"]},
  {"service":"com.shop.Cart","set":{"dubbo.tag":"blue"}},
  {"service":"com.bank.*","set":{"dubbo.tag":"safe"},"keep_existing":true}]}"#;

fn call(service: &str, method: &str) -> Call {
    Call::new(service, method)
        .on_consumer()
        .attachment("debug", "1")
}

#[test]
fn rules_apply_in_order_and_later_ones_win() {
    let cases = [
        ("com.shop.Order", "getOrder", Some("gray"), None),
        ("com.shop.Order", "putOrder", None, Some("1")),
        ("com.shop.Cart", "getCart", Some("blue"), None),
        ("com.shop.Cart", "putCart", Some("blue"), Some("1")),
        ("com.bank.Account", "get", Some("safe"), Some("1")),
        ("org.other.Service", "getOrder", None, Some("1")),
    ];
    let mut bench = Bench::new(factory(), CONFIG).unwrap();
    for (service, method, tag, debug) in cases {
        let entered = bench.request(&call(service, method)).unwrap();
        assert_eq!(entered.reply, None);
        assert_eq!(
            entered.call.attached("dubbo.tag"),
            tag,
            "{service}.{method}"
        );
        assert_eq!(entered.call.attached("debug"), debug, "{service}.{method}");
    }
}

#[test]
fn keep_existing_leaves_the_callers_value() {
    let mut bench = Bench::new(factory(), CONFIG).unwrap();
    let entered = bench
        .request(&call("com.bank.Account", "get").attachment("dubbo.tag", "mine"))
        .unwrap();
    assert_eq!(entered.call.attached("dubbo.tag"), Some("mine"));
    let shop = bench
        .request(&call("com.shop.Order", "get").attachment("dubbo.tag", "mine"))
        .unwrap();
    assert_eq!(shop.call.attached("dubbo.tag"), Some("gray"));
}

#[test]
fn keep_existing_sees_what_earlier_rules_staged() {
    let config = r#"{"rules":[
      {"remove":["dubbo.tag"]},
      {"set":{"dubbo.tag":"first"},"keep_existing":true},
      {"set":{"dubbo.tag":"second"},"keep_existing":true}]}"#;
    let mut bench = Bench::new(factory(), config).unwrap();
    let entered = bench
        .request(&call("s", "m").attachment("dubbo.tag", "mine"))
        .unwrap();
    assert_eq!(entered.call.attached("dubbo.tag"), Some("first"));
}

#[test]
fn without_rules_calls_pass() {
    let mut bench = Bench::new(factory(), "{}").unwrap();
    let given = call("com.shop.Order", "get");
    assert_eq!(bench.request(&given).unwrap().call, given);
}

#[test]
fn bad_configurations_are_refused_with_their_place() {
    let cases = [
        (
            r#"{"rules":[{"set":{"a":"b"}},{"method":"get*"}]}"#,
            "rules[1]: neither set nor remove",
        ),
        (
            r#"{"rules":[{"service":"","set":{"a":"b"}}]}"#,
            "rules[0]: an empty pattern",
        ),
        (
            r#"{"rules":[{"set":{"":"b"}}]}"#,
            "rules[0]: an attachment's key",
        ),
        (r#"{"rules":[{"sets":{"a":"b"}}]}"#, "unknown field `sets`"),
        (
            r#"{"rules":[{"set":{"a":1}}]}"#,
            "invalid type: integer `1`",
        ),
    ];
    for (config, part) in cases {
        let error = Bench::new(factory(), config).unwrap_err();
        assert!(error.to_string().contains(part), "{config}: {error}");
    }
    let long = format!(
        r#"{{"rules":[{{"set":{{"a":"{}"}}}}]}}"#,
        "x".repeat(65_537)
    );
    assert!(
        Bench::new(factory(), &long)
            .unwrap_err()
            .to_string()
            .contains("at most 64 KiB")
    );
}
