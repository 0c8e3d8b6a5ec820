//! From text to parts and back.

use super::{PROVIDER, url};
use crate::url::Url;

/// What a text is read as.
struct Read {
    id: &'static str,
    text: &'static str,
    host: &'static str,
    port: Option<u16>,
    location: &'static str,
    path: &'static str,
    params: &'static [(&'static str, &'static str)],
    printed: &'static str,
}

const READS: &[Read] = &[
    Read {
        id: "URL-05 empty text is the empty url",
        text: "",
        host: "",
        port: None,
        location: "",
        path: "",
        params: &[],
        printed: "://:?",
    },
    Read {
        id: "URL-07 repeated key",
        text: "dubbo://u:p@h:1/a.B?k=v&k=w",
        host: "h",
        port: Some(1),
        location: "h:1",
        path: "/a.B",
        params: &[("k", "v"), ("k", "w")],
        printed: "dubbo://u:p@h:1/a.B?k=v&k=w",
    },
    Read {
        id: "URL-08 user without password, no path",
        text: "dubbo://u@h:1",
        host: "h",
        port: Some(1),
        location: "h:1",
        path: "",
        params: &[],
        printed: "dubbo://u:@h:1?",
    },
    Read {
        id: "URL-09 encoded whole, values still encoded",
        text: "dubbo%3A%2F%2F127.0.0.1%3A20880%2Fa.B%3Fx%3D1%2526y",
        host: "127.0.0.1",
        port: Some(20880),
        location: "127.0.0.1:20880",
        path: "/a.B",
        params: &[("x", "1&y")],
        printed: "dubbo://127.0.0.1:20880/a.B?x=1%26y",
    },
    Read {
        id: "URL-11 wanted: IPv6 in brackets",
        text: "dubbo://[::1]:20880/a.B",
        host: "::1",
        port: Some(20880),
        location: "[::1]:20880",
        path: "/a.B",
        params: &[],
        printed: "dubbo://[::1]:20880/a.B?",
    },
    Read {
        id: "URL-12 wanted: a host without port",
        text: "dubbo://127.0.0.1/a.B",
        host: "127.0.0.1",
        port: None,
        location: "127.0.0.1",
        path: "/a.B",
        params: &[],
        printed: "dubbo://127.0.0.1:/a.B?",
    },
    Read {
        id: "URL-14 wanted: values of a plain url are decoded once",
        text: "dubbo://127.0.0.1:20000/a.B?x=a%26b&y=1%2B1&z=a+b",
        host: "127.0.0.1",
        port: Some(20000),
        location: "127.0.0.1:20000",
        path: "/a.B",
        params: &[("x", "a&b"), ("y", "1+1"), ("z", "a b")],
        printed: "dubbo://127.0.0.1:20000/a.B?x=a%26b&y=1%2B1&z=a+b",
    },
    Read {
        id: "encoded by Dubbo Java: values are raw",
        text: "dubbo%3A%2F%2F10.0.0.1%3A20880%2Fa.B%3Fmethods%3Da%2Cb%26sum%3D1%2B1%26rate%3D5%2525",
        host: "10.0.0.1",
        port: Some(20880),
        location: "10.0.0.1:20880",
        path: "/a.B",
        params: &[("methods", "a,b"), ("rate", "5%25"), ("sum", "1+1")],
        printed: "dubbo://10.0.0.1:20880/a.B?methods=a%2Cb&rate=5%2525&sum=1%2B1",
    },
    Read {
        id: "encoded by Dubbo Java: a value that ends in base64 padding",
        text: "condition%3A%2F%2F0.0.0.0%2Fa.B%3Frule%3DID0-IGhvc3Q%3D%26x%3D1%2B1",
        host: "0.0.0.0",
        port: None,
        location: "0.0.0.0",
        path: "/a.B",
        params: &[("rule", "ID0-IGhvc3Q="), ("x", "1+1")],
        printed: "condition://0.0.0.0:/a.B?rule=ID0-IGhvc3Q%3D&x=1%2B1",
    },
    Read {
        id: "encoded by Dubbo Java: lower-case escapes, a raw per cent that is no escape",
        text: "dubbo%3a%2f%2fh%3a1%2fa.B%3frate%3d5%25",
        host: "h",
        port: Some(1),
        location: "h:1",
        path: "/a.B",
        params: &[("rate", "5%")],
        printed: "dubbo://h:1/a.B?rate=5%25",
    },
    Read {
        id: "encoded by dubbo-go: blanks are doubly encoded",
        text: "dubbo%3A%2F%2Fh%3A1%2FUserProvider%3Fmodule%3Ddubbogo%2Buser-info%2Bserver%26f%3Decho%252Ctoken",
        host: "h",
        port: Some(1),
        location: "h:1",
        path: "/UserProvider",
        params: &[("f", "echo,token"), ("module", "dubbogo user-info server")],
        printed: "dubbo://h:1/UserProvider?f=echo%2Ctoken&module=dubbogo+user-info+server",
    },
    Read {
        id: "keys without value, empty pairs, an empty key",
        text: "dubbo://h:1/a.B?b&&a=&=c&",
        host: "h",
        port: Some(1),
        location: "h:1",
        path: "/a.B",
        params: &[("", "c"), ("a", ""), ("b", "")],
        printed: "dubbo://h:1/a.B?=c&a=&b=",
    },
    Read {
        id: "a fragment is dropped, an encoded one is not",
        text: "dubbo://h:1/a.B?x=1%232#frag?y=2",
        host: "h",
        port: Some(1),
        location: "h:1",
        path: "/a.B",
        params: &[("x", "1#2")],
        printed: "dubbo://h:1/a.B?x=1%232",
    },
    Read {
        id: "credentials and path with separators in them",
        text: "dubbo://u%40x:p%2F%3Aq@h:1/a%3Fb+c/%E4%BD%A0?x=http://i:2/p",
        host: "h",
        port: Some(1),
        location: "h:1",
        path: "/a?b+c/你",
        params: &[("x", "http://i:2/p")],
        printed: "dubbo://u%40x:p%2F%3Aq@h:1/a%3Fb+c/%E4%BD%A0?x=http%3A%2F%2Fi%3A2%2Fp",
    },
    Read {
        id: "a zone, and a scheme in capitals",
        text: "DUBBO://[fe80::1%25eth0]/a.B",
        host: "fe80::1%eth0",
        port: None,
        location: "[fe80::1%25eth0]",
        path: "/a.B",
        params: &[],
        printed: "dubbo://[fe80::1%25eth0]:/a.B?",
    },
    Read {
        id: "a port without host",
        text: "dubbo://:20880?x=1",
        host: "",
        port: Some(20880),
        location: ":20880",
        path: "",
        params: &[("x", "1")],
        printed: "dubbo://:20880?x=1",
    },
];

