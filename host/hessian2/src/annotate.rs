//! Explaining a stream byte range by byte range, for people who look at captures.
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used
)]

use std::ops::Range;

use crate::{
    decode::{Decoder, Scalar},
    error::Result,
    tag::Kind,
};

/// Characters of a string, and bytes of a binary, that an explanation shows.
const SHOWN: usize = 60;

/// A range of bytes and what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Offsets in the input, never empty.
    pub range: Range<usize>,
    /// Nesting, 0 for a top-level value.
    pub depth: u32,
    /// Meaning, in words.
    pub meaning: String,
}

/// Explains all values of a stream. The spans are in order and cover each byte exactly once.
///
/// # Errors
/// When the bytes are not Hessian.
pub fn annotate(input: &[u8]) -> Result<Vec<Span>> {
    let mut decoder = Decoder::new(input);
    let mut spans = Vec::new();
    while !decoder.is_empty() {
        spans.append(&mut decoder.annotate_value()?);
    }
    Ok(spans)
}

impl Decoder<'_> {
    /// Steps over the next value and explains its bytes. The spans are in order and cover each byte exactly once.
    ///
    /// # Errors
    /// As [`skip_value`](Self::skip_value).
    pub fn annotate_value(&mut self) -> Result<Vec<Span>> {
        self.guarded(|decoder| {
            let mut walk = Walk {
                decoder,
                spans: Vec::new(),
                depth: 0,
            };
            walk.value("")?;
            Ok(walk.spans)
        })
    }
}

struct Walk<'w, 'a> {
    decoder: &'w mut Decoder<'a>,
    spans: Vec<Span>,
    depth: u32,
}

impl Walk<'_, '_> {
    /// Ends a span that started at `from`.
    fn span(&mut self, from: usize, meaning: String) {
        self.span_to(from, self.decoder.position(), meaning);
    }

    fn span_to(&mut self, from: usize, to: usize, meaning: String) {
        if from < to {
            self.spans.push(Span {
                range: from..to,
                depth: self.depth,
                meaning,
            });
        }
    }

    /// Explains one value; `role` says what it is to the value around it.
    fn value(&mut self, role: &str) -> Result<()> {
        while self.decoder.peek()? == b'C' {
            self.class()?;
        }
        let from = self.decoder.position();
        let (tag, kind) = self.decoder.begin()?;
        match kind {
            Kind::String => self.string(from, tag, role),
            Kind::Binary => self.binary(from, tag, role),
            Kind::Ref => {
                let slot = self.decoder.reference()?;
                self.span(from, format!("{role}reference to slot {slot}"));
                Ok(())
            }
            Kind::List | Kind::Map | Kind::Object => {
                let slot = self.decoder.tables().refs;
                let scope = self.decoder.enter()?;
                match kind {
                    Kind::List => self.list(from, tag, role, slot),
                    Kind::Map => self.map(from, tag, role, slot),
                    _ => self.object(from, tag, role, slot),
                }?;
                self.decoder.leave(scope);
                Ok(())
            }
            _ => {
                let meaning = self
                    .decoder
                    .scalar(tag, kind)?
                    .map(|scalar| plain(&scalar))
                    .unwrap_or_default();
                self.span(from, format!("{role}{meaning}"));
                Ok(())
            }
        }
    }

    /// Explains a class definition. It is read first, so that the tables have it, and walked then.
    fn class(&mut self) -> Result<()> {
        let from = self.decoder.position();
        let mark = self.decoder.mark();
        self.decoder.byte()?;
        self.decoder.define_class()?;
        let after = self.decoder.mark();
        self.decoder.rewind(mark);
        self.decoder.byte()?;
        self.span(from, format!("class definition {}", mark.tables().classes));
        self.name("class name")?;
        let from = self.decoder.position();
        let count = self.decoder.length("fields")?;
        self.span(from, format!("{count} fields"));
        for field in 0..count {
            self.name(&format!("field {field}"))?;
        }
        self.decoder.rewind(after);
        Ok(())
    }

    /// Explains a string that is part of a definition.
    fn name(&mut self, role: &str) -> Result<()> {
        let from = self.decoder.position();
        let tag = self.decoder.byte()?;
        self.string(from, tag, &format!("{role}: "))
    }

    fn string(&mut self, from: usize, tag: u8, role: &str) -> Result<()> {
        let (mut from, mut tag) = (from, tag);
        let mut role = role.to_owned();
        loop {
            let chunk = self.decoder.text_chunk(tag)?;
            let (end, length) = (self.decoder.position(), chunk.bytes.len());
            let contents = end.saturating_sub(length);
            let text = String::from_utf8_lossy(chunk.bytes);
            let more = if tag == b'R' {
                ", more chunks follow"
            } else {
                ""
            };
            self.span_to(
                from,
                contents,
                format!("{role}string of {length} bytes{more}"),
            );
            self.span_to(contents, end, shown(&text));
            if tag != b'R' {
                return Ok(());
            }
            from = end;
            tag = self.decoder.chunk_tag(Kind::String)?;
            role = String::from("next chunk: ");
        }
    }

