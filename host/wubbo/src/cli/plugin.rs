//! `wubbo plugin`: the tools of who writes a plugin, from a new crate to a file that is live.

mod build;
mod cargo;
mod check;
mod compile;
mod inspect;
mod list;
mod new;
mod quarantine;
mod rollback;
mod sdk;
mod template;
mod trial;
mod workspace;

pub(crate) use compile::compiler;

use clap::Subcommand;

/// Makes, builds, checks and shows plugins; takes one back to an earlier generation.
///
/// Example: wubbo plugin new filter tenant && wubbo plugin build tenant -o plugins.d/tenant.wasm
#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
pub(crate) struct Plugin {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::New),
    Build(build::Build),
    Check(check::Check),
    Compile(compile::Compile),
    Inspect(inspect::Inspect),
    List(list::List),
    Rollback(rollback::Rollback),
    Quarantine(quarantine::Quarantine),
}

impl Plugin {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::New(new) => new.run(),
            Command::Build(build) => build.run(),
            Command::Check(check) => check.run(),
            Command::Compile(compile) => compile.run(),
            Command::Inspect(inspect) => inspect.run(),
            Command::List(list) => list.run(),
            Command::Rollback(rollback) => rollback.run(),
            Command::Quarantine(quarantine) => quarantine.run(),
        }
    }
}

/// The admin server's path of a plugin, from `kind/name`.
fn admin_path(identity: &str) -> Result<String, String> {
    let (kind, name) = identity.split_once('/').unwrap_or_default();
    let kinds = ["filter", "router", "loadbalance", "configurator"];
    let is_name =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    if kinds.contains(&kind) && !name.is_empty() && name.bytes().all(is_name) {
        Ok(format!("/plugins/{identity}"))
    } else {
        Err(format!(
            "expected <kind>/<name>, such as filter/token, with a kind of {}",
            kinds.join(", ")
        ))
    }
}

/// Reads a module file.
fn read(file: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    use anyhow::Context;
    std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// Bytes for people.
fn size(bytes: usize) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{:.1} KB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests;
