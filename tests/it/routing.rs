//! Routers, balancers and configurators in a running gateway that holds no linked policy: their effect as a consumer sees it, while
//! rules and files change.

mod attempts;
mod scene;

use std::time::{Duration, Instant};

use scene::{Answers, PROVIDERS, SERVICE, Scene, names};
use wubbo_tests::artifacts;
use wubbo_tests::load::Load;
use wubbo_tests::plugin_files::{put, stamped};

const THREE: [(&str, &str); 3] = [("p1", "weight=100"), ("p2", "dubbo.tag=gray"), ("p3", "")];

#[test]
fn tags_choose_providers_and_a_rule_changes_them_live() {
    let scene = Scene::start(&THREE, &["router-tag", "loadbalance-random"], "{}");
    // Dubbo Java's way with calls that ask for no tag.
    put(
        &scene.plugins(),
        "router-tag.yaml",
        b"config: { semantics: java }\n",
    )
    .unwrap();
    scene.until_plugin("router/tag", |plugin| plugin["generation"] == 2);
    let gray = [("dubbo.tag", "gray")];
    assert_eq!(names(&scene.ask(40, &gray)), ["p2"]);
    assert_eq!(names(&scene.ask(60, &[])), ["p1", "p3"]);
    let explained = scene.explain(&gray);
    assert_eq!(
        explained["chosen"],
        scene.address(1).as_str(),
        "{explained}"
    );
    assert_eq!(explained["routers"][0]["router"], "tag", "{explained}");
    let reason = explained["routers"][0]["remarks"][0]["text"].as_str();
    assert!(
        reason.is_some_and(|text| text.contains("gray")),
        "{explained}"
    );

    let rule = format!(
        "force: true\nenabled: true\nkey: {PROVIDERS}\ntags:\n  - name: gray\n    addresses: [\"{}\"]\n",
        scene.address(2)
    );
    scene.rule(&format!("{PROVIDERS}.tag-router"), &rule);
    let live = scene.until(20, &gray, |answers| names(answers) == ["p3"]);
    println!(
        "a tag rule was live {} ms after it was written",
        live.as_millis()
    );
    scene.no_rule(&format!("{PROVIDERS}.tag-router"));
    scene.until(20, &gray, |answers| names(answers) == ["p2"]);
    assert_eq!(scene.gateway.stop().unwrap(), 0);
}

/// A condition rule that lets calls pass to one address only.
fn only(address: &str) -> String {
    let port = address.rsplit_once(':').map_or("", |(_, port)| port);
    format!(
        "configVersion: v3.0\nscope: service\nforce: true\nenabled: true\nkey: {SERVICE}\nconditions:\n  - \"=> port = {port}\"\n"
    )
}

fn condition_key() -> String {
    format!("{SERVICE}:1.0.0:.condition-router")
}

#[test]
fn a_condition_rule_moves_traffic_and_a_bad_one_changes_nothing() {
    let scene = Scene::start(&THREE, &["router-condition", "loadbalance-random"], "{}");
    assert_eq!(names(&scene.ask(90, &[])), ["p1", "p2", "p3"]);
    scene.rule(&condition_key(), &only(&scene.address(0)));
    scene.until(20, &[], |answers| names(answers) == ["p1"]);

    scene.rule(
        &condition_key(),
        "conditions:\n  - \"=> port = 1\"\n  nonsense: [\n",
    );
    let status = scene.until_plugin("router/condition", |plugin| {
        plugin["rules"]["refused"]
            .as_array()
            .is_some_and(|refused| !refused.is_empty())
    });
    let refused = &status["rules"]["refused"][0];
    assert_eq!(refused["key"], condition_key().as_str(), "{status}");
    assert!(
        refused["line"].as_u64().is_some_and(|line| line >= 2),
        "{status}"
    );
    assert_eq!(
        names(&scene.ask(40, &[])),
        ["p1"],
        "the last good rule stays"
    );

    scene.rule(&condition_key(), &only(&scene.address(1)));
    scene.until(20, &[], |answers| names(answers) == ["p2"]);
    let status = scene.plugin("router/condition");
    assert_eq!(
        status["rules"]["refused"].as_array().map(Vec::len),
        Some(0),
        "{status}"
    );
}

