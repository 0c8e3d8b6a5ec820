//! Through a gateway: decoded, changed in one place, encoded again.

use wubbo_core::{Attachments, Payload, Status};
use wubbo_hessian2::{Encoder, List, Map, Object};

use super::*;
use crate::dubbo::response::{self, Answering};

/// A request whose attachments are `attachments`, written with `write` in the stream of the argument.
fn request_with(argument: &Value, write: impl FnOnce(&mut Encoder<'_>)) -> Bytes {
    let mut bytes = BytesMut::new();
    let mut encoder = Encoder::new(&mut bytes);
    for text in ["2.0.2", "com.foo.Bar", "0.0.0", "m", "Ljava/lang/Object;"] {
        encoder.write_str(text);
    }
    encoder.write_value(argument).unwrap();
    encoder.begin_map(None);
    write(&mut encoder);
    encoder.end_map();
    bytes.freeze()
}

fn through(came: Request, change: impl FnOnce(&mut Invocation)) -> Request {
    let mut invocation = Invocation::new(came, Url::default());
    change(&mut invocation);
    decode(&body(&encode(7, &invocation)), true).unwrap()
}

fn shared() -> Value {
    Value::Map(Map::new(vec![(Value::from("k"), Value::from("v"))]))
}

fn user(name: &str) -> Value {
    Value::Object(Object::new("a.User", [("name", Value::from(name))]))
}

fn value_of(attachments: &Attachments, key: &str) -> Value {
    attachments.find(key).unwrap().value.unwrap().clone()
}

#[test]
fn untouched_text_and_arguments_keep_their_bytes() {
    // A long form of a text that we would write shorter: only a copy has the same bytes.
    let odd: &[u8] = b"S\x00\x03oddS\x00\x02ok";
    let argument = Value::List(List::new(vec![user("a"), Value::Ref(0)]));
    let bytes = request_with(&argument, |encoder| {
        let tables = encoder.tables();
        encoder.write_raw(odd, tables);
        encoder.write_str("tag");
        encoder.write_str("blue");
    });
    let came = decode(&bytes, true).unwrap();
    let RequestBody::Raw(arguments) = came.body.clone() else {
        panic!("raw")
    };
    let mut invocation = Invocation::new(came, Url::default());
    invocation.set_attachment("tag", "gray");
    let out = encode(77, &invocation);
    let contains = |part: &[u8]| out.windows(part.len()).any(|window| window == part);
    assert!(contains(odd) && contains(&arguments.bytes));
    let went = decode(&body(&out), true).unwrap();
    assert_eq!(went.body, RequestBody::Raw(arguments));
    assert_eq!(went.attachments.get("odd"), Some("ok"));
    assert_eq!(went.attachments.get("tag"), Some("gray"));
}

/// Values in the attachments that lean on the arguments, and on each other.
fn leaning() -> Bytes {
    let argument = Value::List(List::new(vec![user("a"), shared()]));
    request_with(&argument, |encoder| {
        // Slot 2 is the map in the argument; class 0 is defined there, too.
        encoder.write_str("ref");
        encoder.write_value(&Value::Ref(2)).unwrap();
        encoder.write_str("user");
        encoder.write_value(&user("b")).unwrap();
        encoder.write_str("list");
        let list = List::typed("java.util.HashSet", vec![user("c"), Value::Ref(4)]);
        encoder.write_value(&Value::List(list)).unwrap();
        encoder.write_str("text");
        encoder.write_str("as it came");
    })
}

fn leans_as_before(attachments: &Attachments, case: &str) {
    assert_eq!(value_of(attachments, "ref"), shared(), "{case}");
    assert_eq!(value_of(attachments, "user"), user("b"), "{case}");
    // What the list shared with the entry before it is its own now.
    let list = List::typed("java.util.HashSet", vec![user("c"), user("b")]);
    assert_eq!(value_of(attachments, "list"), Value::List(list), "{case}");
    assert_eq!(attachments.get("text"), Some("as it came"), "{case}");
}

type Change = fn(&mut Invocation);

#[test]
fn values_in_attachments_survive_every_change_around_them() {
    let came = decode(&leaning(), true).unwrap();
    leans_as_before(&came.attachments, "read");
    let changes: [(&str, Change); 5] = [
        ("nothing", |_| ()),
        ("another entry is set", |invocation| {
            invocation.set_attachment("tag", "gray");
        }),
        ("an entry in front is set", |invocation| {
            invocation.set_attachment("interface", "other");
        }),
        ("the argument is replaced by a scalar", |invocation| {
            invocation.set_body(RequestBody::Values(vec![Value::Int(1)]));
        }),
        ("the argument is replaced by more", |invocation| {
            let more = List::new(vec![shared(), user("z"), shared(), shared()]);
            invocation.set_body(RequestBody::Values(vec![Value::List(more)]));
        }),
    ];
    for (case, change) in changes {
        leans_as_before(&through(came.clone(), change).attachments, case);
    }
    let removed = through(came, |invocation| {
        assert!(invocation.remove_attachment("user"));
    });
    assert_eq!(value_of(&removed.attachments, "ref"), shared());
    assert!(removed.attachments.find("user").is_none());
}

#[test]
fn what_the_next_provider_is_told_is_our_own() {
    let mut came = decode(&leaning(), true).unwrap();
    for (key, value) in [("input", "99"), ("timeout", "1"), ("token", "stolen")] {
        came.attachments.set(key, value.to_owned());
    }
    let url = Url::parse("dubbo://127.0.0.1:1/com.foo.Bar?token=secret").unwrap();
    let invocation = Invocation::new(came, Url::default());
    let mut out = BytesMut::new();
    let outgoing = Outgoing {
        id: 1,
        invocation: &invocation,
        remaining: Duration::from_millis(2500),
        url: &url,
        payload: 0,
    };
    outgoing.encode(&mut out).unwrap();
    let went = decode(&body(&out), true).unwrap();
    for (key, value) in [
        ("input", None),
        ("timeout", Some("2500")),
        ("token", Some("secret")),
        ("path", Some("com.foo.Bar")),
        ("interface", Some("com.foo.Bar")),
        ("version", Some("0.0.0")),
    ] {
        assert_eq!(went.attachments.get(key), value, "{key}");
    }
}

/// What a connection remembers of a consumer must not show: each request says what it says.
#[test]
fn requests_that_repeat_each_other_are_told_apart() {
    let request = |argument: &Value, group: &str, shared: bool| {
        request_with(argument, |encoder| {
            encoder.write_str("group");
            encoder.write_str(group);
            if shared {
                encoder.write_str("ref");
                encoder.write_value(&Value::Ref(0)).unwrap();
            }
        })
    };
    let list = |text: &str| Value::List(List::new(vec![Value::from(text)]));
    let mut heads = Heads::default();
    // The same head throughout; attachments that repeat, that change, and whose value leans on an argument that changes.
    for (argument, group, shared) in [
        ("a", "red", false),
        ("a", "red", false),
        ("a", "red", false),
        ("b", "red", false),
        ("b", "blue", false),
        ("b", "red", false),
        ("c", "red", true),
        ("c", "red", true),
        ("d", "red", true),
        ("d", "red", true),
        ("d", "red", false),
    ] {
        let bytes = request(&list(argument), group, shared);
        let read = request::decode(&bytes, true, &mut heads).unwrap().request;
        let case = format!("{argument} {group} {shared}");
        assert_eq!(read.body.to_values().unwrap(), [list(argument)], "{case}");
        assert_eq!(read.service.group(), group, "{case}");
        let leaned = shared.then(|| value_of(&read.attachments, "ref"));
        assert_eq!(leaned, shared.then(|| list(argument)), "{case}");
    }
    assert_eq!(heads.len(), 1);
}

#[test]
fn a_reference_to_any_group_calls_the_group_of_its_provider() {
    for (asked, group, version) in [
        (("*", "*"), Some("red"), "2.0"),
        (("red,blue", "1.0"), Some("red"), "1.0"),
        (("", ""), None, "0.0.0"),
    ] {
        let request = Request::new(ServiceKey::new("a.B", asked.0, asked.1), "m");
        let invocation = Invocation::new(request, Url::default());
        let mut out = BytesMut::new();
        let outgoing = Outgoing {
            id: 1,
            invocation: &invocation,
            remaining: LONG,
            url: &Url::parse("dubbo://127.0.0.1:1/a.B?group=red&version=2.0").unwrap(),
            payload: 0,
        };
        outgoing.encode(&mut out).unwrap();
        let went = decode(&body(&out), true).unwrap();
        assert_eq!(went.attachments.get("group"), group, "{asked:?}");
        assert_eq!(went.attachments.get("version"), Some(version), "{asked:?}");
    }
}

#[test]
fn an_answer_passes_with_its_bytes_and_attachments() {
    let mut bytes = BytesMut::new();
    let mut encoder = Encoder::new(&mut bytes);
    encoder.write_i32(4);
    encoder.write_value(&user("a")).unwrap();
    encoder.begin_map(None);
    for (key, value) in [("again", Value::Ref(0)), ("text", Value::from("t"))] {
        encoder.write_str(key);
        encoder.write_value(&value).unwrap();
    }
    encoder.end_map();
    let came = response::decode(Status::OK, &bytes.freeze(), "p").unwrap();
    let ResultKind::Value(Payload::Raw(raw)) = came.kind.clone() else {
        panic!("raw")
    };
    let mut out = BytesMut::new();
    let answering = Answering {
        id: 5,
        attachments: true,
        payload: 0,
    };
    answering.encode(&mut out, &Ok(came));
    let went = response::decode(Status::OK, &body(&out), "p").unwrap();
    assert_eq!(went.kind, ResultKind::Value(Payload::Raw(raw)));
    assert_eq!(value_of(&went.attachments, "again"), user("a"));
    assert_eq!(went.attachments.get("text"), Some("t"));
    assert_eq!(went.attachments.get("dubbo"), Some("2.0.2"));
}

#[test]
fn an_answer_above_the_limit_becomes_status_50() {
    let result = RpcResult::value(Value::from("x".repeat(64)));
    let mut out = BytesMut::from(&b"before"[..]);
    let answering = Answering {
        id: 5,
        attachments: true,
        payload: 32,
    };
    answering.encode(&mut out, &Ok(result));
    let frame = out.split_off(6);
    assert_eq!(out, b"before"[..]);
    let error = response::decode(Status(frame[3]), &body(&frame), "p").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadResponse);
    let text = error.message();
    assert!(
        text.starts_with("Data length too large: ") && text.contains("max payload: 32"),
        "{text}"
    );
}

#[test]
fn a_null_value_has_the_flag_of_its_own() {
    let raw = RawStream::encode(&[Value::Null]).unwrap();
    for payload in [Payload::Raw(raw), Payload::Value(Value::Null)] {
        let mut out = BytesMut::new();
        let answering = Answering {
            id: 5,
            attachments: false,
            payload: 0,
        };
        answering.encode(&mut out, &Ok(RpcResult::new(ResultKind::Value(payload))));
        assert_eq!(body(&out), b"\x92"[..]);
    }
}
