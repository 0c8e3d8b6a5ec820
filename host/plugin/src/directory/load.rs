//! From the bytes of one file to a generation that could be published: read, check, compile, start.

use std::sync::Arc;
use std::time::SystemTime;

use wubbo_plugin_sdk::Manifest;
use wubbo_plugin_sdk::abi::limits::CONFIG_MAX;
use wubbo_watch::{Entry, ErrorKind as WatchErrorKind};

use super::files::Pair;
use crate::check::Checked;
use crate::digest::sha256;
use crate::error::{PluginError, PluginErrorKind};
use crate::generation::{Form, Generation};
use crate::host::Inner;
use crate::settings::Settings;
use crate::wasm::{Engine, WasmModule};

/// YAML may spend more bytes on the same configuration than JSON.
const YAML_BYTES_MAX: u64 = 2 * CONFIG_MAX as u64;

/// The bytes of a pair, read whole and unchanged since they settled.
pub(super) struct Bytes {
    pub(super) wasm: Vec<u8>,
    pub(super) yaml: Option<Vec<u8>>,
    /// SHA-256 of the module.
    pub(super) sha256: [u8; 32],
    /// SHA-256 of module and settings: the same digest is the same plugin.
    pub(super) digest: [u8; 32],
}

/// Why bytes could not be had.
pub(super) enum NoBytes {
    /// They changed meanwhile; a newer settled state is on its way.
    Changed,
    Error(PluginError),
}

/// Reads a pair.
pub(super) fn read(pair: &Pair, module_bytes_max: u64) -> Result<Bytes, NoBytes> {
    let wasm = read_one(&pair.wasm, module_bytes_max)?;
    let yaml = pair
        .yaml
        .as_ref()
        .map(|yaml| read_one(yaml, YAML_BYTES_MAX))
        .transpose()?;
    let module = sha256(&[&wasm]);
    let marked = if yaml.is_some() { [1] } else { [0] };
    let settings = sha256(&[&marked, yaml.as_deref().unwrap_or_default()]);
    Ok(Bytes {
        sha256: module,
        digest: sha256(&[&module, &settings]),
        wasm,
        yaml,
    })
}

fn read_one(entry: &Entry, bytes_max: u64) -> Result<Vec<u8>, NoBytes> {
    entry.read(bytes_max).map_err(|error| match error.kind() {
        WatchErrorKind::Changed => NoBytes::Changed,
        _ => NoBytes::Error(PluginError::new(
            PluginErrorKind::File,
            crate::error::chain(&error),
        )),
    })
}

/// A pair that passed everything that needs no running code.
pub(super) struct Passed {
    pub(super) checked: Checked,
    pub(super) settings: Settings,
}

/// Why a pair did not pass; the manifest where it could be read.
pub(super) struct NotPassed {
    pub(super) error: PluginError,
    pub(super) manifest: Option<Box<Manifest>>,
}

/// Checks module and settings.
pub(super) fn check(inner: &Inner, bytes: &Bytes) -> Result<Passed, NotPassed> {
    let checked = Checked::new(&bytes.wasm).map_err(|error| NotPassed {
        error,
        manifest: None,
    })?;
    let settings = match &bytes.yaml {
        None => inner.workshop.settings_of(&checked.manifest().identity()),
        Some(yaml) => std::str::from_utf8(yaml)
            .map_err(|error| {
                PluginError::new(
                    PluginErrorKind::Config,
                    format!("its yaml is not utf-8: {error}"),
                )
            })
            .and_then(Settings::from_yaml)
            .map_err(|error| error.of(&"its yaml")),
    };
    match settings {
        Ok(settings) => Ok(Passed { checked, settings }),
        Err(error) => Err(NotPassed {
            error,
            manifest: Some(Box::new(checked.manifest().clone())),
        }),
    }
}

/// Compiles, or takes the module of a generation with other settings, and starts; whether compiling was spared.
pub(super) fn start(
    inner: &Inner,
    engine: &Arc<Engine>,
    bytes: &Bytes,
    passed: &Passed,
    before: Option<&Generation>,
    known: Option<Arc<WasmModule>>,
) -> Result<(Arc<Generation>, bool), PluginError> {
    let (module, cached) = match known {
        Some(module) => (module, true),
        None => {
            let compiled = engine.compile(&bytes.wasm, &bytes.sha256)?;
            let cached = compiled.cached;
            (Arc::new(engine.link(&compiled, &passed.checked)?), cached)
        }
    };
    let manifest = passed.checked.manifest().clone();
    let generation = inner.workshop.make(
        manifest,
        &passed.settings,
        Form::Wasm(module),
        Some(bytes.digest),
        before,
    )?;
    Ok((generation, cached))
}

/// Milliseconds since the newest file of the pair was closed or moved into place, as far as the file system says.
pub(super) fn age_ms(pair: &Pair) -> Option<u64> {
    let newest = [Some(&pair.wasm), pair.yaml.as_ref()]
        .into_iter()
        .flatten()
        .map(changed)
        .max()?;
    let age = SystemTime::now().duration_since(newest).ok()?;
    u64::try_from(age.as_millis()).ok()
}

/// The later of the change of bytes and the change of name.
#[cfg(unix)]
fn changed(entry: &Entry) -> SystemTime {
    use std::os::unix::fs::MetadataExt;
    let named = std::fs::metadata(entry.path()).ok().and_then(|metadata| {
        let since = std::time::Duration::new(
            u64::try_from(metadata.ctime()).ok()?,
            u32::try_from(metadata.ctime_nsec()).ok()?,
        );
        SystemTime::UNIX_EPOCH.checked_add(since)
    });
    named.map_or(entry.modified(), |named| named.max(entry.modified()))
}

#[cfg(not(unix))]
fn changed(entry: &Entry) -> SystemTime {
    entry.modified()
}
