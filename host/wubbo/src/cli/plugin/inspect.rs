//! `wubbo plugin inspect`: what is in a file, whether or not a host would take it.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use wubbo_plugin::Anatomy;

use super::{read, size};
use crate::cli::output;
use crate::cli::table::table;

/// Shows what is in a module: manifest, imports, exports, sections, sizes, schema, SHA-256. Nothing of it is run.
///
/// Exit codes: 0 shown, 1 it is no module, 2 a wrong command line.
///
/// Example: wubbo plugin inspect plugins.d/tenant.wasm
#[derive(Debug, clap::Args)]
pub(super) struct Inspect {
    /// The module.
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// Prints all of it as one JSON object.
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let module = read(&self.file)?;
        let anatomy =
            Anatomy::read(&module).map_err(|error| anyhow!("{} {error}", self.file.display()))?;
        if self.json {
            let json = serde_json::to_value(&anatomy).context("the parts as JSON")?;
            output::line(&format!("{json:#}"));
            return Ok(());
        }
        for line in lines(&anatomy) {
            output::line(&line);
        }
        Ok(())
    }
}

fn lines(anatomy: &Anatomy) -> Vec<String> {
    let mut lines = vec![
        format!(
            "size      {} ({} bytes)",
            size(anatomy.bytes),
            anatomy.bytes
        ),
        format!("sha256    {}", anatomy.sha256),
        format!(
            "abi       {}",
            anatomy
                .abi
                .as_deref()
                .unwrap_or("none: no section `wubbo.plugin`")
        ),
        format!(
            "code      {} functions, the largest {}",
            anatomy.functions,
            size(anatomy.largest_function_bytes)
        ),
        format!("memory    {} KiB at the start", anatomy.memory_bytes >> 10),
    ];
    let json = |value: &Option<serde_json::Value>, without: String| match value {
        Some(json) => indented(&format!("{json:#}")),
        None => vec![format!("  {without}")],
    };
    lines.push("manifest".to_owned());
    let without = match anatomy.abi {
        Some(_) => "not JSON",
        None => "none",
    };
    lines.extend(json(&anatomy.manifest, without.to_owned()));
    lines.push("schema".to_owned());
    let without = anatomy.schema_error.clone();
    lines.extend(json(
        &anatomy.schema,
        without.unwrap_or_else(|| "none".to_owned()),
    ));
    lines.push("imports".to_owned());
    let imports = anatomy.imports.iter();
    lines.extend(rows(
        imports.map(|one| vec![one.name.clone(), one.kind.clone()]),
    ));
    lines.push("exports".to_owned());
    let exports = anatomy.exports.iter();
    lines.extend(rows(
        exports.map(|one| vec![one.name.clone(), one.kind.clone()]),
    ));
    lines.push("sections".to_owned());
    let sections = anatomy.sections.iter();
    lines.extend(rows(sections.map(|one| {
        let kind = if one.custom { "custom" } else { "" };
        vec![one.name.clone(), size(one.bytes), kind.to_owned()]
    })));
    lines
}

fn rows(rows: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    let rows: Vec<_> = rows.collect();
    match rows.is_empty() {
        true => vec!["  none".to_owned()],
        false => indented(&table(&rows).join("\n")),
    }
}

fn indented(text: &str) -> Vec<String> {
    text.lines().map(|line| format!("  {line}")).collect()
}
