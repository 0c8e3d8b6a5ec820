//! Identity strings, service keys, comparisons and roles.

use std::collections::HashMap;

use super::url;
use crate::url::{Role, ServiceKey, ServiceKeyRef, Url, is_match_category, sort_urls};

const INTERFACE: &str = "com.ikurento.user.UserProvider";

#[test]
fn url_40_to_43_colon_separated_key_follows_the_parameters() {
    let base = url("dubbo://127.0.0.1:20000").with_param("interface", INTERFACE);
    let versioned = base.with_param("version", "version1");
    let grouped = versioned.with_param("group", "group1");
    let unversioned = grouped.with_param("version", "");
    let cases = [
        ("URL-40", base, "com.ikurento.user.UserProvider::"),
        (
            "URL-41",
            versioned,
            "com.ikurento.user.UserProvider:version1:",
        ),
        (
            "URL-42",
            grouped,
            "com.ikurento.user.UserProvider:version1:group1",
        ),
        (
            "URL-43",
            unversioned,
            "com.ikurento.user.UserProvider::group1",
        ),
    ];
    for (id, changed, expected) in cases {
        assert_eq!(changed.colon_separated_key(), expected, "{id}");
    }
}

#[test]
fn service_keys() {
    let cases = [
        ("URL-44", "dubbo://h:1/a.B", "a.B", "a.B::", "a.B"),
        (
            "URL-45",
            "dubbo://h:1/a.B?version=0.0.0&group=g",
            "g/a.B",
            "a.B::g",
            "g*a.B",
        ),
        (
            "URL-46",
            "dubbo://h:1/a.B?version=1.0&group=g",
            "g/a.B:1.0",
            "a.B:1.0:g",
            "g*a.B:1.0",
        ),
        (
            "URL-47",
            "dubbo://h:1/a.B?interface=c.D&version=1.0",
            "c.D:1.0",
            "c.D:1.0:",
            "c.D:1.0",
        ),
        ("URL-48", "dubbo://h:1", "", "", ""),
        (
            "no service, but a group",
            "dubbo://h:1?group=g&version=1",
            "",
            "",
            "",
        ),
        (
            "empty interface falls back to the path",
            "dubbo://h:1/a.B?interface=",
            "a.B",
            "a.B::",
            "a.B",
        ),
        (
            "one slash only is stripped and replaced",
            "dubbo://h:1//a/b?group=g",
            "g//a/b",
            "/a/b::g",
            "g*/a/b",
        ),
    ];
    for (id, text, service_key, colon_separated, encoded) in cases {
        let read = url(text);
        assert_eq!(
            read.service_key().to_string(),
            service_key,
            "{id}: ServiceKey"
        );
        assert_eq!(
            read.colon_separated_key(),
            colon_separated,
            "{id}: ColonSeparatedKey"
        );
        assert_eq!(
            read.encoded_service_key(),
            encoded,
            "{id}: EncodedServiceKey"
        );
    }
}

#[test]
fn url_49_key_prints_the_version_as_written() {
    let cases = [
        (
            "URL-49",
            "dubbo://h:1/a.B?version=0.0.0&group=g",
            "dubbo://:@h:1/?interface=a.B&group=g&version=0.0.0",
        ),
        (
            "credentials",
            "dubbo://u:p@h:1/a.B?x=1",
            "dubbo://u:p@h:1/?interface=a.B&group=&version=",
        ),
        (
            "IPv6",
            "dubbo://[::1]:1/a.B",
            "dubbo://:@[::1]:1/?interface=a.B&group=&version=",
        ),
        (
            "no port",
            "dubbo://h/a.B",
            "dubbo://:@h:/?interface=a.B&group=&version=",
        ),
    ];
    for (id, text, key) in cases {
        assert_eq!(url(text).key(), key, "{id}");
    }
}

#[test]
fn a_service_key_is_found_by_its_borrowed_form() {
    let keys = [
        ("a.B", "", ""),
        ("a.B", "g", ""),
        ("a.B", "", "1.0"),
        ("a.B", "g", "1.0"),
        ("a", "B", "1.0"),
    ];
    let map: HashMap<ServiceKey, usize> = keys
        .iter()
        .enumerate()
        .map(|(at, (interface, group, version))| {
            (ServiceKey::new(*interface, *group, *version), at)
        })
        .collect();
    assert_eq!(map.len(), keys.len());
    for (at, (interface, group, version)) in keys.iter().enumerate() {
        let borrowed = ServiceKeyRef::new(interface, group, version);
        assert_eq!(map.get(borrowed.as_lookup()), Some(&at));
        assert_eq!(map.get(&ServiceKey::from(borrowed)), Some(&at));
    }
    assert_eq!(
        map.get(ServiceKeyRef::new("a.B", "", "0.0.0").as_lookup()),
        Some(&0),
        "0.0.0 is no version"
    );
    assert_eq!(map.get(ServiceKeyRef::new("a.C", "", "").as_lookup()), None);
}

