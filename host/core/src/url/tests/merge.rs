//! The provider's URL with the consumer's wishes laid over it.

use super::url;
use crate::url::Url;

type Pairs = &'static [(&'static str, &'static str)];

/// Merging parameters gives exactly `expected` for the keys listed; `None` is an absent key.
struct Merge {
    id: &'static str,
    provider: Pairs,
    consumer: Pairs,
    expected: &'static [(&'static str, Option<&'static str>)],
}

const STRATEGY: Pairs = &[
    ("cluster", "p"),
    ("loadbalance", "p"),
    ("retries", "p"),
    ("timeout", "p"),
    ("methods.m.cluster", "p"),
    ("methods.m.loadbalance", "p"),
    ("methods.m.retries", "p"),
    ("methods.m.timeout", "p"),
];
const CONSUMER_STRATEGY: Pairs = &[
    ("cluster", "c"),
    ("loadbalance", "c"),
    ("retries", "c"),
    ("timeout", "c"),
    ("methods.m.cluster", "c"),
    ("methods.m.loadbalance", "c"),
    ("methods.m.retries", "c"),
    ("methods.m.timeout", "c"),
];

const MERGES: &[Merge] = &[
    Merge {
        id: "URL-70",
        provider: &[("test2", "1"), ("cluster", "roundrobin"), ("retries", "2")],
        consumer: &[("cluster", "random"), ("retries", "1"), ("test3", "1")],
        expected: &[
            ("cluster", Some("random")),
            ("test2", Some("1")),
            ("test3", Some("1")),
            ("retries", Some("1")),
        ],
    },
    Merge {
        id: "URL-71 wanted",
        provider: &[
            ("test2", "1"),
            ("cluster", "roundrobin"),
            ("retries", "2"),
            ("methods.testMethod.retries", "2"),
        ],
        consumer: &[
            ("cluster", "random"),
            ("retries", "1"),
            ("test3", "1"),
            ("methods.testMethod.retries", "1"),
        ],
        expected: &[
            ("methods.testMethod.retries", Some("1")),
            ("retries", Some("1")),
            ("cluster", Some("random")),
        ],
    },
    Merge {
        id: "URL-72 wanted",
        provider: STRATEGY,
        consumer: CONSUMER_STRATEGY,
        expected: &[
            ("cluster", Some("c")),
            ("loadbalance", Some("c")),
            ("retries", Some("c")),
            ("timeout", Some("c")),
            ("methods.m.cluster", Some("c")),
            ("methods.m.loadbalance", Some("c")),
            ("methods.m.retries", Some("c")),
            ("methods.m.timeout", Some("c")),
        ],
    },
    Merge {
        id: "URL-73",
        provider: &[("timestamp", "100")],
        consumer: &[("timestamp", "200")],
        expected: &[
            ("remote.timestamp", Some("100")),
            ("timestamp", Some("200")),
        ],
    },
    Merge {
        id: "URL-74",
        provider: &[("timestamp", "100")],
        consumer: &[],
        expected: &[("remote.timestamp", Some("100")), ("timestamp", Some(""))],
    },
    Merge {
        id: "URL-75",
        provider: &[("a", "1"), ("b", "")],
        consumer: &[("a", "2"), ("b", "3"), ("c", "4")],
        expected: &[("a", Some("1")), ("b", Some("3")), ("c", Some("4"))],
    },
    Merge {
        id: "an empty wish does not override",
        provider: &[("timeout", "1"), ("methods.m.retries", "2")],
        consumer: &[("timeout", ""), ("methods.m.retries", ""), ("group", "")],
        expected: &[
            ("timeout", Some("1")),
            ("methods.m.retries", Some("2")),
            ("group", Some("")),
        ],
    },
    Merge {
        id: "other keys of a method stay the provider's",
        provider: &[
            ("methods.m.weight", "1"),
            ("methods.a.b.timeout", "1"),
            ("methods.timeout", "1"),
            ("x.timeout", "1"),
        ],
        consumer: &[
            ("methods.m.weight", "2"),
            ("methods.a.b.timeout", "2"),
            ("methods.timeout", "2"),
            ("x.timeout", "2"),
        ],
        expected: &[
            ("methods.m.weight", Some("1")),
            ("methods.a.b.timeout", Some("2")),
            ("methods.timeout", Some("1")),
            ("x.timeout", Some("1")),
        ],
    },
    Merge {
        id: "no provider timestamp, no remote timestamp",
        provider: &[],
        consumer: &[("timestamp", "200")],
        expected: &[("remote.timestamp", None), ("timestamp", Some("200"))],
    },
];

fn with(text: &str, pairs: Pairs) -> Url {
    url(text).with_params(pairs.iter().copied())
}

#[test]
fn url_70_to_75_merge() {
    for case in MERGES {
        let provider = with("dubbo://h:1/a.B", case.provider).with_methods(["m"]);
        let consumer =
            with("consumer://u:p@i:2/c.D", case.consumer).with_methods(["testMethod", "m"]);
        let merged = Url::merge(&provider, &consumer);
        for (key, value) in case.expected {
            assert_eq!(merged.first(key), *value, "{}: {key}", case.id);
        }
        assert_eq!(
            merged.with_only_params(&[]).to_string(),
            "dubbo://h:1/a.B?",
            "{}: the address is the provider's",
            case.id
        );
        assert_eq!(merged.methods().collect::<Vec<_>>(), ["m"], "{}", case.id);
    }
}

#[test]
fn url_71_needs_no_methods_field() {
    let merged = Url::merge(
        &with("dubbo://h:1/a.B", &[("methods.testMethod.retries", "2")]),
        &with("consumer://i/a.B", &[("methods.testMethod.retries", "1")]),
    );
    assert_eq!(merged.get_method("testMethod", "retries"), Some("1"));
}

#[test]
fn url_75_only_first_values_are_merged() {
    let merged = Url::merge(
        &url("dubbo://h:1/a.B?k=x&k=y"),
        &url("consumer://i/a.B?l=1&l=2"),
    );
    assert_eq!(merged.to_string(), "dubbo://h:1/a.B?k=x&l=1");
}

#[test]
fn the_merged_url_is_the_providers_service() {
    let provider = url("dubbo://h:1/a.B?group=g&version=1");
    let merged = Url::merge(
        &provider,
        &url("consumer://i/c.D?group=other&interface=c.D&version=2"),
    );
    assert_eq!(
        merged.service_key().to_string(),
        "g/c.D:1",
        "an interface that only the consumer says is taken over"
    );
    assert_eq!(
        provider.service_key().to_string(),
        "g/a.B:1",
        "the original is unchanged"
    );
}

#[test]
fn the_tag_is_the_providers_alone() {
    let consumer = url("consumer://i/a.B?dubbo.tag=gray&dubbo.force.tag=true");
    let plain = Url::merge(&url("dubbo://h:1/a.B"), &consumer);
    assert_eq!(plain.get("dubbo.tag"), None);
    assert_eq!(plain.get("dubbo.force.tag"), Some("true"));
    let tagged = Url::merge(&url("dubbo://h:1/a.B?dubbo.tag=blue"), &consumer);
    assert_eq!(tagged.get("dubbo.tag"), Some("blue"));
}