#[test]
fn reads_and_prints() {
    for case in READS {
        let read = Url::parse(case.text).unwrap_or_else(|error| panic!("{}: {error}", case.id));
        assert_eq!(read.host(), case.host, "{}: host", case.id);
        assert_eq!(read.port(), case.port, "{}: port", case.id);
        assert_eq!(read.location(), case.location, "{}: location", case.id);
        assert_eq!(read.path(), case.path, "{}: path", case.id);
        assert_eq!(
            read.params().collect::<Vec<_>>(),
            case.params,
            "{}: params",
            case.id
        );
        assert_eq!(read.to_string(), case.printed, "{}: printed", case.id);
        if !case.text.is_empty() {
            assert_eq!(url(case.printed), read, "{}: read back", case.id);
        }
    }
}

#[test]
fn url_02_and_03_the_provider_url_round_trips_with_and_without_scheme() {
    let bare = PROVIDER
        .strip_prefix("dubbo://")
        .expect("the constant's scheme");
    for (id, read) in [
        ("URL-02", Url::parse(PROVIDER)),
        ("URL-03", Url::parse_with_protocol(bare, "dubbo")),
    ] {
        let read = read.unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(read.protocol(), "dubbo", "{id}");
        assert_eq!(read.path(), "/com.ikurento.user.UserProvider", "{id}");
        assert_eq!(read.location(), "127.0.0.1:20000", "{id}");
        assert_eq!(
            (read.host(), read.port()),
            ("127.0.0.1", Some(20000)),
            "{id}"
        );
        assert_eq!(read.methods().len(), 0, "{id}");
        assert_eq!((read.username(), read.password()), ("", ""), "{id}");
        assert_eq!(read.get("methods"), Some("GetUser,"), "{id}");
        assert_eq!(read.get("module"), Some("dubbogo user-info server"), "{id}");
        assert_eq!(read.to_string(), PROVIDER, "{id}");
    }
}

