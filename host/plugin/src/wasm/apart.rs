//! Compiling in a process of its own: what the compiler used, tens of megabytes, goes back to the system with that process.
//!
//! The two meet in the cache directory: the module lies there as a private file, and the code comes back as an entry of the cache.
//! Whatever goes wrong with the other process, the host compiles by itself; only a module that does not compile is not tried again.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::cache::Cache;
use super::engine::{self, compiled};
use crate::config::Compiler;
use crate::digest::sha256;
use crate::error::{PluginError, PluginErrorKind};

/// How long a module may take; the largest takes a few seconds.
const APART_MAX: Duration = Duration::from_secs(60);
/// How often the process is looked at; a module takes tens of milliseconds.
const LOOK: Duration = Duration::from_millis(1);
/// What is read of why it failed.
const SAID_BYTES: u64 = 16 * 1024;
/// How the process says that the module is at fault, and no other one would do better.
const EXIT_REFUSED: u8 = 65;

/// Compiles the module `name` that a host laid into its cache, and puts the code there. The work of the command that
/// [`Compiler`] names; it takes up to seconds.
///
/// # Errors
/// The text that the command is to write to standard error, and the exit code that it is to end with.
pub fn compile_apart(cache: &Path, name: &str) -> Result<(), (String, u8)> {
    let done = || {
        let engine = engine::for_compiling()?;
        let cache = Cache::open(cache, &engine)?;
        let bytes = cache.take_source(name)?;
        let stored = cache.store(&compiled(&engine, &bytes)?, &sha256(&[&bytes]));
        stored.map_err(|error| PluginError::new(PluginErrorKind::Directory, error.to_string()))
    };
    done().map_err(|error: PluginError| {
        let refused = error.kind() == PluginErrorKind::Compile;
        (error.to_string(), if refused { EXIT_REFUSED } else { 1 })
    })
}

/// Has `compiler` put the module's code into the cache. False, with a warning, when that was not to be had.
///
/// # Errors
/// Kind `Compile`: the module does not compile.
pub(super) fn compile(
    compiler: &Compiler,
    cache: &Cache,
    bytes: &[u8],
) -> Result<bool, PluginError> {
    compile_within(compiler, cache, bytes, APART_MAX)
}

fn compile_within(
    compiler: &Compiler,
    cache: &Cache,
    bytes: &[u8],
    limit: Duration,
) -> Result<bool, PluginError> {
    let ended = cache.lay_source(bytes).and_then(|name| {
        let ended = run(compiler, cache.path(), &name, limit);
        // There no more when it was taken.
        cache.remove_source(&name);
        ended
    });
    let why = match ended {
        Ok((Some(0), _)) => return Ok(true),
        Ok((Some(code), said)) if code == i32::from(EXIT_REFUSED) => {
            return Err(PluginError::new(PluginErrorKind::Compile, said));
        }
        Ok((Some(code), said)) => format!("it ended with {code}: {said}"),
        Ok((None, said)) => format!("it was ended by a signal: {said}"),
        Err(error) => error.to_string(),
    };
    tracing::warn!(
        program = %compiler.program.display(),
        why,
        "no process compiles plugins apart, they are compiled here and what that uses stays"
    );
    Ok(false)
}

/// Runs the process; its exit code, none after a signal, and what it said.
fn run(
    compiler: &Compiler,
    cache: &Path,
    name: &str,
    limit: Duration,
) -> io::Result<(Option<i32>, String)> {
    let mut child = Command::new(&compiler.program)
        .args(&compiler.arguments)
        .arg(cache)
        .arg(name)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let ended = wait(&mut child, limit);
    if ended.is_err() {
        // Gone already, or not ours any more: there is nothing to end.
        let _ = child.kill();
        child.wait()?;
    }
    let code = ended?;
    let mut said = String::new();
    if let Some(stderr) = child.stderr.take() {
        stderr.take(SAID_BYTES).read_to_string(&mut said)?;
    }
    Ok((code, said.trim().to_owned()))
}

fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<i32>> {
    let since = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.code());
        }
        if since.elapsed() >= limit {
            let message = format!("it was not done after {} s", limit.as_secs_f32());
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
        std::thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiler(program: &str, arguments: &[&str]) -> Compiler {
        Compiler {
            program: program.into(),
            arguments: arguments.iter().map(Into::into).collect(),
        }
    }

    /// An empty module, the cache it goes through, and the cache's directory.
    fn scene() -> (Vec<u8>, Cache, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(dir.path(), &engine::for_compiling().unwrap()).unwrap();
        (wat::parse_str("(module)").unwrap(), cache, dir)
    }

    #[test]
    fn the_process_finds_the_module_and_leaves_its_code() {
        let (bytes, cache, dir) = scene();
        let name = cache.lay_source(&bytes).unwrap();
        compile_apart(dir.path(), &name).unwrap();
        let engine = engine::for_compiling().unwrap();
        assert!(cache.load(&engine, &sha256(&[&bytes])).is_some());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_module_that_does_not_compile_is_told_from_a_process_that_fails() {
        let (_, cache, dir) = scene();
        let name = cache.lay_source(b"no module").unwrap();
        let (said, code) = compile_apart(dir.path(), &name).unwrap_err();
        assert!(said.starts_with("does not compile: "), "{said}");
        assert_eq!(code, EXIT_REFUSED);
        std::fs::write(dir.path().join("other"), "kept").unwrap();
        for name in ["gone.source", "other", "../gone.source"] {
            let (said, code) = compile_apart(dir.path(), name).unwrap_err();
            assert!(said.contains(name), "{said}");
            assert_eq!(code, 1);
        }
        assert!(dir.path().join("other").exists());
    }

    #[test]
    fn a_process_that_cannot_be_had_leaves_nothing_and_refuses_nothing() {
        let (bytes, cache, dir) = scene();
        let hangs = compiler("tail", &["-f", "/dev/null"]);
        for compiler in [compiler("/nowhere", &[]), compiler("false", &[]), hangs] {
            let limit = Duration::from_millis(200);
            let done = compile_within(&compiler, &cache, &bytes, limit).unwrap();
            assert!(!done, "{compiler:?}");
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        }
    }
}
