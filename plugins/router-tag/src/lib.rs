//! Router `tag`: calls with a tag go to the providers that have it.
//!
//! Providers have a tag by their parameter `dubbo.tag`, or by a rule of their application that names addresses.

use rule::{Rule, SUFFIX};
use serde::Deserialize;
use std::borrow::Cow;
use table::Rows;
use wubbo_plugin_sdk::abi::limits::INTEREST_MAX;
use wubbo_plugin_sdk::{
    Candidates, Error, Hook, Providers, Result, Router, Routing, Setup, Space, keys, wubbo_plugin,
};

mod rule;
mod table;

pub use table::Table;

/// The configuration.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What counts while no rule is about the providers. Default: `go`.
    #[serde(default)]
    pub semantics: Semantics,
}

/// How calls without a tag, or with one that nobody has, are routed by the providers' own tags.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Semantics {
    /// As dubbo-go: they go to all providers, tagged or not; the consumer's own tag is not asked.
    #[default]
    Go,
    /// As Dubbo Java: they go to untagged providers only; without an attachment the consumer's own tag counts.
    Java,
}

/// The policy; it keeps the rules.
#[derive(Debug)]
pub struct TagRouter {
    semantics: Semantics,
    rules: Vec<Rule>,
    /// Where a set of few rows becomes words.
    space: Vec<u64>,
}

#[wubbo_plugin(
    kind = router,
    name = "tag",
    order = 100,
    reads(attachment("dubbo.tag"), attachment("dubbo.force.tag"), url("dubbo.tag"), url("dubbo.force.tag")),
    reads_on_providers(
        url("dubbo.tag"), url("remote.application"), url("application"), field("host"), field("port")
    ),
    description = "sends calls with a tag to the providers that have it"
)]
impl Router for TagRouter {
    type Config = Config;
    type Table = Table;

    fn new(config: Config) -> Result<Self> {
        Ok(Self {
            semantics: config.semantics,
            rules: Vec::new(),
            space: Vec::new(),
        })
    }

    fn on_rule(&mut self, rule: &wubbo_plugin_sdk::Rule<'_>, setup: &mut Setup<'_>) -> Result<()> {
        let Some(application) = rule.key().strip_suffix(SUFFIX) else {
            return Ok(());
        };
        self.rules.retain(|known| known.application != application);
        if let Some(text) = rule.text() {
            self.rules.push(Rule::read(application, text)?);
        }
        self.declare(setup)
    }

    fn on_providers(
        &mut self,
        providers: &Providers<'_>,
        _before: Option<&Table>,
    ) -> Result<Table> {
        Table::new(providers, &self.rules)
    }

    fn route(
        &mut self,
        table: &mut Table,
        call: &Routing<'_>,
        candidates: &mut Candidates<'_>,
    ) -> Result<()> {
        let given = call.attachment(keys::DUBBO_TAG)?;
        if !table.ruled && self.semantics == Semantics::Go {
            return match given.as_deref() {
                None => Ok(()),
                Some("") => self.keep_or(&table.untagged, call, candidates),
                Some(tag) => match table.tagged.get(tag) {
                    Some(rows) => self.keep_or(rows, call, candidates),
                    None => self.keep_or(&Rows::default(), call, candidates),
                },
            };
        }
        match tag_of(call, given)? {
            Some(tag) => self.keep_tag(table, &tag, call, candidates)?,
            None => {
                candidates.intersect(table.plain.words(&mut self.space, candidates.len()));
                call.note(None, "no tag: providers without one");
            }
        }
        Ok(())
    }

    fn schema() -> &'static str {
        r#"{"type":"object","additionalProperties":false,"properties":{
"semantics":{"enum":["go","java"],"default":"go"}}}"#
    }
}

impl TagRouter {
    /// Leaves these rows; if none of them is a candidate, nobody or all, as the call wants.
    fn keep_or(
        &mut self,
        rows: &Rows,
        call: &Routing<'_>,
        candidates: &mut Candidates<'_>,
    ) -> Result<()> {
        if self.keep(rows, candidates) {
            note_kept(call)?;
        } else if forced(call)? {
            call.note(None, "no provider has the tag, and it is forced: nobody");
            candidates.clear();
        } else {
            call.note(None, "no provider has the tag: all");
        }
        Ok(())
    }

