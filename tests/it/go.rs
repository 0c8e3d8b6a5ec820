//! Real peers: a Go and a Rust party in both directions, over the cases that Go has types for.
//!
//! A Rust provider is compared with what Go gives Go, and where dubbo-go itself is unlike Java, with what Java gives Go. A Go
//! provider is seen by a Rust consumer as by a Java one. Without Go, or without a JDK and Maven, the tests are left out with a
//! message; with `CI=true` that is an error.

use std::sync::OnceLock;

use serde_json::{Value, json};
use wubbo_tests::consumer;
use wubbo_tests::go::{self, Go, Provider};
use wubbo_tests::hosts::EchoProvider;
use wubbo_tests::java::{Line, Outcomes};

use crate::java::{BY_GATEWAY, NAME, address, golden, same, through_a_gateway};

mod go3;
mod registry;

/// How many cases there are at least.
const CASES_MIN: usize = 200;

/// How many of them the Java peers have too, with the same input.
const SHARED_MIN: usize = 180;

/// Prefixes of cases that a Rust provider answers as a Java one does, and not as dubbo-go.
const AS_JAVA: [(&str, &str); 8] = [
    (
        "attachments/",
        "dubbo-go shows a service the keys that name the call; Java takes them out",
    ),
    (
        "describe/nested-list",
        "dubbo-go-hessian2 1.9.4 reads a list in a list as a holder of its own, and then cannot write it",
    ),
    (
        "generic/getUser",
        "dubbo-go generalises by the names of Go's fields, and loses keys of maps and names of enums",
    ),
    (
        "refused/unknown-method",
        "dubbo-go answers status 20 with a java.lang.Throwable; Java answers a status",
    ),
    ("refused/wrong-version", "as refused/unknown-method"),
    ("refused/wrong-group", "as refused/unknown-method"),
    ("refused/unknown-path", "as refused/unknown-method"),
    (
        "scale/zero-times-infinity",
        "both are NaN; Java and Rust have the one that Java has",
    ),
];

/// Calls by many tasks at once; the value is the number of right answers.
const MANY: &str = "concurrency/64x50";

/// A list in a list, which no Go consumer can read (bytes: row `ArrayList/nested` of `vectors/hessian-lite-4.tsv`). Java refuses this
/// call for its descriptor; its answer to `describe/nested-list` holds the same list.
const NESTED: &str = "echoObject/ArrayList/nested";

/// What ends a Go provider's connection: a list as the key of a map, which Go cannot hash (row `HashMap/odd-keys` there).
const UNHASHABLE: &str = "echoObject/HashMap/odd-keys";

/// What a gateway refuses by itself.
const BY_THE_GATEWAY: [&str; 3] = [
    "refused/wrong-version",
    "refused/wrong-group",
    "refused/unknown-path",
];

/// Go with Go, run once. The provider serves the other test too; it ends with this process, by the end of its input.
struct Scene {
    go: Go,
    provider: Provider,
    outcomes: Outcomes,
}

fn scene() -> Option<&'static Scene> {
    static SCENE: OnceLock<Option<Scene>> = OnceLock::new();
    let scene = SCENE.get_or_init(|| {
        let go = go::installed(go::Line::Go1).unwrap()?;
        let provider = go.provider(NAME).unwrap();
        let outcomes = go.consume(&provider.url()).unwrap();
        assert!(outcomes.len() >= CASES_MIN, "only {} cases", outcomes.len());
        assert_eq!(outcomes[MANY]["value"], json!({"int": 3200}));
        Some(Scene {
            go,
            provider,
            outcomes,
        })
    });
    scene.as_ref()
}

/// The words of dubbo-go for a call that was not answered name addresses and depend on which of its timers was first.
fn without_words(mut outcomes: Outcomes) -> Outcomes {
    for outcome in outcomes.values_mut() {
        if let Some(words) = outcome.get_mut("failure") {
            *words = "<masked>".into();
        }
    }
    outcomes
}

fn failed(outcome: &Value) -> bool {
    outcome.get("failure").is_some()
}

/// What a Go consumer should see of a Rust provider.
fn wanted(go: &Outcomes, java: &Outcomes) -> Outcomes {
    let mut want = go.clone();
    for (case, outcome) in &mut want {
        let as_java = AS_JAVA.iter().any(|(prefix, _)| case.starts_with(prefix));
        if as_java {
            *outcome = java[case].clone();
        }
        // dubbo-go answers without attachments.
        let like = if failed(&java[case]) && !failed(outcome) {
            "echo/ascii"
        } else {
            case
        };
        outcome["responseAttachments"] = java[like]["responseAttachments"].clone();
    }
    let nested = &java["describe/nested-list"]["value"]["entries"][0];
    assert_eq!(nested[0], "list", "{nested}");
    let mut answer = java["echo/ascii"].clone();
    answer["value"] = nested[1].clone();
    answer["case"] = NESTED.into();
    want.insert(NESTED.to_owned(), answer);
    want
}

