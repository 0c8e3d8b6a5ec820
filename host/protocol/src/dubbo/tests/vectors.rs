//! The vectors of spec/40 sections 3.8 to 3.12, read from `vectors/*.tsv`.

use wubbo_core::Status;

use super::*;
use crate::dubbo::describe::{Content, Frame, describe};
use crate::dubbo::framing::{Frame as Framed, Framing};
use crate::dubbo::header::{FrameKind, Header};
use crate::dubbo::response::Answering;
use crate::dubbo::{descriptor, event, reencode, response};

const PAYLOAD: usize = 8 * 1024 * 1024;

/// The rows of a table, without its comments.
fn rows(table: &'static str, count: usize) -> Vec<Vec<&'static str>> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), count);
    rows
}

/// Every frame vector: its id, its bytes, and what is written for the same.
fn table() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    rows(include_str!("../../../vectors/frames.tsv"), 24)
        .into_iter()
        .map(|row| (row[0], hex(row[1]), row[2]))
        .collect()
}

/// Every frame vector: its id and its bytes.
pub(crate) fn frames() -> Vec<(&'static str, Vec<u8>)> {
    table()
        .into_iter()
        .map(|(id, bytes, _)| (id, bytes))
        .collect()
}

fn frame(id: &str) -> Vec<u8> {
    frames()
        .into_iter()
        .find(|(known, _)| *known == id)
        .expect("a vector")
        .1
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
fn every_frame_is_written_again_as_we_write_it() {
    for (id, bytes, written) in table() {
        let expected = match written {
            "refused" => {
                assert!(reencode(&bytes).is_err(), "{id}");
                continue;
            }
            "same" => bytes.clone(),
            cut if cut.starts_with("cut ") => {
                let surplus: usize = cut[4..].parse().unwrap();
                let mut shorter = bytes[..bytes.len() - surplus].to_vec();
                let length = u32::try_from(shorter.len() - HEADER_BYTES).unwrap();
                shorter[12..16].copy_from_slice(&length.to_be_bytes());
                shorter
            }
            vector if vector.starts_with("F-") => frame(vector),
            bytes => hex(bytes),
        };
        let again = reencode(&bytes).unwrap_or_else(|error| panic!("{id}: {}", error.report()));
        assert_eq!(again, expected, "{id}");
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
        let parameters = crate::descriptor::split(descriptor).map(|types| types.len());
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
    for row in rows(include_str!("../../../vectors/versions.tsv"), 22) {
        let allowed = response::attachments_allowed(row[1]);
        assert_eq!(allowed, row[2] == "yes", "{}", row[0]);
    }
}

#[test]
fn descriptors_are_split_or_refused() {
    for row in rows(include_str!("../../../vectors/descriptors.tsv"), 10) {
        let parts: Option<Vec<&str>> = match row[2] {
            "reject" => None,
            "" => Some(vec![]),
            parts => Some(parts.split(' ').collect()),
        };
        let count = descriptor::count(row[1]).map(|count| count as usize);
        assert_eq!(count, parts.as_ref().map(Vec::len), "{}", row[0]);
        assert_eq!(descriptor::split(row[1]), parts, "{}", row[0]);
    }
}

/// The codec vectors that `who` reads: id, bytes, what comes of it.
fn codec(who: &str) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let all = rows(include_str!("../../../vectors/codec.tsv"), 19);
    let own = all.into_iter().filter(|row| row[1] == who);
    own.map(|row| (row[0], hex(row[2]), row[3])).collect()
}

#[test]
fn codec_vectors_of_the_framing() {
    for (id, bytes, expected) in codec("any") {
        let mut framing = Framing::new(PAYLOAD);
        framing.buffer().extend_from_slice(&bytes);
        let found = match framing.next() {
            Ok(None) => "more".to_owned(),
            Ok(Some(Framed::TooLarge(header))) => format!("too large {}", header.body_bytes),
            Ok(Some(Framed::Whole(..))) => format!("frame, {} left", framing.buffer().len()),
            Err(_) => "close".to_owned(),
        };
        assert_eq!(found, expected, "{id}");
    }
}

#[tokio::test]
async fn codec_vectors_of_a_provider() {
    let scene = scene(DubboConfig::default()).await;
    let heartbeat = frame("F-01");
    for (id, bytes, expected) in codec("provider") {
        let mut stream = TcpStream::connect(scene.listener.local_addr())
            .await
            .unwrap();
        // The answer to the heartbeat tells that the frame before it was taken.
        stream
            .write_all(&[bytes.as_slice(), &heartbeat].concat())
            .await
            .unwrap();
        let mut header = [0; HEADER_BYTES];
        stream.read_exact(&mut header).await.unwrap();
        let header = Header::parse(&header).unwrap();
        match expected {
            "silence" => assert!(header.event, "{id}"),
            status => {
                let FrameKind::Response { status: found } = header.kind else {
                    panic!("{id}: {header:?}")
                };
                assert_eq!(format!("status {}", found.0), status, "{id}");
                assert_eq!(
                    (header.event, header.id),
                    (false, i64::from(bytes[11])),
                    "{id}"
                );
            }
        }
    }
}

#[tokio::test]
async fn codec_vectors_of_a_consumer() {
    for (id, bytes, expected) in codec("consumer") {
        let (_provider, address) =
            made_of_bytes(move |request| with_id(bytes.clone(), request)).await;
        let protocol = DubboProtocol::new(DubboConfig::default());
        let url = Url::parse(&format!("dubbo://{address}/a.B")).unwrap();
        let invoker = protocol.refer(&url).unwrap();
        for round in 1..3 {
            let error = invoker
                .invoke(call("echo", Value::Int(1), LONG))
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ClientError, "{id} {round}");
            assert!(
                error.report().contains(expected),
                "{id}: {}",
                error.report()
            );
        }
        assert_eq!(protocol.counts().connections_made, 1, "{id}: it lives on");
    }
}

#[test]
fn every_cut_of_a_body_is_an_error_or_the_same_call() {
    for (id, bytes) in frames().into_iter().filter(|(id, _)| *id != "F-24") {
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
