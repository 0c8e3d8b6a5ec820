//! `wubbo decode`: what the bytes of a capture say.

mod input;
mod typed;

use anyhow::{Context, anyhow};
use bytes::{BufMut, BytesMut};
use serde_json::{Value as Json, json};
use wubbo_hessian2::{Decoder, Encoder, Span, Value};
use wubbo_protocol::{Content, Frame};

use super::output;

/// Both bytes that a Dubbo frame starts with.
const MAGIC: [u8; 2] = [0xda, 0xbb];
/// Length of a frame's header, whose last four bytes are the body's length.
const HEADER_BYTES: usize = 16;

/// Shows a Dubbo frame or a bare Hessian 2.0 value as JSON with types, or byte range by byte range.
///
/// Several values or frames in a row are shown one after the other. Exit codes: 0 decoded, 1 not (the offset and the cause on standard error).
///
/// Example: wubbo decode --annotate --hex dabbe2000000000000000001000000014e
#[derive(Debug, clap::Args)]
pub(crate) struct Decode {
    /// Hexadecimal text, a file (hexadecimal text or the bytes themselves), or - for standard input.
    #[arg(
        long,
        value_name = "TEXT or FILE or -",
        default_value = "-",
        allow_hyphen_values = true
    )]
    hex: String,
    /// Shows each byte range and its meaning.
    #[arg(long, conflicts_with = "lines")]
    annotate: bool,
    /// Shows the hex that this implementation writes for the same value.
    #[arg(long)]
    reencode: bool,
    /// Takes one hexadecimal value per line of input, and gives one JSON object per line: {"value": ..} or {"error": ".."}.
    #[arg(long)]
    lines: bool,
}

impl Decode {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        if self.lines {
            for line in input::text(&self.hex)?
                .lines()
                .filter(|line| !line.trim().is_empty())
            {
                output::line(&self.line(line).to_string());
            }
            return Ok(());
        }
        let bytes = input::bytes(&self.hex)?;
        if self.annotate {
            for span in annotated(&bytes)? {
                output::line(&shown(&span, &bytes));
            }
            return Ok(());
        }
        for part in parts(&bytes)? {
            output::line(&format!("{:#}", decoded(part)?));
            if self.reencode {
                output::line(&input::to_hex(&reencoded(part)?));
            }
        }
        Ok(())
    }

    fn line(&self, line: &str) -> Json {
        let one = || -> anyhow::Result<Json> {
            let bytes = input::from_hex(line)?;
            let mut answer = json!({ "value": decoded(&bytes)? });
            if self.reencode {
                answer["reencoded"] = Json::from(input::to_hex(&reencoded(&bytes)?));
            }
            Ok(answer)
        };
        one().unwrap_or_else(|error| json!({ "error": format!("{error:#}") }))
    }
}

fn is_frame(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// The frames of a stream one by one; values stay together, since they share their numbers.
fn parts(bytes: &[u8]) -> anyhow::Result<Vec<&[u8]>> {
    if !is_frame(bytes) {
        return Ok(vec![bytes]);
    }
    let (mut parts, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        let frame = wubbo_protocol::describe(rest).map_err(|error| {
            anyhow!("at offset {}: {}", bytes.len() - rest.len(), error.report())
        })?;
        let (part, behind) = rest
            .split_at_checked(frame.length)
            .context("a frame is longer than its bytes")?;
        parts.push(part);
        rest = behind;
    }
    Ok(parts)
}

fn annotated(bytes: &[u8]) -> anyhow::Result<Vec<Span>> {
    if is_frame(bytes) {
        return wubbo_protocol::annotate(bytes).map_err(|error| anyhow!("{}", error.report()));
    }
    wubbo_hessian2::annotate(bytes).context("no hessian value")
}

/// `offset..end  bytes  meaning`, indented by its depth.
fn shown(span: &Span, bytes: &[u8]) -> String {
    let raw = bytes.get(span.range.clone()).unwrap_or_default();
    let mut hex = input::to_hex(raw.get(..16).unwrap_or(raw));
    if raw.len() > 16 {
        hex.push_str("..");
    }
    let indent = "  ".repeat(span.depth as usize);
    format!(
        "{:>6}..{:<6} {hex:34} {indent}{}",
        span.range.start, span.range.end, span.meaning
    )
}

fn decoded(bytes: &[u8]) -> anyhow::Result<Json> {
    if is_frame(bytes) {
        let frame =
            wubbo_protocol::describe(bytes).map_err(|error| anyhow!("{}", error.report()))?;
        return Ok(frame_json(&frame));
    }
    let mut values = values(bytes)?;
    match values.len() {
        1 => Ok(typed::json(&values.remove(0))),
        _ => Ok(values.iter().map(typed::json).collect()),
    }
}

fn values(bytes: &[u8]) -> anyhow::Result<Vec<Value>> {
    let mut decoder = Decoder::new(bytes);
    let mut values = Vec::new();
    loop {
        values.push(decoder.read_value().context("no hessian value")?);
        if decoder.is_empty() {
            return Ok(values);
        }
    }
}

fn frame_json(frame: &Frame) -> Json {
    let pairs = |pairs: &[(String, Value)]| -> Json {
        pairs
            .iter()
            .map(|(key, value)| (key.clone(), typed::json(value)))
            .collect()
    };
    let content = match &frame.content {
        Content::Request {
            two_way,
            dubbo_version,
            path,
            service,
            method,
            types,
            arguments,
            attachments,
        } => json!({
            "request": {
                "two_way": two_way, "dubbo_version": dubbo_version, "path": path, "service": service, "method": method, "types": types,
                "arguments": arguments.iter().map(typed::json).collect::<Json>(), "attachments": pairs(attachments),
            }
        }),
        Content::Result {
            value,
            exception,
            attachments,
        } => json!({
            "response": { "status": 20, "exception": exception, "value": typed::json(value), "attachments": pairs(attachments) }
        }),
        Content::Failure { status, name, text } => {
            json!({ "response": { "status": status, "name": name, "text": text } })
        }
        Content::Event {
            answer,
            two_way,
            data,
        } => json!({
            "event": { "answer": answer, "two_way": two_way, "data": typed::json(data) }
        }),
        _ => Json::Null,
    };
    let mut whole =
        json!({ "id": frame.id, "serialization": frame.serialization, "bytes": frame.length });
    if let (Some(whole), Json::Object(content)) = (whole.as_object_mut(), content) {
        whole.extend(content);
    }
    whole
}

/// The same values as our encoder writes them; a frame keeps its header but for the length.
fn reencoded(bytes: &[u8]) -> anyhow::Result<BytesMut> {
    let mut out = BytesMut::new();
    let body = match bytes
        .split_at_checked(HEADER_BYTES)
        .filter(|_| is_frame(bytes))
    {
        Some((header, body)) => {
            out.extend_from_slice(header);
            body
        }
        None => bytes,
    };
    let start = out.len();
    let mut encoder = Encoder::new(&mut out);
    for value in values(body)? {
        encoder.write_value(&value)?;
    }
    let length = u32::try_from(out.len() - start)?;
    if let Some(mut place) = out
        .get_mut(HEADER_BYTES - 4..HEADER_BYTES)
        .filter(|_| start > 0)
    {
        place.put_u32(length);
    }
    Ok(out)
}
