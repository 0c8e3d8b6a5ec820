//! Whether strangers on this machine could put a file into a directory.
//! The plugin host refuses such a directory: who writes there decides what runs.

use std::io;
use std::path::{Path, PathBuf};

/// The first directory, from `path` up to the root, that lets everybody replace what `path` holds:
/// `path` itself when everybody may write to it, or one above it that everybody may write to without
/// the sticky bit. `None` when there is none, and on systems without Unix modes.
///
/// # Errors
/// When `path` does not exist or a directory above it cannot be looked at.
pub fn exposed_directory(path: &Path) -> io::Result<Option<PathBuf>> {
    let path = path.canonicalize()?;
    for (above, directory) in path.ancestors().enumerate() {
        if writable_by_all(directory, above > 0)? {
            return Ok(Some(directory.to_owned()));
        }
    }
    Ok(None)
}

/// The sticky bit keeps others from renaming what is there, but not from adding files: it saves a
/// directory above, never the watched one itself.
#[cfg(unix)]
fn writable_by_all(directory: &Path, sticky_helps: bool) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    const OTHERS_WRITE: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    let mode = std::fs::metadata(directory)?.permissions().mode();
    Ok(mode & OTHERS_WRITE != 0 && !(sticky_helps && mode & STICKY != 0))
}

#[cfg(not(unix))]
fn writable_by_all(_directory: &Path, _sticky_helps: bool) -> io::Result<bool> {
    Ok(false)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs::{Permissions, create_dir, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[track_caller]
    fn check(parent_mode: u32, own_mode: u32, exposed: Option<&str>) {
        let home = tempfile::tempdir().unwrap();
        let parent = home.path().join("parent");
        let own = parent.join("own");
        create_dir(&parent).unwrap();
        create_dir(&own).unwrap();
        set_permissions(&own, Permissions::from_mode(own_mode)).unwrap();
        set_permissions(&parent, Permissions::from_mode(parent_mode)).unwrap();
        let found = exposed_directory(&own).unwrap();
        let found = found.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
        assert_eq!(
            found.as_deref(),
            exposed,
            "parent {parent_mode:o}, own {own_mode:o}"
        );
    }

    #[test]
    fn names_the_directory_that_everybody_may_write_to() {
        check(0o755, 0o755, None);
        check(0o755, 0o775, None);
        check(0o755, 0o777, Some("own"));
        check(0o755, 0o1777, Some("own"));
        check(0o777, 0o755, Some("parent"));
        check(0o1777, 0o755, None);
    }

    #[test]
    fn a_missing_directory_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        assert!(exposed_directory(&home.path().join("none")).is_err());
    }
}
