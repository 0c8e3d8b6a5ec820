//! The builder, the changed copies and the clone variants.

use super::url;
use crate::url::{Url, UrlErrorKind};

#[test]
fn url_01_every_part_of_the_builder_arrives() {
    let built = Url::builder()
        .path("com.test.Service")
        .username("username")
        .password("password")
        .protocol("testprotocol")
        .host("127.0.0.1")
        .port(8080)
        .methods(["Methodone,methodtwo"])
        .params([("key", "value")])
        .param("key2", "value2")
        .build();
    assert_eq!(built.path(), "/com.test.Service");
    assert_eq!(
        (built.username(), built.password()),
        ("username", "password")
    );
    assert_eq!(built.protocol(), "testprotocol");
    assert_eq!(
        (built.host(), built.port(), built.location()),
        ("127.0.0.1", Some(8080), "127.0.0.1:8080")
    );
    assert_eq!(built.methods().collect::<Vec<_>>(), ["Methodone,methodtwo"]);
    assert_eq!(
        built.params().collect::<Vec<_>>(),
        [("key", "value"), ("key2", "value2")]
    );
}

#[test]
fn url_13_a_builder_without_parts_has_location_colon_and_takes_parameters() {
    let empty = Url::builder().build();
    assert_eq!(empty.location(), ":");
    assert_eq!(empty, Url::default());
    assert_eq!(empty.with_param("k", "v").get("k"), Some("v"));
    assert_eq!(Url::default().with_param("k", "v").get("k"), Some("v"));
}

#[test]
fn url_15_token_option() {
    for word in ["TRUE", "true", "Default"] {
        let token = Url::builder()
            .token(word)
            .build()
            .get_or("token", "")
            .to_owned();
        assert_eq!(token.len(), 36, "URL-15 {word}");
        let parsed = uuid::Uuid::parse_str(&token).expect("a UUID");
        assert_eq!(parsed.get_version_num(), 4, "URL-15 {word}");
        assert_ne!(
            Url::builder().token(word).build().get("token"),
            Some(token.as_str()),
            "URL-15 {word} is fresh"
        );
    }
    let with_token = url("dubbo://h:1/a.B?token=old");
    assert_eq!(
        with_token.to_builder().token("abc").build().get("token"),
        Some("abc"),
        "URL-15 abc"
    );
    assert_eq!(
        with_token.to_builder().token("").build().get("token"),
        Some("old"),
        "URL-15 empty"
    );
    assert_eq!(
        Url::builder().token("").build().first("token"),
        None,
        "URL-15 empty"
    );
}

#[test]
fn url_31_setting_parameters_leaves_the_others() {
    let base = url("dubbo://127.0.0.1:20000/a.B?version=2.6.0&configVersion=1.0");
    let set = base.with_params([("key", "3")]);
    assert_eq!(
        (set.get("key"), set.get("version")),
        (Some("3"), Some("2.6.0"))
    );
    assert_eq!(base.get("key"), None, "the original is unchanged");
}

#[test]
fn url_76_changing_a_clone_leaves_the_original() {
    let original = url("dubbo://127.0.0.1:20000/a.B?configVersion=1.0");
    let changed = original.clone().with_protocol("provider");
    assert_eq!(
        (changed.protocol(), changed.get("configVersion")),
        ("provider", Some("1.0"))
    );
    assert_eq!(original.protocol(), "dubbo");
}

#[test]
fn url_77_clone_variants() {
    let base = url("dubbo://h:1/a.B?x=1&y=2&dynamic=true&enabled=true");
    assert_eq!(
        base.without_params(&["dynamic", "enabled"]).to_string(),
        "dubbo://h:1/a.B?x=1&y=2"
    );
    assert_eq!(
        base.with_only_params(&["x", "z"]).to_string(),
        "dubbo://h:1/a.B?x=1"
    );

    let full = url("dubbo://u:p@h:1/a.B?e=&k=v&k=w&l=1")
        .with_methods(["m"])
        .with_sub_url(url("dubbo://i:2"));
    let only = full.with_only_params(&["e", "k"]);
    assert_eq!(
        only.to_string(),
        "dubbo://u:p@h:1/a.B?k=v&k=w",
        "empty ones go, repeated ones stay"
    );
    assert_eq!(only.methods().collect::<Vec<_>>(), ["m"]);
    assert_eq!(only.sub_url(), None);
    assert_eq!(
        full.without_params(&["l"]).sub_url(),
        Some(&url("dubbo://i:2"))
    );
}

#[test]
fn publishing_leaves_out_keys_that_start_with_a_dot() {
    let base = url("dubbo://127.0.0.1:1111?a=a1&b=b1&.c=c1&.d=d1&e=e1&protocol=registry");
    let published = base.without_params_prefixed(".");
    assert_eq!(
        published.to_string(),
        "dubbo://127.0.0.1:1111?a=a1&b=b1&e=e1&protocol=registry"
    );
}

