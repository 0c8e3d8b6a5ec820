//! The frame vectors of spec/40 section 3.12 and the codec vectors of 3.11, read from `vectors/frames.tsv`.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use wubbo_core::{
    AttachmentValue, Attachments, Error, ErrorKind, Invocation, Outcome, Payload, RawStream,
    Request, RequestBody, ResultKind, RpcResult, ServiceKey, Status, Url,
};
use wubbo_hessian2::{Map, Value};

use super::describe::{Content, Frame, describe};
use super::framing::{Frame as Framed, Framing};
use super::head::Heads;
use super::header::{FrameKind, HEADER_BYTES, Header};
use super::request::Outgoing;
use super::response::Answering;
use super::{event, request, response};

const PAYLOAD: usize = 8 * 1024 * 1024;

/// Every frame vector: its id and its bytes.
pub(super) fn frames() -> Vec<(String, Vec<u8>)> {
    let lines = include_str!("../../vectors/frames.tsv").lines();
    let vectors = lines.filter(|line| !line.starts_with('#')).map(|line| {
        let (id, hex) = line.split_once('\t').expect("two columns");
        (id.to_owned(), self::hex(hex))
    });
    let vectors: Vec<_> = vectors.collect();
    assert_eq!(vectors.len(), 24);
    vectors
}

