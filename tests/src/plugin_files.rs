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

#[path = "../fixtures/giant.rs"]
mod giant;

/// The hostile guest `name` of `tests/fixtures`, as wasm.
///
/// # Panics
/// There is none, or it is no text of a module.
#[must_use]
pub fn fixture(name: &str) -> Vec<u8> {
    let path = fixtures_folder().join(format!("{name}.wat"));
    wat::parse_file(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The same under another name, as another plugin.
///
/// # Panics
/// As [`fixture`]; or it does not say its name.
#[must_use]
pub fn fixture_named(name: &str, other: &str) -> Vec<u8> {
    let path = fixtures_folder().join(format!("{name}.wat"));
    let text = std::fs::read_to_string(&path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (old, new) = (format!("\\\"{name}\\\""), format!("\\\"{other}\\\""));
    assert!(text.contains(&old), "{name} does not say its name");
    let module = wat::parse_str(text.replacen(&old, &new, 1));
    module.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every hostile guest with its name, those included that are too large for a file of the repository.
///
/// # Errors
/// The folder cannot be read.
///
/// # Panics
/// A guest is no text of a module.
pub fn fixtures() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut guests = Vec::new();
    for entry in std::fs::read_dir(fixtures_folder())? {
        let name = entry?.file_name();
        if let Some(name) = name.to_str().and_then(|name| name.strip_suffix(".wat")) {
            guests.push((name.to_owned(), fixture(name)));
        }
    }
    for bomb in [giant::COMPILE_BOMB, giant::SLOW_TO_COMPILE] {
        let module = wat::parse_str(giant::text(bomb));
        let module = module.unwrap_or_else(|error| panic!("{}: {error}", bomb.0));
        guests.push((bomb.0.to_owned(), module));
    }
    guests.sort();
    Ok(guests)
}

fn fixtures_folder() -> std::path::PathBuf {
    crate::artifacts::root().join("tests/fixtures")
}
