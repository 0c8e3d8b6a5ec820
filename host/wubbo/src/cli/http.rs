//! One blocking question to a host's admin server.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};

/// An admin server answers from memory.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer that is read.
const ANSWER_MAX: u64 = 16 << 20;

/// The body at `path` of the admin server `base`, such as `http://127.0.0.1:9090`.
pub(super) fn get(base: &str, path: &str) -> anyhow::Result<String> {
    ask(base, "GET", path, "")
}

/// What the admin server `base` answers to `json` posted to `path`.
pub(super) fn post(base: &str, path: &str, json: &str) -> anyhow::Result<String> {
    ask(base, "POST", path, json)
}

fn ask(base: &str, method: &str, path: &str, json: &str) -> anyhow::Result<String> {
    let location = base.trim_end_matches('/').strip_prefix("http://");
    let Some(location) = location.filter(|rest| !rest.is_empty() && !rest.contains('/')) else {
        bail!("--admin {base}: expected http://host:port");
    };
    let remedy = || {
        format!(
            "no admin server answers at {base}; is the host running, with `admin: {{ listen: \"{location}\" }}`?"
        )
    };
    let mut stream = connect(location).with_context(remedy)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    // HTTP/1.0: the answer ends with the connection, and comes in one piece.
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {location}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{json}",
        json.len()
    )
    .with_context(remedy)?;
    let mut answer = String::new();
    stream
        .take(ANSWER_MAX)
        .read_to_string(&mut answer)
        .with_context(remedy)?;
    body(&answer).map_err(|error| anyhow!("{base}{path}: {error}"))
}

fn connect(location: &str) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::other("the name means no address");
    for address in location.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn body(answer: &str) -> Result<String, String> {
    let cut_off = "the answer is no HTTP; is this the admin address?";
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(cut_off)?;
    let mut words = head.lines().next().unwrap_or_default().splitn(3, ' ');
    match (words.next(), words.next()) {
        (Some(version), Some("200")) if version.starts_with("HTTP/") => Ok(body.to_owned()),
        (Some(version), Some(status)) if version.starts_with("HTTP/") => {
            Err(format!("answered {status}: {}", reason(body)))
        }
        _ => Err(cut_off.to_owned()),
    }
}

/// The message of an error that is JSON, or else the whole text.
fn reason(body: &str) -> String {
    let error: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let message = error
        .as_ref()
        .and_then(|error| error["error"]["message"].as_str());
    message.unwrap_or(body.trim()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_other_than_200_is_an_error() {
        assert_eq!(body("HTTP/1.0 200 OK\r\nA: b\r\n\r\n{}"), Ok("{}".into()));
        assert_eq!(
            body("HTTP/1.1 404 Not Found\r\n\r\nnothing here\n"),
            Err("answered 404: nothing here".into())
        );
        let json = r#"{"error":{"kind":"conflict","message":"it is live already"}}"#;
        assert_eq!(
            body(&format!("HTTP/1.1 409 Conflict\r\n\r\n{json}")),
            Err("answered 409: it is live already".into())
        );
        assert!(body("\u{1}dubbo").unwrap_err().contains("no HTTP"));
    }

    #[test]
    fn an_address_that_cannot_be_is_named() {
        for base in ["127.0.0.1:9090", "https://a:1", "http://", "http://a:1/x"] {
            let error = get(base, "/plugins").unwrap_err().to_string();
            assert!(error.contains("expected http://host:port"), "{error}");
        }
    }
}