fn frame(id: &str) -> Vec<u8> {
    frames()
        .into_iter()
        .find(|(known, _)| known == id)
        .expect("a vector")
        .1
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn body(frame: &[u8]) -> Bytes {
    Bytes::copy_from_slice(&frame[HEADER_BYTES..])
}

fn decode(body: &Bytes, two_way: bool) -> Result<Request, Error> {
    request::decode(body, two_way, &mut Heads::default()).map(|call| call.request)
}

fn encode(out: &mut BytesMut, id: i64, invocation: &Invocation) {
    let outgoing = Outgoing {
        id,
        invocation,
        remaining: Duration::from_secs(1),
        url: &Url::default(),
        payload: PAYLOAD,
    };
    outgoing.encode(out).unwrap();
}

fn answer(id: i64, version: &str, payload: usize) -> Answering {
    Answering {
        id,
        attachments: response::attachments_allowed(version),
        payload,
    }
}

fn content(id: &str) -> Content {
    let Frame { content, .. } =
        describe(&frame(id)).unwrap_or_else(|error| panic!("{id}: {}", error.report()));
    content
}

fn pairs(attachments: &[(&str, &str)]) -> Vec<(String, Value)> {
    attachments
        .iter()
        .map(|(key, value)| ((*key).to_owned(), Value::from(*value)))
        .collect()
}

#[test]
fn every_header_vector_is_read_and_written_back() {
    for (id, bytes) in frames() {
        let head: &[u8; HEADER_BYTES] = bytes.first_chunk().unwrap();
        match Header::parse(head) {
            Ok(header) => {
                assert_eq!(&header.to_bytes(), head, "{id}");
                assert_eq!(header.body_bytes, bytes.len() - HEADER_BYTES, "{id}");
            }
            Err(_) => assert_eq!(id, "F-24"),
        }
    }
}

#[test]
fn events_mean_what_they_say() {
    let event = |answer, two_way, data| Content::Event {
        answer,
        two_way,
        data,
    };
    for (id, request_id, expected) in [
        ("F-01", 1, event(false, true, Value::Null)),
        ("F-02", 1, event(true, false, Value::Null)),
        ("F-03", 1, event(true, false, Value::Null)),
        ("F-04", 2, event(false, false, Value::from("R"))),
        ("F-05", -1, event(false, true, Value::Null)),
    ] {
        let described = describe(&frame(id)).unwrap();
        assert_eq!(
            (described.id, described.content),
            (request_id, expected),
            "{id}"
        );
    }
    let mut out = BytesMut::new();
    event::heartbeat(&mut out, 1);
    assert_eq!(out, frame("F-01"), "F-01");
    out.clear();
    event::heartbeat_answer(&mut out, 1);
    assert_eq!(out, frame("F-02"), "F-02");
    out.clear();
    event::read_only(&mut out, 2);
    assert_eq!(out, frame("F-04"), "F-04");
}

/// id, request id, two-way, path, service, method, types, number of attachments
type RequestVector = (
    &'static str,
    i64,
    bool,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    usize,
);

const REQUESTS: [RequestVector; 6] = [
    (
        "F-06",
        10086,
        false,
        "path",
        "Service:2.6",
        "Method",
        "Ljava/lang/String;",
        4,
    ),
    (
        "F-07",
        1,
        true,
        "UserProvider",
        "com.ikurento.user.UserProvider",
        "GetUser",
        "Ljava/lang/String;",
        5,
    ),
    (
        "F-08",
        0,
        true,
        "org.apache.dubbo.demo.DemoService",
        "org.apache.dubbo.demo.DemoService",
        "sayHello",
        "Ljava/lang/String;",
        4,
    ),
    ("F-09", 7, true, "p", "p", "m", "", 1),
    (
        "F-10",
        5,
        true,
        "com.foo.Bar",
        "com.foo.Bar:1.0",
        "$echo",
        "Ljava/lang/Object;",
        3,
    ),
    (
        "F-11",
        6,
        true,
        "com.foo.Bar",
        "com.foo.Bar",
        "$invoke",
        "Ljava/lang/String;[Ljava/lang/String;[Ljava/lang/Object;",
        3,
    ),
];

#[test]
fn requests_mean_what_they_say() {
    for (id, request_id, waits, called, key, name, descriptor, entries) in REQUESTS {
        assert_eq!(describe(&frame(id)).unwrap().id, request_id, "{id}");
        let Content::Request {
            two_way,
            dubbo_version,
            path,
            service,
            method,
            types,
            arguments,
            attachments,
        } = content(id)
        else {
            panic!("{id} is a request");
        };
        assert_eq!((two_way, dubbo_version.as_str()), (waits, "2.0.2"), "{id}");
        assert_eq!((path.as_str(), service.as_str()), (called, key), "{id}");
        assert_eq!(
            (method.as_str(), types.as_str()),
            (name, descriptor),
            "{id}"
        );
        let parameters = super::descriptor::split(descriptor).map(|types| types.len());
        assert_eq!(Some(arguments.len()), parameters, "{id}");
        assert_eq!(attachments.len(), entries, "{id}: {attachments:?}");
    }
}

#[test]
fn a_request_keeps_arguments_and_attachments() {
    let Content::Request {
        attachments,
        arguments,
        ..
    } = content("F-06")
    else {
        panic!("a request")
    };
    let expected = pairs(&[
        ("interface", "Service"),
        ("path", "path"),
        ("timeout", "1000"),
        ("version", "2.6"),
    ]);
    assert_eq!(
        (arguments, attachments),
        (vec![Value::from("a")], expected),
        "F-06"
    );
}

#[test]
fn responses_mean_what_they_say() {
    let dubbo = pairs(&[("dubbo", "2.0.2")]);
    let value = |value: Value, attachments: &[(String, Value)]| Content::Result {
        value,
        exception: false,
        attachments: attachments.to_vec(),
    };
    let failure = |status, name, text: &str| Content::Failure {
        status,
        name,
        text: text.to_owned(),
    };
    for (id, expected) in [
        ("F-12", value(Value::Null, &[])),
        ("F-13", value(Value::from("hello"), &[])),
        ("F-14", value(Value::from("hello"), &dubbo)),
        ("F-15", value(Value::Null, &dubbo)),
        ("F-16", value(Value::Null, &dubbo)),
        ("F-17", failure(70, "SERVICE_ERROR", "boom")),
        (
            "F-18",
            failure(31, "SERVER_TIMEOUT", "Waiting server-side response timeout"),
        ),
        (
            "F-19",
            failure(100, "SERVER_THREADPOOL_EXHAUSTED_ERROR", "pool exhausted"),
        ),
    ] {
        assert_eq!(content(id), expected, "{id}");
    }
    for (id, class, message) in [
        ("F-20", "java.lang.Throwable", "error"),
        ("F-21", "java.lang.RuntimeException", "boom"),
    ] {
        let Content::Result {
            value: Value::Object(thrown),
            exception: true,
            attachments,
        } = content(id)
        else {
            panic!("{id} is an exception");
        };
        assert_eq!(
            (thrown.class_name(), thrown.get("detailMessage")),
            (class, Some(&Value::from(message))),
            "{id}"
        );
        assert_eq!(attachments, dubbo, "{id}");
    }
    for id in ["F-22", "F-23"] {
        let Content::Result {
            value: Value::Object(user),
            exception: false,
            ..
        } = content(id)
        else {
            panic!("{id} is a value");
        };
        assert_eq!(user.get("id"), Some(&Value::from("A001")), "{id}");
        assert_eq!(user.get("age"), Some(&Value::Int(18)), "{id}");
        assert_eq!(
            user.get("time"),
            Some(&Value::Date(1_591_156_155_123)),
            "{id}"
        );
    }
}

/// Our answers in the bytes of the vectors.
#[test]
fn answers_are_written_as_the_vectors_have_them() {
    let text = |text: &str| Ok(RpcResult::value(Value::from(text)));
    let exception = Ok(RpcResult::exception(
        "java.lang.RuntimeException",
        Some("boom"),
    ));
    let cases: [(&str, i64, &str, Outcome); 5] = [
        ("F-12", 1, "2.6.3", Ok(RpcResult::null())),
        ("F-13", 1, "2.6.3", text("hello")),
        ("F-14", 1, "2.0.2", text("hello")),
        ("F-15", 1, "2.0.2", Ok(RpcResult::null())),
        ("F-21", 9, "2.0.2", exception),
    ];
    for (id, request_id, version, outcome) in cases {
        let mut out = BytesMut::new();
        answer(request_id, version, PAYLOAD).encode(&mut out, &outcome);
        assert_eq!(out, frame(id), "{id}");
    }
    for (id, status, message) in [
        ("F-17", 70, "boom"),
        ("F-18", 31, "Waiting server-side response timeout"),
        ("F-19", 100, "pool exhausted"),
    ] {
        let mut out = BytesMut::new();
        response::encode_error(&mut out, 1, Status(status), message);
        assert_eq!(out, frame(id), "{id}");
    }
}

/// Spec/40 section 3.8, corrected by LJ-1.
#[test]
fn versions_decide_about_response_attachments() {
    for (id, version, allowed) in [
        ("V-1", "2.0.10", true),
        ("V-2", "2.5.3", false),
        ("V-3", "2.6.2", false),
        ("V-4", "1.5.5", false),
        ("V-5", "0.0.0", false),
        ("V-6", "2.0.2", true),
        ("V-7", "2.7.2", false),
        ("V-8", "2.6.3", false),
        ("V-9", "2.8.4", false),
        ("V-10", "", false),
        ("V-11", "2.1.3", false),
        ("V-12", "22.11.33", false),
        ("V-13", "2222.1111.3333", false),
        ("V-14", "2.11", false),
        ("V-15", "2.1.3.4", false),
        ("V-16", "2.1.3.4.5", false),
        ("V-17", "2.6.7-stable", false),
    ] {
        assert_eq!(response::attachments_allowed(version), allowed, "{id}");
    }
}

/// What a framer makes of `bytes` that come at once.
fn framed(bytes: &[u8]) -> (Result<Option<Framed>, super::header::HeaderError>, usize) {
    let mut framing = Framing::new(PAYLOAD);
    framing.buffer().extend_from_slice(bytes);
    let next = framing.next();
    let left = framing.buffer().len();
    (next, left)
}

#[test]
fn codec_vectors_of_the_framing() {
    let header_of_257 = [&frame("F-12")[..12], &[0, 0, 1, 1, 1, 2]].concat();
    for (id, bytes) in [
        ("X-1", hex("da")),
        ("X-1", hex("dabb000000000000000000")),
        ("X-2", header_of_257),
    ] {
        assert!(matches!(framed(&bytes).0, Ok(None)), "{id}");
    }
    let (next, _) = framed(&hex("dabb0101010101010101010101010101"));
    assert!(
        matches!(next, Ok(Some(Framed::TooLarge(header))) if header.body_bytes == 16_843_009),
        "X-3"
    );
    let (next, left) = framed(&[frame("F-14"), vec![1, 2]].concat());
    assert!(matches!(next, Ok(Some(Framed::Whole(..)))), "X-4");
    assert_eq!(left, 2, "X-4");
    for (id, bytes) in [
        ("X-9", hex("0000dabb0000000000000000000000")),
        ("X-12", b"hello".to_vec()),
        ("X-13", frame("F-24")),
    ] {
        assert!(framed(&bytes).0.is_err(), "{id}");
    }
}

#[test]
fn codec_vectors_of_bodies() {
    let answer = |status: u8, body: &[u8]| {
        response::decode(Status(status), &Bytes::copy_from_slice(body), "p")
    };
    assert_eq!(
        answer(20, &[]).unwrap_err().kind(),
        ErrorKind::ClientError,
        "X-6"
    );
    assert_eq!(
        answer(20, &[0x40; 8]).unwrap_err().kind(),
        ErrorKind::ClientError,
        "X-7"
    );
    assert_eq!(
        decode(&Bytes::from_static(&[0x40; 8]), true)
            .unwrap_err()
            .kind(),
        ErrorKind::BadRequest,
        "X-8"
    );
    let read_only = hex("dabbe2000000000000000001000000020152");
    let expected = Content::Event {
        answer: false,
        two_way: true,
        data: Value::from("R"),
    };
    assert_eq!(describe(&read_only).unwrap().content, expected, "X-10");
    let failed = answer(90, b"\x03why").unwrap_err();
    assert_eq!(
        (failed.kind(), failed.message()),
        (ErrorKind::ClientError, "why"),
        "X-11"
    );
    let unknown = answer(20, &[0x96]).unwrap_err();
    assert!(
        unknown
            .report()
            .contains("expect '0' '1' '2' '3' '4' '5', but received: 6"),
        "{}",
        unknown.report()
    );
}

#[test]
fn every_cut_of_a_body_is_an_error_or_the_same_call() {
    for (id, bytes) in frames().into_iter().filter(|(id, _)| id != "F-24") {
        let header = Header::parse(bytes.first_chunk().unwrap()).unwrap();
        let whole = body(&bytes);
        for end in 0..whole.len() {
            let cut = whole.slice(..end);
            match header.kind {
                _ if header.event => {}
                FrameKind::Request { two_way } => {
                    if let Ok(request) = decode(&cut, two_way) {
                        // Cut exactly behind the arguments: nothing but the attachments is missing.
                        assert!(request.attachments.is_empty(), "{id} cut at {end}");
                    }
                }
                FrameKind::Response { status } => drop(response::decode(status, &cut, "p")),
            }
        }
    }
}

/// Bytes that are likely to get far: a vector with a few of them changed.
#[test]
fn changed_bytes_never_panic() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let vectors = frames();
    for _ in 0..20_000 {
        let (_, vector) = &vectors[random() as usize % vectors.len()];
        let mut bytes = vector.clone();
        for _ in 0..1 + random() % 4 {
            let place = random() as usize % bytes.len();
            bytes[place] = random() as u8;
        }
        let (Ok(_) | Err(_)) = describe(&bytes);
        let (Ok(_) | Err(_)) = super::annotate(&bytes);
        let garbage = body(&bytes);
        drop(decode(&garbage, true));
        drop(response::decode(Status::OK, &garbage, "p"));
    }
}

