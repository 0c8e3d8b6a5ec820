//! What our provider answers to a call that it cannot serve, frame by frame (live-peer facts LJ-6 and LJ-7). A Java consumer shows
//! less: it makes the same exception of every status.

use std::net::TcpStream;
use std::time::Duration;

use wubbo_hessian2::{Decoder, List, Value};
use wubbo_tests::hosts::EchoProvider;
use wubbo_tests::wire::{Request, Response, place, values};

const LIMIT: Duration = Duration::from_secs(10);
/// Two-way, in a serialization whose id nobody has.
const TWO_WAY_UNKNOWN: u8 = 0xc0 | 15;

/// `echo("x")` of the demo's service.
fn echo() -> Request<'static> {
    Request {
        method: "echo",
        descriptor: "Ljava/lang/String;",
        arguments: values(&["x".into()]),
        ..Request::default()
    }
}

fn generic(method: &str) -> Request<'static> {
    let types = List::typed("[string", vec!["java.lang.String".into()]);
    let arguments = List::typed("[object", vec!["x".into()]);
    Request {
        method: "$invoke",
        descriptor: "Ljava/lang/String;[Ljava/lang/String;[Ljava/lang/Object;",
        arguments: values(&[method.into(), types.into(), arguments.into()]),
        attachments: vec![("generic", "true")],
        ..Request::default()
    }
}

/// The answer to a request, which must be to it.
fn ask(stream: &mut TcpStream, request: &Request<'_>, id: i64) -> Response {
    let response = wubbo_tests::wire::ask(stream, request, id).unwrap();
    assert_eq!(response.id, id);
    response
}

#[test]
fn a_call_that_cannot_be_served_has_the_status_that_peers_expect() {
    let cases = [
        (
            "LJ-6 unknown method",
            40,
            "nope",
            Request {
                method: "nope",
                ..echo()
            },
        ),
        (
            "LJ-6 wrong descriptor",
            40,
            "echo",
            Request {
                descriptor: "I",
                arguments: values(&[Value::Int(1)]),
                ..echo()
            },
        ),
        (
            "LJ-6 wrong version",
            40,
            "9.9.9",
            Request {
                version: "9.9.9",
                ..echo()
            },
        ),
        (
            "LJ-6 wrong group",
            70,
            "nope",
            Request {
                group: "nope",
                ..echo()
            },
        ),
        (
            "LJ-6 unknown path",
            70,
            "NoSuchService",
            Request {
                path: "org.wubbo.demo.NoSuchService",
                ..echo()
            },
        ),
        (
            "LJ-6 unknown method of a generic call",
            70,
            "nope",
            generic("nope"),
        ),
        (
            "LJ-6 unknown serialization",
            40,
            "15",
            Request {
                flags: TWO_WAY_UNKNOWN,
                ..echo()
            },
        ),
    ];
    let provider = EchoProvider::start::<&str>(&[]).unwrap();
    let mut stream = TcpStream::connect(place(provider.url())).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let mut wrong = Vec::new();
    for (number, (id, status, named, request)) in (0_i64..).zip(&cases) {
        // Ids are opaque 64 bits, negative ones included (LJ-4).
        let response = ask(&mut stream, request, -number);
        let mut decoder = Decoder::new(&response.body);
        let text = decoder
            .read_str()
            .map(|text| text.into_owned())
            .unwrap_or_default();
        let one_string = decoder.is_empty() && text.contains(named);
        if response.status != *status || !one_string {
            wrong.push(format!(
                "{id}: want {status} naming {named:?}, got {} {text:?}",
                response.status
            ));
        }
        let after = ask(&mut stream, &echo(), i64::MIN + number);
        if after.status != 20 || !after.body.windows(2).any(|pair| pair == b"\x01x") {
            wrong.push(format!(
                "{id}: the call after it got {} {:?}",
                after.status, after.body
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
