//! The entries of this process: written, kept and taken back.
//!
//! One lock file per owner, not one per entry: a gateway with a thousand services needs one descriptor for it,
//! and a reader tries one lock per process. The kernel frees the lock when the process ends, however it ends.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use wubbo_core::{Error, ErrorKind, Url};

use super::layout::{LOCK, OWNERS, file_name, folder};

/// An unfinished file of a process that died while writing it is removed at this age; writing takes milliseconds.
const UNFINISHED_AGE: Duration = Duration::from_secs(60);

/// One holder of entries in a registry directory.
#[derive(Debug)]
pub(super) struct Owner {
    directory: PathBuf,
    /// Differs from that of every other owner on this machine, past ones included.
    id: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The locked file; there from the first entry on.
    lock: Option<File>,
    entries: Vec<(Url, PathBuf)>,
    /// Numbers the entries.
    next: u64,
    closed: bool,
}

impl Owner {
    pub(super) fn new(directory: &Path) -> Self {
        let random = RandomState::new().hash_one(SystemTime::now());
        Self {
            directory: directory.to_owned(),
            id: format!("{}-{random:016x}", std::process::id()),
            state: Mutex::default(),
        }
    }

    /// Makes the registry's directory.
    pub(super) fn make_directory(&self) -> Result<(), Error> {
        fs::create_dir_all(&self.directory).map_err(|error| self.failed("cannot be made", error))
    }

    /// Writes the entry of `url` unless it is there.
    pub(super) fn register(&self, url: &Url) -> Result<(), Error> {
        let folder = folder(url)?;
        let mut state = self.lock_state();
        if state.closed {
            let message = format!("{}: is closed", self.name());
            return Err(Error::new(ErrorKind::Destroyed, message));
        }
        if state.entries.iter().any(|(known, _)| known == url) {
            return Ok(());
        }
        let path = self
            .directory
            .join(folder)
            .join(file_name(url, state.next, &self.id));
        state.next += 1;
        self.ensure_lock(&mut state)
            .and_then(|()| write_entry(&path, url))
            .map_err(|error| self.failed("cannot be written", error))?;
        state.entries.push((url.clone(), path));
        Ok(())
    }

    /// Removes the entry of `url` if it is there.
    pub(super) fn unregister(&self, url: &Url) -> Result<(), Error> {
        let mut state = self.lock_state();
        let Some(index) = state.entries.iter().position(|(known, _)| known == url) else {
            return Ok(());
        };
        if let Some((_, path)) = state.entries.get(index) {
            remove(path).map_err(|error| self.failed("cannot be written", error))?;
        }
        state.entries.swap_remove(index);
        Ok(())
    }

    /// Brings back what somebody else has removed: the directory, the lock, entries.
    pub(super) fn ensure(&self) -> Result<(), Error> {
        let mut state = self.lock_state();
        if state.closed || state.entries.is_empty() {
            return Ok(());
        }
        self.ensure_entries(&mut state)
            .map_err(|error| self.failed("cannot be written", error))
    }

    /// Takes everything back for good.
    pub(super) fn close(&self) {
        let mut state = self.lock_state();
        state.closed = true;
        let mut left = false;
        for (_, path) in std::mem::take(&mut state.entries) {
            left |= remove(&path).is_err();
        }
        // Before the lock is free, so that nobody takes us for dead. Its file stays only where an entry could not be
        // removed: whoever then finds it free tries again.
        if state.lock.is_some() && !left {
            let _ = remove(&self.lock_path());
        }
        state.lock = None;
    }

    /// Frees the lock and leaves everything else, as a killed process does.
    #[cfg(test)]
    pub(super) fn die(&self) {
        let mut state = self.lock_state();
        state.closed = true;
        state.entries.clear();
        state.lock = None;
    }

    fn ensure_entries(&self, state: &mut State) -> io::Result<()> {
        self.ensure_lock(state)?;
        for (url, path) in &state.entries {
            if !path.try_exists()? {
                write_entry(path, url)?;
            }
        }
        Ok(())
    }

    /// The lock comes before any entry: an entry without it would look dead.
    fn ensure_lock(&self, state: &mut State) -> io::Result<()> {
        let path = self.lock_path();
        if state.lock.is_some() && path.try_exists()? {
            return Ok(());
        }
        let owners = self.directory.join(OWNERS);
        fs::create_dir_all(&owners)?;
        sweep_unfinished(&owners);
        let unfinished = owners.join(format!(".{}.tmp", self.id));
        let mut file = File::create(&unfinished)?;
        // Locked before it has its name: nobody ever sees it free while we live.
        file.try_lock().map_err(io::Error::from)?;
        writeln!(file, "pid {}", std::process::id())?;
        fs::rename(&unfinished, &path)?;
        state.lock = Some(file);
        Ok(())
    }

    fn lock_path(&self) -> PathBuf {
        self.directory
            .join(OWNERS)
            .join(format!("{}.{LOCK}", self.id))
    }

    fn failed(&self, what: &str, error: io::Error) -> Error {
        Error::with_source(
            ErrorKind::Registry,
            format!("{}: {what}", self.name()),
            error,
        )
    }

    fn name(&self) -> String {
        format!("registry file:{}", self.directory.display())
    }