fn invocation(body: RequestBody, attachments: Attachments) -> Invocation {
    let mut request = Request::new(ServiceKey::new("com.foo.Bar", "", ""), "m");
    request.descriptor = "Ljava/lang/Object;".into();
    request.body = body;
    request.attachments = attachments;
    Invocation::new(request, Url::default())
}

/// Through a gateway: what nobody touched leaves as the bytes that came.
#[test]
fn untouched_text_and_arguments_keep_their_bytes() {
    let came = decode(&body(&frame("F-08")), true).unwrap();
    let RequestBody::Raw(arguments) = came.body.clone() else {
        panic!("raw")
    };
    let mut invocation = Invocation::new(came, Url::default());
    invocation.set_attachment("tag", "gray");
    let mut out = BytesMut::new();
    encode(&mut out, 77, &invocation);
    let went = decode(&body(&out), true).unwrap();
    assert_eq!(went.body, RequestBody::Raw(arguments));
    assert_eq!(went.attachments.get("tag"), Some("gray"));
    assert_eq!(
        went.attachments.get("path"),
        Some("org.apache.dubbo.demo.DemoService")
    );
}

/// A value in the attachments that refers to an argument must still mean the same when the argument was replaced.
#[test]
fn complex_attachments_survive_a_rewritten_body() {
    let shared = Value::Map(Map::new(vec![(Value::from("k"), Value::from("v"))]));
    // Body: an argument [map], attachments {"a": reference to that map}.
    let mut bytes = BytesMut::new();
    let mut encoder = wubbo_hessian2::Encoder::new(&mut bytes);
    for text in ["2.0.2", "com.foo.Bar", "0.0.0", "m", "Ljava/lang/Object;"] {
        encoder.write_str(text);
    }
    encoder.write_value(&shared).unwrap();
    encoder.begin_map(None);
    encoder.write_str("a");
    encoder.write_value(&Value::Ref(0)).unwrap();
    encoder.end_map();
    let came = decode(&bytes.freeze(), true).unwrap();
    assert_eq!(came.attachments.find("a").unwrap().value, Some(&shared));

    let other = RequestBody::Values(vec![Value::List(wubbo_hessian2::List::new(vec![
        Value::Int(1),
    ]))]);
    let invocation = invocation(other, came.attachments);
    let mut out = BytesMut::new();
    encode(&mut out, 1, &invocation);
    out.advance(HEADER_BYTES);
    let went = decode(&out.freeze(), true).unwrap();
    assert_eq!(went.attachments.find("a").unwrap().value, Some(&shared));
    assert_eq!(went.body.to_values().unwrap().len(), 1);
}

