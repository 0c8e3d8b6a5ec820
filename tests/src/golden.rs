//! Golden bytes of foreign encoders (`vectors/*.tsv`), the codec's vectors:
//! - what hessian-lite writes for each value of the Java peers' `echoObject` cases, and what it reads back
//!   (`hessian-lite-4.tsv` for 4.0.4, `hessian-lite-3.tsv` for 3.2.13); the Rust consumer sends the same in these cases;
//! - what hessian-lite and dubbo-go-hessian2 write for several values of each row of the type mapping (`rows-*.tsv`).
//!
//! A run of 64 equal characters or more is written as the character and its count in angle quotes: `‹7*65536›`.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;
use wubbo_hessian2::{Decoder, Value};

use crate::java::Line;

/// One row.
#[derive(Debug, Clone)]
pub struct Golden {
    /// Id of the case, without `echoObject/`.
    pub id: String,
    /// The bytes of a stream that holds this value alone.
    pub bytes: Vec<u8>,
    /// The canonical form of what hessian-lite reads back from them; `{"unreadable": ..}` when it cannot.
    pub canonical: Json,
}

impl Golden {
    /// The value, as it is read here.
    ///
    /// # Errors
    /// The row's id and what the decoder said.
    pub fn value(&self) -> Result<Value, String> {
        let mut decoder = Decoder::new(&self.bytes);
        let value = decoder
            .read_value()
            .map_err(|error| format!("{}: {error}", self.id))?;
        match decoder.remaining().len() {
            0 => Ok(value),
            left => Err(format!("{}: {left} bytes are left", self.id)),
        }
    }
}

/// A file of golden bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// The `echoObject` cases of a line's Java peers.
    Cases(Line),
    /// Several values of each row of the type mapping, from a line's hessian-lite.
    Rows(Line),
    /// The same from dubbo-go-hessian2.
    GoRows,
}

impl Set {
    /// Every file.
    pub const ALL: [Set; 5] = [
        Set::Cases(Line::Dubbo3),
        Set::Cases(Line::Dubbo2),
        Set::Rows(Line::Dubbo3),
        Set::Rows(Line::Dubbo2),
        Set::GoRows,
    ];

    fn file(self) -> String {
        match self {
            Set::Cases(line) => line.vectors().to_owned(),
            Set::Rows(line) => format!("rows-{}", line.vectors()),
            Set::GoRows => "rows-dubbo-go.tsv".to_owned(),
        }
    }
}

/// All rows of a set, in the order of the file.
///
/// # Errors
/// The file is missing, or a row has not three columns; the text names it.
pub fn rows(set: Set) -> Result<Vec<Golden>, String> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let file = vectors.join(set.file());
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !line.starts_with('#'))
        .map(|(number, line)| {
            row(line).ok_or_else(|| format!("{}:{}: no row", file.display(), number + 1))
        })
        .collect()
}

fn row(line: &str) -> Option<Golden> {
    let mut columns = line.split('\t');
    let row = Golden {
        id: columns.next()?.to_owned(),
        bytes: unhex(&expanded(columns.next()?)?)?,
        canonical: serde_json::from_str(&expanded(columns.next()?)?).ok()?,
    };
    columns.next().is_none().then_some(row)
}

/// The text with each run written out.
fn expanded(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, run)) = rest.split_once('‹') {
        let (run, after) = run.split_once('›')?;
        let (repeated, count) = run.split_once('*')?;
        out.push_str(before);
        out.push_str(&repeated.repeat(count.parse().ok()?));
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let pairs = digits?;
    if !pairs.len().is_multiple_of(2) {
        return None;
    }
    pairs
        .chunks_exact(2)
        .map(|pair| u8::try_from(pair[0] << 4 | pair[1]).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_written_out() {
        let row = row("a\t42‹0*6›ff\t\"‹w*3›\"").unwrap();
        assert_eq!(row.bytes, [0x42, 0, 0, 0, 0xff]);
        assert_eq!(row.canonical, "www");
    }

    #[test]
    fn a_row_has_three_columns_and_whole_bytes() {
        assert!(row("a/b\t4e\tnull").is_some());
        for line in [
            "",
            "a",
            "a\t4e",
            "a\t4\tnull",
            "a\t4g\tnull",
            "a\t4e\tnul",
            "a\t4e\t1\t2",
            "a\t4e‹0*›\t1",
            "a\t4e‹0*2\t1",
        ] {
            assert!(row(line).is_none(), "{line:?}");
        }
    }
}
