//! Compiled modules on disk, by content: the module's SHA-256 and everything about the engine that the code depends on.
//!
//! A cache that cannot be trusted or written is no error of a plugin: it is said once, and modules are compiled.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use wasmtime::{Engine, Module};

use super::precompiled::{self, Vouched};
use crate::digest::{self, hex};
use crate::error::{PluginError, PluginErrorKind};

/// Files kept; the oldest go first.
const FILES_MAX: usize = 128;
/// A compiled module is a few times its source; nothing above this is read back.
const FILE_BYTES_MAX: u64 = 256 << 20;
const SUFFIX: &str = "cwasm";

/// The cache directory.
pub(super) struct Cache {
    dir: PathBuf,
    /// Names version, target and settings of the engine.
    engine: String,
}

impl Cache {
    /// Opens the directory, making it if it is not there.
    ///
    /// # Errors
    /// Kind `Directory`: it cannot be made, or others may write to it.
    pub(super) fn open(dir: &Path, engine: &Engine) -> Result<Self, PluginError> {
        let bad = |what: String| {
            PluginError::new(
                PluginErrorKind::Directory,
                format!("plugin cache {}: {what}", dir.display()),
            )
        };
        make(dir).map_err(|error| bad(format!("cannot be made: {error}")))?;
        match wubbo_watch::exposed_directory(dir) {
            Ok(None) => {}
            Ok(Some(open)) => {
                return Err(bad(format!(
                    "{} may be written by everybody; compiled code is trusted, so chmod o-w it",
                    open.display()
                )));
            }
            Err(error) => return Err(bad(format!("cannot be looked at: {error}"))),
        }
        if !is_ours(dir).map_err(|error| bad(format!("cannot be looked at: {error}")))? {
            return Err(bad("belongs to another user; compiled code is trusted, so choose a directory of your own".to_owned()));
        }
        let mut names = Names(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut names);
        Ok(Self {
            dir: dir.to_owned(),
            engine: hex(names.0.finalize().as_slice())
                .chars()
                .take(32)
                .collect(),
        })
    }

    fn path(&self, sha256: &[u8; 32]) -> PathBuf {
        self.dir
            .join(format!("{}-{}.{SUFFIX}", hex(sha256), self.engine))
    }

    /// The module, if it was compiled before by this very engine.
    pub(super) fn load(&self, engine: &Engine, sha256: &[u8; 32]) -> Option<Module> {
        let path = self.path(sha256);
        let metadata = fs::symlink_metadata(&path).ok()?;
        if !metadata.is_file() || metadata.len() > FILE_BYTES_MAX || !private(&metadata) {
            return None;
        }
        let bytes = fs::read(&path).ok()?;
        let (stored, code) = bytes.split_at_checked(32)?;
        if stored != digest::sha256(&[code]) {
            // Cut short by a full disk or a crash. It is made anew.
            let _ = fs::remove_file(&path);
            return None;
        }
        precompiled::load(engine, &Vouched::new(code))
    }

    /// Keeps a compiled module.
    pub(super) fn store(&self, module: &Module, sha256: &[u8; 32]) {
        let written = module
            .serialize()
            .map_err(io::Error::other)
            .and_then(|code| self.write(&self.path(sha256), &code));
        if let Err(error) = written {
            tracing::warn!(dir = %self.dir.display(), %error, "a compiled plugin cannot be cached");
        }
        self.prune();
    }

    /// Written beside and renamed, so that a reader never sees half of it.
    fn write(&self, path: &Path, code: &[u8]) -> io::Result<()> {
        let beside = path.with_extension(format!("{}.tmp", fastrand::u64(..)));
        let result = write_private(&beside, code).and_then(|()| fs::rename(&beside, path));
        if result.is_err() {
            let _ = fs::remove_file(&beside);
        }
        result
    }

    fn prune(&self) {
        let Ok(entries) = fs::read_dir(&self.dir) else {
            return;
        };
        let entry = |entry: io::Result<fs::DirEntry>| {
            let path = entry.ok()?.path();
            let modified = fs::symlink_metadata(&path)
                .ok()?
                .modified()
                .unwrap_or(SystemTime::UNIX_EPOCH);
            path.extension()
                .is_some_and(|extension| extension == SUFFIX)
                .then_some((modified, path))
        };
        let mut files: Vec<_> = entries.filter_map(entry).collect();
        files.sort();
        let surplus = files.len().saturating_sub(FILES_MAX);
        for (_, path) in files.into_iter().take(surplus) {
            let _ = fs::remove_file(path);
        }
    }
}

/// Collects what an engine hashes into a name that is the same in the next process.
struct Names(Sha256);

impl Hasher for Names {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(unix)]
fn make(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
}

#[cfg(unix)]
fn is_ours(dir: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(fs::metadata(dir)?.uid() == rustix::process::geteuid().as_raw())
}

#[cfg(unix)]
fn private(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o077 == 0
}

#[cfg(unix)]
fn write_private(path: &Path, code: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(&digest::sha256(&[code]))?;
    file.write_all(code)
}

#[cfg(not(unix))]
fn make(_dir: &Path) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "file owners and modes are needed to trust a cache",
    ))
}

#[cfg(not(unix))]
fn is_ours(_dir: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(not(unix))]
fn private(_metadata: &fs::Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn write_private(_path: &Path, _code: &[u8]) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}
