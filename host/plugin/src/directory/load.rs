//! From the bytes of one file to a generation that could be published: read, check, compile, start.

use std::sync::Arc;
use std::time::SystemTime;

use wubbo_plugin_sdk::Manifest;
use wubbo_plugin_sdk::abi::limits::CONFIG_MAX;
use wubbo_watch::{Entry, ErrorKind as WatchErrorKind};

use super::files::Pair;
use crate::check::Checked;
use crate::definition::{self, Given};
use crate::digest::sha256;
use crate::error::{PluginError, PluginErrorKind};
use crate::generation::{Form, Generation};
use crate::host::Inner;
use crate::settings::Settings;
use crate::wasm::{Engine, WasmModule};

/// YAML may spend more bytes on the same configuration than JSON.
const YAML_BYTES_MAX: u64 = 2 * CONFIG_MAX as u64;

/// The bytes of a pair, read whole and unchanged since they settled; or those of a kept generation.
pub(super) struct Bytes {
    pub(super) wasm: Vec<u8>,
    pub(super) given: Given,
    /// SHA-256 of the module.
    pub(super) sha256: [u8; 32],
    /// Digest of module and settings.
    pub(super) digest: [u8; 32],
}

impl Bytes {
    pub(super) fn new(wasm: Vec<u8>, given: Given) -> Self {
        let sha256 = sha256(&[&wasm]);
        Self {
            digest: definition::digest(&sha256, &given),
            sha256,
            wasm,
            given,
        }
    }
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
        .map(|yaml| read_one(yaml, YAML_BYTES_MAX));
    let given = yaml.transpose()?.map_or(Given::Nothing, Given::Yaml);
    Ok(Bytes::new(wasm, given))
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

/// What passed everything that needs no running code.
pub(super) struct Passed {
    pub(super) checked: Checked,
    pub(super) settings: Settings,
    /// What the operator says, in the YAML or else in the host's own configuration.
    pub(super) given: Given,
    /// Digest of module and settings, wherever those are said: the generation's.
    pub(super) digest: [u8; 32],
}

/// Why a pair did not pass; the manifest where it could be read, and the generation's digest.
pub(super) struct NotPassed {
    pub(super) error: PluginError,
    pub(super) manifest: Option<Box<Manifest>>,
    pub(super) digest: [u8; 32],
}

/// Checks module and settings of a file.
pub(super) fn check(inner: &Inner, bytes: &Bytes) -> Result<Passed, NotPassed> {
    let checked = module(bytes)?;
    let configs = &inner.workshop.config.configs;
    let given = match (&bytes.given, configs.get(&checked.manifest().identity())) {
        (Given::Nothing, Some(tree)) => Given::Host(tree.clone()),
        (given, _) => given.clone(),
    };
    settings(checked, given, bytes)
}

/// Checks a kept generation: what it was given then counts, whatever the host's configuration says now.
pub(super) fn check_kept(bytes: &Bytes) -> Result<Passed, PluginError> {
    let passed = module(bytes).and_then(|checked| settings(checked, bytes.given.clone(), bytes));
    passed.map_err(|not| not.error)
}

fn module(bytes: &Bytes) -> Result<Checked, NotPassed> {
    Checked::new(&bytes.wasm).map_err(|error| NotPassed {
        error,
        manifest: None,
        digest: bytes.digest,
    })
}

fn settings(checked: Checked, given: Given, bytes: &Bytes) -> Result<Passed, NotPassed> {
    let digest = definition::digest(&bytes.sha256, &given);
    match Settings::of(&given, checked.manifest()) {
        Ok(settings) => Ok(Passed {
            checked,
            settings,
            given,
            digest,
        }),
        Err(error) => Err(NotPassed {
            error,
            manifest: Some(Box::new(checked.manifest().clone())),
            digest,
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
        Some(passed.digest),
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
