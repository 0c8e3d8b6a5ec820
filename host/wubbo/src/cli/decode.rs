//! `wubbo decode`: what the bytes of a capture say.

mod input;
mod typed;

use anyhow::{Context, anyhow, bail};
use bytes::BytesMut;
use serde_json::{Value as Json, json};
use wubbo_core::Error;
use wubbo_hessian2::{Decoder, Encoder, Span};

use super::output;

/// Both bytes that a Dubbo frame starts with.
const MAGIC: [u8; 2] = [0xda, 0xbb];
/// Length of a frame's header.
const HEADER_BYTES: usize = 16;
/// Bytes of a range that are shown beside its meaning.
const SHOWN: usize = 16;

/// Shows Dubbo frames or a bare Hessian 2.0 value as JSON with types, or byte range by byte range.
///
/// Several frames in a row are shown one after the other. Exit codes: 0 decoded, 1 not (the offset and the cause on standard error).
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
    /// Shows, too, the hex that this implementation writes for the same value.
    #[arg(long)]
    reencode: bool,
    /// Takes one hexadecimal value per line of input, and gives one JSON object per line: {"value": ..} or {"error": ".."}.
    #[arg(long)]
    lines: bool,
}

impl Decode {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        if self.lines {
            for line in input::text(&self.hex)?.lines() {
                output::line(&self.line(line).to_string());
            }
            return Ok(());
        }
        let bytes = input::bytes(&self.hex)?;
        if self.annotate {
            // First the ranges: they show how far a broken capture can be read.
            for span in annotated(&bytes)? {
                output::line(&shown(&span, &bytes));
            }
        }
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let one = One::decode(rest).with_context(|| place(bytes.len() - rest.len()))?;
            if !self.annotate {
                output::line(&format!("{:#}", one.json));
            }
            if self.reencode {
                output::line(&input::to_hex(&one.reencoded));
            }
            rest = rest.get(one.length..).unwrap_or_default();
        }
        Ok(())
    }

    /// The answer to one line; never fails.
    fn line(&self, line: &str) -> Json {
        let one = input::from_hex(line).and_then(|bytes| {
            let one = One::decode(&bytes)?;
            match bytes.len() - one.length {
                0 => Ok(one),
                left => bail!("{left} bytes behind the frame, at byte {}", one.length),
            }
        });
        match one {
            Ok(one) if self.reencode => {
                json!({ "value": one.json, "reencoded": input::to_hex(&one.reencoded) })
            }
            Ok(one) => json!({ "value": one.json }),
            Err(error) => json!({ "error": format!("{error:#}") }),
        }
    }
}

/// What cannot be decoded.
fn place(offset: usize) -> String {
    match offset {
        0 => "cannot be decoded".to_owned(),
        _ => format!("the frame at byte {offset} cannot be decoded"),
    }
}

/// A frame or value that was read.
struct One {
    json: Json,
    reencoded: BytesMut,
    /// Bytes that it takes of the input.
    length: usize,
}

impl One {
    /// Reads the frame at the front of `bytes`, or the value that they are.
    fn decode(bytes: &[u8]) -> anyhow::Result<Self> {
        if bytes.starts_with(&MAGIC) {
            return Self::frame(bytes);
        }
        Self::value(bytes).map_err(|error| match bytes {
            // Long enough for a frame, and half a frame's start: it was probably meant as one.
            [first, second, ..]
                if bytes.len() >= HEADER_BYTES && (*first == MAGIC[0] || *second == MAGIC[1]) =>
            {
                error.context(format!(
                    "no dubbo frame, which starts with dabb and not {first:02x}{second:02x}, and no hessian value"
                ))
            }
            _ => error.context("no dubbo frame, which starts with dabb, and no hessian value"),
        })
    }

    fn frame(bytes: &[u8]) -> anyhow::Result<Self> {
        let frame = wubbo_protocol::describe(bytes).map_err(reported)?;
        Ok(Self {
            json: typed::frame(&frame),
            reencoded: wubbo_protocol::reencode(bytes).map_err(reported)?,
            length: frame.length,
        })
    }

    fn value(bytes: &[u8]) -> anyhow::Result<Self> {
        let mut decoder = Decoder::new(bytes);
        let value = decoder.read_value()?;
        if !decoder.is_empty() {
            let left = decoder.remaining().len();
            bail!(
                "{left} bytes behind the value, at byte {}",
                decoder.position()
            );
        }
        let mut reencoded = BytesMut::new();
        Encoder::new(&mut reencoded).write_value(&value)?;
        Ok(Self {
            json: typed::json(&value),
            reencoded,
            length: bytes.len(),
        })
    }
}

/// The whole chain on one line: an [`Error`] prints its own level only.
fn reported(error: Error) -> anyhow::Error {
    anyhow!(error.report())
}

fn annotated(bytes: &[u8]) -> anyhow::Result<Vec<Span>> {
    if bytes.starts_with(&MAGIC) {
        return wubbo_protocol::annotate(bytes).map_err(reported);
    }
    wubbo_hessian2::annotate(bytes)
        .context("no dubbo frame, which starts with dabb, and no hessian value")
}

/// `offset..end  bytes  meaning`, indented by its depth.
fn shown(span: &Span, bytes: &[u8]) -> String {
    let raw = bytes.get(span.range.clone()).unwrap_or_default();
    let mut hex = input::to_hex(raw.get(..SHOWN).unwrap_or(raw));
    if raw.len() > SHOWN {
        hex.push_str("..");
    }
    let indent = "  ".repeat(span.depth as usize);
    format!(
        "{:>6}..{:<6} {hex:34} {indent}{}",
        span.range.start, span.range.end, span.meaning
    )
}

#[cfg(test)]
mod tests;
