//! Dubbo frames made by hand, for tests that look at every byte or send wrong ones.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use bytes::BytesMut;
use wubbo_hessian2::{Encoder, Map, Value};

/// Flags of a two-way request in hessian2.
pub const TWO_WAY: u8 = 0xc2;

/// A request as its parts; the default calls nothing of the demo's service.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The header's third byte.
    pub flags: u8,
    /// The service's path.
    pub path: &'a str,
    /// The service's version.
    pub version: &'a str,
    /// The service's group.
    pub group: &'a str,
    /// The method's name.
    pub method: &'a str,
    /// The descriptor of its parameters.
    pub descriptor: &'a str,
    /// The arguments, written as they are.
    pub arguments: Vec<u8>,
    /// Further attachments.
    pub attachments: Vec<(&'a str, &'a str)>,
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self {
            flags: TWO_WAY,
            path: "org.wubbo.demo.EchoService",
            version: "1.0.0",
            group: "",
            method: "",
            descriptor: "",
            arguments: Vec::new(),
            attachments: Vec::new(),
        }
    }
}

impl Request<'_> {
    /// The request's frame.
    ///
    /// # Panics
    /// The body is longer than 4 GiB.
    #[must_use]
    pub fn frame(&self, id: i64) -> Vec<u8> {
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
        body.extend_from_slice(&self.arguments);
        let mut attachments = vec![
            ("path", self.path),
            ("version", self.version),
            ("timeout", "5000"),
        ];
        attachments.extend((!self.group.is_empty()).then_some(("group", self.group)));
        attachments.extend(&self.attachments);
        let entries = attachments
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()));
        let attachments = Value::Map(Map::new(entries.collect()));
        body.extend_from_slice(&values(&[attachments]));

        let mut frame = vec![0xda, 0xbb, self.flags, 0];
        frame.extend(id.to_be_bytes());
        frame.extend(
            u32::try_from(body.len())
                .expect("a body below 4 GiB")
                .to_be_bytes(),
        );
        frame.extend(&body);
        frame
    }
}

/// Values as they stand in a body, one after the other.
///
/// # Panics
/// A value refers to a place that is not there.
#[must_use]
pub fn values(values: &[Value]) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    let mut encoder = Encoder::new(&mut bytes);
    for value in values {
        encoder
            .write_value(value)
            .expect("a value that can be written");
    }
    bytes.to_vec()
}

/// An answer.
#[derive(Debug)]
pub struct Response {
    /// The request's id.
    pub id: i64,
    /// The status: 20 is well.
    pub status: u8,
    /// The body.
    pub body: Vec<u8>,
}

/// Reads the next response in hessian2.
///
/// # Errors
/// The connection ended or was silent for its time-out, or what came is something else.
pub fn read_response(stream: &mut TcpStream) -> io::Result<Response> {
    let mut head = [0; 16];
    stream.read_exact(&mut head)?;
    let [0xda, 0xbb, 0x02, status, id @ .., _, _, _, _] = head else {
        return Err(io::Error::other(format!("no response: {head:02x?}")));
    };
    let [.., a, b, c, d] = head;
    let length = u32::from_be_bytes([a, b, c, d]);
    let mut body = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    stream.read_exact(&mut body)?;
    Ok(Response {
        id: i64::from_be_bytes(id),
        status,
        body,
    })
}

/// Sends a request and reads the next response.
///
/// # Errors
/// As [`read_response`], or nothing could be written.
pub fn ask(stream: &mut TcpStream, request: &Request<'_>, id: i64) -> io::Result<Response> {
    stream.write_all(&request.frame(id))?;
    read_response(stream)
}

/// `host:port` of a URL.
#[must_use]
pub fn place(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or(rest)
}
