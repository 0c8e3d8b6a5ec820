//! The settled state that a consumer gets, and the safe way to read a file of it.
//! An entry carries the identity that the file had when it settled, so that a reader can tell
//! whether the bytes it read belong to this snapshot.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::error::{Error, ErrorKind};

/// The whole settled state of what is watched; never a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// It can be read and holds these files, possibly none.
    Files(Snapshot),
    /// It does not exist (yet, or any more).
    Missing,
    /// It exists and cannot be read as what it should be; the text says why.
    Unreadable(String),
}

/// All files of a settled directory, tree or single file. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    entries: Arc<BTreeMap<PathBuf, Entry>>,
    skipped: Arc<[Skipped]>,
}

impl Snapshot {
    /// Sorts `skipped`: directories are listed in no order, and two equal states must compare equal.
    pub(crate) fn new(entries: BTreeMap<PathBuf, Entry>, mut skipped: Vec<Skipped>) -> Self {
        skipped.sort_by(|left, right| left.path.cmp(&right.path));
        Self {
            entries: Arc::new(entries),
            skipped: skipped.into(),
        }
    }

    pub(crate) fn map(&self) -> &BTreeMap<PathBuf, Entry> {
        &self.entries
    }

    /// The files, sorted by their path relative to the watched one.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.values()
    }

    /// The file with this path relative to the watched one (for a single file: its name).
    pub fn get(&self, name: impl AsRef<Path>) -> Option<&Entry> {
        self.entries.get(name.as_ref())
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Files and sub-directories that are there and could not be looked at.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }
}

/// A file or sub-directory that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Its path.
    pub path: PathBuf,
    /// What the operating system said.
    pub reason: String,
}

/// One settled regular file. Two entries are equal when nothing points to a change of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    name: PathBuf,
    path: PathBuf,
    identity: Identity,
    linked: bool,
}

impl Entry {
    /// `symlink` says whether the name itself is a symbolic link; `metadata` is that of its target.
    pub(crate) fn new(name: PathBuf, path: PathBuf, metadata: &Metadata, symlink: bool) -> Self {
        Self {
            name,
            path,
            identity: Identity::of(metadata),
            linked: symlink || links(metadata) > 1,
        }
    }

    /// An entry that is told from others by name, length and modification time alone.
    #[cfg(test)]
    pub(crate) fn for_test(name: &str, metadata: &Metadata) -> Self {
        let mut entry = Self::new(name.into(), name.into(), metadata, false);
        entry.identity.inode = (0, 0);
        entry.identity.changed = (0, 0);
        entry
    }

    /// Whether this is another file than `before`, which had the same name. False where the system has no inodes.
    pub(crate) fn replaces(&self, before: &Self) -> bool {
        self.identity.inode != before.identity.inode
    }

    /// An entry as [`Entry::for_test`] makes it, of the file with this inode.
    #[cfg(test)]
    pub(crate) fn with_inode(mut self, inode: u64) -> Self {
        self.identity.inode = (0, inode);
        self
    }

    /// The path relative to the watched one; for a single file its name.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// The path to open.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.identity.len
    }

    /// Whether the file has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Time of the last change of the bytes.
    pub fn modified(&self) -> SystemTime {
        self.identity.modified
    }

    /// Whether the name is a link to a file that (also) lives elsewhere: creating a link opens and closes nothing.
    pub(crate) fn is_linked(&self) -> bool {
        self.linked
    }

    /// Whether `metadata` is still that of this settled file.
    pub fn is_same(&self, metadata: &Metadata) -> bool {
        self.identity == Identity::of(metadata)
    }

    /// Reads the whole file, at most `bytes_max` bytes. Blocks; call it on a blocking thread.
    ///
    /// # Errors
    /// [`ErrorKind::Changed`] when the file is not, or is no longer, the one that settled (a newer
    /// [`Change`] follows, so that a consumer just waits for it), [`ErrorKind::TooLarge`], [`ErrorKind::Io`].
    pub fn read(&self, bytes_max: u64) -> Result<Vec<u8>, Error> {
        if self.len() > bytes_max {
            return Err(self.too_large(bytes_max));
        }
        let mut file = File::open(&self.path).map_err(|error| self.unreadable(error))?;
        self.verify(&file)?;
        let mut bytes = Vec::with_capacity(usize::try_from(self.len()).unwrap_or(0));
        // One byte more than announced shows a file that grows; it is never read without a bound.
        (&mut file)
            .take(self.len().saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| self.unreadable(error))?;
        self.verify(&file)?;
        if u64::try_from(bytes.len()).ok() != Some(self.len()) {
            return Err(Error::changed(&self.path));
        }
        Ok(bytes)
    }

    fn verify(&self, file: &File) -> Result<(), Error> {
        let metadata = file.metadata().map_err(|error| self.unreadable(error))?;
        if self.is_same(&metadata) {
            return Ok(());
        }
        Err(Error::changed(&self.path))
    }

    fn too_large(&self, bytes_max: u64) -> Error {
        Error::new(
            ErrorKind::TooLarge,
            format!(
                "{}: {} bytes, at most {bytes_max} are read",
                self.path.display(),
                self.len()
            ),
        )
    }

    fn unreadable(&self, error: std::io::Error) -> Error {
        if error.kind() == std::io::ErrorKind::NotFound {
            return Error::changed(&self.path);
        }
        Error::io(ErrorKind::Io, "cannot be read", &self.path, error)
    }
}

/// What tells one state of a file from another without reading it.
/// The change time is part of it because `cp -p` and `tar` set the modification time back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    len: u64,
    modified: SystemTime,
    inode: (u64, u64),
    changed: (i64, i64),
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Self {
            len: metadata.len(),
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            inode: inode(metadata),
            changed: changed(metadata),
        }
    }
}

/// Device and inode; zero where the system has none, which leaves length and time to tell.
#[cfg(unix)]
pub(crate) fn inode(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(unix)]
fn changed(metadata: &Metadata) -> (i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(unix)]
fn links(metadata: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    metadata.nlink()
}

#[cfg(not(unix))]
pub(crate) fn inode(_metadata: &Metadata) -> (u64, u64) {
    (0, 0)
}

#[cfg(not(unix))]
fn changed(_metadata: &Metadata) -> (i64, i64) {
    (0, 0)
}

#[cfg(not(unix))]
fn links(_metadata: &Metadata) -> u64 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &Path) -> Entry {
        Entry::new(
            "a.wasm".into(),
            path.into(),
            &std::fs::metadata(path).unwrap(),
            false,
        )
    }

    #[test]
    fn reads_the_settled_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wasm");
        std::fs::write(&path, b"abc").unwrap();
        assert_eq!(entry(&path).read(3).unwrap(), b"abc");
    }

    #[test]
    fn refuses_a_file_above_the_limit_and_names_both_sizes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wasm");
        std::fs::write(&path, b"abcd").unwrap();
        let error = entry(&path).read(3).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(
            error.to_string().ends_with("4 bytes, at most 3 are read"),
            "{error}"
        );
    }

    #[test]
    fn refuses_a_file_that_is_not_the_settled_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wasm");
        std::fs::write(&path, b"abc").unwrap();
        let settled = entry(&path);
        let other = dir.path().join("b.wasm");
        std::fs::write(&other, b"xyz").unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert_eq!(settled.read(9).unwrap_err().kind(), ErrorKind::Changed);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(settled.read(9).unwrap_err().kind(), ErrorKind::Changed);
    }
}
