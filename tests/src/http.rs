//! One blocking GET or POST, for the admin endpoints: the smallest client that a test needs.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An endpoint on this machine answers at once; a machine that compiles at the same time is given time.
const LIMIT: Duration = Duration::from_secs(10);

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The body, which must be text.
    pub body: String,
}

/// Asks `http://<address><path>` and reads the whole answer, in at most 10 s for each read. It is asked as HTTP/1.0, so the answer
/// ends with the connection.
///
/// # Errors
/// Nobody listens at `address`, or what came is no HTTP.
pub fn get(address: &str, path: &str) -> io::Result<Response> {
    ask(address, path, "GET", "")
}

/// As [`get`], with a JSON body.
///
/// # Errors
/// As [`get`].
pub fn post(address: &str, path: &str, json: &str) -> io::Result<Response> {
    ask(address, path, "POST", json)
}

fn ask(address: &str, path: &str, method: &str, json: &str) -> io::Result<Response> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{json}",
        json.len()
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    parse(&text).ok_or_else(|| {
        let shown: String = text.chars().take(80).collect();
        io::Error::other(format!(
            "http://{address}{path} answered no HTTP: {shown:?}"
        ))
    })
}

fn parse(text: &str) -> Option<Response> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let line = head.lines().next()?;
    let (version, rest) = line.split_once(' ')?;
    let status = rest.split(' ').next()?.parse().ok()?;
    version.starts_with("HTTP/1.").then(|| Response {
        status,
        body: body.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn the_answer_of_a_listener_is_read_to_its_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 256];
            let count = stream.read(&mut request).unwrap();
            stream
                .write_all(b"HTTP/1.0 503 Busy\r\nA: b\r\n\r\nnot\r\n\r\nready")
                .unwrap();
            String::from_utf8_lossy(&request[..count]).into_owned()
        });
        let response = get(&address, "/ready").unwrap();
        assert_eq!(
            (response.status, &*response.body),
            (503, "not\r\n\r\nready")
        );
        assert!(
            server
                .join()
                .unwrap()
                .starts_with("GET /ready HTTP/1.0\r\n")
        );
    }

    #[test]
    fn what_is_no_http_is_told_from_an_answer() {
        for text in [
            "",
            "hello",
            "HTTP/1.1 abc\r\n\r\n",
            "FTP/1.1 200 OK\r\n\r\n",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
