//! What our provider answers to a call that it cannot serve, frame by frame (live-peer facts LJ-6 and LJ-7). A Java consumer shows
//! less: it makes the same exception of every status.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::BytesMut;
use wubbo_hessian2::{Decoder, Encoder, List, Map, Value};
use wubbo_tests::hosts::EchoProvider;

const LIMIT: Duration = Duration::from_secs(10);
const TWO_WAY_HESSIAN2: u8 = 0xc2;
/// An id that no serialization has.
const TWO_WAY_UNKNOWN: u8 = 0xc0 | 15;

/// A two-way request; the default is `echo("x")` of the demo's service.
#[derive(Clone)]
struct Request {
    flags: u8,
    path: &'static str,
    version: &'static str,
    group: &'static str,
    method: &'static str,
    descriptor: &'static str,
    arguments: Vec<Value>,
    generic: bool,
}

fn echo() -> Request {
    Request {
        flags: TWO_WAY_HESSIAN2,
        path: "org.wubbo.demo.EchoService",
        version: "1.0.0",
        group: "",
        method: "echo",
        descriptor: "Ljava/lang/String;",
        arguments: vec!["x".into()],
        generic: false,
    }
}

fn generic(method: &str) -> Request {
    let types = List::typed("[string", vec!["java.lang.String".into()]);
    let arguments = List::typed("[object", vec!["x".into()]);
    Request {
        method: "$invoke",
        descriptor: "Ljava/lang/String;[Ljava/lang/String;[Ljava/lang/Object;",
        arguments: vec![method.into(), types.into(), arguments.into()],
        generic: true,
        ..echo()
    }
}

impl Request {
    fn frame(&self, id: i64) -> Vec<u8> {
        let mut body = BytesMut::new();
        let mut encoder = Encoder::new(&mut body);
        for text in [
            "2.0.2",
            self.path,
            self.version,
            self.method,
            self.descriptor,
        ] {
            encoder.write_str(text);
        }
        for argument in &self.arguments {
            encoder.write_value(argument).unwrap();
        }
        let mut attachments = vec![
            ("path", self.path),
            ("version", self.version),
            ("timeout", "5000"),
        ];
        attachments.extend((!self.group.is_empty()).then_some(("group", self.group)));
        attachments.extend(self.generic.then_some(("generic", "true")));
        let entries = attachments
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()));
        encoder
            .write_value(&Value::Map(Map::new(entries.collect())))
            .unwrap();

        let mut frame = vec![0xda, 0xbb, self.flags, 0];
        frame.extend(id.to_be_bytes());
        frame.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        frame.extend(&body);
        frame
    }
}

/// The answer to a frame.
struct Response {
    status: u8,
    body: Vec<u8>,
}

/// Sends a request and reads the next response, which must be to it.
fn ask(stream: &mut TcpStream, request: &Request, id: i64) -> Response {
    stream.write_all(&request.frame(id)).unwrap();
    let mut head = [0; 16];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(
        head[..3],
        [0xda, 0xbb, 0x02],
        "magic and flags of a response in hessian2"
    );
    assert_eq!(head[4..12], id.to_be_bytes(), "the request's id");
    let length = u32::from_be_bytes(head[12..16].try_into().unwrap());
    let mut body = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut body).unwrap();
    Response {
        status: head[3],
        body,
    }
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
                arguments: vec![Value::Int(1)],
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
    let address = provider.url().trim_start_matches("dubbo://");
    let address = address.split(['/', '?']).next().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
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