#[test]
fn a_service_key_reads_what_it_prints() {
    for text in ["a.B", "g/a.B", "a.B:1.0", "g/a.B:1.0", ""] {
        assert_eq!(ServiceKey::parse(text).to_string(), text);
    }
    let key = ServiceKey::parse("g/a.B:1.0");
    assert_eq!(
        (key.interface(), key.group(), key.version()),
        ("a.B", "g", "1.0")
    );
    assert_eq!(
        ServiceKey::parse("a.B:0.0.0"),
        ServiceKey::new("a.B", "", "")
    );
}

/// One question of `url_equal`: does `candidate` concern `subscriber`; both texts are parameters on top of [`equality_base`].
struct Equality {
    id: &'static str,
    subscriber: &'static [(&'static str, &'static str)],
    candidate: &'static [(&'static str, &'static str)],
    equal: bool,
}

const fn equality(
    id: &'static str,
    subscriber: &'static [(&'static str, &'static str)],
    candidate: &'static [(&'static str, &'static str)],
    equal: bool,
) -> Equality {
    Equality {
        id,
        subscriber,
        candidate,
        equal,
    }
}

const EQUALITIES: &[Equality] = &[
    equality("URL-50 both groups empty", &[], &[], true),
    equality("URL-51", &[("group", "")], &[("group", "gg")], false),
    equality("URL-52", &[("group", "gg")], &[("group", "*")], true),
    equality(
        "URL-53",
        &[("group", "gg")],
        &[("group", "*"), ("enabled", "")],
        true,
    ),
    equality(
        "URL-54",
        &[("group", "gg")],
        &[("group", "*"), ("enabled", "1")],
        false,
    ),
    equality(
        "URL-55",
        &[("group", "gg")],
        &[("group", "*"), ("enabled", "true")],
        true,
    ),
    equality(
        "URL-56",
        &[("group", "gg")],
        &[("group", "*"), ("enabled", "*")],
        true,
    ),
    equality(
        "URL-57",
        &[("group", "*"), ("enabled", "*"), ("category", "*")],
        &[("group", "gg")],
        true,
    ),
    equality("URL-58", &[("enabled", "false")], &[], true),
    equality(
        "URL-58 the candidate's flag counts",
        &[],
        &[("enabled", "false")],
        false,
    ),
    equality("URL-59 version", &[], &[("version", "2")], false),
    equality(
        "URL-61",
        &[("category", "providers,routers")],
        &[("category", "routers")],
        true,
    ),
    equality("URL-62", &[("category", "routers")], &[], false),
    equality("URL-63 negative", &[("category", "-providers")], &[], false),
    equality(
        "URL-63 negative of another",
        &[("category", "-providers")],
        &[("category", "routers")],
        true,
    ),
    equality(
        "URL-64 wanted",
        &[("category", "configurators,routers")],
        &[("category", "config")],
        false,
    ),
    equality("interface", &[], &[("interface", "c.D")], false),
    equality(
        "both groups any",
        &[("group", "*")],
        &[("group", "*")],
        true,
    ),
];

fn equality_base(host: &str) -> Url {
    url(&format!(
        "dubbo://{host}/{INTERFACE}?interface={INTERFACE}&version=2.6.0"
    ))
}

#[test]
fn url_50_to_64_subscription_equality() {
    for Equality {
        id,
        subscriber,
        candidate,
        equal,
    } in EQUALITIES
    {
        let subscriber = equality_base("127.0.0.1:20000").with_params(subscriber.iter().copied());
        let candidate = equality_base("127.0.0.2:20001").with_params(candidate.iter().copied());
        assert_eq!(subscriber.url_equal(&candidate), *equal, "{id}");
    }
}

#[test]
fn url_59_and_60_subscription_equality_of_fields() {
    let base = equality_base("127.0.0.1:20000");
    let cases = [
        ("URL-59 protocol", base.with_protocol("jsonrpc"), false),
        ("URL-59 user", base.with_username("u"), false),
        ("URL-59 password", base.with_password("p"), false),
        (
            "URL-60 path differs, interface agrees",
            base.with_path("other"),
            true,
        ),
    ];
    for (id, candidate, equal) in cases {
        assert_eq!(base.url_equal(&candidate), equal, "{id}");
    }
}

