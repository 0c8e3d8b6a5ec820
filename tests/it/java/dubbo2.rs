//! The same with the peers of Dubbo 2.7.23, and with one of each line.

use super::{
    BY_GATEWAY, Golden, NAME, address, golden, same, through_a_gateway, through_a_gateway_of_wasm,
};
use wubbo_tests::consumer;
use wubbo_tests::hosts::EchoProvider;
use wubbo_tests::java::Line;

fn both() -> Option<(&'static Golden, &'static Golden)> {
    Some((golden(Line::Dubbo2)?, golden(Line::Dubbo3)?))
}

/// What a consumer of 2.7 sends without its items (`vectors.rs`) no Java can read. A provider of 2.7 then calls the method with null
/// in the argument's place; one of 3.3.6 refuses, and the consumer has an exception. A Rust provider is like the latter: it never
/// makes an argument up.
const UNREADABLE: [&str; 3] = [
    "echoObject/List.of",
    "echoObject/Map.of",
    "echoObject/Set.of",
];

#[test]
fn a_consumer_of_2_7_sees_a_rust_provider_as_one_of_2_7() {
    let Some((two, three)) = both() else { return };
    let mut want = two.outcomes.clone();
    for case in UNREADABLE {
        assert!(want[case]["value"].is_null(), "{}", want[case]);
        let refused = two.java.consume(&three.provider.url(), case).unwrap();
        assert_eq!(refused[case]["rpcCode"], 1, "{}", refused[case]);
        want.extend(refused);
    }
    let provider = EchoProvider::start(&["--name", NAME]).unwrap();
    let got = two.java.consume(&address(provider.url()), "").unwrap();
    same("java 2.7 -> rust", &want, got, &[]);
    assert_eq!(provider.stop().unwrap(), 0);
}

#[test]
fn a_rust_consumer_sees_a_provider_of_2_7_as_a_consumer_of_2_7_does() {
    let Some(golden) = golden(Line::Dubbo2) else {
        return;
    };
    let got = consumer::consume(golden.line, &golden.provider.url(), "").unwrap();
    same("rust -> java 2.7", &golden.outcomes, got, &[]);
}

#[test]
fn a_consumer_of_2_7_does_not_see_the_gateway_between() {
    let Some(golden) = golden(Line::Dubbo2) else {
        return;
    };
    let got = through_a_gateway(&golden.provider.url(), |url| {
        golden.java.consume(url, "").unwrap()
    });
    same(
        "java 2.7 -> gateway -> java 2.7",
        &golden.outcomes,
        got,
        &BY_GATEWAY,
    );
}

#[test]
fn a_consumer_of_2_7_does_not_see_a_gateway_of_wasm_between() {
    let Some(golden) = golden(Line::Dubbo2) else {
        return;
    };
    let got = through_a_gateway_of_wasm(&golden.provider.url(), |url| {
        golden.java.consume(url, "").unwrap()
    });
    let pairing = "java 2.7 -> gateway of wasm -> java 2.7";
    same(pairing, &golden.outcomes, got, &BY_GATEWAY);
}

#[test]
fn a_gateway_between_the_lines_is_not_seen() {
    let Some((two, three)) = both() else { return };
    for (from, to) in [(two, three), (three, two)] {
        let direct = from.java.consume(&to.provider.url(), "").unwrap();
        let got = through_a_gateway(&to.provider.url(), |url| {
            from.java.consume(url, "").unwrap()
        });
        let pairing = format!(
            "{} -> gateway -> {}",
            from.line.version(),
            to.line.version()
        );
        same(&pairing, &direct, got, &BY_GATEWAY);
    }
}
