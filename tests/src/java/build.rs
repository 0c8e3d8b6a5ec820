//! Whether the jar of the Java peers is there and newer than its sources, and the Maven build when it is not.
//!
//! One build at a time: threads of this process share the answer, other processes wait on a lock file.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use super::{Error, Line};
use crate::process::{Process, Read};

/// What the Java peers need.
const NEEDED: &str = "a JDK of 17 or newer and Maven are needed for the Java peers";

/// Measured 15 s with an empty local repository; a slow mirror is given time.
const BUILD_LIMIT: Duration = Duration::from_secs(900);

/// The jar of a line, up to date; `None` when tools are missing and may be.
pub(super) fn jar(line: Line) -> Result<Option<PathBuf>, Error> {
    static DUBBO_3: OnceLock<Result<Option<PathBuf>, Error>> = OnceLock::new();
    static DUBBO_32: OnceLock<Result<Option<PathBuf>, Error>> = OnceLock::new();
    static DUBBO_2: OnceLock<Result<Option<PathBuf>, Error>> = OnceLock::new();
    let jar = match line {
        Line::Dubbo3 => &DUBBO_3,
        Line::Dubbo32 => &DUBBO_32,
        Line::Dubbo2 => &DUBBO_2,
    };
    jar.get_or_init(|| {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/java");
        let strict = env::var_os("CI").is_some_and(|value| value == "true");
        let path = env::var_os("PATH").unwrap_or_default();
        prepare(&project, line, &path, strict)
    })
    .clone()
}

fn prepare(
    project: &Path,
    line: Line,
    path: &std::ffi::OsStr,
    strict: bool,
) -> Result<Option<PathBuf>, Error> {
    let failed = |error: io::Error| Error::new(&format!("{}: {error}", project.display()));
    if missing("java", path) {
        return left_out("java", NEEDED, strict);
    }
    let target = project.join("target");
    fs::create_dir_all(&target).map_err(failed)?;
    let lock = File::create(target.join("build.lock")).map_err(failed)?;
    lock.lock().map_err(failed)?;
    let jar = project.join(line.jar());
    if fresh(&jar, project).map_err(failed)? {
        return Ok(Some(jar));
    }
    if missing("mvn", path) {
        return left_out("mvn", NEEDED, strict);
    }
    build(project, line)?;
    Ok(Some(jar))
}

/// What to say of a tool that is missing; an error when nothing may be left out.
pub(crate) fn left_out(tool: &str, needed: &str, strict: bool) -> Result<Option<PathBuf>, Error> {
    let text = format!("{tool} is not on PATH: {needed}");
    if strict {
        return Err(Error::new(&text));
    }
    // A message that cannot be written must not fail a test that is left out.
    let _ = writeln!(io::stderr(), "left out: {text}");
    Ok(None)
}

/// Whether no folder of `path` has the tool.
pub(crate) fn missing(tool: &str, path: &std::ffi::OsStr) -> bool {
    !env::split_paths(path).any(|folder| folder.join(tool).is_file())
}

/// The jar exists and no source is newer. The folder `lib` beside it is made by the same build, before the jar.
fn fresh(jar: &Path, project: &Path) -> io::Result<bool> {
    let built = match fs::metadata(jar) {
        Ok(metadata) => metadata.modified()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let sources =
        newest(&project.join("src"))?.max(fs::metadata(project.join("pom.xml"))?.modified()?);
    Ok(sources <= built)
}

/// The latest change of a file or folder below `folder`; a folder's own time tells of removed files.
fn newest(folder: &Path) -> io::Result<SystemTime> {
    let mut latest = fs::metadata(folder)?.modified()?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let time = if entry.file_type()?.is_dir() {
            newest(&entry.path())?
        } else {
            entry.metadata()?.modified()?
        };
        latest = latest.max(time);
    }
    Ok(latest)
}

fn build(project: &Path, line: Line) -> Result<(), Error> {
    let mut command = Command::new("mvn");
    command.args(["-q", "-B", "package"]).current_dir(project);
    if let Some(profile) = line.profile() {
        command.args(["-P", profile]);
    }
    run(command, "mvn package of the Java peers")
}

/// Runs a build; what it printed is told when it fails.
pub(crate) fn run(command: Command, what: &str) -> Result<(), Error> {
    let started = Process::start(command);
    let mut process = started.map_err(|error| Error::new(&format!("{what}: {error}")))?;
    let deadline = Instant::now() + BUILD_LIMIT;
    let mut said = String::new();
    loop {
        match process.line(deadline) {
            Read::Line(line) => said = said + &line + "\n",
            Read::End => break,
            Read::Late => {
                return Err(process.failure(&format!("{what} took longer than 15 minutes")));
            }
        }
    }
    if process.ended_well(deadline) {
        return Ok(());
    }
    Err(process.failure(&format!("{what} failed:\n{said}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder below the target folder of the build, removed with the test's end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let folder = env::temp_dir().join(format!("wubbo-java-{name}-{}", std::process::id()));
            fs::create_dir_all(folder.join("src")).unwrap();
            fs::create_dir_all(folder.join("bin")).unwrap();
            fs::write(folder.join("pom.xml"), "").unwrap();
            fs::write(folder.join("src/A.java"), "").unwrap();
            Self(folder)
        }

        fn tool(&self, name: &str) {
            fs::write(self.0.join("bin").join(name), "").unwrap();
        }

        fn prepare(&self, strict: bool) -> Result<Option<PathBuf>, Error> {
            let path = self.0.join("bin");
            prepare(&self.0, Line::Dubbo2, path.as_os_str(), strict)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_missing_tool_leaves_out_but_is_an_error_under_ci() {
        let scratch = Scratch::new("missing");
        assert_eq!(scratch.prepare(false).unwrap(), None);
        assert!(
            scratch
                .prepare(true)
                .unwrap_err()
                .to_string()
                .starts_with("java is not on PATH")
        );
        scratch.tool("java");
        assert_eq!(scratch.prepare(false).unwrap(), None);
        assert!(
            scratch
                .prepare(true)
                .unwrap_err()
                .to_string()
                .starts_with("mvn is not on PATH")
        );
    }

    #[test]
    fn a_jar_is_used_as_it_is_until_a_source_is_newer() {
        let scratch = Scratch::new("fresh");
        scratch.tool("java");
        let jar = scratch.0.join(Line::Dubbo2.jar());
        fs::create_dir_all(scratch.0.join("target/dubbo2")).unwrap();
        fs::write(&jar, "").unwrap();
        assert_eq!(
            scratch.prepare(true).unwrap(),
            Some(jar.clone()),
            "needs no Maven"
        );
        let later = SystemTime::now() + Duration::from_secs(10);
        File::options()
            .append(true)
            .open(scratch.0.join("src/A.java"))
            .unwrap()
            .set_modified(later)
            .unwrap();
        assert!(
            scratch
                .prepare(true)
                .unwrap_err()
                .to_string()
                .starts_with("mvn is not on PATH")
        );
    }
}
