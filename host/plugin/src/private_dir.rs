//! A directory of this user's own, and files in it whose content proves itself: written beside and renamed, each behind its SHA-256.

use std::fmt;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::digest::sha256;
use crate::error::{PluginError, PluginErrorKind};

/// Bytes of the SHA-256 that stands before the content.
pub(crate) const SEAL: usize = 32;

/// The directory.
pub(crate) struct PrivateDir {
    path: PathBuf,
}

/// Why a file is not believed.
#[derive(Debug)]
pub(crate) enum Distrust {
    /// It belongs to somebody else, others may touch it, or it is no file.
    NotPrivate,
    /// It is larger than anything that is written here.
    TooLarge,
    /// Its content is not what was written: cut short by a full disk or a crash, or changed.
    Damaged,
    Io(io::Error),
}

impl fmt::Display for Distrust {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPrivate => out.write_str("is not a file of this user alone"),
            Self::TooLarge => out.write_str("is larger than anything that is kept here"),
            Self::Damaged => out.write_str("is damaged: its content is not what was written"),
            Self::Io(error) => write!(out, "cannot be read: {error}"),
        }
    }
}

impl PrivateDir {
    /// Opens the directory, making it (0700) if it is not there. `what` names it; `because` says why others may not write to it.
    ///
    /// # Errors
    /// Kind `Directory`: it cannot be made, belongs to another user, or everybody may write to it.
    pub(crate) fn open(path: &Path, what: &str, because: &str) -> Result<Self, PluginError> {
        let bad = |text: String| {
            PluginError::new(
                PluginErrorKind::Directory,
                format!("{what} {}: {text}", path.display()),
            )
        };
        let unseen = |error: io::Error| bad(format!("cannot be looked at: {error}"));
        make(path).map_err(|error| bad(format!("cannot be made: {error}")))?;
        match wubbo_watch::exposed_directory(path) {
            Ok(None) => {}
            Ok(Some(open)) => {
                return Err(bad(format!(
                    "{} may be written by everybody; {because}, so chmod o-w it",
                    open.display()
                )));
            }
            Err(error) => return Err(unseen(error)),
        }
        if !is_ours(path).map_err(unseen)? {
            return Err(bad(format!(
                "belongs to another user; {because}, so choose a directory of your own"
            )));
        }
        Ok(Self {
            path: path.to_owned(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The names of the files that end with `suffix`.
    pub(crate) fn names(&self, suffix: &str) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(&self.path)?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.filter(|name| name.ends_with(suffix)).collect())
    }

    /// Writes a file (0600) in one step, so that a reader never sees half of it.
    pub(crate) fn write(&self, name: &str, content: &[&[u8]]) -> io::Result<()> {
        let beside = self.path.join(format!("{name}.{}.tmp", fastrand::u64(..)));
        let written = write_private(&beside, content)
            .and_then(|()| fs::rename(&beside, self.path.join(name)));
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written
    }

    /// The content of a file; `None` when there is none.
    pub(crate) fn read(&self, name: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, Distrust> {
        let Some((mut file, _)) = self.open_file(name, bytes_max)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        let read = (&mut file).take(bytes_max).read_to_end(&mut bytes);
        read.map_err(Distrust::Io)?;
        match bytes.split_at_checked(SEAL) {
            Some((seal, content)) if *seal == sha256(&[content]) => {
                bytes.drain(..SEAL);
                Ok(Some(bytes))
            }
            _ => Err(Distrust::Damaged),
        }
    }

    /// The first bytes of a file's content, not proven, and how long the whole content is.
    pub(crate) fn head(
        &self,
        name: &str,
        bytes: u64,
        bytes_max: u64,
    ) -> Result<Option<(Vec<u8>, u64)>, Distrust> {
        let Some((mut file, length)) = self.open_file(name, bytes_max)? else {
            return Ok(None);
        };
        let mut head = Vec::new();
        let read = (&mut file).take(bytes + SEAL as u64).read_to_end(&mut head);
        read.map_err(Distrust::Io)?;
        if head.len() < SEAL {
            return Err(Distrust::Damaged);
        }
        head.drain(..SEAL);
        Ok(Some((head, length.saturating_sub(SEAL as u64))))
    }

    /// Removes a file; one that is not there is removed already.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn open_file(&self, name: &str, bytes_max: u64) -> Result<Option<(fs::File, u64)>, Distrust> {
        let path = self.path.join(name);
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Distrust::Io(error)),
        };
        if !metadata.is_file() || !private(&metadata) {
            return Err(Distrust::NotPrivate);
        }
        if metadata.len() > bytes_max {
            return Err(Distrust::TooLarge);
        }
        let file = fs::File::open(&path).map_err(Distrust::Io)?;
        Ok(Some((file, metadata.len())))
    }
}

#[cfg(unix)]
fn make(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

#[cfg(unix)]
fn is_ours(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(fs::metadata(path)?.uid() == rustix::process::geteuid().as_raw())
}

#[cfg(unix)]
fn private(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o077 == 0
}

#[cfg(unix)]
fn write_private(path: &Path, content: &[&[u8]]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(&sha256(content))?;
    content.iter().try_for_each(|part| file.write_all(part))
}

#[cfg(not(unix))]
fn make(_path: &Path) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "file owners and modes are needed to trust it",
    ))
}

#[cfg(not(unix))]
fn is_ours(_path: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(not(unix))]
fn private(_metadata: &fs::Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn write_private(_path: &Path, _content: &[&[u8]]) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}
