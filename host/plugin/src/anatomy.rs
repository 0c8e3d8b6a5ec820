//! What a module is made of, whether or not a host would take it: for an author who wants to see inside.

use serde::Serialize;
use wasmparser::{
    BinaryReaderError, CompositeInnerType, Encoding, ExternalKind, FuncType, Parser, Payload,
    TypeRef,
};
use wubbo_plugin_sdk::abi::{MANIFEST_PREFIX, names, read_u16};

use crate::digest::{hex, sha256};
use crate::error::{PluginError, PluginErrorKind};

/// The parts of a module. Nothing in it was run or compiled, and nothing but its form was checked.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Anatomy {
    /// Length of the file.
    pub bytes: usize,
    /// SHA-256 of the file, as `/plugins` shows it.
    pub sha256: String,
    /// The ABI that the manifest names, `major.minor`; absent without a manifest.
    pub abi: Option<String>,
    /// The manifest as it stands; absent when there is none or it is no JSON.
    pub manifest: Option<serde_json::Value>,
    /// The JSON Schema of the configuration; absent when there is none or it is no JSON.
    pub schema: Option<serde_json::Value>,
    /// What keeps the section `wubbo.schema` from being read.
    pub schema_error: Option<String>,
    /// What it asks of the host.
    pub imports: Vec<Import>,
    /// What it gives to the host.
    pub exports: Vec<Export>,
    /// Its sections in the order of the file.
    pub sections: Vec<Section>,
    /// Functions of its own.
    pub functions: usize,
    /// Length of the largest function body.
    pub largest_function_bytes: usize,
    /// Memory that an instance starts with.
    pub memory_bytes: u64,
}

/// One import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Import {
    /// Module and name, `wubbo.log`.
    pub name: String,
    /// Its type, `(i32, i32) -> i32` for a function.
    #[serde(rename = "type")]
    pub kind: String,
}

/// One export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// Its type, `(i32) -> i64` for a function.
    #[serde(rename = "type")]
    pub kind: String,
}

/// One section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// The name of the format for it, or its own name when it is a custom one.
    pub name: String,
    /// Whether it is a custom one.
    pub custom: bool,
    /// Length of its content; of a custom one without its name.
    pub bytes: usize,
}

impl Anatomy {
    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// Kind `Check`: it is no core module, or it is broken.
    pub fn read(bytes: &[u8]) -> Result<Self, PluginError> {
        magic(bytes)?;
        let mut reading = Reading::default();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(|error| broken(&error))?;
            reading.take(payload).map_err(|error| broken(&error))?;
            if reading.component {
                return Err(bad(
                    "is a component; plugins are core modules, built for wasm32-unknown-unknown",
                ));
            }
        }
        let mut anatomy = reading.finish();
        anatomy.bytes = bytes.len();
        anatomy.sha256 = hex(&sha256(&[bytes]));
        Ok(anatomy)
    }
}

/// Whether the bytes start as a module does; the parser's own words for it are a page long.
pub(crate) fn magic(bytes: &[u8]) -> Result<(), PluginError> {
    match bytes.starts_with(b"\0asm") {
        true => Ok(()),
        false => Err(bad("is not a wasm module: it does not start with \\0asm")),
    }
}

fn bad(message: impl Into<String>) -> PluginError {
    PluginError::new(PluginErrorKind::Check, message)
}

fn broken(error: &BinaryReaderError) -> PluginError {
    bad(format!("is not a wasm module: {error}"))
}

/// What is needed while the parts are put together.
#[derive(Default)]
struct Reading<'a> {
    anatomy: Anatomy,
    component: bool,
    types: Vec<Option<FuncType>>,
    /// The type of every function, imported ones first.
    functions: Vec<u32>,
    exports: Vec<(&'a str, ExternalKind, u32)>,
}

