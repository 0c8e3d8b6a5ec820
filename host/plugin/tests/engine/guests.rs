//! Guests for these tests: the hostile ones of `tests/fixtures`, and small ones made of text.

use std::fmt::Write;

/// A module of `tests/fixtures`.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = format!(
        "{}/../../tests/fixtures/{name}.wat",
        env!("CARGO_MANIFEST_DIR")
    );
    wat::parse_file(path).unwrap()
}

/// The same under another name, as another plugin.
pub(crate) fn fixture_named(name: &str, other: &str) -> Vec<u8> {
    let path = format!(
        "{}/../../tests/fixtures/{name}.wat",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).unwrap();
    let (old, new) = (format!("\\\"{name}\\\""), format!("\\\"{other}\\\""));
    assert!(text.contains(&old), "{name} does not say its name");
    module(&text.replacen(&old, &new, 1))
}

/// A module of text.
pub(crate) fn module(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A guest of these parts: the manifest's JSON without kind, name and version, and what follows `new`.
pub(crate) struct Guest {
    pub(crate) name: String,
    pub(crate) manifest: String,
    pub(crate) imports: String,
    pub(crate) body: String,
    /// Whole definition of `new`.
    pub(crate) new: String,
    pub(crate) kind: &'static str,
    /// Of 64 KiB.
    pub(crate) pages: u32,
}

impl Guest {
    pub(crate) fn new(name: &str, manifest: &str, body: &str) -> Self {
        Self {
            name: name.to_owned(),
            manifest: manifest.to_owned(),
            imports: String::new(),
            body: body.to_owned(),
            new: r#"(func (export "new") (result i32) (i32.const 0))"#.to_owned(),
            kind: "filter",
            pages: 2,
        }
    }

    pub(crate) fn of(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    pub(crate) fn pages(mut self, pages: u32) -> Self {
        self.pages = pages;
        self
    }

    pub(crate) fn imports(mut self, imports: &str) -> Self {
        self.imports = imports.to_owned();
        self
    }

    pub(crate) fn with_new(mut self, new: &str) -> Self {
        self.new = new.to_owned();
        self
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let json = format!(
            r#"{{"kind":"{}","name":"{}","version":"1.0.0",{}}}"#,
            self.kind, self.name, self.manifest
        );
        module(&format!(
            r#"(module
              (@custom "wubbo.plugin" "wubp\01\00\00\00{}")
              {}
              (memory (export "memory") {})
              (func (export "arena") (result i64) (i64.const 0x0000_4000_0000_8000))
              {}
              {})"#,
            json.replace('"', "\\\""),
            self.imports,
            self.pages,
            self.new,
            self.body
        ))
    }
}

/// One record of a batch, as text for a data segment.
pub(crate) fn record(op: u8, id: u16, a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut out = vec![op, 0];
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(&u32::try_from(a.len()).unwrap().to_le_bytes());
    out.extend_from_slice(&u32::try_from(b.len()).unwrap().to_le_bytes());
    out.extend_from_slice(a);
    out.extend_from_slice(b);
    out
}

/// Bytes as the text of a data segment.
pub(crate) fn data(at: usize, bytes: &[u8]) -> String {
    let mut text = format!("(data (i32.const {at}) \"");
    bytes
        .iter()
        .for_each(|byte| write!(text, "\\{byte:02x}").unwrap());
    text + "\")"
}

/// The packed range of `bytes` at `at`.
pub(crate) fn packed(at: usize, bytes: &[u8]) -> i64 {
    wubbo_plugin_sdk::abi::pack_range(
        u32::try_from(at).unwrap(),
        u32::try_from(bytes.len()).unwrap(),
    )
}

/// A filter whose hooks each stamp its generation: `in` on the request, `out` on the response.
pub(crate) fn stamping(name: &str, generation: &str) -> Vec<u8> {
    let request = record(1, 0, b"in", generation.as_bytes());
    let response = record(3, 0, b"out", generation.as_bytes());
    let body = format!(
        r#"{}{}
        (func (export "on_request") (param i32) (result i64) (i64.const {}))
        (func (export "on_response") (param i32) (result i64) (i64.const {}))"#,
        data(0x100, &request),
        data(0x200, &response),
        packed(0x100, &request),
        packed(0x200, &response)
    );
    Guest::new(
        name,
        r#""fail":"open","hooks":["on_request","on_response"]"#,
        &body,
    )
    .build()
}

/// A filter that does nothing, told from others by `mark`.
pub(crate) fn passing(name: &str, mark: &str) -> Vec<u8> {
    let body = format!(
        r#"{}(func (export "on_request") (param i32) (result i64) (i64.const 0))"#,
        data(0x100, mark.as_bytes())
    );
    Guest::new(name, r#""fail":"open","hooks":["on_request"]"#, &body).build()
}
