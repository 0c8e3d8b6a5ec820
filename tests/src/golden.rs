//! What hessian-lite writes for each value of the Java peers' `echoObject` cases, and what it reads back
//! (`vectors/hessian-lite-4.tsv` for 4.0.4, `hessian-lite-3.tsv` for 3.2.13): the codec's vectors, and what the Rust consumer sends in the same cases.

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

/// All rows of a line, in the order of the file.
///
/// # Errors
/// The file is missing, or a row has not three columns; the text names it.
pub fn rows(line: Line) -> Result<Vec<Golden>, String> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let file = vectors.join(line.vectors());
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
        bytes: unhex(columns.next()?)?,
        canonical: serde_json::from_str(columns.next()?).ok()?,
    };
    columns.next().is_none().then_some(row)
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
        ] {
            assert!(row(line).is_none(), "{line:?}");
        }
    }
}