impl<'a> Reading<'a> {
    fn take(&mut self, payload: Payload<'a>) -> Result<(), BinaryReaderError> {
        if let Some((id, range)) = payload.as_section() {
            self.anatomy.sections.push(match &payload {
                Payload::CustomSection(section) => Section {
                    name: section.name().to_owned(),
                    custom: true,
                    bytes: section.data().len(),
                },
                _ => Section {
                    name: section_name(id).to_owned(),
                    custom: false,
                    bytes: range.len(),
                },
            });
        }
        match payload {
            Payload::Version { encoding, .. } => self.component = encoding == Encoding::Component,
            Payload::CustomSection(section) => self.custom(section.name(), section.data()),
            Payload::TypeSection(groups) => {
                for group in groups {
                    let types = group?.into_types();
                    self.types
                        .extend(types.map(|sub| match sub.composite_type.inner {
                            CompositeInnerType::Func(function) => Some(function),
                            _ => None,
                        }));
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    if let TypeRef::Func(index) = import.ty {
                        self.functions.push(index);
                    }
                    let kind = match import.ty {
                        TypeRef::Func(index) => self.spelled(index),
                        TypeRef::Table(_) => "table".to_owned(),
                        TypeRef::Memory(_) => "memory".to_owned(),
                        TypeRef::Global(_) => "global".to_owned(),
                        _ => "of another kind".to_owned(),
                    };
                    let name = format!("{}.{}", import.module, import.name);
                    self.anatomy.imports.push(Import { name, kind });
                }
            }
            Payload::FunctionSection(functions) => {
                for function in functions {
                    self.functions.push(function?);
                    self.anatomy.functions += 1;
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let bytes = memory?.initial.saturating_mul(64 << 10);
                    self.anatomy.memory_bytes = self.anatomy.memory_bytes.saturating_add(bytes);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    self.exports.push((export.name, export.kind, export.index));
                }
            }
            Payload::CodeSectionEntry(body) => {
                let largest = &mut self.anatomy.largest_function_bytes;
                *largest = body.range().len().max(*largest);
            }
            _ => {}
        }
        Ok(())
    }

    fn custom(&mut self, name: &str, data: &[u8]) {
        let anatomy = &mut self.anatomy;
        match name {
            names::SECTION_PLUGIN => {
                if let (Some(major), Some(minor)) = (read_u16(data, 4), read_u16(data, 6)) {
                    anatomy.abi = Some(format!("{major}.{minor}"));
                }
                let body = data.get(MANIFEST_PREFIX..).unwrap_or_default();
                anatomy.manifest = serde_json::from_slice(body).ok();
            }
            names::SECTION_SCHEMA => match serde_json::from_slice(data) {
                Ok(schema) => anatomy.schema = Some(schema),
                Err(error) => anatomy.schema_error = Some(format!("is no JSON: {error}")),
            },
            _ => {}
        }
    }

    /// Exports stand before the functions that they name have been counted, so their types are looked up at the end.
    fn finish(mut self) -> Anatomy {
        let exports = std::mem::take(&mut self.exports);
        let exports = exports.into_iter().map(|(name, kind, index)| Export {
            name: name.to_owned(),
            kind: match kind {
                ExternalKind::Func => {
                    let function = usize::try_from(index).ok();
                    let function = function.and_then(|index| self.functions.get(index));
                    function.map_or_else(
                        || "a function that is not there".to_owned(),
                        |index| self.spelled(*index),
                    )
                }
                ExternalKind::Table => "table".to_owned(),
                ExternalKind::Memory => "memory".to_owned(),
                ExternalKind::Global => "global".to_owned(),
                _ => "of another kind".to_owned(),
            },
        });
        let exports = exports.collect();
        self.anatomy.exports = exports;
        self.anatomy
    }

    fn spelled(&self, index: u32) -> String {
        let function = usize::try_from(index).ok();
        let function = function.and_then(|index| self.types.get(index)?.as_ref());
        let Some(function) = function else {
            return "a function of no known type".to_owned();
        };
        let list = |types: &[wasmparser::ValType]| {
            let types: Vec<String> = types.iter().map(ToString::to_string).collect();
            types.join(", ")
        };
        let results = match function.results() {
            [one] => one.to_string(),
            several => format!("({})", list(several)),
        };
        format!("({}) -> {results}", list(function.params()))
    }
}

/// The format's name of a section.
fn section_name(id: u8) -> &'static str {
    match id {
        1 => "type",
        2 => "import",
        3 => "function",
        4 => "table",
        5 => "memory",
        6 => "global",
        7 => "export",
        8 => "start",
        9 => "element",
        10 => "code",
        11 => "data",
        12 => "data count",
        13 => "tag",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests;
