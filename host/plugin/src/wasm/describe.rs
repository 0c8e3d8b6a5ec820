//! Asks a module for the JSON Schema of its configuration: `describe`, in the sandbox, under the limits that hold off the call path.

use std::sync::Arc;

use wasmtime::Store;
use wubbo_plugin_sdk::abi::{codes, limits, names, unpack_range};

use super::engine::{Engine, EngineOptions};
use super::guest::Guest;
use super::start::{enter_setup, refusal, store};
use crate::check::Checked;
use crate::clock::PluginClock;
use crate::digest::sha256;
use crate::error::{PluginError, PluginErrorKind, chain};
use crate::instance::Said;
use crate::limits::MEMORY_BYTES_MAX;
use crate::log::LogSink;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::state::States;

/// The schema that a module describes its configuration with, as JSON text; `None` when it has none. Compiles and runs the module, so
/// it takes up to seconds.
///
/// # Errors
/// Kinds `Check` and `Compile` as a host would refuse it; `Start` when it traps, runs out of a limit, or answers what is no schema.
pub fn describe(bytes: &[u8]) -> Result<Option<String>, PluginError> {
    let checked = Checked::new(bytes)?;
    let engine = Engine::new(&EngineOptions {
        plugins: 1,
        slots: 1,
        memory_total_bytes: MEMORY_BYTES_MAX,
        cache: None,
        compiler: None,
        pooling: false,
        watch: None,
    })?;
    let compiled = engine.compile(bytes, &sha256(&[bytes]))?;
    let pre = engine.linker.instantiate_pre(&compiled.module);
    let pre = pre.map_err(|error| {
        let text = format!("cannot be linked: {}", chain(error.as_ref()));
        PluginError::new(PluginErrorKind::Check, text)
    })?;
    let manifest = checked.manifest().clone();
    let state = States::default().of(&manifest.identity(), manifest.state_version);
    let shared = Shared::new(
        manifest,
        &Settings::default(),
        0,
        state,
        Arc::default(),
        PluginClock::default(),
        Arc::new(Silent),
    );
    let mut store = store(&engine, Arc::new(shared));
    let described = run(&engine, &pre, &mut store);
    described.map_err(|error| refusal(&mut store, &error))
}

/// A module says nothing before `new`.
struct Silent;

impl LogSink for Silent {
    fn log(&self, _: &str, _: tracing::Level, _: &str, _: &str) {}
}

fn run(
    engine: &Engine,
    pre: &wasmtime::InstancePre<Guest>,
    store: &mut Store<Guest>,
) -> wasmtime::Result<Option<String>> {
    enter_setup(engine, store);
    let instance = pre.instantiate(&mut *store)?;
    let memory = instance.get_memory(&mut *store, names::EXPORT_MEMORY);
    let memory = memory.ok_or_else(|| wasmtime::Error::msg("exports no memory"))?;
    store.data_mut().memory = Some(memory);
    if instance
        .get_func(&mut *store, names::INITIALIZE.name)
        .is_some()
    {
        let initialize = instance.get_typed_func::<(), ()>(&mut *store, names::INITIALIZE.name)?;
        enter_setup(engine, store);
        initialize.call(&mut *store, ())?;
    }
    // The first call into a module: it may prepare what `describe` needs, its panic message for one.
    let arena = instance.get_typed_func::<(), i64>(&mut *store, names::ARENA.name)?;
    enter_setup(engine, store);
    arena.call(&mut *store, ())?;
    if instance
        .get_func(&mut *store, names::DESCRIBE.name)
        .is_none()
    {
        return Ok(None);
    }
    let describe = instance.get_typed_func::<(), i64>(&mut *store, names::DESCRIBE.name)?;
    enter_setup(engine, store);
    let packed = describe.call(&mut *store, ())?;
    if packed == 0 {
        return Ok(None);
    }
    let Some((address, length)) = unpack_range(packed) else {
        let code = i32::try_from(packed).unwrap_or(codes::FAILED);
        let said = store.data_mut().failure.take();
        let said = said.unwrap_or_else(|| Said::message(codes::text(code)));
        return Err(wasmtime::Error::msg(format!("`describe` failed: {said}")));
    };
    let (start, length) = (address as usize, length as usize);
    let range = start.checked_add(length).map(|end| start..end);
    let bytes = range.and_then(|range| memory.data(&*store).get(range));
    schema(bytes)
        .map(Some)
        .map_err(|what| wasmtime::Error::msg(format!("`describe` answered {what}")))
}

/// The answer, if it is what a host and people can use.
fn schema(bytes: Option<&[u8]>) -> Result<String, String> {
    let bytes = bytes.ok_or("a range outside its memory")?;
    if bytes.len() > limits::SCHEMA_MAX {
        return Err(format!(
            "{} bytes, at most {}",
            bytes.len(),
            limits::SCHEMA_MAX
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| format!("no UTF-8: {error}"))?;
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Object(_)) => Ok(text.to_owned()),
        Ok(_) => Err("no JSON object, which a schema is".to_owned()),
        Err(error) => Err(format!("no JSON: {error}")),
    }
}