#[test]
fn a_go_consumer_sees_a_rust_provider_as_a_go_or_java_provider() {
    let (Some(scene), Some(golden)) = (scene(), golden(Line::Dubbo3)) else {
        return;
    };
    let java = scene.go.consume(&golden.provider.url()).unwrap();
    let java = without_words(java);
    let go = without_words(scene.outcomes.clone());
    for (prefix, why) in AS_JAVA {
        let unlike = go
            .iter()
            .any(|(case, outcome)| case.starts_with(prefix) && *outcome != java[case]);
        assert!(unlike, "{prefix}: no longer needed: {why}");
    }
    let provider = EchoProvider::start(&["--name", NAME]).unwrap();
    let got = without_words(scene.go.consume(&address(provider.url())).unwrap());
    same("go -> rust", &wanted(&go, &java), got, &[]);
    assert_eq!(provider.stop().unwrap(), 0);
}

/// A deadline for writing stays on a connection of dubbo-getty 1.4.7 (its `send` and `WritePkg`): after a call with a short time-out one
/// with a longer is not written, and its caller is told of a time-out at once. The consumer of the other tests therefore calls again what
/// was never sent; here it does not.
#[test]
fn what_dubbo_go_fails_to_write_is_lost_whoever_the_provider_is() {
    let (Some(scene), Some(golden)) = (scene(), golden(Line::Dubbo3)) else {
        return;
    };
    let provider = EchoProvider::start(&["--name", NAME]).unwrap();
    let rust = address(provider.url());
    for url in [scene.provider.url(), golden.provider.url(), rust] {
        let lost = || {
            let got = scene.go.consume_once(&url, "timeout/").unwrap();
            let words = got["timeout/later-echo"]["failure"].as_str().unwrap_or("");
            words.contains("write tcp") && words.contains("i/o timeout")
        };
        // A machine that stalls for a second at this point lets the deadline be renewed.
        assert!((0..5).any(|_| lost()), "{url}");
    }
    assert_eq!(provider.stop().unwrap(), 0);
}

#[test]
fn a_go_consumer_does_not_see_the_gateway_between() {
    let Some(scene) = scene() else { return };
    let got = through_a_gateway(&scene.provider.url(), |url| scene.go.consume(url).unwrap());
    let mut want = without_words(scene.outcomes.clone());
    let got = without_words(got);
    for (case, outcome) in &mut want {
        if BY_THE_GATEWAY.contains(&case.as_str()) {
            // The gateway knows that there is no such service, and answers a status as Java does.
            assert!(!failed(outcome), "{outcome}");
            *outcome = json!({"case": case, "failure": "<masked>", "responseAttachments": {}});
        } else if outcome.get("value").is_some() && case != MANY {
            // It answers the consumer as Java does, with attachments. Those of an exception a Go consumer does not show.
            outcome["responseAttachments"] = json!({"dubbo": "2.0.2"});
        }
    }
    // It says who it is, and what is left of the call's time; dubbo-go 1.5.9 says 0.
    let added = [&BY_GATEWAY[..], &["remote.application", "timeout"]].concat();
    same("go -> gateway -> go", &want, got, &added);
}

/// Java waits for the call's time to end; a Rust consumer is told at once. The provider lives on.
#[test]
fn what_ends_a_go_providers_connection_ends_a_java_call_and_a_rust_call() {
    let (Some(scene), Some(golden)) = (scene(), golden(Line::Dubbo3)) else {
        return;
    };
    let provider = scene.go.provider("short").unwrap();
    let java = golden
        .java
        .consume_ids(&provider.url(), &[UNHASHABLE])
        .unwrap();
    assert_eq!(java[UNHASHABLE]["rpcCode"], 2, "{java:?}");
    let rust = consumer::consume(Line::Dubbo3, &provider.url(), UNHASHABLE).unwrap();
    assert_eq!(
        rust[UNHASHABLE]["exceptionClass"], "channel_inactive",
        "{rust:?}"
    );
    let after = consumer::consume(Line::Dubbo3, &provider.url(), "whoami").unwrap();
    assert_eq!(after["whoami"]["value"], "short", "{after:?}");
}

#[test]
fn a_rust_consumer_sees_a_go_provider_as_a_java_consumer_does() {
    let (Some(scene), Some(golden)) = (scene(), golden(Line::Dubbo3)) else {
        return;
    };
    let answered = scene.outcomes.iter().filter(|(_, line)| !failed(line));
    let shared = answered.map(|(case, _)| case.as_str());
    let ids: Vec<&str> = shared
        .filter(|case| golden.outcomes.contains_key(*case) && *case != UNHASHABLE)
        .collect();
    assert!(ids.len() >= SHARED_MIN, "only {} cases", ids.len());
    let want = golden
        .java
        .consume_ids(&scene.provider.url(), &ids)
        .unwrap();
    assert_eq!(want.len(), ids.len());
    let wanted = |id: &str| ids.contains(&id);
    let got = consumer::consume_if(Line::Dubbo3, &scene.provider.url(), wanted).unwrap();
    // A Go service sees this key. Java writes the call's time-out, Rust what is left of it.
    let sent = &got["attachments/none"]["requestAttachmentsSeen"]["timeout"];
    let sent: u64 = sent.as_str().unwrap().parse().unwrap();
    assert!(sent > 0 && sent <= 10_000, "{sent}");
    same("rust -> go", &want, got, &["timeout"]);
}
