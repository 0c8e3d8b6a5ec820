//! Real peers: each pairing of a Rust and a Java party, over every case of the contract, against what Java with Java gives.
//!
//! Here the peers are those of Dubbo 3.3.6, in `java/dubbo2.rs` those of 2.7.23. Without a JDK and Maven the tests are left out with
//! a message; with `CI=true` that is an error.

use std::sync::OnceLock;

use wubbo_tests::consumer;
use wubbo_tests::hosts::{EchoProvider, Gateway};
use wubbo_tests::java::{self, Java, Line, Outcomes, Provider, diff, mask};
use wubbo_tests::scratch::Scratch;

mod dubbo2;

/// The answer of `whoami`, the same from whichever provider.
pub(crate) const NAME: &str = "golden";

/// Attachments that a gateway adds for the provider to see (spec GW-2, GW-3).
pub(crate) const BY_GATEWAY: [&str; 2] = ["wubbo.via", "wubbo.client"];

/// How many cases there are at least; fewer would compare little.
const CASES_MIN: usize = 330;

/// Java with Java of one line, run once. The provider serves the other tests too; it ends with this process, by the end of its input.
pub(crate) struct Golden {
    line: Line,
    pub(crate) java: Java,
    pub(crate) provider: Provider,
    pub(crate) outcomes: Outcomes,
}

pub(crate) fn golden(line: Line) -> Option<&'static Golden> {
    static DUBBO_3: OnceLock<Option<Golden>> = OnceLock::new();
    static DUBBO_2: OnceLock<Option<Golden>> = OnceLock::new();
    let golden = match line {
        Line::Dubbo3 => &DUBBO_3,
        Line::Dubbo2 => &DUBBO_2,
    };
    let golden = golden.get_or_init(|| {
        let java = java::installed(line).unwrap()?;
        let provider = java.provider(NAME).unwrap();
        let outcomes = java.consume(&provider.url(), "").unwrap();
        assert!(outcomes.len() >= CASES_MIN, "only {} cases", outcomes.len());
        Some(Golden {
            line,
            java,
            provider,
            outcomes,
        })
    });
    golden.as_ref()
}

/// Fails with every case and field that is unlike `want`; attachments in `dropped` are not looked at.
pub(crate) fn same(pairing: &str, want: &Outcomes, got: Outcomes, dropped: &[&str]) {
    let lines = diff(&mask(want.clone(), dropped), &mask(got, dropped));
    assert!(
        lines.is_empty(),
        "{pairing}: {} differences:\n{}",
        lines.len(),
        lines.join("\n")
    );
}

/// `dubbo://host:port` of a READY line's URL.
pub(crate) fn address(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("dubbo", url));
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    format!("{scheme}://{}", &rest[..end])
}

/// Lets `consume` run its cases against a gateway in front of `provider`, a URL, and sees that they passed it.
pub(crate) fn through_a_gateway(
    provider: &str,
    consume: impl FnOnce(&str) -> Outcomes,
) -> Outcomes {
    let scratch = Scratch::new("java-gateway").unwrap();
    let entry = format!("{provider}/org.wubbo.demo.EchoService?version=1.0.0\n");
    scratch
        .write(
            "registry/org.wubbo.demo.EchoService/providers/java.url",
            entry,
        )
        .unwrap();
    let yaml = "application: wubbo-demo-gateway\n\
                registries: { main: { address: \"file:./registry\" } }\n\
                gateway:\n  listen: [\"dubbo://127.0.0.1:0\"]\n  services: [\"org.wubbo.demo.*\"]\n";
    let gateway = Gateway::start(yaml, scratch.path()).unwrap();
    let got = consume(&address(gateway.url()));
    // The negative control: what the comparison drops was there, so the calls did pass the gateway.
    let seen = got["attachments/none"]["value"].to_string();
    assert!(BY_GATEWAY.iter().all(|key| seen.contains(key)), "{seen}");
    assert_eq!(gateway.stop().unwrap(), 0);
    got
}

#[test]
fn a_java_consumer_sees_a_rust_provider_as_a_java_provider() {
    let Some(golden) = golden(Line::Dubbo3) else {
        return;
    };
    let provider = EchoProvider::start(&["--name", NAME]).unwrap();
    let got = golden.java.consume(&address(provider.url()), "").unwrap();
    same("java -> rust", &golden.outcomes, got, &[]);
    assert_eq!(provider.stop().unwrap(), 0);
}

#[test]
fn a_rust_consumer_sees_a_java_provider_as_a_java_consumer_does() {
    let Some(golden) = golden(Line::Dubbo3) else {
        return;
    };
    let got = consumer::consume(golden.line, &golden.provider.url(), "").unwrap();
    same("rust -> java", &golden.outcomes, got, &[]);
}

/// Masking hides causes, since a Java one has addresses and a stack in it; what the provider said must have arrived all the same.
#[test]
fn a_refusal_reaches_a_rust_consumer_in_the_words_of_the_java_provider() {
    let Some(golden) = golden(Line::Dubbo3) else {
        return;
    };
    let mut compared = 0;
    for prefix in ["refused/", "generic/unknown-method", "generic/wrong-types"] {
        for (case, outcome) in
            consumer::consume(golden.line, &golden.provider.url(), prefix).unwrap()
        {
            let java = golden.outcomes[&case]["exceptionMessage"].as_str();
            let Some(words) = java.and_then(words_of_the_provider) else {
                continue;
            };
            let message = outcome["exceptionMessage"].as_str().unwrap();
            assert!(
                message.contains(words),
                "{case}: want {words:?} in {message:?}"
            );
            compared += 1;
        }
    }
    assert_eq!(compared, 8);
}

/// What the provider sent with its status, as far as it does not name this connection.
fn words_of_the_provider(message: &str) -> Option<&str> {
    let (_, cause) = message.split_once("cause: org.apache.dubbo.remoting.RemotingException: ")?;
    let line = cause.lines().next()?;
    Some(line.split(" , channel:").next().unwrap_or(line))
}

#[test]
fn a_java_consumer_does_not_see_the_gateway_between() {
    let Some(golden) = golden(Line::Dubbo3) else {
        return;
    };
    let got = through_a_gateway(&golden.provider.url(), |url| {
        golden.java.consume(url, "").unwrap()
    });
    same(
        "java -> gateway -> java",
        &golden.outcomes,
        got,
        &BY_GATEWAY,
    );
}

#[test]
fn a_rust_consumer_sees_a_rust_provider_as_java_does() {
    let Some(golden) = golden(Line::Dubbo3) else {
        return;
    };
    let provider = EchoProvider::start(&["--name", NAME]).unwrap();
    let got = consumer::consume(golden.line, &address(provider.url()), "").unwrap();
    same("rust -> rust", &golden.outcomes, got, &[]);
}
