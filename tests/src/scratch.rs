//! A temporary folder of one test: registries, plugin directories and configurations live there and go with it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// An empty folder, removed with everything in it on drop.
#[derive(Debug)]
pub struct Scratch(TempDir);

impl Scratch {
    /// A folder whose name begins with `wubbo-<name>-`.
    ///
    /// # Errors
    /// The system's temporary folder cannot be written to.
    pub fn new(name: &str) -> io::Result<Self> {
        let prefix = format!("wubbo-{name}-");
        Ok(Self(tempfile::Builder::new().prefix(&prefix).tempdir()?))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The path of `name` in it.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// Makes the folder `name` and the folders above it.
    ///
    /// # Errors
    /// As [`fs::create_dir_all`].
    pub fn folder(&self, name: impl AsRef<Path>) -> io::Result<PathBuf> {
        let path = self.join(name);
        fs::create_dir_all(&path)?;
        Ok(path)
    }

    /// Writes the file `name`, and makes the folders above it.
    ///
    /// # Errors
    /// As [`fs::write`].
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> io::Result<PathBuf> {
        let path = self.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, content)?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_goes_with_its_owner() {
        let scratch = Scratch::new("own").unwrap();
        let file = scratch.write("a/b.txt", "text").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"text");
        assert!(scratch.folder("c/d").unwrap().is_dir());
        let folder = scratch.path().to_owned();
        drop(scratch);
        assert!(!folder.exists());
    }
}
