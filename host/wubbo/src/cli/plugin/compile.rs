//! `wubbo plugin compile`: one module for the cache of a gateway that started this process, so that the gateway stays small.

use std::path::PathBuf;

use wubbo_plugin::{Compiler, compile_apart};

use super::super::output;

/// Compiles a module that lies in a compile cache. A gateway starts this by itself; it is of no use by hand.
///
/// Example: wubbo plugin compile ./cache 00c0ffee.source
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub(crate) struct Compile {
    /// The directory `plugins.cache`.
    #[arg(value_name = "CACHE")]
    cache: PathBuf,
    /// The name of the module there.
    #[arg(value_name = "NAME")]
    name: String,
}

impl Compile {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        if let Err((said, code)) = compile_apart(&self.cache, &self.name) {
            output::complain(&said);
            std::process::exit(i32::from(code));
        }
        Ok(())
    }
}

/// This command, run by the very program that runs now, also when its file was replaced meanwhile.
pub(crate) fn compiler() -> Option<Compiler> {
    let running = PathBuf::from("/proc/self/exe");
    let program = if running.exists() {
        running
    } else {
        std::env::current_exe().ok()?
    };
    Some(Compiler {
        program,
        arguments: ["plugin", "compile"].map(Into::into).into(),
    })
}
