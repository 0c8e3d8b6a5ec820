//! Whether the Go peer is there and newer than its sources, and the build when it is not. One at a time, as for the Java peers.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::Line;
use crate::java::build::{left_out, missing, run};
use crate::process::Error;

/// What the Go peer needs.
const NEEDED: &str = "Go 1.25 or newer is needed for the Go peer";

/// The binary, up to date; `None` when Go is missing and may be.
pub(super) fn binary(line: Line) -> Result<Option<PathBuf>, Error> {
    static GO_1: OnceLock<Result<Option<PathBuf>, Error>> = OnceLock::new();
    static GO_3: OnceLock<Result<Option<PathBuf>, Error>> = OnceLock::new();
    let binary = match line {
        Line::Go1 => &GO_1,
        Line::Go3 => &GO_3,
    };
    let binary = binary.get_or_init(|| {
        let interop = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop");
        let sources = [interop.join(line.folder()), interop.join("godemo")];
        let strict = env::var_os("CI").is_some_and(|value| value == "true");
        prepare(&sources, &env::var_os("PATH").unwrap_or_default(), strict)
    });
    binary.clone()
}

/// The first of the folders is the peer's own, the others hold what it shares.
fn prepare(sources: &[PathBuf], path: &OsStr, strict: bool) -> Result<Option<PathBuf>, Error> {
    let Some(project) = sources.first() else {
        return Err(Error::new("a Go peer without sources"));
    };
    let failed = |error: io::Error| Error::new(&format!("{}: {error}", project.display()));
    let target = project.join("target");
    fs::create_dir_all(&target).map_err(failed)?;
    let lock = File::create(target.join("build.lock")).map_err(failed)?;
    lock.lock().map_err(failed)?;
    let binary = target.join("wubbo-go-peer");
    if fresh(&binary, sources).map_err(failed)? {
        return Ok(Some(binary));
    }
    if missing("go", path) {
        return left_out("go", NEEDED, strict);
    }
    let mut command = Command::new("go");
    command
        .args(["build", "-trimpath", "-o", "target/wubbo-go-peer", "."])
        .current_dir(project);
    run(command, "go build of the Go peer")?;
    Ok(Some(binary))
}

/// The binary exists and no source is newer.
fn fresh(binary: &Path, sources: &[PathBuf]) -> io::Result<bool> {
    let built = match fs::metadata(binary) {
        Ok(metadata) => metadata.modified()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    for folder in sources {
        for entry in fs::read_dir(folder)? {
            let metadata = entry?.metadata()?;
            if metadata.is_file() && metadata.modified()? > built {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn without_go_a_built_peer_is_used_until_a_source_is_newer() {
        let scratch = Scratch::new("go-build").unwrap();
        scratch.write("shared/main.go", "package main\n").unwrap();
        let sources = [scratch.path().to_owned(), scratch.path().join("shared")];
        let prepare = |strict| prepare(&sources, OsStr::new(""), strict);
        assert_eq!(prepare(false).unwrap(), None);
        let error = prepare(true).unwrap_err().to_string();
        assert_eq!(error, format!("go is not on PATH: {NEEDED}"));

        scratch.write("target/wubbo-go-peer", "").unwrap();
        let binary = scratch.path().join("target/wubbo-go-peer");
        assert_eq!(prepare(true).unwrap(), Some(binary));
        let source = File::options()
            .append(true)
            .open(scratch.path().join("shared/main.go"))
            .unwrap();
        source
            .set_modified(SystemTime::now() + Duration::from_secs(10))
            .unwrap();
        assert!(prepare(true).is_err());
    }
}
