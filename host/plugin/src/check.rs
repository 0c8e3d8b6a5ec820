//! The static check of a module: everything that can be refused without compiling or running it, in words that name the remedy.

mod problems;

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{
    Encoding, ExternalKind, FuncType, Parser, Payload, TypeRef, ValType, Validator, WasmFeatures,
};
use wubbo_plugin_sdk::Manifest;
use wubbo_plugin_sdk::abi::interest::Hook;
use wubbo_plugin_sdk::abi::{limits, names};

use crate::error::{PluginError, PluginErrorKind};

/// Largest function body: a compiler's time grows faster than a function.
pub const FUNCTION_BYTES_MAX: usize = 128 << 10;
/// Functions of one module.
pub const FUNCTIONS_MAX: usize = 20_000;

/// A module that passed.
#[derive(Debug, Clone)]
pub struct Checked {
    manifest: Manifest,
    imports: BTreeSet<String>,
}

impl Checked {
    /// Checks the bytes of a file.
    ///
    /// # Errors
    /// Kind `Check`: no module, features outside the ABI, no or a bad manifest, imports, exports, memory or sizes that the ABI does
    /// not allow. Several wrong imports or exports are listed together.
    pub fn new(bytes: &[u8]) -> Result<Self, PluginError> {
        let found = Found::read(bytes)?;
        let section = found.manifest.ok_or_else(|| {
            bad(format!(
                "has no section `{}`: it is no wubbo plugin; build it with `wubbo plugin build`",
                names::SECTION_PLUGIN
            ))
        })?;
        let manifest = Manifest::parse(section).map_err(|error| bad(error.to_string()))?;
        found.check_imports()?;
        found.check_exports(&manifest)?;
        found.check_memory()?;
        // Last, since it is the slowest and says the least: every instruction is one that the ABI allows.
        Validator::new_with_features(features())
            .validate_all(bytes)
            .map_err(|error| {
                bad(format!(
                    "is not a valid module of the allowed features: {error}"
                ))
            })?;
        Ok(Self {
            manifest,
            imports: found
                .imports
                .into_iter()
                .map(|import| import.name.to_owned())
                .collect(),
        })
    }

    /// The plugin's manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether the module imports this host function.
    #[must_use]
    pub fn imports(&self, name: &str) -> bool {
        self.imports.contains(name)
    }
}

fn bad(message: impl Into<String>) -> PluginError {
    PluginError::new(PluginErrorKind::Check, message)
}

fn broken(error: &wasmparser::BinaryReaderError) -> PluginError {
    bad(format!("is not a wasm module: {error}"))
}

/// What ABI.md section 1 lets a module use.
fn features() -> WasmFeatures {
    WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::SIMD
        | WasmFeatures::FLOATS
        | WasmFeatures::CALL_INDIRECT_OVERLONG
        | WasmFeatures::BULK_MEMORY_OPT
}

/// One import.
struct Import<'a> {
    module: &'a str,
    name: &'a str,
    /// Its type when it is a function.
    function: Option<u32>,
}

/// What the sections hold.
#[derive(Default)]
struct Found<'a> {
    manifest: Option<&'a [u8]>,
    types: Vec<FuncType>,
    imports: Vec<Import<'a>>,
    functions: Vec<u32>,
    /// Initial and maximal pages of the memory.
    memories: Vec<(u64, Option<u64>)>,
    exports: BTreeMap<&'a str, (ExternalKind, u32)>,
}