type Change = (&'static str, Url, &'static str);

fn field_changes(base: &Url) -> Vec<Change> {
    vec![
        (
            "protocol",
            base.with_protocol("Tri"),
            "tri://h:1/a.B?k=v&k=w&l=1",
        ),
        (
            "username",
            base.with_username("u:1"),
            "dubbo://u%3A1:@h:1/a.B?k=v&k=w&l=1",
        ),
        (
            "password",
            base.with_password("p"),
            "dubbo://:p@h:1/a.B?k=v&k=w&l=1",
        ),
        (
            "host",
            base.with_host("::1"),
            "dubbo://[::1]:1/a.B?k=v&k=w&l=1",
        ),
        (
            "host in brackets",
            base.with_host("[::1]"),
            "dubbo://[::1]:1/a.B?k=v&k=w&l=1",
        ),
        (
            "host with a separator",
            base.with_host("i/j"),
            "dubbo://i%2Fj:1/a.B?k=v&k=w&l=1",
        ),
        ("port", base.with_port(2), "dubbo://h:2/a.B?k=v&k=w&l=1"),
        (
            "no port",
            base.with_port(None),
            "dubbo://h:/a.B?k=v&k=w&l=1",
        ),
        (
            "address",
            base.with_address("[::2]:3").expect("an address"),
            "dubbo://[::2]:3/a.B?k=v&k=w&l=1",
        ),
        ("path", base.with_path("c.D"), "dubbo://h:1/c.D?k=v&k=w&l=1"),
        (
            "path with slash",
            base.with_path("/c.D"),
            "dubbo://h:1/c.D?k=v&k=w&l=1",
        ),
    ]
}

fn param_changes(base: &Url) -> Vec<Change> {
    vec![
        (
            "param replaces every value",
            base.with_param("k", "x y"),
            "dubbo://h:1/a.B?k=x+y&l=1",
        ),
        (
            "param new in the middle",
            base.with_param("kk", "2"),
            "dubbo://h:1/a.B?k=v&k=w&kk=2&l=1",
        ),
        (
            "param there",
            base.with_param_if_absent("l", "2"),
            "dubbo://h:1/a.B?k=v&k=w&l=1",
        ),
        (
            "param not there",
            base.with_param_if_absent("m", "2"),
            "dubbo://h:1/a.B?k=v&k=w&l=1&m=2",
        ),
        (
            "added value",
            base.to_builder().add_param("k", "x").build(),
            "dubbo://h:1/a.B?k=v&k=w&k=x&l=1",
        ),
        (
            "added key",
            base.to_builder().add_param("a", "x").build(),
            "dubbo://h:1/a.B?a=x&k=v&k=w&l=1",
        ),
        ("without", base.without_param("k"), "dubbo://h:1/a.B?l=1"),
        (
            "without what is not there",
            base.without_param("z"),
            "dubbo://h:1/a.B?k=v&k=w&l=1",
        ),
    ]
}

#[test]
fn every_change_gives_the_url_that_its_text_says() {
    let base = url("dubbo://h:1/a.B?k=v&k=w&l=1");
    for (name, changed, printed) in field_changes(&base).into_iter().chain(param_changes(&base)) {
        assert_eq!(changed.to_string(), printed, "{name}");
        assert_eq!(url(printed), changed, "{name}: read back");
    }
    assert_eq!(
        base,
        url("dubbo://h:1/a.B?k=v&k=w&l=1"),
        "the original is unchanged"
    );
}

#[test]
fn a_changed_service_changes_its_identity() {
    let base = url("dubbo://h:1/a.B");
    assert_eq!(base.with_path("c.D").service(), "c.D");
    assert_eq!(
        base.with_param("group", "g").service_key().to_string(),
        "g/a.B"
    );
}

#[test]
fn a_bad_address_is_refused_by_name() {
    let error = url("dubbo://h:1")
        .with_address("h:1:2")
        .expect_err("two colons");
    assert_eq!(error.kind(), UrlErrorKind::Address);
    assert!(error.to_string().contains("h:1:2"), "{error}");
    let core: crate::Error = error.into();
    assert_eq!(core.kind(), crate::ErrorKind::Config);
    assert!(
        core.message().contains("too many colons in address"),
        "{core}"
    );
}

#[test]
fn address_for_a_socket() {
    assert_eq!(url("dubbo://h/a").address(20880), "h:20880");
    assert_eq!(url("dubbo://[::1]:7/a").address(20880), "[::1]:7");
}

#[test]
fn a_url_is_one_pointer_and_travels_between_threads() {
    fn travels<T: Send + Sync + Clone>() {}
    travels::<Url>();
    assert_eq!(size_of::<Url>(), size_of::<usize>());
}
