//! Explaining captured frames byte range by byte range, for `wubbo decode --annotate`.

use wubbo_core::{Error, ErrorKind, Status};
use wubbo_hessian2::{Decoder, Result as HessianResult, Span};

use super::descriptor;
use super::header::{FrameKind, HEADER_BYTES, HESSIAN2, Header};

/// Explains the frames that `bytes` are. The spans are in order and cover every byte exactly once.
///
/// A body that cannot be read, or of which a part is missing, ends in one span that says so.
///
/// # Errors
/// [`ErrorKind::BadRequest`]: the bytes start with no header, or with a part of one.
pub fn annotate(bytes: &[u8]) -> Result<Vec<Span>, Error> {
    let mut spans = Spans::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        let Some((head, behind)) = rest.split_first_chunk::<HEADER_BYTES>() else {
            if spans.end == 0 {
                let message = format!(
                    "a frame starts with {HEADER_BYTES} bytes, {} are here",
                    rest.len()
                );
                return Err(Error::new(ErrorKind::BadRequest, message));
            }
            spans.push(rest.len(), 0, "the start of a further frame".into());
            break;
        };
        match Header::parse(head) {
            Ok(header) => rest = frame(&mut spans, &header, head, behind),
            Err(error) if spans.end == 0 => {
                return Err(Error::with_source(
                    ErrorKind::BadRequest,
                    "no dubbo frame",
                    error,
                ));
            }
            Err(error) => {
                spans.push(rest.len(), 0, format!("behind the frame: {error}"));
                break;
            }
        }
    }
    Ok(spans.all)
}

/// Spans, each starting where the one before it ends.
#[derive(Default)]
struct Spans {
    all: Vec<Span>,
    end: usize,
}

impl Spans {
    fn push(&mut self, length: usize, depth: u32, meaning: String) {
        if length == 0 {
            return;
        }
        let start = self.end;
        self.end = start.saturating_add(length);
        self.all.push(Span {
            range: start..self.end,
            depth,
            meaning,
        });
    }
}

/// Explains one frame; what is behind it.
fn frame<'b>(
    spans: &mut Spans,
    header: &Header,
    head: &[u8; HEADER_BYTES],
    behind: &'b [u8],
) -> &'b [u8] {
    let here = header.body_bytes.min(behind.len());
    let (body, rest) = behind.split_at_checked(here).unwrap_or((behind, &[]));
    let missing = header.body_bytes.saturating_sub(here);
    spans.push(2, 0, "magic".into());
    spans.push(1, 0, flags(header));
    spans.push(1, 0, status(header, head));
    spans.push(8, 0, format!("request id {}", header.id));
    let short = if missing > 0 {
        format!(", {missing} of them are missing")
    } else {
        String::new()
    };
    spans.push(4, 0, format!("body of {} bytes{short}", header.body_bytes));
    let end = spans.end.saturating_add(body.len());
    let failure = Body {
        spans,
        start: end.saturating_sub(body.len()),
        decoder: Decoder::new(body),
    }
    .explain(header);
    let left = end.saturating_sub(spans.end);
    match failure {
        Some(reason) => spans.push(left, 0, reason),
        None => spans.push(left, 0, format!("surplus, ignored: {left} bytes")),
    }
    rest
}

fn flags(header: &Header) -> String {
    let kind = match (header.kind, header.event) {
        (FrameKind::Request { two_way: true }, false) => "two-way request",
        (FrameKind::Request { two_way: false }, false) => "one-way request",
        (FrameKind::Request { two_way: true }, true) => "two-way event",
        (FrameKind::Request { two_way: false }, true) => "one-way event",
        (FrameKind::Response { .. }, false) => "response",
        (FrameKind::Response { .. }, true) => "answer to an event",
    };
    format!(
        "flags: {kind}, serialization {}",
        serialization(header.serialization)
    )
}