#[test]
fn url_05_the_empty_url_has_empty_identities() {
    let empty = url("");
    assert_eq!(empty, Url::default());
    assert_eq!(empty.key(), "://:@:/?interface=&group=&version=");
    assert!(empty.to_map().is_empty());
}

#[test]
fn url_07_the_first_value_of_a_repeated_key_counts() {
    let read = url("dubbo://u:p@h:1/a.B?k=v&k=w");
    assert_eq!((read.username(), read.password()), ("u", "p"));
    assert_eq!(read.get("k"), Some("v"));
    assert_eq!(read.values("k").collect::<Vec<_>>(), ["v", "w"]);
    assert_eq!(read.first_params().collect::<Vec<_>>(), [("k", "v")]);
    assert_eq!(read.to_map().get("k"), Some(&"v"));
}

#[test]
fn url_08_no_path_is_no_service() {
    let read = url("dubbo://u@h:1");
    assert_eq!(
        (read.service(), read.service_key().to_string().as_str()),
        ("", "")
    );
}

#[test]
fn registry_addresses_keep_their_list() {
    let read =
        Url::parse_addresses("zookeeper://u:p@a:2181, b:2182,[::1]:2183/?backup=c:1,d:2&x=1")
            .expect("a list");
    assert_eq!((read.host(), read.port()), ("a", Some(2181)));
    assert_eq!(read.raw("port"), "2181");
    assert_eq!(read.location(), "a:2181,b:2182,[::1]:2183");
    let all: Vec<_> = read.addresses().collect();
    assert_eq!(all, ["a:2181", "b:2182", "[::1]:2183", "c:1", "d:2"]);
    assert_eq!(
        read.to_string(),
        "zookeeper://u:p@a:2181,b:2182,[::1]:2183/?backup=c%3A1%2Cd%3A2&x=1"
    );
    assert_eq!(Url::parse_addresses(&read.to_string()), Ok(read.clone()));
    assert_eq!(
        Url::parse_addresses(&read.to_encoded_string()),
        Ok(read.clone())
    );
    assert_eq!(
        read.with_port(1).location(),
        "a:1",
        "a list with a new port is its first address"
    );

    let single = Url::parse_addresses("nacos://h:8848").expect("one address");
    assert_eq!(single.addresses().collect::<Vec<_>>(), ["h:8848"]);
    let error =
        Url::parse_addresses("zookeeper://a:2181,b:x").expect_err("the second port is a word");
    assert!(
        error.to_string().contains("address b:x: invalid port"),
        "{error}"
    );
}

#[test]
fn a_registry_node_is_javas_form_when_that_reads_back_and_dubbo_gos_when_not() {
    let cases = [
        (
            "dubbo://h:1/a.B?methods=a%2Cb&x=1%2B1",
            "dubbo%3A%2F%2Fh%3A1%2Fa.B%3Fmethods%3Da%2Cb%26x%3D1%2B1",
        ),
        ("consumer://10.0.0.1/a.B", "consumer%3A%2F%2F10.0.0.1%2Fa.B"),
        (
            "dubbo://h:1/a.B?x=a%26b",
            "dubbo%3A%2F%2Fh%3A1%2Fa.B%3Fx%3Da%2526b",
        ),
        (
            "dubbo://h:1/a.B?x=1%2B1",
            "dubbo%3A%2F%2Fh%3A1%2Fa.B%3Fx%3D1%252B1",
        ),
    ];
    for (text, node) in cases {
        let read = url(text);
        assert_eq!(read.to_encoded_string(), node, "{text}");
        assert_eq!(url(node), read, "{text}");
    }
}

#[test]
fn full_string_is_as_dubbo_java_prints_it() {
    let cases = [
        (
            "dubbo://h:1/a.B?methods=a%2Cb",
            "dubbo://h:1/a.B?methods=a,b",
        ),
        ("dubbo://h/a.B", "dubbo://h/a.B"),
        ("dubbo://u@h:1", "dubbo://u@h:1"),
        ("dubbo://u:p@[::1]:1?a=&b=2", "dubbo://u:p@[::1]:1?a=&b=2"),
        ("dubbo://[::1]/a.B", "dubbo://[::1]/a.B"),
    ];
    for (text, full) in cases {
        assert_eq!(url(text).to_full_string(), full, "{text}");
    }
}
