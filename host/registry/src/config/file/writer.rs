//! Reading and replacing one file at the request of a command. Those who do so through a config center exclude each other by a
//! lock; an editor knows no lock, so whoever changes the same file by hand in the same instant is not noticed.

use std::fs::{self, File};
use std::io::{self, ErrorKind as IoErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wubbo_core::{Error, ErrorKind};

use super::super::TEXT_BYTES_MAX;
use super::super::texts::Place;
use super::name;

/// Held while a file is replaced. A hidden file is no group.
const LOCK: &str = ".lock";

/// The text at `place`.
///
/// # Errors
/// [`ErrorKind::Registry`] when the directory or the file cannot be read, or is no text.
pub(super) fn read(directory: &Path, place: &Place) -> Result<Option<Arc<str>>, Error> {
    let Some(file) = find(directory, place)? else {
        return Ok(None);
    };
    text(&file)
}

/// Puts `to` at `place` if `from` is there.
///
/// # Errors
/// [`ErrorKind::Registry`] when something cannot be read or written.
pub(super) fn replace(
    directory: &Path,
    place: &Place,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<bool, Error> {
    exists(directory)?;
    let lock_path = directory.join(LOCK);
    let lock = File::create(&lock_path).map_err(|error| failed("write", &lock_path, error))?;
    lock.lock()
        .map_err(|error| failed("lock", &lock_path, error))?;
    let file = find(directory, place)?;
    let found = match &file {
        Some(file) => text(file)?,
        None => None,
    };
    if found.as_deref() != from {
        return Ok(false);
    }
    let path = file.unwrap_or_else(|| directory.join(name::path(place)));
    let written = match to {
        Some(to) => write(&path, to),
        None => match fs::remove_file(&path) {
            Err(error) if error.kind() == IoErrorKind::NotFound => Ok(()),
            removed => removed,
        },
    };
    written.map_err(|error| failed("write", &path, error))?;
    Ok(true)
}

/// The first file by name that is at `place`: the one that counts.
fn find(directory: &Path, place: &Place) -> Result<Option<PathBuf>, Error> {
    exists(directory)?;
    let mut found = Vec::new();
    for group in names(directory)? {
        if !directory.join(&group).is_dir() || is_hidden(&group) {
            continue;
        }
        for file in names(&directory.join(&group))? {
            let relative = group.join(&file);
            if !is_hidden(&file) && name::place(&relative).as_ref() == Ok(place) {
                found.push(relative);
            }
        }
    }
    Ok(found.into_iter().min().map(|found| directory.join(found)))
}

fn exists(directory: &Path) -> Result<(), Error> {
    if directory.is_dir() {
        return Ok(());
    }
    let message = format!(
        "config center file:{}: there is no such directory; make it, or mount it",
        directory.display()
    );
    Err(Error::new(ErrorKind::Registry, message))
}

fn names(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let names = fs::read_dir(directory).and_then(|entries| {
        let names = entries.map(|entry| Ok(PathBuf::from(entry?.file_name())));
        names.collect::<io::Result<Vec<_>>>()
    });
    match names {
        Err(error) if error.kind() == IoErrorKind::NotFound => Ok(Vec::new()),
        names => names.map_err(|error| failed("read", directory, error)),
    }
}

/// Whether the watch leaves it out, too.
fn is_hidden(name: &Path) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') || name.ends_with(".tmp")
}

fn text(file: &Path) -> Result<Option<Arc<str>>, Error> {
    let bytes = match fs::metadata(file) {
        Ok(found) if found.len() > TEXT_BYTES_MAX => {
            let message = format!("it has more than {TEXT_BYTES_MAX} bytes");
            return Err(failed("read", file, io::Error::other(message)));
        }
        Ok(_) => fs::read(file),
        Err(error) => Err(error),
    };
    match bytes.and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other)) {
        Ok(text) => Ok(Some(text.into())),
        Err(error) if error.kind() == IoErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", file, error)),
    }
}

/// Puts the file in place whole.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(group) = path.parent() {
        fs::create_dir_all(group)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let beside = path.with_file_name(name);
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

fn failed(what: &str, path: &Path, error: io::Error) -> Error {
    let message = format!(
        "config center: cannot {what} {}; look at its owner and mode",
        path.display()
    );
    Error::with_source(ErrorKind::Registry, message, error)
}
