//! What operators see of rules and tables.

use std::fmt;

use serde::Serialize;

use super::Reason;

/// The rules that the plugin host follows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RulesStatus {
    /// The version that the published set follows; 0: none were given.
    pub version: u64,
    /// How many rules that version has.
    pub count: usize,
    /// A later version that is on its way; absent when there is none.
    pub pending: Option<u64>,
    /// Why it is not there yet: calls in flight still use three earlier states of a plugin, or a plugin has no instances that follow it.
    pub waits: Option<Reason>,
    /// Milliseconds from the first wish for a change of rules to its publication, the last time.
    pub change_ms: Option<u64>,
}

/// The rules that one plugin follows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PluginRules {
    /// The version of the host's rules that was looked at last.
    pub version: u64,
    /// How many of them the plugin has taken; for other plugins' rules taking is ignoring.
    pub in_use: usize,
    /// Those that it refused.
    pub refused: Vec<RefusedRule>,
}

/// A text that a plugin refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedRule {
    /// The config center's key.
    pub key: String,
    /// Its group.
    pub group: String,
    /// The version at which the rule got this text.
    pub version: u64,
    /// The place in the text, from 1; 0: unknown.
    pub line: u32,
    /// The place in the line, from 1; 0: unknown.
    pub column: u32,
    /// What the plugin said.
    pub message: String,
    /// Whether the last good text of this key is in use instead; else the plugin follows no rule of this key.
    pub last_good_in_use: bool,
    /// When, milliseconds of unix time.
    pub at_ms: u64,
}

impl RefusedRule {
    /// The same refusal, looked at again or not.
    pub(crate) fn is(&self, other: &Self) -> bool {
        (&self.key, &self.group, self.version) == (&other.key, &other.group, other.version)
    }
}

impl fmt::Display for RefusedRule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, group, version) = (&self.key, &self.group, self.version);
        write!(
            out,
            "rule {key} of group {group}, version {version}, refused: "
        )?;
        if self.line > 0 {
            write!(out, "line {} column {}: ", self.line, self.column)?;
        }
        let instead = match self.last_good_in_use {
            true => "the last good text stays in use",
            false => "no rule of that key is in use",
        };
        write!(out, "{}; {instead}", self.message)
    }
}

/// The lists of providers that one plugin has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PluginTables {
    /// How many lists the host knows: of each service the current one, and the one before it.
    pub known: usize,
    /// How many of them the instance that has fewest holds; less while one is being replaced.
    pub held: usize,
    /// Those that instances failed to take; the failure policy answers for their services.
    pub refused: Vec<RefusedProviders>,
}

/// A list of providers that a plugin does without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedProviders {
    /// `[group/]interface[:version]`.
    pub service: String,
    /// How `on_providers` ended.
    pub reason: String,
}