    fn lock_state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes beside and renames, so that no reader ever sees a part of it.
fn write_entry(path: &Path, url: &Url) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidFilename.into());
    };
    fs::create_dir_all(folder)?;
    sweep_unfinished(folder);
    let unfinished = folder.join(format!(".{}.tmp", name.to_string_lossy()));
    fs::write(&unfinished, format!("{url}\n"))?;
    fs::rename(&unfinished, path)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes what writers left that died between writing and renaming. Failing is harmless: nobody reads these.
fn sweep_unfinished(folder: &Path) {
    let Ok(items) = fs::read_dir(folder) else {
        return;
    };
    for item in items.flatten() {
        let name = item.file_name();
        let name = name.as_encoded_bytes();
        let old = || {
            let modified = item.metadata().and_then(|metadata| metadata.modified());
            modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > UNFINISHED_AGE))
        };
        if name.starts_with(b".") && name.ends_with(b".tmp") && old() {
            let _ = fs::remove_file(item.path());
        }
    }
}

/// Which owners have a lock file, and whether they hold it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Roll {
    pub(super) alive: HashSet<String>,
    pub(super) dead: HashSet<String>,
}

impl Roll {
    pub(super) fn has_dead(&self) -> bool {
        !self.dead.is_empty()
    }
}

/// Tries every owner's lock. `None` when there is no directory of locks.
///
/// # Errors
/// When that directory cannot be read; nothing is known then.
pub(super) fn call_roll(directory: &Path) -> io::Result<Option<Roll>> {
    let items = match fs::read_dir(directory.join(OWNERS)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        items => items?,
    };
    let mut roll = Roll::default();
    for item in items {
        let path = item?.path();
        let (Some(id), true) = (
            path.file_stem().and_then(OsStr::to_str),
            path.extension() == Some(OsStr::new(LOCK)),
        ) else {
            continue;
        };
        match is_free(&path) {
            Ok(true) => roll.dead.insert(id.to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            // A lock that cannot be tried says nothing against its owner.
            Ok(false) | Err(_) => roll.alive.insert(id.to_owned()),
        };
    }
    Ok(Some(roll))
}

/// A shared lock is tried: two readers who look at once must not take each other for the owner.
fn is_free(path: &Path) -> io::Result<bool> {
    match File::open(path)?.try_lock_shared() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Removes the lock file of an owner that was found dead.
pub(super) fn remove_lock(directory: &Path, id: &str) -> io::Result<()> {
    remove(&directory.join(OWNERS).join(format!("{id}.{LOCK}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(port: u16) -> Url {
        Url::parse(&format!("dubbo://h:{port}/a.B")).unwrap()
    }

    fn files(home: &Path) -> usize {
        let items = fs::read_dir(home.join("a.B/providers"));
        items.map_or(0, |items| items.flatten().count())
    }

    fn roll(home: &Path) -> (usize, usize) {
        let roll = call_roll(home).unwrap().unwrap_or_default();
        (roll.alive.len(), roll.dead.len())
    }

    #[test]
    fn an_owner_is_alive_until_it_closes_or_dies() {
        let home = tempfile::tempdir().unwrap();
        let owner = Owner::new(home.path());
        assert_eq!(call_roll(home.path()).unwrap(), None);
        owner.register(&url(1)).unwrap();
        owner.register(&url(1)).unwrap();
        owner.register(&url(2)).unwrap();
        assert_eq!((files(home.path()), roll(home.path())), (2, (1, 0)));
        owner.unregister(&url(2)).unwrap();
        assert_eq!((files(home.path()), roll(home.path())), (1, (1, 0)));
        let other = Owner::new(home.path());
        other.register(&url(1)).unwrap();
        assert_eq!((files(home.path()), roll(home.path())), (2, (2, 0)));
        other.die();
        assert_eq!((files(home.path()), roll(home.path())), (2, (1, 1)));
        owner.close();
        assert_eq!((files(home.path()), roll(home.path())), (1, (0, 1)));
    }

    #[test]
    fn what_others_removed_comes_back_while_the_owner_is_open() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("registry");
        let owner = Owner::new(&directory);
        owner.register(&url(1)).unwrap();
        fs::remove_dir_all(&directory).unwrap();
        owner.ensure().unwrap();
        assert_eq!((files(&directory), roll(&directory)), (1, (1, 0)));
        owner.close();
        owner.ensure().unwrap();
        assert_eq!((files(&directory), roll(&directory)), (0, (0, 0)));
        assert_eq!(
            owner.register(&url(1)).unwrap_err().kind(),
            ErrorKind::Destroyed
        );
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_named() {
        let home = tempfile::tempdir().unwrap();
        let blocked = home.path().join("registry");
        fs::write(&blocked, "a file").unwrap();
        let error = Owner::new(&blocked).register(&url(1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Registry);
        let text = error.report();
        assert!(
            text.contains("registry file:") && text.contains("cannot be written: "),
            "{text}"
        );
    }

    #[test]
    fn only_old_unfinished_files_are_swept() {
        let home = tempfile::tempdir().unwrap();
        for (name, age) in [(".old.tmp", 3600), (".new.tmp", 0), ("old.url", 3600)] {
            let file = File::create(home.path().join(name)).unwrap();
            let at = SystemTime::now() - Duration::from_secs(age);
            file.set_modified(at).unwrap();
        }
        sweep_unfinished(home.path());
        let left = |name: &str| home.path().join(name).exists();
        assert!(!left(".old.tmp") && left(".new.tmp") && left("old.url"));
    }
}
