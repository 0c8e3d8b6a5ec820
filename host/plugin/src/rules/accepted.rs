//! Which rules the instances of one plugin follow: found out on one instance, then given to all.

use wubbo_core::RuleScope;
use wubbo_plugin_sdk::abi::limits::{MESSAGE_MAX, RULE_MAX};
use wubbo_plugin_sdk::native::RuleText;

use super::{HostRule, HostRules, find};
use crate::error::{PluginError, PluginErrorKind};
use crate::instance::{HookEnd, Instance, Said, Trip};
use crate::status::{RefusedRule, unix_ms};

/// So many instances may be lost to one set of rules; a plugin that loses more is not fit for it.
const TRIPS_MAX: usize = 8;

/// The rules in use and those that were refused, for one version of the host's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) version: u64,
    pub(crate) in_use: Vec<HostRule>,
    pub(crate) refused: Vec<Refusal>,
}

/// A text that the plugin does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    rule: HostRule,
    said: Said,
    at_ms: u64,
}

impl Refusal {
    pub(crate) fn report(&self, in_use: bool) -> RefusedRule {
        RefusedRule {
            key: self.rule.key.to_string(),
            group: self.rule.group.to_string(),
            version: self.rule.version,
            line: self.said.line,
            column: self.said.column,
            message: self.said.message.clone(),
            last_good_in_use: in_use,
            at_ms: self.at_ms,
        }
    }
}

/// A key while it is found out which text of it is taken.
struct Trial {
    wanted: HostRule,
    /// What is given next; `None`: nothing of this key.
    given: Option<HostRule>,
    last_good: Option<HostRule>,
    refusal: Option<Refusal>,
}

impl Accepted {
    /// Finds out on instances of `build` which of the host's rules are taken; an instance that took just those, and trips on the way.
    ///
    /// `before` are the rules in use until now, and with `same` its refusals still count: it was the same module.
    ///
    /// # Errors
    /// What `build` says, or too many trips.
    pub(crate) fn settle(
        wanted: &HostRules,
        before: Option<&Self>,
        same: bool,
        build: impl Fn() -> Result<Instance, PluginError>,
        mut tripped: impl FnMut(&Trip),
    ) -> Result<(Instance, Self), PluginError> {
        let trials = wanted
            .rules
            .iter()
            .map(|rule| Trial::new(rule, before, same));
        let mut trials: Vec<Trial> = trials.collect();
        let mut trips = 0;
        loop {
            let mut instance = build()?;
            match round(&mut trials, &mut instance) {
                Round::Clean => return Ok((instance, Self::of(wanted.version, trials))),
                // What a failed hook left behind is unknown: the next round begins afresh.
                Round::Refused => {}
                Round::Trip(trip) => {
                    tripped(&trip);
                    trips += 1;
                }
            }
            if trips == TRIPS_MAX {
                let text = format!("{TRIPS_MAX} instances were lost to one set of rules");
                return Err(PluginError::new(PluginErrorKind::Start, text));
            }
        }
    }

    /// Gives a fresh instance the rules in use.
    ///
    /// # Errors
    /// A rule that another instance took.
    pub(crate) fn give(&self, instance: &mut Instance) -> Result<(), PluginError> {
        for rule in &self.in_use {
            instance.on_rule(text(rule)).map_err(|end| {
                let text = format!("rule {} ({}): {end}", rule.key, rule.group);
                PluginError::new(PluginErrorKind::Start, text)
            })?;
        }
        Ok(())
    }

    /// The refusals as they are shown.
    pub(crate) fn report(&self) -> Vec<RefusedRule> {
        let report = |refusal: &Refusal| {
            let rule = &refusal.rule;
            refusal.report(find(&self.in_use, &rule.key, &rule.group).is_some())
        };
        self.refused.iter().map(report).collect()
    }

    /// Refusals that `before` does not have.
    pub(crate) fn news(&self, before: Option<&Self>) -> Vec<RefusedRule> {
        let known = |refused: &RefusedRule| {
            before.is_some_and(|before| before.report().iter().any(|old| old.is(refused)))
        };
        self.report()
            .into_iter()
            .filter(|refused| !known(refused))
            .collect()
    }

    fn of(version: u64, trials: Vec<Trial>) -> Self {
        let mut accepted = Self {
            version,
            ..Self::default()
        };
        for trial in trials {
            accepted.in_use.extend(trial.given);
            accepted.refused.extend(trial.refusal);
        }
        accepted
    }
}

impl Trial {
    fn new(rule: &HostRule, before: Option<&Accepted>, same: bool) -> Self {
        let last_good = before.and_then(|before| find(&before.in_use, &rule.key, &rule.group));
        let last_good = last_good.cloned();
        let known = before.filter(|_| same).and_then(|before| {
            let refused = before.refused.iter().find(|refusal| refusal.rule == *rule);
            refused.cloned()
        });
        match known.or_else(|| too_large(rule)) {
            Some(refusal) => Self {
                wanted: rule.clone(),
                given: last_good,
                last_good: None,
                refusal: Some(refusal),
            },
            None => Self {
                wanted: rule.clone(),
                given: Some(rule.clone()),
                last_good: last_good.filter(|good| good.text != rule.text),
                refusal: None,
            },
        }
    }

    /// What was given was refused: the last good text is next, then nothing.
    fn refuse(&mut self, said: Said) {
        let refused = self.refusal.take();
        // What counts is why the wanted text is not in use.
        self.refusal = refused.or_else(|| {
            Some(Refusal {
                rule: self.wanted.clone(),
                said,
                at_ms: unix_ms(),
            })
        });
        self.given = self.last_good.take();
    }
}

enum Round {
    Clean,
    Refused,
    Trip(Trip),
}

/// Gives the instance every rule. One that was refused does not keep the later ones from being looked at.
fn round(trials: &mut [Trial], instance: &mut Instance) -> Round {
    let mut ended = Round::Clean;
    for trial in trials {
        let Some(rule) = &trial.given else { continue };
        match instance.on_rule(text(rule)) {
            Ok(()) => {}
            Err(HookEnd::Trip(trip)) => {
                let said = Said::message(format!("{}: {}", trip.class.name(), trip.reason));
                trial.refuse(said);
                return Round::Trip(trip);
            }
            Err(HookEnd::Failed(said)) => {
                trial.refuse(said);
                ended = Round::Refused;
            }
            Err(HookEnd::Unprepared) => {}
        }
    }
    ended
}

fn too_large(rule: &HostRule) -> Option<Refusal> {
    let large = [
        (rule.text.len(), RULE_MAX, "text"),
        (rule.key.len(), MESSAGE_MAX, "key"),
        (rule.group.len(), MESSAGE_MAX, "group"),
    ];
    let (len, max, part) = large.into_iter().find(|(len, max, _)| len > max)?;
    Some(Refusal {
        rule: rule.clone(),
        said: Said::message(format!("its {part} has {len} bytes, at most {max}")),
        at_ms: unix_ms(),
    })
}

fn text(rule: &HostRule) -> RuleText<'_> {
    RuleText {
        of_application: rule.scope == RuleScope::Application,
        version: rule.version,
        key: &rule.key,
        group: &rule.group,
        text: Some(&rule.text),
    }
}
