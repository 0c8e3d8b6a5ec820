//! The server that does least: it parses the 16 bytes of a header and answers fixed bytes. What a server needs more is its work.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use wubbo_tests::process::Error;
use wubbo_tests::wire::{Request, ask, place, values};

use crate::calls::Call;
use crate::server::{Server, on_core};

/// The argument that makes this program such a server; the answer's body follows, in hexadecimal digits.
pub(crate) const MODE: &str = "floor";

const HEADER: usize = 16;
/// A header's flag of an event, such as a heartbeat.
const EVENT: u8 = 0x20;
const READ: usize = 64 * 1024;

/// One that answers what `like` answers to this call.
pub(crate) fn start(core: u32, like: &Server, call: &Call) -> Result<Server, Error> {
    let own = std::env::current_exe().map_err(failed)?;
    let mut stream = TcpStream::connect(place(&like.url)).map_err(failed)?;
    let argument = call.argument();
    let arguments = argument.as_deref().map_or(Ok(Vec::new()), |text| {
        let json: serde_json::Value = serde_json::from_str(text).map_err(failed)?;
        Ok(match json.as_i64() {
            Some(number) => values(&[i32::try_from(number).map_err(failed)?.into()]),
            None => values(&[json.as_str().unwrap_or_default().into()]),
        })
    })?;
    let request = Request {
        method: call.method,
        descriptor: match call.method {
            "touch" => "",
            "listUsers" => "I",
            _ => "Ljava/lang/String;",
        },
        arguments,
        ..Request::default()
    };
    let answer = ask(&mut stream, &request, 1).map_err(failed)?;
    let hex: String = answer
        .body
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut command = on_core(core);
    command.arg(own).args([MODE, &hex]);
    Server::start(command)
}

/// Serves until it is killed. A connection has a thread; all share the one core.
pub(crate) fn serve(answer: &str) -> Result<(), Error> {
    let body = (0..answer.len() / 2)
        .map(|at| u8::from_str_radix(&answer[at * 2..at * 2 + 2], 16))
        .collect::<Result<Vec<u8>, _>>()
        .map_err(failed)?;
    let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
    println!("READY {}", listener.local_addr().map_err(failed)?.port());
    for stream in listener.incoming() {
        let (stream, body) = (stream.map_err(failed)?, body.clone());
        // An end of its connection is the end of the thread.
        thread::spawn(move || connection(stream, &body));
    }
    Ok(())
}

/// Reads as much as is there, and answers all of its calls in one write.
fn connection(mut stream: TcpStream, body: &[u8]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; READ];
    let mut filled = 0;
    let mut out = Vec::with_capacity(READ);
    loop {
        let count = stream.read(&mut buffer[filled..])?;
        if count == 0 {
            return Ok(());
        }
        filled += count;
        let mut at = 0;
        while let Some(frame) = frame(&buffer[at..filled]) {
            answer(&buffer[at..], body, &mut out);
            at += frame;
        }
        buffer.copy_within(at..filled, 0);
        filled -= at;
        stream.write_all(&out)?;
        out.clear();
    }
}

/// The length of the whole frame that the bytes begin with.
fn frame(bytes: &[u8]) -> Option<usize> {
    let length = bytes.get(12..HEADER)?;
    let length = u32::from_be_bytes(length.try_into().ok()?);
    let whole = HEADER + usize::try_from(length).ok()?;
    (whole <= bytes.len()).then_some(whole)
}

fn answer(head: &[u8], body: &[u8], out: &mut Vec<u8>) {
    let event = head[2] & EVENT;
    let body = if event == 0 { body } else { b"N" };
    out.extend([0xda, 0xbb, 0x02 | event, 20]);
    out.extend(&head[4..12]);
    out.extend(u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(body);
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::new(&format!("the server that parses headers: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_frames_are_answered_by_their_ids() {
        let request = Request::default().frame(0x0102_0304_0506_0708);
        assert_eq!(frame(&request), Some(request.len()));
        assert_eq!(frame(&request[..request.len() - 1]), None);
        assert_eq!(frame(&request[..15]), None);
        let mut out = Vec::new();
        answer(&request, &[0x92], &mut out);
        let head = [0xda, 0xbb, 0x02, 20, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1];
        assert_eq!(out, [&head[..], &[0x92]].concat());
    }
}
