//! A real dubbo2.js consumer (`interop/node`): its packages fetched when needed, started, asked.
//!
//! Run against dubbo2.js 2.3.9 with Node 20. Everything here blocks, and no peer outlives the call that started it.

use std::path::PathBuf;
use std::process::Command;

use crate::java::{Outcomes, outcomes};
use crate::process::{Error, Process};

mod install;

/// The consumer's folder, with its packages in it.
#[derive(Debug, Clone)]
pub struct Node {
    folder: PathBuf,
}

/// Fetches the packages that the lock file names if they are missing or older than it.
///
/// `Ok(None)` means that `node` or `npm` is not there, which is said once on standard error; with `CI=true` in the environment that
/// is an error.
///
/// # Errors
/// A missing tool under CI, or packages that could not be fetched, with what npm printed.
pub fn installed() -> Result<Option<Node>, Error> {
    Ok(install::folder()?.map(|folder| Node { folder }))
}

impl Node {
    /// Runs all cases against `url`, `dubbo://host:port`.
    ///
    /// # Errors
    /// The consumer failed as a program, printed something else than its lines, or took longer than 180 s. A case that ends in a
    /// failure is an outcome.
    pub fn consume(&self, url: &str) -> Result<Outcomes, Error> {
        let mut command = Command::new("node");
        command.arg(self.folder.join("consumer.js")).arg(url);
        let who = format!("node consumer of {url}");
        let process =
            Process::start(command).map_err(|error| Error::new(&error.to_string()).of(&who))?;
        outcomes(process, &who)
    }
}