#[test]
fn an_override_rule_takes_a_provider_out_of_the_balance() {
    let scene = Scene::start(
        &THREE,
        &["configurator-override", "loadbalance-random"],
        "{}",
    );
    assert_eq!(names(&scene.ask(90, &[])), ["p1", "p2", "p3"]);
    let rule = format!(
        "configVersion: v3.0\nscope: service\nkey: {SERVICE}\nconfigs:\n  - side: consumer\n    providerAddresses: [\"{}\"]\n    parameters: {{ weight: 0 }}\n",
        scene.address(2)
    );
    scene.rule(&format!("{SERVICE}:1.0.0:.configurators"), &rule);
    scene.until(60, &[], |answers| names(answers) == ["p1", "p2"]);
    scene.no_rule(&format!("{SERVICE}:1.0.0:.configurators"));
    scene.until(60, &[], |answers| names(answers) == ["p1", "p2", "p3"]);
}

#[test]
fn a_balancer_is_chosen_by_name_and_swapped_by_file() {
    let balancers = ["loadbalance-roundrobin", "loadbalance-consistenthash"];
    let scene = Scene::start(&THREE, &balancers, "{ loadbalance: roundrobin }");
    // Smooth per slot: over S slots a round differs by at most S.
    let shares = scene.ask(300, &[]);
    println!("roundrobin over three providers: {shares:?}");
    assert!(
        shares.values().all(|share| (90..=110).contains(share)),
        "{shares:?}"
    );

    let module = std::fs::read(artifacts::wasm("loadbalance-roundrobin")).unwrap();
    let before = scene.plugin("loadbalance/roundrobin")["generation"].clone();
    put(
        &scene.plugins(),
        "loadbalance-roundrobin.wasm",
        &stamped(&module, "2"),
    )
    .unwrap();
    scene.until_plugin("loadbalance/roundrobin", |plugin| {
        plugin["generation"] != before
    });
    let shares = scene.ask(300, &[]);
    assert!(
        shares.values().all(|share| (90..=110).contains(share)),
        "{shares:?}"
    );

    // Without any balancer the cluster picks uniformly.
    std::fs::remove_file(scene.plugins().join("loadbalance-roundrobin.wasm")).unwrap();
    scene.until_plugin("loadbalance/roundrobin", |plugin| {
        plugin.is_null() || plugin["state"] != "live"
    });
    assert_eq!(names(&scene.ask(90, &[])), ["p1", "p2", "p3"]);
}

#[test]
fn rules_changed_a_hundred_times_a_second_lose_no_call() {
    let scene = Scene::start(&THREE, &["router-condition", "loadbalance-random"], "{}");
    scene.rule(&condition_key(), &only(&scene.address(0)));
    scene.until(20, &[], |answers| names(answers) == ["p1"]);
    let load = scene
        .runtime
        .block_on(async { Load::start(&scene.stub, 16) });
    let first = scene.plugin("router/condition")["rules"]["version"].as_u64();
    let until = Instant::now() + Duration::from_secs(5);
    let mut written = 0;
    let mut next = Instant::now();
    while Instant::now() < until {
        scene.rule(&condition_key(), &only(&scene.address(written % 3)));
        written += 1;
        next += Duration::from_millis(10);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let summary = scene.runtime.block_on(load.stop());
    let last = scene.plugin("router/condition")["rules"]["version"].as_u64();
    println!(
        "{} calls, {} failed while {written} rules were written in 5 s; rules version {first:?} to {last:?}",
        summary.calls, summary.failures
    );
    assert_eq!(summary.failures, 0, "{:?}", summary.first_failure);
    assert!(written >= 100, "{written}");
    // The changes counted while they came, not only when they were over.
    let published = last.zip(first).map_or(0, |(last, first)| last - first);
    assert!(published >= 1, "{published} versions of the rules");
    // What was written last counts in the end.
    let final_name = ["p1", "p2", "p3"][(written - 1) % 3];
    scene.until(20, &[], |answers: &Answers| names(answers) == [final_name]);
    scene.until_plugin("router/condition", |plugin| plugin["live_generations"] == 1);
}