fn status(header: &Header, head: &[u8; HEADER_BYTES]) -> String {
    match header.kind {
        FrameKind::Response { status } => format!("status {} {}", status.0, status_name(status)),
        FrameKind::Request { .. } => match head {
            [_, _, _, 0, ..] => "no status in a request".into(),
            [_, _, _, byte, ..] => format!("no status in a request, {byte} is ignored"),
        },
    }
}

/// Dubbo's name of a status (spec/40 section 3.3, live-peer fact LJ-5).
pub(super) fn status_name(status: Status) -> &'static str {
    match status.0 {
        20 => "OK",
        25 => "SERIALIZATION_ERROR",
        30 => "CLIENT_TIMEOUT",
        31 => "SERVER_TIMEOUT",
        35 => "CHANNEL_INACTIVE",
        40 => "BAD_REQUEST",
        50 => "BAD_RESPONSE",
        60 => "SERVICE_NOT_FOUND",
        70 => "SERVICE_ERROR",
        80 => "SERVER_ERROR",
        90 => "CLIENT_ERROR",
        100 => "SERVER_THREADPOOL_EXHAUSTED_ERROR",
        _ => "that Dubbo does not define",
    }
}

/// A serialization's id with its name (spec/40 section 3.2).
fn serialization(id: u8) -> String {
    let name = match id {
        2 => "hessian2",
        3 => "java",
        4 => "compactedjava",
        6 => "fastjson",
        7 => "nativejava",
        8 => "kryo",
        9 => "fst",
        10 => "native-hessian",
        11 => "avro",
        12 => "protostuff",
        16 => "gson",
        21 => "protobuf-json",
        22 => "protobuf",
        25 => "kryo2",
        _ => "unknown",
    };
    format!("{id} ({name})")
}

/// A body on its way of being explained.
struct Body<'s, 'b> {
    spans: &'s mut Spans,
    /// Where the body starts.
    start: usize,
    decoder: Decoder<'b>,
}

impl Body<'_, '_> {
    /// Explains value after value; why it had to stop, if it had to.
    fn explain(mut self, header: &Header) -> Option<String> {
        if header.serialization != HESSIAN2 {
            return Some(format!(
                "body in serialization {}, which is not read",
                serialization(header.serialization)
            ));
        }
        if self.decoder.is_empty() {
            return None;
        }
        let explained = match header.kind {
            _ if header.event => self.value("event data"),
            FrameKind::Request { .. } => self.request(),
            FrameKind::Response { status: Status::OK } => self.result(),
            FrameKind::Response { .. } => self.value("error text"),
        };
        match explained {
            Ok(stopped) => stopped,
            Err(error) => Some(format!("cannot be read: {error} of the body")),
        }
    }

    fn request(&mut self) -> HessianResult<Option<String>> {
        for name in ["dubbo version", "path", "service version", "method"] {
            self.value(name)?;
        }
        let mark = self.decoder.mark();
        let types = self.decoder.read_optional_str()?.unwrap_or_default();
        self.decoder.rewind(mark);
        self.value("parameter types")?;
        let Some(types) = descriptor::split(&types) else {
            return Ok(Some(
                "arguments, which cannot be told apart: the parameter types are malformed".into(),
            ));
        };
        for (index, type_name) in types.iter().enumerate() {
            self.value(&format!("argument {index}, {type_name}"))?;
        }
        self.value("attachments")
    }

    fn result(&mut self) -> HessianResult<Option<String>> {
        let mark = self.decoder.mark();
        let flag = self.decoder.read_i32()?;
        self.decoder.rewind(mark);
        let (name, value, attachments) = match flag {
            0 => ("exception", true, false),
            1 => ("value", true, false),
            2 => ("null", false, false),
            3 => ("exception and attachments", true, true),
            4 => ("value and attachments", true, true),
            5 => ("null and attachments", false, true),
            _ => return Ok(Some(format!("unknown result flag {flag}"))),
        };
        self.value(&format!("result flag, {name}"))?;
        if value {
            self.value(if matches!(flag, 0 | 3) {
                "exception"
            } else {
                "value"
            })?;
        }
        if attachments {
            self.value("attachments")?;
        }
        Ok(None)
    }

