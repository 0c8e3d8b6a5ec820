//! A real dubbo2.js 2.3.9 consumer sees a Rust provider as it sees a Java one, case by case.
//!
//! Without Node, or without a JDK and Maven, the test is left out with a message; with `CI=true` that is an error.

use serde_json::json;
use wubbo_tests::hosts::EchoProvider;
use wubbo_tests::java::{Line, Outcomes};
use wubbo_tests::node;

use crate::java::{BY_GATEWAY, NAME, address, golden, same, through_a_gateway};

/// How many cases there are at least, and how many of them end with a value.
const CASES_MIN: usize = 85;
const VALUES_MIN: usize = 70;

/// Calls in flight at once on one connection; the value is the number of right answers.
const MANY: &str = "concurrency/64x10";

/// What the golden run must be, so that a comparison with it says something.
fn sound(outcomes: &Outcomes) {
    assert!(outcomes.len() >= CASES_MIN, "only {} cases", outcomes.len());
    let values = outcomes.values().filter(|line| line.get("value").is_some());
    assert!(values.count() >= VALUES_MIN);
    assert_eq!(outcomes[MANY]["value"], json!({"number": "640"}));
    // What Node throws itself would be the same everywhere and compare nothing.
    let by_node = outcomes.iter().filter(|(_, line)| {
        let class = line["exception"]["class"].as_str();
        class.is_some_and(|class| !class.contains('.'))
    });
    assert_eq!(by_node.collect::<Vec<_>>(), []);
}

#[test]
fn a_node_consumer_sees_a_rust_provider_as_a_java_provider() {
    let (Some(node), Some(golden)) = (node::installed().unwrap(), golden(Line::Dubbo3)) else {
        return;
    };
    let want = node.consume(&golden.provider.url()).unwrap();
    sound(&want);
    let provider = EchoProvider::start(&["--name", NAME]).unwrap();
    let got = node.consume(&address(provider.url())).unwrap();
    same("node -> rust", &want, got, &[]);
    assert_eq!(provider.stop().unwrap(), 0);

    let got = through_a_gateway(&golden.provider.url(), |url| node.consume(url).unwrap());
    // The gateway says who called, and what is left of the call's time, which dubbo2.js does not.
    let added = [&BY_GATEWAY[..], &["remote.application", "timeout", "input"]].concat();
    same("node -> gateway -> java", &want, got, &added);
}
