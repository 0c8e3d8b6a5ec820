//! Where the bytes come from, and hexadecimal text both ways.

use std::fmt::Write;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};

/// The bytes that `source` stands for: a file's, standard input's, or hexadecimal text itself.
pub(super) fn bytes(source: &str) -> anyhow::Result<Vec<u8>> {
    let raw = match read(source)? {
        None => return from_hex(source),
        Some(raw) => raw,
    };
    // A capture is bytes; what a person saved is text.
    match std::str::from_utf8(&raw).ok().map(from_hex) {
        Some(Ok(bytes)) => Ok(bytes),
        _ => Ok(raw),
    }
}

/// The text that `source` stands for.
pub(super) fn text(source: &str) -> anyhow::Result<String> {
    match read(source)? {
        None => Ok(source.to_owned()),
        Some(raw) => String::from_utf8(raw).with_context(|| format!("{source} is no text")),
    }
}

fn read(source: &str) -> anyhow::Result<Option<Vec<u8>>> {
    if source == "-" {
        let mut raw = Vec::new();
        std::io::stdin()
            .read_to_end(&mut raw)
            .context("standard input")?;
        return Ok(Some(raw));
    }
    if Path::new(source).is_file() {
        return Ok(Some(
            std::fs::read(source).with_context(|| source.to_owned())?,
        ));
    }
    Ok(None)
}

/// Reads hexadecimal text; white space does not count.
pub(super) fn from_hex(text: &str) -> anyhow::Result<Vec<u8>> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.is_empty() {
        bail!("there is nothing to decode");
    }
    let byte = |(index, pair): (usize, &[char])| match pair {
        [high, low] => match (high.to_digit(16), low.to_digit(16)) {
            (Some(high), Some(low)) => {
                u8::try_from(high * 16 + low).with_context(|| format!("byte {index}"))
            }
            _ => bail!(
                "{high}{low} at byte {index} is no hexadecimal number, and there is no file of that name"
            ),
        },
        _ => bail!("an odd number of hexadecimal digits"),
    };
    digits.chunks(2).enumerate().map(byte).collect()
}

/// Writes hexadecimal text.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String does not fail.
            let _written = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_text_goes_both_ways() {
        assert_eq!(from_hex("da BB\n0f").expect("hex"), [0xda, 0xbb, 0x0f]);
        assert_eq!(to_hex(&[0xda, 0xbb, 0x0f]), "dabb0f");
        for (wrong, word) in [("d", "odd"), ("zz", "no hexadecimal"), ("", "nothing")] {
            assert!(
                from_hex(wrong).is_err_and(|error| error.to_string().contains(word)),
                "{wrong}"
            );
        }
    }
}
