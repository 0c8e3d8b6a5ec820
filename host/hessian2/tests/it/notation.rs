//! The vectors' files and the notation in which they say what a value means.

use std::fmt::Write;

use wubbo_hessian2::{Decoder, Encoder, Result, Value};

/// A row of a vector file.
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) meaning: &'static str,
    /// `=` our encoder writes the same bytes, `~` others, `!` the bytes must be refused.
    pub(crate) writes: &'static str,
}

/// Rows of both files.
pub(crate) fn rows() -> Vec<Row> {
    let files = [
        include_str!("../../vectors/hessian2.tsv"),
        include_str!("../../vectors/bodies.tsv"),
    ];
    let lines = files
        .iter()
        .flat_map(|file| file.lines())
        .filter(|line| !line.starts_with('#'));
    let rows: Vec<Row> = lines.map(row).collect();
    assert_eq!(rows.len(), 226 + 23, "a vector got lost");
    rows
}

fn row(line: &'static str) -> Row {
    let cells: Vec<&str> = line.split('\t').collect();
    let [id, _source, bytes, meaning, writes] = cells[..] else {
        panic!("bad line: {line}")
    };
    Row {
        id,
        bytes: unhex(bytes),
        meaning,
        writes,
    }
}

/// Bytes from hexadecimal; `3*61` is the byte 61 three times.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits = |text: &str| -> Vec<u8> {
        let pairs = text.as_bytes().chunks(2);
        pairs
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    };
    let part = |part: &str| match part.split_once('*') {
        Some((count, byte)) => digits(byte).repeat(count.parse().unwrap()),
        None => digits(part),
    };
    text.split(' ').flat_map(part).collect()
}

/// Hexadecimal from bytes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// All values of a stream.
pub(crate) fn read_all(bytes: &[u8]) -> Result<Vec<Value>> {
    let mut decoder = Decoder::new(bytes);
    let mut values = Vec::new();
    while !decoder.is_empty() {
        values.push(decoder.read_value()?);
    }
    Ok(values)
}

/// The stream of these values.
pub(crate) fn write_all(values: &[Value]) -> Vec<u8> {
    let mut out = bytes::BytesMut::new();
    let mut encoder = Encoder::new(&mut out);
    for value in values {
        encoder.write_value(value).unwrap();
    }
    out.to_vec()
}

/// Values in the notation.
pub(crate) fn show_all(values: &[Value]) -> String {
    values.iter().map(show).collect::<Vec<_>>().join(" ; ")
}

/// A value in the notation.
pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Long(number) => format!("{number}L"),
        Value::Double(number) => format!("{number:?}d"),
        Value::Date(millis) => format!("date({millis})"),
        Value::String(text) => show_text(text),
        Value::Binary(bytes) if bytes.len() > 15 && bytes.iter().all(|byte| *byte == bytes[0]) => {
            format!("x'{:02x}'*{}", bytes[0], bytes.len())
        }
        Value::Binary(bytes) => format!("x'{}'", hex(bytes)),
        Value::List(list) => {
            let items = list.items.iter().map(show).collect::<Vec<_>>().join(", ");
            format!("{}[{items}]", show_type(list.type_name.as_deref()))
        }
        Value::Map(map) => {
            let entry = |(key, value): &(Value, Value)| format!("{}: {}", show(key), show(value));
            let entries = map.entries.iter().map(entry).collect::<Vec<_>>().join(", ");
            format!("{}{{{entries}}}", show_type(map.type_name.as_deref()))
        }
        Value::Object(object) => {
            let fields = object
                .iter()
                .map(|(name, value)| format!("{name}={}", show(value)));
            format!(
                "{}({})",
                object.class_name(),
                fields.collect::<Vec<_>>().join(", ")
            )
        }
        Value::Ref(slot) => format!("@{slot}"),
    }
}

fn show_type(name: Option<&str>) -> String {
    name.map(|name| format!("<{name}>")).unwrap_or_default()
}

fn show_text(text: &str) -> String {
    let first = text.chars().next();
    let repeated = text
        .chars()
        .take_while(|scalar| Some(*scalar) == first)
        .count();
    if repeated > 64 {
        let rest: String = text.chars().skip(repeated).collect();
        let head = format!("{}*{repeated}", show_text(&first.unwrap().to_string()));
        return if rest.is_empty() {
            head
        } else {
            format!("{head}+{}", show_text(&rest))
        };
    }
    let mut out = String::from("\"");
    for scalar in text.chars() {
        match scalar {
            '"' | '\\' => out.extend(['\\', scalar]),
            ' '..='~' => out.push(scalar),
            _ => write!(out, "\\u{{{:x}}}", u32::from(scalar)).unwrap(),
        }
    }
    out + "\""
}
