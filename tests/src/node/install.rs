//! Whether the packages of the Node peer are there, and `npm ci` when they are not. One at a time, as for the Java peers.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::java::build::{left_out, missing, run};
use crate::process::Error;

/// What the Node peer needs.
const NEEDED: &str = "Node 18 or newer and npm are needed for the Node peer";

/// What npm writes last, with what it installed.
const WRITTEN_LAST: &str = "node_modules/.package-lock.json";

/// The peer's folder, ready to run; `None` when Node is missing and may be.
pub(super) fn folder() -> Result<Option<PathBuf>, Error> {
    static FOLDER: OnceLock<Result<Option<PathBuf>, Error>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/node");
        let strict = env::var_os("CI").is_some_and(|value| value == "true");
        prepare(&project, &env::var_os("PATH").unwrap_or_default(), strict)
    });
    folder.clone()
}

fn prepare(project: &Path, path: &OsStr, strict: bool) -> Result<Option<PathBuf>, Error> {
    let failed = |error: io::Error| Error::new(&format!("{}: {error}", project.display()));
    if missing("node", path) {
        return left_out("node", NEEDED, strict);
    }
    let target = project.join("target");
    fs::create_dir_all(&target).map_err(failed)?;
    let lock = File::create(target.join("install.lock")).map_err(failed)?;
    lock.lock().map_err(failed)?;
    if fresh(project).map_err(failed)? {
        return Ok(Some(project.to_owned()));
    }
    if missing("npm", path) {
        return left_out("npm", NEEDED, strict);
    }
    let mut command = Command::new("npm");
    command
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(project);
    run(command, "npm ci of the Node peer")?;
    Ok(Some(project.to_owned()))
}

/// The packages are there and no older than the list of them.
fn fresh(project: &Path) -> io::Result<bool> {
    let installed = match fs::metadata(project.join(WRITTEN_LAST)) {
        Ok(metadata) => metadata.modified()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let listed = fs::metadata(project.join("package-lock.json"))?;
    Ok(listed.modified()? <= installed)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn packages_are_used_until_the_list_of_them_is_newer() {
        let scratch = Scratch::new("node-install").unwrap();
        let error = prepare(scratch.path(), OsStr::new(""), true).unwrap_err();
        assert_eq!(error.to_string(), format!("node is not on PATH: {NEEDED}"));
        assert_eq!(
            prepare(scratch.path(), OsStr::new(""), false).unwrap(),
            None
        );

        let bin = scratch.folder("bin").unwrap();
        scratch.write("bin/node", "").unwrap();
        let prepare = |strict| prepare(scratch.path(), bin.as_os_str(), strict);
        let list = scratch.write("package-lock.json", "{}").unwrap();
        assert!(prepare(true).unwrap_err().to_string().starts_with("npm is"));
        scratch.write(WRITTEN_LAST, "{}").unwrap();
        assert_eq!(prepare(true).unwrap(), Some(scratch.path().to_owned()));
        let list = File::options().append(true).open(list).unwrap();
        list.set_modified(SystemTime::now() + Duration::from_secs(10))
            .unwrap();
        assert!(prepare(true).is_err());
    }
}