#[test]
fn an_answer_above_the_limit_becomes_status_50() {
    let bytes = Bytes::from(vec![0x90; 64]);
    let stream = RawStream {
        bytes,
        count: 1,
        tables: Default::default(),
    };
    let mut result = RpcResult::new(ResultKind::Value(Payload::Raw(stream)));
    result.attachments.set("kept", AttachmentValue::from("1"));
    let mut out = BytesMut::new();
    answer(5, "2.0.2", 32).encode(&mut out, &Ok(result));
    let Content::Failure {
        status: 50, text, ..
    } = describe(&out).unwrap().content
    else {
        panic!("status 50")
    };
    assert!(
        text.starts_with("Data length too large: ") && text.contains("max payload: 32"),
        "{text}"
    );
}

/// A request with `count` attachments.
fn with_attachments(count: usize) -> Bytes {
    let mut bytes = BytesMut::new();
    let mut encoder = wubbo_hessian2::Encoder::new(&mut bytes);
    for text in ["2.0.2", "p", "", "m", ""] {
        encoder.write_str(text);
    }
    encoder.begin_map(None);
    for key in 0..count {
        encoder.write_str(&format!("{key:x}"));
        encoder.write_str("");
    }
    encoder.end_map();
    bytes.freeze()
}

/// Reading is quadratic in the number of entries, so the number is bounded.
#[test]
fn too_many_attachments_are_refused() {
    assert_eq!(
        decode(&with_attachments(1000), true)
            .unwrap()
            .attachments
            .len(),
        1000
    );
    let error = decode(&with_attachments(100_000), true).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadRequest);
    assert_eq!(
        error.report(),
        "Fail to decode request due to: more than 1000 attachments"
    );
}