impl<'a> Found<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, PluginError> {
        let mut found = Self::default();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(|error| broken(&error))?;
            found.take(payload)?;
        }
        Ok(found)
    }

    fn take(&mut self, payload: Payload<'a>) -> Result<(), PluginError> {
        match payload {
            Payload::Version {
                encoding: Encoding::Component,
                ..
            } => {
                return Err(bad(
                    "is a component; plugins are core modules, built for wasm32-unknown-unknown",
                ));
            }
            Payload::CustomSection(section) if section.name() == names::SECTION_PLUGIN => {
                let before = self.manifest.replace(section.data());
                before.map_or(Ok(()), |_| {
                    Err(bad(format!("has two sections `{}`", names::SECTION_PLUGIN)))
                })?;
            }
            Payload::TypeSection(reader) => {
                for function in reader.into_iter_err_on_gc_types() {
                    self.types.push(function.map_err(|error| broken(&error))?);
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    let import = import.map_err(|error| broken(&error))?;
                    let function = match import.ty {
                        TypeRef::Func(function) => Some(function),
                        _ => None,
                    };
                    self.imports.push(Import {
                        module: import.module,
                        name: import.name,
                        function,
                    });
                }
            }
            Payload::FunctionSection(reader) => {
                for function in reader {
                    self.functions
                        .push(function.map_err(|error| broken(&error))?);
                }
                if self.functions.len() > FUNCTIONS_MAX {
                    return Err(bad(format!(
                        "{} functions, at most {FUNCTIONS_MAX}",
                        self.functions.len()
                    )));
                }
            }
            Payload::MemorySection(reader) => {
                for memory in reader {
                    let memory = memory.map_err(|error| broken(&error))?;
                    self.memories.push((memory.initial, memory.maximum));
                }
            }
            Payload::ExportSection(reader) => {
                for export in reader {
                    let export = export.map_err(|error| broken(&error))?;
                    self.exports
                        .insert(export.name, (export.kind, export.index));
                }
            }
            Payload::CodeSectionEntry(body) => {
                let size = body.range().len();
                if size > FUNCTION_BYTES_MAX {
                    return Err(bad(format!(
                        "a function of {size} bytes, at most {FUNCTION_BYTES_MAX}; split it or keep the optimiser from inlining"
                    )));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn check_imports(&self) -> Result<(), PluginError> {
        let known = |import: &&Import<'_>| {
            let signature = names::IMPORTS
                .iter()
                .find(|known| import.module == names::IMPORT_MODULE && known.name == import.name);
            signature.is_some_and(|signature| self.is(import.function, signature))
        };
        let refused = self.imports.iter().filter(|import| !known(import));
        let refused: Vec<String> = refused
            .map(|import| format!("{}.{}", import.module, import.name))
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        Err(bad(format!(
            "imports what this host does not give: {}; a plugin imports functions of module `{}` only (no WASI)",
            refused.join(", "),
            names::IMPORT_MODULE
        )))
    }

    fn check_exports(&self, manifest: &Manifest) -> Result<(), PluginError> {
        let mut wrong = Vec::new();
        match self.exports.get(names::EXPORT_MEMORY) {
            Some((ExternalKind::Memory, _)) => {}
            _ => wrong.push("no memory `memory`".to_owned()),
        }
        let mut check =
            |signature: &names::Signature, needed: bool| match self.exports.get(signature.name) {
                Some((ExternalKind::Func, index)) if self.is(self.type_of(*index), signature) => {}
                None if !needed => {}
                None => wrong.push(format!("no function `{}`", signature.name)),
                Some(_) => wrong.push(format!(
                    "`{}` is not {}",
                    signature.name,
                    spelled(signature)
                )),
            };
        check(&names::ARENA, true);
        check(&names::NEW, true);
        check(&names::INITIALIZE, false);
        check(&names::DESCRIBE, false);
        for hook in Hook::LISTED {
            check(&names::hook(hook), manifest.has(hook));
        }
        for hook in Hook::LISTED {
            if !manifest.has(hook) && self.exports.contains_key(hook.name()) {
                wrong.push(format!(
                    "`{}` is exported and not among the manifest's hooks",
                    hook.name()
                ));
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        Err(bad(format!(
            "exports do not fit the manifest: {}; build it with a matching SDK",
            wrong.join(", ")
        )))
    }

    fn check_memory(&self) -> Result<(), PluginError> {
        let [(initial, _)] = self.memories.as_slice() else {
            return Err(bad(format!(
                "has {} memories, a plugin has one of its own",
                self.memories.len()
            )));
        };
        let bytes = initial.saturating_mul(64 << 10);
        if bytes > crate::limits::MEMORY_BYTES_MAX as u64 {
            return Err(bad(format!(
                "starts with {bytes} bytes of memory, at most {}",
                crate::limits::MEMORY_BYTES_MAX
            )));
        }
        Ok(())
    }

    /// The type of a function, imported ones counted first.
    fn type_of(&self, index: u32) -> Option<u32> {
        let index = usize::try_from(index).ok()?;
        let mut imported = self.imports.iter().filter_map(|import| import.function);
        match imported.nth(index) {
            Some(function) => Some(function),
            None => {
                let imported = self
                    .imports
                    .iter()
                    .filter(|import| import.function.is_some())
                    .count();
                self.functions.get(index.checked_sub(imported)?).copied()
            }
        }
    }

    fn is(&self, function: Option<u32>, signature: &names::Signature) -> bool {
        let function = function.and_then(|index| self.types.get(usize::try_from(index).ok()?));
        function.is_some_and(|function| {
            let params = signature.params.iter().map(value_type);
            let result = signature.result.iter().map(value_type);
            function.params().iter().copied().eq(params)
                && function.results().iter().copied().eq(result)
        })
    }
}

fn value_type(value: &names::Val) -> ValType {
    match value {
        names::Val::I32 => ValType::I32,
        names::Val::I64 => ValType::I64,
    }
}

fn spelled(signature: &names::Signature) -> String {
    let spell = |value: &names::Val| match value {
        names::Val::I32 => "i32",
        names::Val::I64 => "i64",
    };
    let params: Vec<_> = signature.params.iter().map(spell).collect();
    format!(
        "({}) -> ({})",
        params.join(", "),
        signature.result.as_ref().map_or("", spell)
    )
}

const _: () = assert!(FUNCTION_BYTES_MAX < limits::MODULE_MAX);

#[cfg(test)]
mod tests;