#[test]
fn categories_match_by_token() {
    let cases = [
        ("providers", "", true),
        ("routers", "", false),
        ("routers", "*", true),
        ("routers", "providers,*", true),
        ("routers", "providers, routers", true),
        ("config", "configurators", false),
        ("app", "appdynamicconfigurators", false),
        ("routers", "-routers", false),
        ("routers", "-providers,-routers", false),
        ("rout", "-routers", true),
        ("b", "a-b", false),
        ("a-b", "a-b", true),
    ];
    for (category, categories, expected) in cases {
        assert_eq!(
            is_match_category(category, categories),
            expected,
            "{category} in {categories}"
        );
    }
}

#[test]
fn is_equals_leaves_out_the_excluded_keys() {
    let base = url("dubbo://h:1/a.B?timestamp=1&x=1");
    let cases = [
        ("itself", "dubbo://h:1/a.B?timestamp=1&x=1", true),
        (
            "excluded key differs",
            "dubbo://h:1/a.B?timestamp=2&x=1",
            true,
        ),
        ("excluded key missing", "dubbo://h:1/a.B?x=1", true),
        (
            "other key differs",
            "dubbo://h:1/a.B?timestamp=1&x=2",
            false,
        ),
        ("host", "dubbo://i:1/a.B?timestamp=1&x=1", false),
        ("port", "dubbo://h:2/a.B?timestamp=1&x=1", false),
        ("path", "dubbo://h:1/a.C?timestamp=1&x=1", false),
        ("protocol", "tri://h:1/a.B?timestamp=1&x=1", false),
    ];
    for (name, text, expected) in cases {
        assert_eq!(
            base.is_equals(&url(text), &["timestamp", "remote.timestamp"]),
            expected,
            "{name}"
        );
    }
    assert!(
        !base.is_equals(&url("dubbo://h:1/a.B?timestamp=2&x=1"), &[]),
        "nothing excluded"
    );
    assert!(
        !base.is_equals(&url("dubbo://i:1/a.B?timestamp=1&x=1"), &["host"]),
        "the host counts even when excluded"
    );
}

#[test]
fn equal_urls_hash_alike_however_they_were_written() {
    let pairs = [
        ("dubbo://h/a.B?x=1&y=2", "dubbo://h:/a.B?y=2&x=1#f"),
        ("dubbo://h:1/a.B?x=a+b", "Dubbo://h:01/a.B?x=a%20b"),
    ];
    for (left, right) in pairs {
        assert_eq!(url(left), url(right));
        assert_eq!(
            HashMap::from([(url(left), 1)]).get(&url(right)),
            Some(&1),
            "{left}"
        );
    }
    let base = url("dubbo://h:1/a.B");
    let others = [
        base.with_methods(["m"]),
        base.with_sub_url(base.clone()),
        base.with_param("a", ""),
        base.with_port(None),
    ];
    for other in others {
        assert_ne!(base, other);
    }
    assert_ne!(
        url("dubbo://h:1?k=v&k=w"),
        url("dubbo://h:1?k=w&k=v"),
        "the order of one key's values counts"
    );
}

#[test]
fn urls_sort_by_text() {
    let mut urls = [
        url("tri://h:1"),
        url("dubbo://h:2"),
        url("dubbo://h:1?b=1"),
        url("dubbo://h:1?a=1"),
    ];
    sort_urls(&mut urls);
    assert_eq!(
        urls.map(|url| url.to_string()),
        [
            "dubbo://h:1?a=1",
            "dubbo://h:1?b=1",
            "dubbo://h:2?",
            "tri://h:1?"
        ]
    );
}

#[test]
fn roles_have_their_numbers_folders_and_names() {
    let expected = [
        (Role::Consumer, 0, "consumers", "consumer"),
        (Role::Configurator, 1, "configurators", ""),
        (Role::Router, 2, "routers", "routers"),
        (Role::Provider, 3, "providers", "provider"),
    ];
    for (role, number, folder, name) in expected {
        assert_eq!(
            (role.number(), role.folder(), role.name()),
            (number, folder, name)
        );
        assert_eq!(Role::from_number(number), Some(role));
    }
    assert_eq!(Role::from_number(4), None);
}
