//! Typed reads.

use std::time::Duration;

use super::{params, url};
use crate::url::{Url, UrlErrorKind, parse_duration};

#[test]
fn text_reads() {
    let one = params(&[("key", "value"), ("none", "")]);
    assert_eq!(one.get_or("key", "default"), "value", "URL-20");
    assert_eq!(
        Url::default().get_or("key", "default"),
        "default",
        "URL-20 empty url"
    );
    assert_eq!(
        one.get_or("none", "default"),
        "default",
        "empty text counts as absent"
    );
    assert_eq!(
        (one.get("none"), one.first("none"), one.first("gone")),
        (None, Some(""), None)
    );
}

#[test]
fn integer_reads() {
    assert_eq!(params(&[("key", "3")]).get_int("key", 1), 3, "URL-21");
    assert_eq!(Url::default().get_int("key", 1), 1, "URL-21 empty url");
    let cases = [
        ("3", 3),
        ("0", 42),
        ("-5", -5),
        ("+7", 7),
        ("3s", 42),
        (" 3", 42),
        ("0x10", 42),
        ("9223372036854775807", i64::MAX),
        ("9223372036854775808", 42),
        ("1e3", 42),
        ("007", 7),
    ];
    for (text, expected) in cases {
        assert_eq!(
            params(&[("key", text)]).get_int("key", 42),
            expected,
            "URL-22 {text:?}"
        );
    }
}

#[test]
fn boolean_reads() {
    assert!(
        params(&[("force", "true")]).get_bool("force", false),
        "URL-23"
    );
    assert!(!Url::default().get_bool("force", false), "URL-23 empty url");
    for text in ["yes", "on", "tRUE", ""] {
        for default in [true, false] {
            assert_eq!(
                params(&[("k", text)]).get_bool("k", default),
                default,
                "URL-24 {text:?}"
            );
        }
    }
    for (words, expected) in [
        (["1", "t", "T", "TRUE", "true", "True"], true),
        (["0", "f", "F", "FALSE", "false", "False"], false),
    ] {
        for word in words {
            assert_eq!(
                params(&[("k", word)]).get_bool("k", !expected),
                expected,
                "{word}"
            );
        }
    }
}

#[test]
fn url_25_encoded_reads() {
    let rule = "host = 2.2.2.2,1.1.1.1,3.3.3.3 & host !=1.1.1.1 => host = 1.2.3.4";
    let built = Url::builder()
        .param_encoded("rule", rule)
        .param("bad", "a=b")
        .param("none", "")
        .build();
    let encoded =
        "aG9zdCA9IDIuMi4yLjIsMS4xLjEuMSwzLjMuMy4zICYgaG9zdCAhPTEuMS4xLjEgPT4gaG9zdCA9IDEuMi4zLjQ=";
    assert_eq!(built.get("rule"), Some(encoded));
    assert_eq!(
        built.get_and_decode("rule"),
        Ok(Some(rule.as_bytes().to_vec())),
        "URL-25"
    );
    assert_eq!(built.get_and_decode("none"), Ok(None));
    assert_eq!(
        params(&[("k", "_-8=")]).get_and_decode("k"),
        Ok(Some(vec![0xff, 0xef])),
        "the url-safe alphabet"
    );
    let error = built.get_and_decode("bad").expect_err("not base64");
    assert_eq!(error.kind(), UrlErrorKind::Param);
    assert!(error.to_string().contains("bad=a=b"), "{error}");
}

#[test]
fn raw_words_and_map() {
    let base = url("condition://0.0.0.0:8080/com.foo.BarService?serialization=fastjson")
        .with_username("test")
        .with_password("test");
    let expected = [
        ("host", "0.0.0.0"),
        ("password", "test"),
        ("path", "/com.foo.BarService"),
        ("port", "8080"),
        ("protocol", "condition"),
        ("serialization", "fastjson"),
        ("username", "test"),
    ];
    for (word, value) in expected {
        assert_eq!(base.raw(word), value, "URL-26 {word}");
    }
    assert_eq!(
        base.to_map().into_iter().collect::<Vec<_>>(),
        expected,
        "URL-27"
    );
}

