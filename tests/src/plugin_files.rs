//! Files of a plugin directory as an operator would put them there: whole, by rename.

use std::io;
use std::path::Path;

/// A wasm module with one more custom section: another file, the same code.
#[must_use]
pub fn stamped(module: &[u8], text: &str) -> Vec<u8> {
    let name = b"wubbo.test";
    let mut content = Vec::from([name.len() as u8]);
    content.extend_from_slice(name);
    content.extend_from_slice(text.as_bytes());
    let mut stamped = module.to_vec();
    // Section 0 is a custom one; its length is LEB128.
    stamped.push(0);
    let mut length = content.len();
    while length >= 0x80 {
        stamped.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    stamped.push(length as u8);
    stamped.extend_from_slice(&content);
    stamped
}

/// Puts `bytes` at `folder/name` in one step.
///
/// # Errors
/// The folder cannot be written.
pub fn put(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = folder.join(format!(".{name}.tmp"));
    std::fs::write(&beside, bytes)?;
    std::fs::rename(beside, folder.join(name))
}

/// The hostile guest `name` of `tests/fixtures`, as wasm.
///
/// # Panics
/// There is none, or it is no text of a module.
#[must_use]
pub fn fixture(name: &str) -> Vec<u8> {
    let path = crate::artifacts::root()
        .join("tests/fixtures")
        .join(format!("{name}.wat"));
    wat::parse_file(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
