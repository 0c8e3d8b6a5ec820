//! The outage scenarios with their report: the tests write a section each, which are put together here.

use std::fs;
use std::path::PathBuf;

use crate::run::{Done, cargo, output, root, run, say, target_dir};
use crate::{plugins, setup};

/// Where the tests write their sections to.
pub(crate) const FOLDER: &str = "WUBBO_SCENARIOS";

const REPORT: &str = "tests/scenarios-report.md";

const HEAD: &str = "\
# The outage scenarios

What happened in the seven scenarios of dubbogo's test report, and in the deploy storm, on a real ZooKeeper and on a real etcd.
Made by the tests in `tests/it/scenarios` (`cargo xtask scenarios`: scaled times; `cargo xtask scenarios full`: the long forms): each
section was written by the test that asserts it, when it had passed. Its log shows the seconds since its beginning.

Times are asserted at five times what is accepted, since test machines are noisy; what was measured is what stands here.
The consumer polls nothing: it is told by the registry, so there is no schedule of retries to be seen where a directory is merely empty.
Entries with `jsonrpc://` are those of the report's other protocol, which this consumer does not speak.

";

/// Runs them and writes the report; `full` at full length.
pub(crate) fn report(full: bool) -> Done {
    setup::wasm_target()?;
    setup::protoc()?;
    setup::registries()?;
    setup::java()?;
    plugins::build()?;
    run("build", cargo().args(["build", "--workspace", "--bins"]))?;
    let mut test = cargo();
    test.args(["test", "--workspace", "--test", "it", "--"])
        .args(["scenarios::", "--nocapture"])
        .env(FOLDER, folder()?);
    if full {
        // Most of the time nothing happens, so that they do not mind each other.
        test.arg("--test-threads=16").env("WUBBO_FULL", "on");
    }
    run("scenarios", &mut test)?;
    write()
}

/// The folder of the sections, made when it is not there. Those of earlier runs stay until they are made again.
pub(crate) fn folder() -> Result<PathBuf, String> {
    let folder = target_dir().join("scenarios");
    let folder = std::path::absolute(&folder).unwrap_or(folder);
    let made = fs::create_dir_all(&folder);
    made.map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

/// Puts the sections together.
pub(crate) fn write() -> Done {
    let folder = folder()?;
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        files.push(entry.map_err(failed)?.path());
    }
    files.sort();
    let mut report = HEAD.to_owned();
    report += &format!("{}\n", machine());
    for file in files {
        report += "\n";
        report += &fs::read_to_string(&file).map_err(failed)?;
    }
    let path = root().join(REPORT);
    fs::write(&path, report).map_err(|error| format!("{REPORT}: {error}"))?;
    say(&format!("{REPORT} is written\n"));
    Ok(())
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let said = |program, arguments: &[&str]| {
        let text = output(program, arguments).unwrap_or_default();
        text.lines().next().unwrap_or_default().trim().to_owned()
    };
    let day = said("date", &["-u", "+%F"]);
    let commit = said("git", &["rev-parse", "--short", "HEAD"]);
    let system = said("uname", &["-srm"]);
    format!("Written on {day} upon commit {commit}; {cores} cores, {system}, debug builds.")
}