    /// Leaves these rows if any is a candidate.
    fn keep(&mut self, rows: &Rows, candidates: &mut Candidates<'_>) -> bool {
        let rows = rows.words(&mut self.space, candidates.len());
        let any = rows
            .iter()
            .zip(candidates.words())
            .any(|(rows, words)| rows & words != 0);
        if any {
            candidates.intersect(rows);
        }
        any
    }

    /// The rule's providers of a tag, else those that say it themselves; a tag `a|b` that nobody has falls back to `a`.
    fn keep_tag(
        &mut self,
        table: &Table,
        tag: &str,
        call: &Routing<'_>,
        candidates: &mut Candidates<'_>,
    ) -> Result<()> {
        let mut name = tag;
        loop {
            let dynamic = table.dynamic.get(name);
            let rows = dynamic.or_else(|| table.tagged.get(name));
            if rows.is_some_and(|rows| self.keep(rows, candidates)) {
                return note_kept(call);
            }
            if (dynamic.is_some() && table.force) || forced(call)? {
                call.note(None, "no provider has the tag, and it is forced: nobody");
                candidates.clear();
                return Ok(());
            }
            let Some((shorter, _)) = name.rsplit_once('|') else {
                break;
            };
            name = shorter;
        }
        call.note(None, "no provider has the tag: providers without one");
        candidates.intersect(table.plain.words(&mut self.space, candidates.len()));
        Ok(())
    }

    /// Asks for what the manifest names and for the parameters that the rules test.
    fn declare(&self, setup: &mut Setup<'_>) -> Result<()> {
        let tags = self.rules.iter().flat_map(|rule| &rule.tags);
        let mut tested: Vec<&str> = tags
            .flat_map(|tag| &tag.params)
            .map(|param| param.key.as_str())
            .collect();
        tested.extend(["dubbo.tag", "remote.application", "application"]);
        tested.sort_unstable();
        tested.dedup();
        // Beside them two fields of providers and four texts of calls.
        if tested.len() + 6 > INTEREST_MAX {
            return Err(Error::new(format!(
                "the rules test more than {} parameters of providers",
                INTEREST_MAX - 9
            )));
        }
        for key in tested {
            setup.read(Space::Url, key, Hook::OnProviders);
        }
        for key in ["host", "port"] {
            setup.read(Space::Field, key, Hook::OnProviders);
        }
        for key in ["dubbo.tag", "dubbo.force.tag"] {
            setup.read(Space::Attachment, key, Hook::Route);
            setup.read(Space::Url, key, Hook::Route);
        }
        Ok(())
    }
}

/// What the call wants: its attachment, else what the consumer's URL says.
fn tag_of<'a>(call: &Routing<'a>, given: Option<Cow<'a, str>>) -> Result<Option<Cow<'a, str>>> {
    match given.filter(|tag| !tag.is_empty()) {
        Some(tag) => Ok(Some(tag)),
        None => call.parameter(keys::DUBBO_TAG),
    }
}

/// Tells an explained call that its tag was found, and which it was.
fn note_kept(call: &Routing<'_>) -> Result<()> {
    if call.explained() {
        let tag = tag_of(call, call.attachment(keys::DUBBO_TAG)?)?.unwrap_or_default();
        call.note(None, &format!("tag {tag:?}: the providers that have it"));
    }
    Ok(())
}

/// Does the call insist on its tag: the attachment, else the consumer's URL.
fn forced(call: &Routing<'_>) -> Result<bool> {
    let word = match call.attachment(keys::DUBBO_FORCE_TAG)? {
        Some(word) => Some(word),
        None => call.parameter(keys::DUBBO_FORCE_TAG)?,
    };
    Ok(word.is_some_and(|word| matches!(&*word, "1" | "t" | "T" | "TRUE" | "true" | "True")))
}

#[cfg(test)]
mod tests;
