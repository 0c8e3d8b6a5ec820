//! What the attribute refuses, and with which words.

use crate::attribute::Attribute;
use crate::emit::plugin;
use syn::ItemImpl;

/// A whole router; `attribute` is what stands between the parentheses.
const ROUTER: &str = "impl Router for R { fn route() {} fn on_providers() {} }";
const FILTER: &str = "impl Filter for F { fn on_request() {} }";
const BALANCER: &str = "impl LoadBalance for B { fn select() {} fn on_providers() {} }";
const CONFIGURATOR: &str = "impl Configurator for C { fn configure_url() {} }";

fn emitted(attribute: &str, item: &str) -> Result<String, String> {
    let attribute: Attribute = syn::parse_str(attribute).map_err(|error| error.to_string())?;
    let item: ItemImpl = syn::parse_str(item).unwrap();
    plugin(&attribute, &item)
        .map(|tokens| tokens.to_string())
        .map_err(|error| error.to_string())
}

/// Attribute, `impl` block, words of the message.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        r#"name = "x""#,
        FILTER,
        "needs kind = one of filter, router, loadbalance, configurator",
    ),
    (
        r#"kind = cluster, name = "x""#,
        FILTER,
        "expected one of filter, router",
    ),
    (r#"kind = filter, name = "x""#, FILTER, "needs fail"),
    (
        r#"kind = filter, name = "x", fail = open"#,
        ROUTER,
        "expected `impl Filter for ..`",
    ),
    (
        r#"kind = router, name = "x""#,
        FILTER,
        "expected `impl Router for ..`, as kind = router says",
    ),
    (
        r#"kind = router, name = "x""#,
        "impl R { fn route() {} }",
        "expected `impl Router for ..`",
    ),
    (
        r#"kind = router, name = "x", fail = open"#,
        ROUTER,
        "the failure policy of a router is fixed",
    ),
    (
        r#"kind = loadbalance, name = "x", fail = closed"#,
        BALANCER,
        "the cluster picks uniformly",
    ),
    (
        r#"kind = configurator, name = "x", fail = open"#,
        CONFIGURATOR,
        "the last good configuration stays",
    ),
    (
        r#"kind = router, name = "x", side = consumer"#,
        ROUTER,
        "`side` does not go with kind = router",
    ),
    (
        r#"kind = loadbalance, name = "x", stage = attempt"#,
        BALANCER,
        "only filters have stages",
    ),
    (
        r#"kind = router, name = "x", result = read"#,
        ROUTER,
        "only a filter sees a result",
    ),
    (
        r#"kind = router, name = "x", arguments = write"#,
        ROUTER,
        "expected read",
    ),
    (
        r#"kind = configurator, name = "x", arguments = read"#,
        CONFIGURATOR,
        "sees URLs, no calls",
    ),
    (
        r#"kind = filter, name = "x", fail = open, reads_on_providers(url("a"))"#,
        FILTER,
        "only routers and balancers",
    ),
    (
        r#"kind = router, name = "x", reads_on_response("a")"#,
        ROUTER,
        "only a filter sees a response",
    ),
    (
        r#"kind = router, name = "x", reads(response("a"))"#,
        ROUTER,
        "for route",
    ),
    (
        r#"kind = router, name = "x", reads_on_providers("a")"#,
        ROUTER,
        "expected one of field, url for on_providers",
    ),
    (
        r#"kind = router, name = "x", reads_on_providers(field("method"))"#,
        ROUTER,
        "expected one of address, host, port, protocol",
    ),
    (
        r#"kind = router, name = "x", reads(field("colour"))"#,
        ROUTER,
        "expected one of service, method",
    ),
    (
        r#"kind = configurator, name = "x", reads("a")"#,
        CONFIGURATOR,
        "for configure_url",
    ),
    (
        r#"kind = filter, name = "x", fail = open"#,
        "impl Filter for F { fn tick() {} }",
        "a filter overrides on_request or on_response",
    ),
    (
        r#"kind = filter, name = "x", fail = open, reads_on_response("a")"#,
        FILTER,
        "read in on_response, which this impl does not have",
    ),
    (
        r#"kind = router, name = "x", tick_ms = 100"#,
        ROUTER,
        "goes with a hook `tick`",
    ),
    (
        r#"kind = router, name = "x""#,
        "impl Router for R { fn tick() {} }",
        "tick_ms",
    ),
    (r#"kind = router, name = "X""#, ROUTER, "a-z 0-9"),
    (
        r#"kind = router, name = "x", name = "y""#,
        ROUTER,
        "given twice",
    ),
    (
        r#"kind = router, name = "x", colour = red"#,
        ROUTER,
        "unknown key or form: `colour`",
    ),
    (
        r#"kind = router, name = "x""#,
        "impl<T> Router for R<T> { }",
        "one concrete type",
    ),
];

#[test]
fn mistakes_are_refused_with_the_remedy() {
    for (attribute, item, expected) in MISTAKES {
        let message = emitted(attribute, item).expect_err(attribute);
        assert!(message.contains(expected), "{attribute}: {message}");
    }
}

#[test]
fn each_kind_exports_its_hooks_and_no_other() {
    let cases: [(&str, &str, &[&str]); 4] = [
        (
            r#"kind = filter, name = "x", fail = open"#,
            FILTER,
            &["on_request"],
        ),
        (
            r#"kind = router, name = "x""#,
            ROUTER,
            &["route", "on_providers", "drop_providers"],
        ),
        (
            r#"kind = loadbalance, name = "x""#,
            BALANCER,
            &["select", "on_providers", "drop_providers"],
        ),
        (
            r#"kind = configurator, name = "x""#,
            CONFIGURATOR,
            &["configure_url"],
        ),
    ];
    for (attribute, item, hooks) in cases {
        let tokens = emitted(attribute, item).unwrap();
        let exported: Vec<&str> = tokens
            .split("export_name = \"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        let expected: Vec<&str> = hooks.iter().copied().chain(["arena", "new"]).collect();
        assert_eq!(exported, expected, "{attribute}");
    }
}

#[test]
fn optional_hooks_are_exported_when_they_are_written() {
    let item = "impl Router for R { fn route() {} fn on_providers() {} fn on_rule() {} fn self_test() {} fn tick() {} fn schema() {} }";
    let tokens = emitted(r#"kind = router, name = "x", tick_ms = 100"#, item).unwrap();
    for name in ["on_rule", "self_test", "tick", "describe"] {
        assert!(
            tokens.contains(&format!("export_name = \"{name}\"")),
            "{name}"
        );
    }
    assert!(tokens.contains("RouterGuest") && tokens.contains("router_factory"));
}
