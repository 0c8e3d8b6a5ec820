//! The same with the peers of Dubbo 3.2.19, which have the jar of fastjson2 and so prefer it: with `WUBBO_FULL=on` only.
//!
//! What a consumer of 3.2 writes depends on the parameters of the provider's URL (spec/70, section 1).

use std::time::{Duration, Instant};

use wubbo_core::Url;
use wubbo_tests::consumer;
use wubbo_tests::hosts::EchoProvider;
use wubbo_tests::java::{Line, Outcomes};
use wubbo_tests::length::full;
use wubbo_tests::scratch::Scratch;

use super::{BY_GATEWAY, Golden, NAME, address, golden, same, through_a_gateway};

const SERVICE: &str = "org.wubbo.demo.EchoService";

/// What tells the serializations apart: a Byte is an Integer after hessian2, and a Byte after fastjson2.
const BYTE: &str = "echoObject/Byte/max";

/// What providers of 3.2 publish, as far as their own consumers look at it.
const PREFERS_FASTJSON2: &str = "prefer.serialization=fastjson2";

fn scene() -> Option<&'static Golden> {
    if full() { golden(Line::Dubbo32) } else { None }
}

fn class(outcomes: &Outcomes) -> &str {
    outcomes[BYTE]["class"].as_str().unwrap_or("")
}

#[test]
fn a_consumer_of_3_2_sees_a_rust_provider_as_one_of_3_2() {
    let Some(golden) = scene() else { return };
    let provider = EchoProvider::start(&["--name", NAME]).unwrap();
    let got = golden.java.consume(&address(provider.url()), "").unwrap();
    same("java 3.2 -> rust", &golden.outcomes, got, &[]);
    assert_eq!(provider.stop().unwrap(), 0);
}

#[test]
fn a_rust_consumer_sees_a_provider_of_3_2_as_a_consumer_of_3_2_does() {
    let Some(golden) = scene() else { return };
    let got = consumer::consume(golden.line, &golden.provider.url(), "").unwrap();
    same("rust -> java 3.2", &golden.outcomes, got, &[]);
}

/// It answers in the serialization of the request, but what it refuses it refuses in fastjson2: then its status and the number are what can be told.
#[test]
fn a_rust_consumer_reads_what_a_provider_that_prefers_fastjson2_answers() {
    let Some(golden) = scene() else { return };
    let unpinned = golden.java.provider_unpinned(NAME).unwrap();
    let mut got = consumer::consume(golden.line, &unpinned.url(), "").unwrap();
    let mut want = golden.outcomes.clone();
    want.retain(|_, outcome| outcome["rpcCode"] != 1);
    let before = got.len();
    got.retain(|case, outcome| {
        let words = outcome["exceptionMessage"].as_str().unwrap_or("");
        let refused = !want.contains_key(case);
        assert_eq!(
            words.contains("answered in serialization 23"),
            refused,
            "{case}: {outcome}"
        );
        !refused
    });
    assert!(before - got.len() >= 8, "{} refusals", before - got.len());
    same("rust -> java 3.2 of its own choice", &want, got, &[]);

    let preferred = format!("{}/{SERVICE}?{PREFERS_FASTJSON2}", unpinned.url());
    let control = golden.java.consume_unpinned(&preferred, BYTE).unwrap();
    assert_eq!(class(&control), "java.lang.Byte", "{control:?}");
}

#[test]
fn a_consumer_of_3_2_does_not_see_the_gateway_between() {
    let Some(golden) = scene() else { return };
    let got = through_a_gateway(&golden.provider.url(), |url| {
        golden.java.consume(url, "").unwrap()
    });
    let pairing = "java 3.2 -> gateway -> java 3.2";
    same(pairing, &golden.outcomes, got, &BY_GATEWAY);
}

#[test]
fn the_url_that_a_rust_provider_publishes_makes_a_consumer_of_3_2_write_hessian2() {
    let Some(golden) = scene() else { return };
    let scratch = Scratch::new("java-published").unwrap();
    let registry = format!("file:{}", scratch.join("registry").display());
    let provider = EchoProvider::start(&["--name", NAME, "--registry", &registry]).unwrap();
    let published = published(&scratch);
    let got = golden
        .java
        .consume_unpinned(&published, "echoObject/")
        .unwrap();
    assert_eq!(class(&got), "java.lang.Integer");
    let mut want = golden.outcomes.clone();
    want.retain(|case, _| case.starts_with("echoObject/"));
    same("java 3.2 -> published rust", &want, got, &[]);

    // The same address with what a provider of 3.2 publishes: a frame in fastjson2 comes, and is answered.
    let preferred = format!("{}/{SERVICE}?{PREFERS_FASTJSON2}", address(provider.url()));
    let refused = golden.java.consume_unpinned(&preferred, BYTE).unwrap();
    let words = refused[BYTE]["exceptionMessage"].as_str().unwrap();
    for word in [
        "serialization id 23",
        "serialization=hessian2",
        "prefer.serialization=hessian2",
    ] {
        assert!(words.contains(word), "{words}");
    }
    assert_eq!(provider.stop().unwrap(), 0);
}

/// The URL that stands in the registry.
fn published(scratch: &Scratch) -> String {
    let folder = scratch.join(format!("registry/{SERVICE}/providers"));
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let entries = std::fs::read_dir(&folder).into_iter().flatten();
        let texts = entries.filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok());
        let line = |text: String| {
            let line = text.lines().find(|line| line.starts_with("dubbo://"));
            line.map(str::to_owned)
        };
        if let Some(url) = texts.filter_map(line).next() {
            assert!(Url::parse(&url).is_ok(), "{url}");
            return url;
        }
        assert!(Instant::now() < deadline, "nothing is published");
        std::thread::sleep(Duration::from_millis(20));
    }
}