    fn binary(&mut self, from: usize, tag: u8, role: &str) -> Result<()> {
        let (mut from, mut tag) = (from, tag);
        let mut role = role.to_owned();
        loop {
            let bytes = self.decoder.binary_chunk(tag)?;
            let end = self.decoder.position();
            let contents = end.saturating_sub(bytes.len());
            let more = if tag == b'A' {
                ", more chunks follow"
            } else {
                ""
            };
            self.span_to(
                from,
                contents,
                format!("{role}binary of {} bytes{more}", bytes.len()),
            );
            self.span_to(contents, end, String::from("contents"));
            if tag != b'A' {
                return Ok(());
            }
            from = end;
            tag = self.decoder.chunk_tag(Kind::Binary)?;
            role = String::from("next chunk: ");
        }
    }

    fn list(&mut self, from: usize, tag: u8, role: &str, slot: u32) -> Result<()> {
        let short = if tag >= 0x70 {
            format!(" of {}", tag & 0x07)
        } else {
            String::new()
        };
        self.span(from, format!("{role}list{short}, slot {slot}"));
        if matches!(tag, 0x55 | 0x56 | 0x70..=0x77) {
            self.type_name()?;
        }
        let mut left = match tag {
            0x55 | 0x57 => None,
            0x56 | 0x58 => {
                let from = self.decoder.position();
                let length = self.decoder.length("elements")?;
                self.span(from, format!("{length} elements"));
                Some(length)
            }
            _ => Some(u32::from(tag & 0x07)),
        };
        let mut index = 0_u32;
        loop {
            let from = self.decoder.position();
            if !self.decoder.more(&mut left)? {
                self.span(from, String::from("end of list"));
                return Ok(());
            }
            self.part(&format!("element {index}: "))?;
            index = index.saturating_add(1);
        }
    }

    fn map(&mut self, from: usize, tag: u8, role: &str, slot: u32) -> Result<()> {
        self.span(from, format!("{role}map, slot {slot}"));
        if tag == b'M' {
            self.type_name()?;
        }
        loop {
            let from = self.decoder.position();
            if self.decoder.ended()? {
                self.span(from, String::from("end of map"));
                return Ok(());
            }
            self.part("key: ")?;
            self.part("value: ")?;
        }
    }

    fn object(&mut self, from: usize, tag: u8, role: &str, slot: u32) -> Result<()> {
        let class = self.decoder.class_index(tag)?;
        let name = cut(self.decoder.class_name(class)).to_owned();
        self.span(
            from,
            format!("{role}object of class {class} {name}, slot {slot}"),
        );
        for field in 0..self.decoder.field_count(class) {
            let name = self
                .decoder
                .field_name(class, field)
                .map(|name| cut(name).to_owned())
                .unwrap_or_default();
            self.part(&format!("{name}: "))?;
        }
        Ok(())
    }

    fn part(&mut self, role: &str) -> Result<()> {
        self.depth = self.depth.saturating_add(1);
        self.value(role)?;
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }

    /// Explains a type name, or the index of an earlier one.
    fn type_name(&mut self) -> Result<()> {
        let from = self.decoder.position();
        let mark = self.decoder.mark();
        let index = self.decoder.type_index()?;
        let after = self.decoder.mark();
        if index < mark.tables().types {
            let name = self
                .decoder
                .type_name(index)
                .map(|name| cut(name).to_owned())
                .unwrap_or_default();
            self.span(from, format!("type {index} again: {name}"));
            return Ok(());
        }
        self.decoder.rewind(mark);
        self.name(&format!("type {index}"))?;
        self.decoder.rewind(after);
        Ok(())
    }
}

/// A number, date, bool or null in words.
fn plain(scalar: &Scalar<'_>) -> String {
    match scalar {
        Scalar::Null => String::from("null"),
        Scalar::Bool(truth) => format!("bool {truth}"),
        Scalar::Int(number) => format!("int {number}"),
        Scalar::Long(number) => format!("long {number}"),
        Scalar::Double(number) => format!("double {number:?}"),
        Scalar::Date(millis) => format!("date, {millis} ms since 1970"),
        Scalar::Text(text) => shown(text),
        Scalar::Binary(bytes) => format!("binary of {} bytes", bytes.len()),
    }
}

/// The start of a text, quoted.
fn shown(text: &str) -> String {
    let start = cut(text);
    let more = if start.len() < text.len() { ".." } else { "" };
    format!("{start:?}{more}")
}

/// The start of a text. A name stands once in the input and may be shown a million times.
fn cut(text: &str) -> &str {
    let end = text
        .char_indices()
        .nth(SHOWN)
        .map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or_default()
}
