//! Rules that want to take long, and what a configuration may say.

use super::*;
use wubbo_plugin_sdk::testing::ConfiguratorBench;
use wubbo_plugin_sdk::testing::hostile::{failures, fill};
use wubbo_plugin_sdk::{Result, Scope};

const URL: &str = "dubbo://10.0.0.1:20880/A?application=shop";

fn bench() -> ConfiguratorBench {
    ConfiguratorBench::new(factory(), "{}").unwrap()
}

fn set(bench: &mut ConfiguratorBench, text: &str) -> Result<()> {
    bench.rule(Scope::Service, "A::.configurators", "dubbo", text)
}

#[test]
fn rules_of_other_services_and_applications_are_passed_over() {
    let mut bench = bench();
    let rule = "configVersion: v2.7\nkey: x\nconfigs: [{side: provider, parameters: {a: 1}}]\n";
    for (scope, key) in [
        (Scope::Service, "B::"),
        (Scope::Service, "A:1.0:"),
        (Scope::Application, "depot"),
    ] {
        bench
            .rule(scope, &format!("{key}.configurators"), "dubbo", rule)
            .unwrap();
    }
    assert_eq!(bench.configure_export(URL).unwrap(), URL);
    bench
        .rule(Scope::Application, "shop.configurators", "dubbo", rule)
        .unwrap();
    assert_eq!(bench.configure_export(URL).unwrap(), format!("{URL}&a=1"));
}

#[test]
fn what_a_registry_holds_is_about_its_service_and_comes_first() {
    let mut bench = bench();
    let mut give = |service: &str, group: &str, text: &str| {
        let key = format!("{service}.configurators");
        bench.rule(Scope::Service, &key, group, text).unwrap();
        bench.configure_export(URL).unwrap()
    };
    let registry = "registry:10.0.0.1:2181";
    let (list, other) = (
        "[\"override://0.0.0.0:/A?a=1&b=1\"]",
        "[\"override://0.0.0.0/A?b=2\"]",
    );
    assert_eq!(give("B", registry, list), URL, "of another service");
    assert_eq!(give("A", registry, list), format!("{URL}&a=1&b=1"));
    assert_eq!(give("A", "dubbo", other), format!("{URL}&a=1&b=2"));
    assert_eq!(give("A", registry, ""), format!("{URL}&b=2"));
}

/// V-CFG-03, V-CFG-04: an `empty` URL ends the list and what came before it; `anyhost` alone sets nothing.
#[test]
fn an_empty_url_says_that_there_are_none() {
    let mut bench = bench();
    let mut give = |urls: &str| {
        let text = format!("[{urls}]");
        bench
            .rule(Scope::Service, "A.configurators", "registry:r", &text)
            .unwrap();
        bench.configure_export(URL).unwrap()
    };
    let (one, another) = (
        "\"override://0.0.0.0/A?a=1\"",
        "\"override://0.0.0.0/A?b=1\"",
    );
    assert_eq!(give(&format!("{one},{another}")), format!("{URL}&a=1&b=1"));
    let empty = "\"empty://0.0.0.0/A\"";
    assert_eq!(give(&format!("{one},{empty},{another}")), URL);
    let no_more = "\"override://0.0.0.0/A?anyhost=true\"";
    assert_eq!(give(&format!("{no_more},{one}")), format!("{URL}&a=1"));
}

#[test]
fn without_rules_nothing_changes() {
    assert_eq!(bench().configure_export(URL).unwrap(), URL);
    assert_eq!(bench().configure(URL).unwrap(), URL);
    assert!(ConfiguratorBench::new(factory(), r#"{"hosts":"a"}"#).is_err());
}

fn list(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count)
        .map(|number| format!("- {}\n", one(number)))
        .collect()
}

#[test]
fn hostile_rules_take_bounded_time() {
    let head = "configVersion: v3.0\nkey: A\nconfigs:\n";
    let addresses = |count: usize| {
        format!(
            "{head}- side: provider\n  parameters: {{a: b}}\n  addresses: [{}]\n",
            "0.0.0.0,".repeat(count)
        )
    };
    let parameters = |count: usize| {
        let each = (0..count).map(|number| format!("k{number}: v, "));
        format!(
            "{head}- side: provider\n  parameters: {{{}}}\n",
            each.collect::<String>()
        )
    };
    let urls = |count: usize| {
        list(count, |number| {
            format!("override://0.0.0.0/A?k{}=v", number % 10)
        })
    };
    let cases = [
        (
            "one long value",
            format!("{head}- parameters: {{a: {}}}\n", fill("b")),
            Some("its value 64 KiB"),
        ),
        (
            "one long url",
            format!("['override://0.0.0.0/A?{}']", fill("~a=b&")),
            Some("more than 10000 parameters"),
        ),
        (
            "many configs",
            format!("{head}{}", list(1001, |_| "parameters: {a: b}".into())),
            Some("more than 1000 configs"),
        ),
        (
            "many addresses",
            addresses(10_001),
            Some("more than 10000 addresses"),
        ),
        ("10,000 addresses", addresses(10_000), None),
        (
            "many parameters",
            parameters(1001),
            Some("more than 1000 parameters and names"),
        ),
        ("1000 parameters", parameters(1000), None),
        ("many urls", urls(1001), Some("more than 1000 URLs")),
        ("1000 urls", urls(1000), None),
        ("deep", format!("configs: {}", fill("{a: ")), Some("")),
    ];
    let mut bench = bench();
    let failed = failures(&cases, |text| {
        set(&mut bench, text)?;
        bench.configure_export(URL).map(drop)
    });
    assert!(failed.is_empty(), "{failed:#?}");
}