type Pairs = &'static [(&'static str, &'static str)];

#[test]
fn map_cases() {
    let cases: [(&str, &str, Pairs); 5] = [
        (
            "URL-11",
            "dubbo://[::1]:20880/a.B",
            &[
                ("host", "::1"),
                ("path", "/a.B"),
                ("port", "20880"),
                ("protocol", "dubbo"),
            ],
        ),
        (
            "URL-12",
            "dubbo://127.0.0.1/a.B",
            &[
                ("host", "127.0.0.1"),
                ("path", "/a.B"),
                ("port", "0"),
                ("protocol", "dubbo"),
            ],
        ),
        ("URL-05", "", &[]),
        (
            "fields overwrite parameters",
            "dubbo://h:1?host=x&port=y&path=z&username=u",
            &[
                ("host", "h"),
                ("path", "z"),
                ("port", "1"),
                ("protocol", "dubbo"),
                ("username", "u"),
            ],
        ),
        (
            "empty parameters stay",
            "dubbo://h:1?k=",
            &[
                ("host", "h"),
                ("k", ""),
                ("port", "1"),
                ("protocol", "dubbo"),
            ],
        ),
    ];
    for (id, text, expected) in cases {
        assert_eq!(
            url(text).to_map().into_iter().collect::<Vec<_>>(),
            expected,
            "{id}"
        );
    }
}

#[test]
fn method_reads_do_not_fall_back() {
    let timed = params(&[("methods.GetValue.timeout", "3"), ("timeout", "9")]);
    assert_eq!(timed.get_method_int("GetValue", "timeout", 1), 3, "URL-28");
    assert_eq!(
        Url::default().get_method_int("GetValue", "timeout", 1),
        1,
        "URL-28 empty url"
    );
    let text = params(&[("methods.GetValue.timeout", "3s"), ("timeout", "9s")]);
    assert_eq!(
        text.get_method_or("GetValue", "timeout", "1s"),
        "3s",
        "URL-29"
    );
    assert_eq!(
        Url::default().get_method_or("GetValue", "timeout", "1s"),
        "1s",
        "URL-29 empty url"
    );
    let flag = params(&[("methods.GetValue.async", "true"), ("async", "true")]);
    assert!(flag.get_method_bool("GetValue", "async", false), "URL-30");
    assert!(
        !Url::default().get_method_bool("GetValue2", "async", false),
        "URL-30 empty url"
    );

    assert_eq!(
        timed.get_method_int("Other", "timeout", 1),
        1,
        "no fall-back to the service"
    );
    assert_eq!(
        text.get_method_or("Other", "timeout", "1s"),
        "1s",
        "no fall-back to the service"
    );
    assert!(
        !flag.get_method_bool("Other", "async", false),
        "no fall-back to the service"
    );
}

#[test]
fn method_reads_that_fall_back() {
    let base = params(&[
        ("methods.m.retries", "5"),
        ("methods.n.retries", "0"),
        ("retries", "7"),
        ("methods.e.retries", ""),
    ]);
    for (method, int64, text) in [("m", 5, "5"), ("n", 7, "0"), ("o", 7, "7"), ("e", 7, "7")] {
        assert_eq!(
            base.get_method_int64(method, "retries", 1),
            int64,
            "{method}"
        );
        assert_eq!(
            base.get_method_or_service(method, "retries"),
            Some(text),
            "{method}"
        );
    }
    assert_eq!(base.get_method_int64("m", "gone", 1), 1);
    assert_eq!(base.get_method_or_service("m", "gone"), None);
}

