//! Configurators as modules: what they change, when URLs are made anew, and what a bad one leaves alone.

use wubbo_core::{ConfigureSide, PolicySet, Url};

use crate::guests::{fixture, fixture_named};
use crate::rig::{Rig, start};

/// The fixtures that are tried here.
pub(crate) const FIXTURES: &[&str] = &[
    "configurator-passes",
    "configurator-sets",
    "configurator-traps",
    "configurator-wrong-op",
];

fn provider() -> Url {
    Url::parse("dubbo://10.0.0.1:20880/a.B?timeout=1000&weight=300&other=1").unwrap()
}

fn configure(policies: &PolicySet) -> Option<Url> {
    policies.configurators()[0]
        .configurator
        .configure(&provider(), ConfigureSide::Consumer)
}

async fn one(name: &str, yaml: &str) -> Rig {
    start(&[("c.wasm", &fixture(name)), ("c.yaml", yaml.as_bytes())]).await
}

#[tokio::test]
async fn a_configurator_sets_and_removes_parameters() {
    let rig = one(
        "configurator-sets",
        "side: consumer\norder: 4\nservices: [a.*]\n",
    )
    .await;
    let policies = rig.policies.load();
    let entry = &policies.configurators()[0];
    assert_eq!(
        (entry.side, entry.order),
        (Some(ConfigureSide::Consumer), 4)
    );
    assert!(entry.applies.to("a.B", "") && !entry.applies.to("b.B", ""));
    let url = configure(&policies).unwrap();
    let read = |key| url.get(key);
    assert_eq!(
        (read("timeout"), read("weight"), read("other")),
        (Some("1234"), None, Some("1"))
    );
    assert_eq!((url.host(), url.port()), ("10.0.0.1", Some(20880)));
    let counters = rig.plugin("configurator/configurator-sets").counters;
    assert_eq!((counters.hooks, counters.configured), (1, 1));
    // URLs are made anew when a configurator comes, changes or goes, and not for anything else.
    let first = policies.configuration();
    rig.put("other.wasm", &crate::guests::passing("other", ""));
    rig.until_generation("filter/other", 1).await;
    assert_eq!(rig.policies.load().configuration(), first);
    rig.put("c.yaml", b"order: 5\n");
    rig.until_generation("configurator/configurator-sets", 2)
        .await;
    assert_eq!(rig.policies.load().configuration(), first + 1);
    assert_eq!(rig.policies.load().configurators()[0].side, None);
    drop(policies);
    rig.remove("c.wasm");
    rig.until("unloaded", |status| {
        status.plugin("configurator/configurator-sets").is_none()
    })
    .await;
    assert_eq!(rig.policies.load().configuration(), first + 2);
}

#[tokio::test]
async fn a_configurator_that_fails_keeps_its_last_good_configuration() {
    let good = || fixture_named("configurator-sets", "c");
    let bad = || fixture_named("configurator-traps", "c");
    let rig = start(&[("c.wasm", &good())]).await;
    let policies = |rig: &Rig| rig.policies.load();
    let url = configure(&policies(&rig)).unwrap();
    // Another generation that fails: what the one before did to this provider stays, on the URL of now.
    rig.put("c.wasm", &bad());
    rig.until_generation("configurator/c", 2).await;
    assert_eq!(configure(&policies(&rig)), Some(url));
    let said = |text: &String| text.ends_with("; the url is configured as it was");
    assert!(
        rig.lines.texts().iter().any(said),
        "{:?}",
        rig.lines.texts()
    );
    let moved = provider()
        .with_param("other", "2")
        .with_param("weight", "5");
    let again = |url: &Url| {
        let policies = rig.policies.load();
        let entry = &policies.configurators()[0];
        entry.configurator.configure(url, ConfigureSide::Consumer)
    };
    let configured = again(&moved).unwrap();
    let read = |key| configured.get(key);
    assert_eq!(
        (read("timeout"), read("weight"), read("other")),
        (Some("1234"), None, Some("2"))
    );
    // A provider that was never configured well, and the other side, stay as they are.
    assert_eq!(again(&provider().with_port(1)), None);
    let policies = rig.policies.load();
    let side = policies.configurators()[0]
        .configurator
        .configure(&provider(), ConfigureSide::Provider);
    assert_eq!(side, None);
    // "No change" is a good answer too, and the last one counts.
    rig.put("c.wasm", &fixture_named("configurator-passes", "c"));
    rig.until_generation("configurator/c", 3).await;
    assert_eq!(again(&provider()), None);
    rig.put("c.wasm", &[bad(), b"\0\x02\x01x".to_vec()].concat());
    rig.until_generation("configurator/c", 4).await;
    assert_eq!(again(&provider()), None);
}

#[tokio::test]
async fn a_bad_configurator_leaves_the_url_as_it_is() {
    for (name, class) in [
        ("configurator-traps", "trap"),
        ("configurator-wrong-op", "bad_answer"),
    ] {
        let rig = one(name, "").await;
        assert_eq!(configure(&rig.policies.load()), None, "{name}");
        let identity = format!("configurator/{name}");
        let plugin = rig.whole(&identity).await;
        assert_eq!(
            plugin.counters.trips[class], 1,
            "{name}: {:#?}",
            plugin.trips
        );
        let said = |text: &String| text.contains("the url stays as it is");
        assert!(rig.lines.texts().iter().any(said), "{name}");
    }
}
