//! `wubbo plugin list`: what a running host has loaded, and what it refuses.

use anyhow::Context;
use serde_json::Value as Json;

use crate::cli::table::table;
use crate::cli::{http, output};

/// Shows the plugins of a running host: generation, state, health, what their hooks did, why something is not live.
///
/// Exit codes: 0 shown, 1 the host cannot be asked, 2 a wrong command line.
///
/// Example: wubbo plugin list --admin http://127.0.0.1:9090
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// The host's admin server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090")]
    admin: String,
    /// Shows every generation too: live, draining, kept on disk for a roll-back.
    #[arg(long)]
    generations: bool,
    /// Prints the host's answer as it is.
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let body = http::get(&self.admin, "/plugins")?;
        if self.json {
            output::line(body.trim_end());
            return Ok(());
        }
        let status: Json = serde_json::from_str(&body)
            .with_context(|| format!("{}/plugins is no JSON", self.admin))?;
        let generations = self.generations.then(|| generations(&status));
        for line in lines(&status)
            .into_iter()
            .chain(generations.into_iter().flatten())
        {
            output::line(&line);
        }
        Ok(())
    }
}

/// The table, then the files that are not live, then the state of the directory where it is not as it should be.
fn lines(status: &Json) -> Vec<String> {
    let head = [
        "PLUGIN",
        "VERSION",
        "FROM",
        "GENERATION",
        "STATE",
        "HOOKS RUN",
        "TRIPS",
        "HEALTH",
        "KEPT",
        "LAST ERROR",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let plugins = array(&status["plugins"]);
    rows.extend(plugins.iter().map(row));
    let mut lines = table(&rows);
    if plugins.is_empty() {
        lines.push("no plugins".to_owned());
    }
    for plugin in plugins {
        let (identity, from) = (&plugin["identity"], &plugin["rolled_back"]["from"]);
        if from.is_string() {
            let (identity, from) = (text(identity), short(from));
            lines.push(format!("{identity}: rolled back from {from}"));
        }
    }
    for damaged in array(&status["archive"]["damaged"]) {
        let (file, reason) = (text(&damaged["file"]), text(&damaged["reason"]));
        lines.push(format!("kept {file}: {reason}; it is not used"));
    }
    let directory = &status["directory"];
    for refused in array(&directory["refused"]) {
        let (file, reason) = (text(&refused["file"]), text(&refused["error"]["reason"]));
        lines.push(format!("refused {file}: {reason}"));
    }
    if directory["outage"].is_object() {
        lines.push(format!(
            "outage of {}: {}; what is live stays",
            text(&directory["path"]),
            text(&directory["outage"]["reason"])
        ));
    }
    lines
}

fn row(plugin: &Json) -> Vec<String> {
    let trips = plugin["counters"]["trips"].as_object();
    let trips: u64 = trips.map_or(0, |classes| classes.values().filter_map(Json::as_u64).sum());
    let from = match text(&plugin["file"]) {
        "" => text(&plugin["origin"]),
        file => file,
    };
    vec![
        text(&plugin["identity"]).to_owned(),
        text(&plugin["version"]).to_owned(),
        from.to_owned(),
        plugin["generation"].to_string(),
        text(&plugin["state"]).to_owned(),
        plugin["counters"]["hooks"].to_string(),
        trips.to_string(),
        text(&plugin["health"]["condition"]).to_owned(),
        array(&plugin["kept"]).len().to_string(),
        text(&plugin["last_error"]["reason"]).to_owned(),
    ]
}

/// A line per generation: those that hold instances, then those on disk, the newest first.
fn generations(status: &Json) -> Vec<String> {
    let head = ["PLUGIN", "GENERATION", "IS", "DIGEST", "INSTANCES", "FILE"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for plugin in array(&status["plugins"]) {
        let mut add = |is: &str, generation: &Json, instances: &Json| {
            let cells = [
                text(&plugin["identity"]).to_owned(),
                count(&generation["generation"]),
                is.to_owned(),
                short(&generation["digest"]),
                count(instances),
                text(&generation["file"]).to_owned(),
            ];
            rows.push(cells.to_vec());
        };
        if plugin["generation"]
            .as_u64()
            .is_some_and(|number| number > 0)
        {
            add("live", plugin, &plugin["instances"]);
        }
        for draining in array(&plugin["draining"]) {
            add("draining", draining, &draining["instances"]);
        }
        for kept in array(&plugin["kept"]) {
            match text(&kept["state"]) {
                "live" => {}
                state => add(&state.replace('_', " "), kept, &Json::Null),
            }
        }
    }
    table(&rows)
}

/// The first digits of a digest: enough to name it.
pub(super) fn short(digest: &Json) -> String {
    text(digest).chars().take(12).collect()
}

fn count(json: &Json) -> String {
    json.as_u64().map_or_else(String::new, |n| n.to_string())
}

fn array(json: &Json) -> &[Json] {
    json.as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn status() -> Json {
        json!({
            "plugins": [
                { "identity": "filter/token", "version": "0.1.0", "origin": "builtin", "file": null, "generation": 1, "state": "live",
                  "health": { "condition": "healthy" }, "instances": 4, "kept": [],
                  "counters": { "hooks": 12345, "trips": { "trap": 0 } }, "last_error": null },
                { "identity": "filter/tenant", "version": "1.2.3", "origin": "wasm", "file": "t.wasm", "generation": 7,
                  "state": "quarantined", "health": { "condition": "quarantined" }, "instances": 1, "digest": "0123456789abcdef",
                  "draining": [{ "generation": 6, "instances": 2, "digest": "fedcba9876543210" }],
                  "kept": [{ "digest": "fedcba9876543210", "state": "rolled_away", "file": "t.wasm" },
                           { "digest": "0123456789abcdef", "state": "live", "file": "t.wasm" }],
                  "rolled_back": { "from": "fedcba9876543210" },
                  "counters": { "hooks": 9, "trips": { "trap": 2, "deadline": 3 } },
                  "last_error": { "reason": "tripped 5 times" } },
            ],
            "archive": { "damaged": [{ "file": "filter-x-1-00.kept", "reason": "is damaged" }] },
            "directory": {
                "path": "./plugins.d",
                "outage": { "reason": "it is gone" },
                "refused": [{ "file": "bad.wasm", "error": { "reason": "is not a wasm module" } }],
            },
        })
    }

    #[test]
    fn the_table_has_a_line_per_plugin_and_names_what_is_refused() {
        assert_eq!(
            lines(&status()),
            [
                "PLUGIN         VERSION  FROM     GENERATION  STATE        HOOKS RUN  TRIPS  HEALTH       KEPT  LAST ERROR",
                "filter/token   0.1.0    builtin  1           live         12345      0      healthy      0",
                "filter/tenant  1.2.3    t.wasm   7           quarantined  9          5      quarantined  2     tripped 5 times",
                "filter/tenant: rolled back from fedcba987654",
                "kept filter-x-1-00.kept: is damaged; it is not used",
                "refused bad.wasm: is not a wasm module",
                "outage of ./plugins.d: it is gone; what is live stays",
            ]
        );
    }

    #[test]
    fn every_generation_is_shown_once() {
        assert_eq!(
            generations(&status()),
            [
                "PLUGIN         GENERATION  IS           DIGEST        INSTANCES  FILE",
                "filter/token   1           live                       4",
                "filter/tenant  7           live         0123456789ab  1          t.wasm",
                "filter/tenant  6           draining     fedcba987654  2",
                "filter/tenant              rolled away  fedcba987654             t.wasm",
            ]
        );
    }

    #[test]
    fn a_host_without_plugins_says_so() {
        let found = lines(&json!({ "plugins": [], "directory": null }));
        assert_eq!(found.last().map(String::as_str), Some("no plugins"));
    }
}
