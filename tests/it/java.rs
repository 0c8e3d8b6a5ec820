//! Real peers: each pairing of a Rust and a Java party, over every case of the contract, against what Java with Java gives.
//!
//! Here the peers are those of Dubbo 3.3.6, in `java/dubbo2.rs` those of 2.7.23, in `java/dubbo32.rs` those of 3.2.19. Without a JDK and Maven the tests are left out with
//! a message; with `CI=true` that is an error.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use wubbo_tests::artifacts;
use wubbo_tests::consumer;
use wubbo_tests::hosts::{EchoProvider, Gateway};
use wubbo_tests::java::{self, Counted, Java, Line, Outcomes, Provider, Steady, diff, mask};
use wubbo_tests::plugin_files::put;
use wubbo_tests::scratch::Scratch;

mod dubbo2;
mod dubbo32;
mod fleet;
mod registry;
mod sidecar;
mod tls;

/// The answer of `whoami`, the same from whichever provider.
pub(crate) const NAME: &str = "golden";

/// Attachments that a gateway adds for the provider to see (spec GW-2, GW-3).
pub(crate) const BY_GATEWAY: [&str; 2] = ["wubbo.via", "wubbo.client"];

/// What goes live by itself is so within a second, what goes with a session within 15; a machine that compiles at the same time is
/// given time.
const LIVE_LIMIT: Duration = Duration::from_secs(120);

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
    static DUBBO_32: OnceLock<Option<Golden>> = OnceLock::new();
    static DUBBO_2: OnceLock<Option<Golden>> = OnceLock::new();
    let golden = match line {
        Line::Dubbo3 => &DUBBO_3,
        Line::Dubbo32 => &DUBBO_32,
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

/// Counts what a consumer does until a second of it pleases, for a change that goes live by itself.
pub(crate) fn settled(
    consumer: &Steady,
    step: &str,
    pleases: impl Fn(&Counted) -> bool,
) -> Counted {
    let since = Instant::now();
    loop {
        let counted = consumer.during(Duration::from_secs(1)).unwrap();
        if pleases(&counted) {
            let (calls, shares, failed) = (counted.calls, &counted.shares, counted.failed());
            println!("{step}: {calls} calls, {shares:?}, failed {failed}");
            return counted;
        }
        assert!(since.elapsed() < LIVE_LIMIT, "{step}: {counted:?}");
    }
}

/// Lets `consume` run its cases against a gateway in front of `provider`, a URL, and sees that they passed it.
pub(crate) fn through_a_gateway(
    provider: &str,
    consume: impl FnOnce(&str) -> Outcomes,
) -> Outcomes {
    through(provider, "", consume, |_| {})
}

/// The same with a gateway that holds no linked policy, and every first-party plugin as a wasm file instead.
pub(crate) fn through_a_gateway_of_wasm(
    provider: &str,
    consume: impl FnOnce(&str) -> Outcomes,
) -> Outcomes {
    let plugins = Scratch::new("java-plugins").unwrap();
    let names = first_party();
    for name in &names {
        let module = std::fs::read(artifacts::wasm(name)).unwrap();
        put(plugins.path(), &format!("{name}.wasm"), &module).unwrap();
    }
    let dir = plugins.path().display();
    let more = format!(
        "plugins: {{ dir: \"{dir}\", builtins: off }}\nadmin: {{ listen: \"127.0.0.1:0\" }}\n"
    );
    through(provider, &more, consume, |gateway| {
        only_wasm(gateway, &names)
    })
}

/// The crates of the first-party plugins.
fn first_party() -> Vec<String> {
    let folder = std::fs::read_dir(artifacts::root().join("plugins")).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: Vec<String> = names.collect();
    assert!(names.len() >= 11, "{names:?}");
    names
}

/// Sees that these plugin crates, and nothing else, are live in the gateway, each as a wasm file, and that none was stopped.
fn only_wasm<N: AsRef<str>>(gateway: &Gateway, names: &[N]) {
    let body = gateway.get("/plugins").unwrap().body;
    let status: serde_json::Value = serde_json::from_str(&body).unwrap();
    let plugins = status["plugins"].as_array().unwrap();
    let mut live = Vec::new();
    for plugin in plugins {
        assert_eq!(plugin["origin"], "wasm", "{plugin}");
        assert_eq!(plugin["state"], "live", "{plugin}");
        assert_eq!(
            plugin["trips"].as_array().map(Vec::len),
            Some(0),
            "{plugin}"
        );
        live.push(plugin["identity"].as_str().unwrap().replace('/', "-"));
    }
    let mut wanted: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    wanted.sort_unstable();
    live.sort_unstable();
    assert_eq!(live, wanted);
}

fn through(
    provider: &str,
    more: &str,
    consume: impl FnOnce(&str) -> Outcomes,
    inspect: impl FnOnce(&Gateway),
) -> Outcomes {
    let scratch = Scratch::new("java-gateway").unwrap();
    let entry = format!("{provider}/org.wubbo.demo.EchoService?version=1.0.0\n");
    scratch
        .write(
            "registry/org.wubbo.demo.EchoService/providers/java.url",
            entry,
        )
        .unwrap();
    let yaml = format!(
        "application: wubbo-demo-gateway\nregistries: {{ main: {{ address: \"file:./registry\" }} }}\n\
         gateway:\n  listen: [\"dubbo://127.0.0.1:0\"]\n  services: [\"org.wubbo.demo.*\"]\n{more}"
    );
    let gateway = Gateway::start(&yaml, scratch.path()).unwrap();
    let got = consume(&address(gateway.url()));
    inspect(&gateway);
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
fn a_java_consumer_does_not_see_a_gateway_of_wasm_between() {
    let Some(golden) = golden(Line::Dubbo3) else {
        return;
    };
    let got = through_a_gateway_of_wasm(&golden.provider.url(), |url| {
        golden.java.consume(url, "").unwrap()
    });
    let pairing = "java -> gateway of wasm -> java";
    same(pairing, &golden.outcomes, got, &BY_GATEWAY);
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
