//! One look at what is watched: its files as they are now, and the directories whose events matter.
//! Pure reading; whether the state is settled is decided in `settle`.

use std::collections::BTreeMap;
use std::fs::{DirEntry, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::options::Options;
use crate::snapshot::{Change, Entry, Skipped, Snapshot, inode};

/// What is watched.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// The files of a directory, and those of `levels` levels of sub-directories.
    Tree { root: PathBuf, levels: usize },
    /// One file.
    File { path: PathBuf },
}

impl Target {
    /// The path that messages name.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Tree { root, .. } => root,
            Self::File { path } => path,
        }
    }

    /// The directory in which events matter. For a file it is the one around it, because a symlink farm
    /// (`file -> ..data/file`) changes by a rename beside the file.
    pub(crate) fn home(&self) -> &Path {
        match self {
            Self::Tree { root, .. } => root,
            Self::File { path } => path.parent().unwrap_or(path),
        }
    }
}

/// What one look found.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) state: Change,
    /// Directories to get events from, each with device and inode: a replaced directory must be watched anew.
    pub(crate) directories: Vec<(PathBuf, (u64, u64))>,
}

/// Looks once.
pub(crate) fn scan(target: &Target, options: &Options) -> Scan {
    let mut directories = Vec::new();
    push_around(target.home(), &mut directories);
    let state = match target {
        Target::File { path } => file_state(path),
        Target::Tree { root, levels } => {
            let mut walk = Walk {
                root,
                options,
                entries: BTreeMap::new(),
                skipped: Vec::new(),
                directories: &mut directories,
            };
            match walk.directory(root, *levels) {
                Ok(()) => Change::Files(Snapshot::new(walk.entries, walk.skipped)),
                Err(error) => trouble(&error),
            }
        }
    };
    Scan { state, directories }
}

/// The watched directory and the nearest existing one above it: only that one tells that the watched
/// one was replaced, removed or came back.
fn push_around(home: &Path, directories: &mut Vec<(PathBuf, (u64, u64))>) {
    let above = home.ancestors().skip(1);
    for directory in std::iter::once(home).chain(above) {
        let Ok(metadata) = std::fs::metadata(directory) else {
            continue;
        };
        if metadata.is_dir() {
            directories.push((directory.to_owned(), inode(&metadata)));
            if directory != home {
                return;
            }
        }
    }
}

fn file_state(path: &Path) -> Change {
    match std::fs::metadata(path) {
        Err(error) => trouble(&error),
        Ok(metadata) if !metadata.is_file() => Change::Unreadable("is not a file".into()),
        Ok(metadata) => {
            let name = PathBuf::from(path.file_name().unwrap_or(path.as_os_str()));
            let symlink = path.is_symlink();
            let entry = Entry::new(name.clone(), path.to_owned(), &metadata, symlink);
            Change::Files(Snapshot::new(BTreeMap::from([(name, entry)]), Vec::new()))
        }
    }
}

fn trouble(error: &io::Error) -> Change {
    match error.kind() {
        io::ErrorKind::NotFound => Change::Missing,
        io::ErrorKind::NotADirectory => Change::Unreadable("is not a directory".into()),
        _ => Change::Unreadable(error.to_string()),
    }
}

struct Walk<'a> {
    root: &'a Path,
    options: &'a Options,
    entries: BTreeMap<PathBuf, Entry>,
    skipped: Vec<Skipped>,
    directories: &'a mut Vec<(PathBuf, (u64, u64))>,
}

impl Walk<'_> {
    fn directory(&mut self, directory: &Path, levels: usize) -> io::Result<()> {
        for item in std::fs::read_dir(directory)? {
            let item = item?;
            if is_hidden(&item) {
                continue;
            }
            self.item(&item, levels)?;
        }
        Ok(())
    }

    /// Follows links: a farm's names are links, and so may sub-directories be. `levels` bounds cycles.
    fn item(&mut self, item: &DirEntry, levels: usize) -> io::Result<()> {
        let path = item.path();
        let metadata = match std::fs::metadata(&path) {
            Ok(metadata) => metadata,
            // Gone since it was listed, or a link to nothing: not there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return self.skip(path, &error),
        };
        if metadata.is_dir() {
            return match levels.checked_sub(1) {
                Some(levels) => self.sub_directory(path, &metadata, levels),
                None => Ok(()),
            };
        }
        // Pipes, sockets and devices are not files: opening one could block for ever.
        if metadata.is_file() {
            self.file(item, path, &metadata)?;
        }
        Ok(())
    }

    fn sub_directory(
        &mut self,
        path: PathBuf,
        metadata: &Metadata,
        levels: usize,
    ) -> io::Result<()> {
        self.directories.push((path.clone(), inode(metadata)));
        self.bounded(self.directories.len())?;
        match self.directory(&path, levels) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::QuotaExceeded => Err(error),
            Err(error) => self.skip(path, &error),
        }
    }

    fn file(&mut self, item: &DirEntry, path: PathBuf, metadata: &Metadata) -> io::Result<()> {
        let name = path.strip_prefix(self.root).unwrap_or(&path).to_owned();
        if !(self.options.accept)(&name) {
            return Ok(());
        }
        let symlink = item.file_type().is_ok_and(|kind| kind.is_symlink());
        let entry = Entry::new(name.clone(), path, metadata, symlink);
        self.entries.insert(name, entry);
        self.bounded(self.entries.len())
    }

    fn skip(&mut self, path: PathBuf, error: &io::Error) -> io::Result<()> {
        self.skipped.push(Skipped {
            path,
            reason: error.to_string(),
        });
        self.bounded(self.skipped.len())
    }

    fn bounded(&self, count: usize) -> io::Result<()> {
        if count <= self.options.entries_max {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::QuotaExceeded,
            format!("holds more than {} files", self.options.entries_max),
        ))
    }
}

/// Dot files are private to whoever writes them (editors, the `..data` of a symlink farm), `*.tmp` are unfinished.
fn is_hidden(item: &DirEntry) -> bool {
    let name = item.file_name();
    let name = name.as_encoded_bytes();
    name.starts_with(b".") || name.ends_with(b".tmp")
}

#[cfg(test)]
mod tests;
