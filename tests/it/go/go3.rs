//! The same with dubbo-go 3.3.2: with `WUBBO_FULL=on` only. Its consumers show nobody the attachments of an answer.

use wubbo_tests::consumer;
use wubbo_tests::go::{Go, Line, Provider, installed};
use wubbo_tests::hosts::EchoProvider;
use wubbo_tests::java::{Line as Java, Outcomes};
use wubbo_tests::length::full;

use super::{CASES_MIN, SHARED_MIN, UNHASHABLE, failed};
use crate::java::{NAME, address, golden, same};

/// Prefixes of cases that a Rust provider answers as a Java one does, and not as dubbo-go.
const AS_JAVA: [(&str, &str); 7] = [
    (
        "attachments/",
        "dubbo-go shows a service the keys that name the call; Java takes them out",
    ),
    (
        "generic/getUser",
        "dubbo-go generalises by the names of Go's fields",
    ),
    (
        "refused/unknown-method",
        "dubbo-go answers status 20 with a java.lang.Throwable; Java answers a status",
    ),
    ("refused/wrong-version", "as refused/unknown-method"),
    ("refused/wrong-group", "as refused/unknown-method"),
    ("refused/unknown-path", "as refused/unknown-method"),
    (
        "flip/man",
        "dubbo-go hands its own service an enum that is equal to none of the forms it knows",
    ),
];

/// How dubbo-go 3 tells of an exception that a provider answered with: its class and message follow. The words for anything else
/// name addresses, or are the provider's own.
const THROWN: &str = "java exception: ";

fn scene() -> Option<(Go, Provider)> {
    if !full() {
        return None;
    }
    let go = installed(Line::Go3).unwrap()?;
    let provider = go.provider(NAME).unwrap();
    Some((go, provider))
}

fn without_words(mut outcomes: Outcomes) -> Outcomes {
    for outcome in outcomes.values_mut() {
        let Some(words) = outcome.get_mut("failure") else {
            continue;
        };
        let thrown = words
            .as_str()
            .is_some_and(|words| words.starts_with(THROWN));
        if !thrown {
            *words = "<masked>".into();
        }
    }
    outcomes
}

#[test]
fn a_go_3_consumer_sees_a_rust_provider_as_a_go_or_java_provider() {
    let (Some((go, provider)), Some(golden)) = (scene(), golden(Java::Dubbo3)) else {
        return;
    };
    let mut want = without_words(go.consume(&provider.url()).unwrap());
    assert!(want.len() >= CASES_MIN, "only {} cases", want.len());
    let java = without_words(go.consume(&golden.provider.url()).unwrap());
    for (prefix, why) in AS_JAVA {
        let mut unlike = false;
        for (case, outcome) in &mut want {
            if case.starts_with(prefix) {
                unlike |= *outcome != java[case];
                *outcome = java[case].clone();
            }
        }
        assert!(unlike, "{prefix}: no longer needed: {why}");
    }
    let rust = EchoProvider::start(&["--name", NAME]).unwrap();
    let got = without_words(go.consume(&address(rust.url())).unwrap());
    same("go 3 -> rust", &want, got, &[]);
    assert_eq!(rust.stop().unwrap(), 0);
}

#[test]
fn a_rust_consumer_sees_a_go_3_provider_as_a_java_consumer_does() {
    let (Some((go, provider)), Some(golden)) = (scene(), golden(Java::Dubbo3)) else {
        return;
    };
    let own = go.consume(&provider.url()).unwrap();
    let answered = own.iter().filter(|(_, line)| {
        let thrown = line["failure"].as_str();
        !failed(line) || thrown.is_some_and(|words| words.starts_with(THROWN))
    });
    let shared = answered.map(|(case, _)| case.as_str());
    let ids: Vec<&str> = shared
        .filter(|case| golden.outcomes.contains_key(*case) && *case != UNHASHABLE)
        .collect();
    assert!(ids.len() >= SHARED_MIN, "only {} cases", ids.len());
    let want = golden.java.consume_ids(&provider.url(), &ids).unwrap();
    assert_eq!(want.len(), ids.len());
    let wanted = |id: &str| ids.contains(&id);
    let got = consumer::consume_if(Java::Dubbo3, &provider.url(), wanted).unwrap();
    // A Go provider answers with what it was asked with: the time-out, of which Rust writes what is left, the consumer's own port, and
    // the interface that it calls a method of which the provider does not have.
    let asked = ["timeout", "remote-addr", "interface"];
    same("rust -> go 3", &want, got, &asked);
}
