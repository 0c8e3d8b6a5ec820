//! The harness against the real peers: Java with Java, which is also what the other pairings are compared with.

use std::path::Path;

use super::*;

#[test]
fn java_with_java_is_the_same_twice_after_masking() {
    let Some(java) = installed(Line::Dubbo3).unwrap() else {
        return;
    };
    let provider = java.provider("golden").unwrap();
    let first = java.consume(&provider.url(), "").unwrap();
    let second = java.consume(&provider.url(), "").unwrap();
    assert!(first.len() > 300, "only {} cases", first.len());
    assert_eq!(first["whoami"]["value"], "golden");
    assert_eq!(
        first["concurrency/64x50"]["value"],
        serde_json::json!({"int": 3200})
    );
    let raw = diff(&first, &second);
    assert!(
        raw.iter().any(|line| line.starts_with("refused/")),
        "nothing to mask: {raw:?}"
    );
    assert_eq!(
        diff(&mask(first, &[]), &mask(second, &[])),
        Vec::<String>::new()
    );
}

#[test]
fn a_prefix_selects_cases_and_an_unknown_one_is_an_error() {
    let Some(java) = installed(Line::Dubbo3).unwrap() else {
        return;
    };
    let provider = java.provider("few").unwrap();
    let few = java.consume(&provider.url(), "add/").unwrap();
    assert_eq!(few.len(), 4, "{few:?}");
    let error = java
        .consume(&provider.url(), "nope/")
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("java consumer of dubbo://127.0.0.1:"),
        "{error}"
    );
}

#[test]
fn a_provider_that_cannot_bind_is_an_error_with_its_log() {
    let Some(java) = installed(Line::Dubbo3).unwrap() else {
        return;
    };
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let error = java
        .provider_on(taken.local_addr().unwrap().port(), "late")
        .unwrap_err()
        .to_string();
    assert!(error.contains("before it was ready"), "{error}");
    assert!(error.contains("Exception"), "{error}");
}

#[test]
fn a_provider_dies_with_its_owner() {
    let Some(java) = installed(Line::Dubbo3).unwrap() else {
        return;
    };
    let provider = java.provider("short").unwrap();
    let process = format!("/proc/{}", provider.pid());
    assert!(Path::new(&process).exists());
    drop(provider);
    assert!(!Path::new(&process).exists());
}

#[test]
fn a_line_that_is_no_outcome_is_an_error() {
    assert!(parse("{\"case\":\"a\"}").is_ok());
    for line in ["", "warning", "{}", "{\"case\":1}", "[]"] {
        assert!(parse(line).is_err(), "{line}");
    }
}
