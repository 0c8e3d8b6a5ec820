//! Router `condition`: Dubbo's condition rules, `host = 10.* & method = get* => region = hz`.
//!
//! The right side is worked out once per list of providers, as a set of rows; a call evaluates the left side and intersects.

use rule::{Condition, Rule, Target};
use source::{Cells, Wants};
use wubbo_plugin_sdk::abi::limits::INTEREST_MAX;
use wubbo_plugin_sdk::{
    Candidates, Error, Hook, NoConfig, Providers, Result, Router, Routing, Setup, Space,
    wubbo_plugin,
};

mod expression;
mod pattern;
mod rule;
mod source;
mod table;

pub use table::Table;

/// The policy; it keeps the rules in the order in which they narrow.
#[derive(Debug)]
pub struct ConditionRouter {
    rules: Vec<Rule>,
}

#[wubbo_plugin(
    kind = router,
    name = "condition",
    order = 150,
    arguments = read,
    reads(field("method"), field("host"), url("application")),
    description = "narrows providers by the condition rules of services and applications"
)]
impl Router for ConditionRouter {
    type Config = NoConfig;
    type Table = Table;

    fn new(_config: NoConfig) -> Result<Self> {
        Ok(Self { rules: Vec::new() })
    }

    fn on_rule(&mut self, rule: &wubbo_plugin_sdk::Rule<'_>, setup: &mut Setup<'_>) -> Result<()> {
        let Some(target) = Rule::target(rule.scope(), rule.key()) else {
            return Ok(());
        };
        let is_new = |known: &Rule| known.key != rule.key() || known.group != rule.group();
        self.rules.retain(is_new);
        if let Some(text) = rule.text() {
            self.rules
                .push(Rule::read(rule.group(), rule.key(), target, text)?);
        }
        let of_application = |rule: &Rule| matches!(rule.target, Target::Application(_));
        self.rules
            .sort_by_key(|rule| (of_application(rule), rule.priority));
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
        let Table { path, rules } = table;
        for applied in rules {
            let Some(rule) = self.rules.get(applied.rule) else {
                continue;
            };
            if applied.of_consumer && !is_of(call, &rule.target)? {
                continue;
            }
            for (condition, sets) in rule.conditions.iter().zip(&mut applied.sets) {
                if !holds(condition, call, path)? {
                    continue;
                }
                // Counting costs as much as narrowing, so only for who asks.
                let before = call.explained().then(|| candidates.count());
                narrow(condition, sets, call, path, candidates)?;
                if let Some(before) = before {
                    let (text, after) = (&condition.text, candidates.count());
                    call.note(None, &format!("{text}: {after} of {before} left"));
                }
            }
        }
        Ok(())
    }
}

impl ConditionRouter {
    /// Asks for all that the rules read: first what a list is indexed by, which cannot be asked for later.
    fn declare(&self, setup: &mut Setup<'_>) -> Result<()> {
        let mut wants = Wants::default();
        let conditions = || self.rules.iter().flat_map(|rule| &rule.conditions);
        let pairs = || {
            conditions()
                .flat_map(|condition| &condition.to)
                .flat_map(|to| &to.pairs)
        };
        if self
            .rules
            .iter()
            .any(|rule| matches!(rule.target, Target::Application(_)))
        {
            wants.add(Space::Url, "remote.application", Hook::OnProviders);
            wants.add(Space::Url, "application", Hook::OnProviders);
            wants.add(Space::Url, "application", Hook::Route);
        }
        pairs().for_each(|pair| Cells::want(&pair.key, &mut wants));
        if wants.len() > INTEREST_MAX {
            return Err(Error::new(format!(
                "the rules name {} parameters of providers on the right of =>, counting each and its default; at most {INTEREST_MAX}",
                wants.len()
            )));
        }
        let sources = conditions().flat_map(|condition| &condition.when);
        sources.for_each(|(source, _)| source.want(&mut wants));
        let references = pairs().flat_map(expression::Pair::references);
        references.for_each(|name| source::Source::of_reference(name).want(&mut wants));
        wants.declare(setup, INTEREST_MAX);
        Ok(())
    }
}

/// A consumer that does not say its application is the one whose rules this process follows.
fn is_of(call: &Routing<'_>, target: &Target) -> Result<bool> {
    let application = call.parameter("application")?;
    Ok(match (target, application) {
        (Target::Application(name), Some(application)) => *name == application,
        _ => true,
    })
}

fn holds(condition: &Condition, call: &Routing<'_>, path: &str) -> Result<bool> {
    for (source, pair) in &condition.when {
        if !pair.holds(source.read(call, path)?.as_deref(), pattern::Part::When) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Leaves one of the destinations that have candidates, by their weights.
fn narrow(
    condition: &Condition,
    sets: &mut [table::Set],
    call: &Routing<'_>,
    path: &str,
    candidates: &mut Candidates<'_>,
) -> Result<()> {
    if condition.to.is_empty() {
        candidates.clear();
        return Ok(());
    }
    let mut choices = Vec::new();
    let mut chosen = None;
    for (place, set) in sets.iter_mut().enumerate() {
        let rows = set.rows(call, path, candidates.len())?;
        if rows
            .iter()
            .zip(candidates.words())
            .any(|(rows, words)| rows & words != 0)
        {
            match chosen {
                None => chosen = Some(place),
                Some(first) if choices.is_empty() => choices.extend([first, place]),
                Some(_) => choices.push(place),
            }
        }
    }
    if !choices.is_empty() {
        chosen = pick(condition, &choices, call.host().random()?);
    }
    match chosen.and_then(|place| sets.get_mut(place)) {
        Some(set) => candidates.intersect(set.rows(call, path, candidates.len())?),
        None if condition.force => candidates.clear(),
        None => {}
    }
    Ok(())
}

/// One of several destinations; if none weighs anything, each is as likely.
fn pick(condition: &Condition, choices: &[usize], random: u64) -> Option<usize> {
    let weight = |place: &usize| {
        condition
            .to
            .get(*place)
            .map_or(0, |to| u64::from(to.weight))
    };
    let total: u64 = choices.iter().map(weight).sum();
    let even = total == 0;
    let mut left = random % if even { choices.len() as u64 } else { total };
    choices.iter().copied().find(|place| {
        let weight = if even { 1 } else { weight(place) };
        let found = left < weight;
        left = left.saturating_sub(weight);
        found
    })
}

#[cfg(test)]
mod tests;
