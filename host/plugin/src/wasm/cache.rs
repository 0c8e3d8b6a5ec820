//! Compiled modules on disk, by content: the module's SHA-256 and everything about the engine that the code depends on.
//!
//! A cache that cannot be written is no error of a plugin: it is said, and modules are compiled.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use wasmtime::{Engine, Module};

use super::precompiled::{self, Vouched};
use crate::digest::hex;
use crate::error::{PluginError, PluginErrorKind};
use crate::private_dir::{Distrust, PrivateDir};

/// Files kept; the oldest go first.
const FILES_MAX: usize = 128;
/// A compiled module is a few times its source; nothing above this is read back.
const FILE_BYTES_MAX: u64 = 256 << 20;
const SUFFIX: &str = ".cwasm";
/// Modules on their way to the process that compiles them.
const SOURCE: &str = ".source";

/// The cache directory.
pub(super) struct Cache {
    dir: PrivateDir,
    /// Names version, target and settings of the engine.
    engine: String,
}

impl Cache {
    /// Opens the directory, making it if it is not there.
    ///
    /// # Errors
    /// Kind `Directory`: it cannot be made, or others may write to it.
    pub(super) fn open(dir: &Path, engine: &Engine) -> Result<Self, PluginError> {
        let mut names = Names(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut names);
        Ok(Self {
            dir: PrivateDir::open(dir, "plugin cache", "compiled code is trusted")?,
            engine: hex(names.0.finalize().as_slice())
                .chars()
                .take(32)
                .collect(),
        })
    }

    fn name(&self, sha256: &[u8; 32]) -> String {
        format!("{}-{}{SUFFIX}", hex(sha256), self.engine)
    }

    /// The module, if it was compiled before by this very engine.
    pub(super) fn load(&self, engine: &Engine, sha256: &[u8; 32]) -> Option<Module> {
        let name = self.name(sha256);
        match self.dir.read(&name, FILE_BYTES_MAX) {
            Ok(code) => precompiled::load(engine, &Vouched::new(&code?)),
            Err(Distrust::Damaged) => {
                // Cut short by a full disk or a crash. It is made anew.
                let _ = self.dir.remove(&name);
                None
            }
            Err(_) => None,
        }
    }

    /// Keeps a compiled module.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn store(&self, module: &Module, sha256: &[u8; 32]) -> io::Result<()> {
        let code = module.serialize().map_err(io::Error::other)?;
        let written = self.dir.write(&self.name(sha256), &[&code]);
        self.prune();
        written
    }

    /// Lays a module here that is to be compiled; the name it can be taken by.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn lay_source(&self, bytes: &[u8]) -> io::Result<String> {
        let name = format!("{:016x}{SOURCE}", fastrand::u64(..));
        self.dir.write(&name, &[bytes])?;
        Ok(name)
    }

    /// Takes a module away that is to be compiled.
    ///
    /// # Errors
    /// Kind `Directory`: there is none, or it is not what this user laid there.
    pub(super) fn take_source(&self, name: &str) -> Result<Vec<u8>, PluginError> {
        let bad = |why: String| {
            let text = format!("{}: {why}", self.dir.path().join(name).display());
            PluginError::new(PluginErrorKind::Directory, text)
        };
        if name.contains('/') || !name.ends_with(SOURCE) {
            return Err(bad("no name of a module that is to be compiled".to_owned()));
        }
        let read = self.dir.read(name, FILE_BYTES_MAX);
        self.remove_source(name);
        match read {
            Ok(bytes) => bytes.ok_or_else(|| bad("there is no such module".to_owned())),
            Err(distrust) => Err(bad(distrust.to_string())),
        }
    }

    /// Removes a module that is to be compiled, if it still is there.
    pub(super) fn remove_source(&self, name: &str) {
        let _ = self.dir.remove(name);
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    fn prune(&self) {
        let Ok(names) = self.dir.names(SUFFIX) else {
            return;
        };
        let dated = |name: String| {
            let metadata = fs::symlink_metadata(self.dir.path().join(&name)).ok()?;
            Some((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), name))
        };
        let mut files: Vec<_> = names.into_iter().filter_map(dated).collect();
        files.sort();
        let surplus = files.len().saturating_sub(FILES_MAX);
        for (_, name) in files.into_iter().take(surplus) {
            let _ = self.dir.remove(&name);
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