    /// Explains the next value under its name. Never stops the walk.
    fn value(&mut self, name: &str) -> HessianResult<Option<String>> {
        for (index, span) in self.decoder.annotate_value()?.into_iter().enumerate() {
            let meaning = if index == 0 {
                format!("{name}: {}", span.meaning)
            } else {
                span.meaning
            };
            // Spans of one value follow each other and the value before; the start is where the last one ended.
            debug_assert_eq!(self.start.saturating_add(span.range.start), self.spans.end);
            self.spans.push(span.range.len(), span.depth, meaning);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dubbo::tests::vectors::frames;

    /// The spans of `bytes`, after checking that they cover each byte exactly once.
    fn covered(id: &str, bytes: &[u8]) -> Vec<Span> {
        let spans = annotate(bytes).unwrap_or_else(|error| panic!("{id}: {}", error.report()));
        let mut end = 0;
        for span in &spans {
            assert_eq!(span.range.start, end, "{id}: {}", span.meaning);
            assert!(span.range.end > end, "{id}: {}", span.meaning);
            end = span.range.end;
        }
        assert_eq!(end, bytes.len(), "{id}");
        spans
    }

    #[test]
    fn spans_cover_every_vector_exactly_once() {
        let mut readable = 0;
        for (id, bytes) in frames() {
            if id == "F-24" {
                assert!(annotate(&bytes).is_err(), "{id}");
                continue;
            }
            let spans = covered(id, &bytes);
            assert!(
                spans
                    .iter()
                    .all(|span| !span.meaning.contains("cannot be read")),
                "{id}: {spans:?}"
            );
            readable += 1;
        }
        assert_eq!(readable, 23);
    }

    #[test]
    fn every_cut_of_every_vector_is_covered_too() {
        for (id, bytes) in frames().into_iter().filter(|(id, _)| *id != "F-24") {
            for end in HEADER_BYTES..bytes.len() {
                covered(&format!("{id} cut at {end}"), &bytes[..end]);
            }
            for end in 1..HEADER_BYTES {
                assert!(annotate(&bytes[..end]).is_err(), "{id} cut at {end}");
            }
        }
    }

    #[test]
    fn values_are_named() {
        let (id, bytes) = frames().into_iter().find(|(id, _)| *id == "F-07").unwrap();
        let meanings: Vec<String> = covered(id, &bytes)
            .into_iter()
            .map(|span| span.meaning)
            .collect();
        for name in [
            "magic",
            "flags: two-way request, serialization 2 (hessian2)",
            "request id 1",
            "body of 147 bytes",
            "dubbo version: string of 5 bytes",
            "argument 0, Ljava/lang/String;: string of 4 bytes",
            "attachments: map, slot 0",
        ] {
            assert!(
                meanings.iter().any(|meaning| meaning == name),
                "{name}: {meanings:#?}"
            );
        }
    }

    #[test]
    fn surplus_bytes_and_further_frames_are_told() {
        let frames: Vec<_> = frames();
        let dubbo_go = &frames.iter().find(|(id, _)| *id == "F-16").unwrap().1;
        let heartbeat = &frames.iter().find(|(id, _)| *id == "F-01").unwrap().1;
        let spans = covered("F-16", dubbo_go);
        assert_eq!(spans.last().unwrap().meaning, "surplus, ignored: 1 bytes");
        let both = [dubbo_go.as_slice(), heartbeat, &heartbeat[..5]].concat();
        let spans = covered("two and a bit", &both);
        assert_eq!(
            spans.iter().filter(|span| span.meaning == "magic").count(),
            2
        );
        assert_eq!(
            spans.last().unwrap().meaning,
            "the start of a further frame"
        );
    }
}
