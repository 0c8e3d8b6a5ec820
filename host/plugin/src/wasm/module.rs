//! A module that is compiled and linked; instances are made of it.

use std::sync::Arc;

use wasmtime::{InstancePre, Module};

use super::engine::Engine;
use super::guest::Guest;
use crate::check::Checked;
use crate::error::{PluginError, PluginErrorKind, chain};

/// Imports through which a guest can ask about the call; a module without them never needs the call in its store.
const READS: [&str; 4] = ["get", "list", "number", "body"];

/// A module that is compiled and linked; instances are made of it.
pub(crate) struct WasmModule {
    pub(super) pre: InstancePre<Guest>,
    pub(super) engine: Arc<Engine>,
    /// Whether the guest imports one of [`READS`].
    pub(super) reads: bool,
    /// Whether the guest may ask how long a call took.
    times: bool,
    /// Whether it may ask for live numbers of providers.
    pub(super) cells: bool,
}

impl WasmModule {
    pub(super) fn link(
        engine: Arc<Engine>,
        module: &Module,
        checked: &Checked,
    ) -> Result<Self, PluginError> {
        let pre = engine.linker.instantiate_pre(module);
        let pre = pre.map_err(|error| {
            PluginError::new(
                PluginErrorKind::Check,
                format!("cannot be linked: {}", chain(error.as_ref())),
            )
        })?;
        Ok(Self {
            pre,
            engine,
            reads: READS.into_iter().any(|name| checked.imports(name)),
            times: checked.imports("number"),
            cells: checked.imports("cell") || checked.imports("column"),
        })
    }

    /// Whether the host must note when a call began.
    pub(crate) fn times(&self) -> bool {
        self.times
    }
}
