//! `wubbo plugin check`: what a host would say about a file, before it has it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::bail;
use serde_json::json;
use wubbo_plugin::{Anatomy, Checked};
use wubbo_plugin_sdk::Manifest;
use wubbo_plugin_sdk::abi::limits;

use super::build::hooks;
use super::trial::{self, Verdict};
use super::{read, size};
use crate::cli::output;

/// Says what a host would say about plugin files: everything that is wrong at once, then whether it compiles, starts and passes its
/// self-test with the YAML beside it.
///
/// Exit codes: 0 a host takes every file, 1 not every one, 2 a wrong command line.
///
/// Example: wubbo plugin check plugins.d/tenant.wasm
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// The modules.
    #[arg(value_name = "FILE.wasm", required = true)]
    files: Vec<PathBuf>,
    /// Prints a JSON list: file, identity, problems.
    #[arg(long)]
    json: bool,
}

/// What there is to say about one file.
struct Report {
    file: String,
    identity: Option<String>,
    /// Why a host refuses it; empty when it does not.
    problems: Vec<String>,
    /// What it is, one line per thing.
    facts: Vec<(&'static str, String)>,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let reports = self.files.iter().map(|file| Report::of(file));
        let reports = reports.collect::<anyhow::Result<Vec<_>>>()?;
        if self.json {
            let list: Vec<_> = reports.iter().map(Report::json).collect();
            output::line(&format!("{:#}", json!(list)));
        } else {
            for line in reports.iter().flat_map(Report::lines) {
                output::line(&line);
            }
        }
        let refused = reports.iter().filter(|report| !report.problems.is_empty());
        match refused.count() {
            0 => Ok(()),
            refused => bail!("{refused} of {} files: refused", reports.len()),
        }
    }
}

impl Report {
    fn of(file: &Path) -> anyhow::Result<Self> {
        let module = read(file)?;
        let problems = Checked::problems(&module);
        let mut report = Self {
            file: file.display().to_string(),
            identity: None,
            problems: problems.iter().map(ToString::to_string).collect(),
            facts: Vec::new(),
        };
        // Of a broken file there is nothing to tell but that.
        if let Ok(anatomy) = Anatomy::read(&module) {
            report.describe(&anatomy);
        }
        if report.problems.is_empty()
            && let Ok(checked) = Checked::new(&module)
        {
            let manifest = checked.manifest();
            report.identity = Some(format!("{} {}", manifest.identity(), manifest.version));
            report.facts.push(("limits", wishes(manifest)));
            let yaml = file.with_extension("yaml");
            let settings = fs::read(&yaml).ok();
            let with = match &settings {
                Some(_) => format!("with {}", yaml.display()),
                None => format!("without a configuration ({} is not there)", yaml.display()),
            };
            match trial::run(&module, settings.as_deref())? {
                Verdict::Live => report.facts.push(("trial", format!("goes live {with}"))),
                Verdict::Disabled => report
                    .facts
                    .push(("trial", format!("{} says enabled: false", yaml.display()))),
                Verdict::Refused(why) => report
                    .problems
                    .push(format!("does not go live {with}: {why}")),
            }
        }
        Ok(report)
    }

    fn describe(&mut self, anatomy: &Anatomy) {
        let most = size(limits::MODULE_MAX);
        self.facts
            .push(("size", format!("{} of {most}", size(anatomy.bytes))));
        if let Some(abi) = &anatomy.abi {
            self.facts.push(("abi", abi.clone()));
        }
        let imports = anatomy.imports.iter().map(|import| import.name.as_str());
        let imports: Vec<&str> = imports.collect();
        self.facts.push(("imports", imports.join(", ")));
        let hooks = hooks(anatomy);
        if !hooks.is_empty() {
            self.facts.push(("hooks", hooks.join(", ")));
        }
        let schema = match (&anatomy.schema, &anatomy.schema_error) {
            (Some(_), _) => "in the file",
            (None, Some(_)) => "unreadable",
            (None, None) => "none: a configuration is checked by the plugin alone",
        };
        self.facts.push(("schema", schema.to_owned()));
    }

    fn lines(&self) -> Vec<String> {
        let verdict = match self.problems.len() {
            0 => "a host takes it".to_owned(),
            1 => "refused".to_owned(),
            several => format!("refused for {several} reasons"),
        };
        let named = self
            .identity
            .as_deref()
            .unwrap_or("no plugin that a host knows");
        let mut lines = vec![format!("{}: {named}: {verdict}", self.file)];
        let facts = self.facts.iter();
        lines.extend(facts.map(|(what, text)| format!("  {what:8}{text}")));
        let problems = self.problems.iter();
        lines.extend(problems.map(|problem| format!("  refused: {problem}")));
        lines
    }

    fn json(&self) -> serde_json::Value {
        let facts = self.facts.iter();
        let facts = facts.map(|(what, text)| ((*what).to_owned(), text.clone().into()));
        json!({
            "file": self.file,
            "accepted": self.problems.is_empty(),
            "plugin": self.identity,
            "problems": self.problems,
            "facts": facts.collect::<serde_json::Map<_, _>>(),
        })
    }
}

/// The limits that the plugin asks for; the operator caps each.
fn wishes(manifest: &Manifest) -> String {
    let wished = &manifest.limits;
    let said = [
        ("memory", wished.memory_bytes, "bytes"),
        ("hook", wished.hook_us, "us of CPU time"),
        ("configure", wished.configure_ms, "ms of CPU time"),
    ];
    let said: Vec<String> = said
        .iter()
        .filter_map(|(what, wish, unit)| Some(format!("{what} {} {unit}", (*wish)?)))
        .collect();
    match said.is_empty() {
        true => "the host's".to_owned(),
        false => said.join(", "),
    }
}
