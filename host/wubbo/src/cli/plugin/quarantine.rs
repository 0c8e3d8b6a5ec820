//! `wubbo plugin quarantine`: ends the quarantine of a plugin of a running host.

use clap::Subcommand;

use super::admin_path;
use crate::cli::{http, output};

/// Ends a quarantine before its probe does.
#[derive(Debug, clap::Args)]
pub(super) struct Quarantine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Clear(Clear),
}

/// Forgets a plugin's failures and gives it all its instances at once, for when their cause is gone.
///
/// Exit codes: 0 cleared, 1 refused (it is not in quarantine) or the host cannot be asked, 2 a wrong command line.
///
/// Example: wubbo plugin quarantine clear filter/tenant
#[derive(Debug, clap::Args)]
struct Clear {
    /// Kind and name, such as filter/tenant.
    #[arg(value_name = "KIND/NAME", value_parser = admin_path)]
    plugin: String,
    /// The host's admin server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090")]
    admin: String,
    /// Prints the host's answer as it is.
    #[arg(long)]
    json: bool,
}

impl Quarantine {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Command::Clear(clear) = self.command;
        let path = format!("{}/quarantine/clear", clear.plugin);
        let body = http::post(&clear.admin, &path, "{}")?;
        if clear.json {
            output::line(body.trim_end());
        } else {
            let identity = clear.plugin.trim_start_matches("/plugins/");
            output::line(&format!("{identity}: its quarantine is over"));
        }
        Ok(())
    }
}
