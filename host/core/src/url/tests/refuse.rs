//! What is no URL, and what its error says.

use super::{PROVIDER, url};
use crate::url::{
    Url,
    UrlErrorKind::{self, Address, Escape, Scheme},
};

/// Id, text, kind of the error, and what its message must contain.
const REFUSALS: &[(&str, &str, UrlErrorKind, &[&str])] = &[
    (
        "URL-04",
        "127.0.0.1:20000/a.B",
        Scheme,
        &["missing protocol scheme", "127.0.0.1:20000/a.B"],
    ),
    (
        "URL-06",
        "dubbo://h:1/a.B?bad=%zz",
        Escape,
        &[
            "url.QueryUnescape(dubbo://h:1/a.B?bad=%zz)",
            r#"invalid URL escape "%zz""#,
        ],
    ),
    (
        "URL-10",
        "zookeeper://127.0.0.1:2181,127.0.0.2:2181",
        Address,
        &[
            "too many colons in address",
            "zookeeper://127.0.0.1:2181,127.0.0.2:2181",
        ],
    ),
    (
        "list without ports",
        "dubbo://a,b",
        Address,
        &["list of addresses"],
    ),
    (
        "scheme empty",
        "://h:1",
        Scheme,
        &["missing protocol scheme"],
    ),
    (
        "scheme starts with a digit",
        "1dubbo://h:1",
        Scheme,
        &["1dubbo"],
    ),
    (
        "no slashes",
        "dubbo:h",
        Scheme,
        &["missing protocol scheme"],
    ),
    (
        "encoded, then nothing",
        "dubbo%3A%2F%2Fh%zz",
        Escape,
        &[r#""%zz""#],
    ),
    (
        "escape cut short",
        "dubbo://h:1/a?x=%4",
        Escape,
        &[r#""%4""#],
    ),
    ("escape at the end", "dubbo://h:1/a%", Escape, &[r#""%""#]),
    (
        "escape before a wide letter",
        "dubbo://h:1/a?x=%你",
        Escape,
        &[r#""%你""#],
    ),
    (
        "not utf-8",
        "dubbo://h:1/a?x=%ff",
        Escape,
        &["%ff", "utf-8"],
    ),
    (
        "port a word",
        "dubbo://h:x",
        Address,
        &[r#"invalid port "x""#],
    ),
    (
        "port too high",
        "dubbo://h:65536",
        Address,
        &[r#"invalid port "65536""#],
    ),
    (
        "port signed",
        "dubbo://h:+1",
        Address,
        &[r#"invalid port "+1""#],
    ),
    (
        "IPv6 without brackets",
        "dubbo://::1:20880/a.B",
        Address,
        &["too many colons in address", "brackets"],
    ),
    (
        "IPv6 not closed",
        "dubbo://[::1/a.B",
        Address,
        &["missing ']' in address"],
    ),
    (
        "IPv6 with a tail",
        "dubbo://[::1]x/a.B",
        Address,
        &[r#"unexpected "x""#],
    ),
    (
        "IPv6 that is none",
        "dubbo://[h]:1",
        Address,
        &["not an IPv6 address"],
    ),
    (
        "blank in host",
        "dubbo://h h:1",
        Address,
        &["invalid character ' '"],
    ),
    (
        "bracket in host",
        "dubbo://h]:1",
        Address,
        &["invalid character ']'"],
    ),
];

#[test]
fn refuses_and_says_why() {
    for (id, text, kind, pieces) in REFUSALS {
        let error = Url::parse(text).expect_err(id);
        assert_eq!(error.kind(), *kind, "{id}: {error}");
        for piece in *pieces {
            assert!(
                error.to_string().contains(piece),
                "{id}: {piece:?} is not in {error}"
            );
        }
    }
}

#[test]
fn an_error_shortens_the_text_and_hides_the_password() {
    let long = format!("dubbo://scott:tiger@h:x/{}", "é".repeat(500));
    let plain = Url::parse(&long)
        .expect_err("the port is a word")
        .to_string();
    assert!(
        plain.contains("dubbo://scott:***@h:x/") && !plain.contains("tiger"),
        "{plain}"
    );
    assert!(plain.chars().count() < 320, "{plain}");

    let encoded = "dubbo%3A%2F%2Fscott%3Atiger%40h%3Ax";
    let error = Url::parse(encoded)
        .expect_err("the port is a word")
        .to_string();
    assert!(
        error.contains("scott%3A***%40h%3Ax") && !error.contains("tiger"),
        "{error}"
    );

    let debug = format!("{:?}", url("dubbo://scott:tiger@h:1/a.B?x=1"));
    assert_eq!(debug, "dubbo://scott:***@h:1/a.B?x=1");
}

#[test]
fn no_cut_of_a_url_panics() {
    let texts = [
        PROVIDER,
        "dubbo%3A%2F%2Fu%3Ap%40%5B%3A%3A1%5D%3A1%2Fa%3Fx%3D1%2526y%26%C3%A9%3D1",
        "d://ü:%e4@[::1%25é]:1/é?é=é",
    ];
    for text in texts {
        for (end, _) in text.char_indices() {
            let (head, tail) = text.split_at(end);
            for piece in [head, tail] {
                // Either result is right; the point is to get one.
                if let Err(error) = Url::parse_addresses(piece) {
                    assert!(!error.to_string().is_empty());
                }
            }
        }
    }
}