#[test]
fn method_keys_are_found_among_their_neighbours() {
    let keys = [
        "methods",
        "methods.",
        "methods.a.k",
        "methods.a.kk",
        "methods.ab.k",
        "methods.a",
        "methods.a.",
        "methodsa",
        "a",
        "z",
    ];
    let pairs: Vec<(&str, &str)> = keys.into_iter().map(|key| (key, key)).collect();
    let base = params(&pairs);
    for (method, key) in [("a", "k"), ("a", "kk"), ("ab", "k"), ("a", "")] {
        assert_eq!(
            base.get_method(method, key),
            Some(format!("methods.{method}.{key}").as_str())
        );
    }
    for (method, key) in [("", ""), ("b", "k"), ("a", "kkk"), ("a.k", "")] {
        assert_eq!(base.get_method(method, key), None, "{method} {key}");
    }
}

#[test]
fn parsed_reads_tell_absent_from_zero_from_wrong() {
    let base = params(&[("weight", "0"), ("bad", "x"), ("none", "")]);
    assert_eq!(base.get_parsed::<u32>("weight"), Ok(Some(0)));
    assert_eq!(base.get_parsed::<u32>("none"), Ok(None));
    assert_eq!(base.get_parsed::<u32>("gone"), Ok(None));
    let error = base.get_parsed::<u32>("bad").expect_err("not a number");
    assert_eq!(error.to_string(), "url.GetParam(bad=x): expected u32");
}

#[test]
fn durations() {
    let read: &[(&str, u64)] = &[
        ("3000", 3_000_000_000),
        ("0", 0),
        ("3s", 3_000_000_000),
        ("+3s", 3_000_000_000),
        ("500ms", 500_000_000),
        ("1.5h", 5_400_000_000_000),
        ("1m30s", 90_000_000_000),
        (".5s", 500_000_000),
        ("1.s", 1_000_000_000),
        ("2us", 2_000),
        ("2µs", 2_000),
        ("2μs", 2_000),
        ("7ns", 7),
        ("0.000000001s", 1),
        ("0.9999999999s", 999_999_999),
        ("0.0000000000000000000000000001h", 0),
        ("18446744073709551615", u64::MAX),
    ];
    for (text, ns) in read {
        let expected = if *ns == u64::MAX {
            Duration::from_millis(u64::MAX)
        } else {
            Duration::from_nanos(*ns)
        };
        assert_eq!(parse_duration(text), Some(expected), "{text}");
    }
    let wrong = [
        "",
        "+",
        "s",
        "3x",
        "3 s",
        "-3s",
        ".s",
        "1..5s",
        "1.5",
        "3s4",
        "3S",
        "99999999999999999999",
        "9e9s",
    ];
    for text in wrong {
        assert_eq!(parse_duration(text), None, "{text}");
    }
    let too_long = format!("{}h", "9".repeat(36));
    assert_eq!(parse_duration(&too_long), None);
}

#[test]
fn duration_reads_take_javas_milliseconds_and_gos_text() {
    let cases = [
        ("3000", 3000),
        ("3s", 3000),
        ("500ms", 500),
        ("1us", 1),
        ("0", 42),
        ("0s", 42),
        ("x", 42),
        ("", 42),
    ];
    for (text, ms) in cases {
        let base = params(&[("methods.m.timeout", text)]);
        assert_eq!(
            params(&[("timeout", text)]).get_duration_ms("timeout", 42),
            ms,
            "{text}"
        );
        assert_eq!(
            base.get_method_duration_ms("m", "timeout", 42),
            ms,
            "method {text}"
        );
        let expected = if ms == 42 { 9 } else { ms };
        assert_eq!(
            base.with_param("timeout", "9")
                .get_method_duration_ms("m", "timeout", 42),
            expected,
            "both {text}"
        );
    }
    assert_eq!(
        params(&[("t", "0")]).get_duration("t"),
        Ok(Some(Duration::ZERO))
    );
    assert_eq!(params(&[("t", "")]).get_duration("t"), Ok(None));
    let error = params(&[("t", "soon")])
        .get_duration("t")
        .expect_err("no duration");
    assert!(
        error.to_string().contains("t=soon") && error.to_string().contains("3s"),
        "{error}"
    );
}
