//! `wubbo plugin rollback`: a running host goes back to an earlier generation of a plugin.

use anyhow::Context;
use serde_json::{Value as Json, json};

use super::admin_path;
use super::list::{short, text};
use crate::cli::{http, output};

/// Takes a plugin of a running host back to the generation before, or to a kept one; `wubbo plugin list --generations` shows those.
///
/// It stays, also after a restart, until its file or its configuration changes. Rolling back to what the file itself gives ends it.
///
/// Exit codes: 0 rolled back, 1 refused or the host cannot be asked, 2 a wrong command line.
///
/// Example: wubbo plugin rollback filter/tenant --to 3f9c2a
#[derive(Debug, clap::Args)]
pub(super) struct Rollback {
    /// Kind and name, such as filter/tenant.
    #[arg(value_name = "KIND/NAME", value_parser = admin_path)]
    plugin: String,
    /// The first digits of the generation's digest; default: the one that was live before the one that is.
    #[arg(long, value_name = "DIGEST")]
    to: Option<String>,
    /// The host's admin server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090")]
    admin: String,
    /// Prints the host's answer as it is.
    #[arg(long)]
    json: bool,
}

impl Rollback {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let path = format!("{}/rollback", self.plugin);
        let asked = match &self.to {
            Some(to) => json!({ "to": to }),
            None => json!({}),
        };
        let body = http::post(&self.admin, &path, &asked.to_string())?;
        if self.json {
            output::line(body.trim_end());
            return Ok(());
        }
        let plugin: Json = serde_json::from_str(&body)
            .with_context(|| format!("{}{path} is no JSON", self.admin))?;
        output::line(&line(&plugin));
        Ok(())
    }
}

fn line(plugin: &Json) -> String {
    let live = format!(
        "{} is {} now, as generation {}",
        text(&plugin["identity"]),
        short(&plugin["digest"]),
        plugin["generation"]
    );
    let file = text(&plugin["file"]);
    match &plugin["rolled_back"] {
        Json::Null => {
            format!("{live}, which is what {file} gives: nothing is rolled back any more")
        }
        rolled => format!(
            "{live}, rolled back from {}; it stays until {file} or its configuration changes",
            short(&rolled["from"])
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_says_what_is_live_and_how_long() {
        let digest = "3f9c2a0011223344";
        let mut plugin = json!({ "identity": "filter/t", "digest": digest, "generation": 7, "file": "t.wasm",
            "rolled_back": { "from": "aabbccddeeff0011", "at_ms": 1 } });
        assert_eq!(
            line(&plugin),
            "filter/t is 3f9c2a001122 now, as generation 7, rolled back from aabbccddeeff; it stays until t.wasm or its configuration changes"
        );
        plugin["rolled_back"] = Json::Null;
        assert_eq!(
            line(&plugin),
            "filter/t is 3f9c2a001122 now, as generation 7, which is what t.wasm gives: nothing is rolled back any more"
        );
    }
}
