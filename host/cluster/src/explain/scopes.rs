//! The registries and groups that a call goes to one after the other, up to the one where somebody takes it, and why they come so.

use wubbo_core::{Deadline, Directory, Invocation, ListedRegistry, ProviderList, registry_name};

use super::{Answer, BalancerStep, PassedOver, Recorder, RouterStep, ScopeStep};
use crate::choose::Attempt;
use crate::groups;
use crate::registries::{self, Rank, Turn};
use crate::scope::Scope;

/// How many that were passed over are named: a registry may announce thousands of groups.
const NAMED_MAX: usize = 10;
const UNAVAILABLE: &str = "nobody is available";

/// What a call comes to.
#[derive(Default)]
pub(super) struct Found {
    pub(super) registry: Option<ScopeStep>,
    pub(super) group: Option<ScopeStep>,
    pub(super) routers: Vec<RouterStep>,
    pub(super) balancer: Option<BalancerStep>,
    pub(super) chosen: Option<usize>,
    /// Why nobody was chosen.
    nobody: String,
}

/// Goes from registry to registry and from group to group as a call does that nobody takes; at its deadline it stays where it is.
pub(super) fn find(
    list: &ProviderList,
    invocation: &Invocation,
    directory: &dyn Directory,
) -> Found {
    let order = match registries::of_call(list, invocation, directory.url(), None) {
        Ok(order) => order,
        Err(refused) => {
            let step = ScopeStep {
                reason: refused.message().to_owned(),
                ..ScopeStep::default()
            };
            return Found {
                registry: Some(step),
                ..Found::default()
            };
        }
    };
    let mut way = Way {
        list,
        zone: registries::zone(invocation, directory.url()),
        order: &order,
        turn: 0,
        group: None,
        emptied: Vec::new(),
    };
    let mut found = Found::default();
    'way: for (turn, registry) in order.iter().enumerate() {
        way.turn = turn;
        for scope in groups::of_call(list, registry.map(|turn| turn.place)) {
            way.group = scope.group;
            found = within(scope, list, invocation, directory);
            if found.chosen.is_some() || invocation.deadline().is_some_and(Deadline::is_over) {
                break 'way;
            }
            way.emptied.push((turn, scope.group, found.nobody.clone()));
        }
    }
    Found {
        registry: way.registry(),
        group: way.group(),
        ..found
    }
}

/// The choice among the providers of one registry and group.
fn within(
    scope: Scope<'_>,
    list: &ProviderList,
    invocation: &Invocation,
    directory: &dyn Directory,
) -> Found {
    let recorder = Recorder::default();
    let attempt = Attempt {
        scope,
        invocation,
        directory,
        list,
        number: 0,
        tried: &[],
        sticky: None,
        recorder: Some(&recorder),
    };
    let narrowed = attempt.narrow();
    let chosen = attempt.select(&narrowed.candidates);
    let emptied = narrowed.emptied_by;
    let emptied = emptied.map(|router| format!("router {router} leaves nobody"));
    let (routers, balancer) = recorder.finish();
    let asked = balancer.as_ref().and_then(|step| step.rounds.last());
    let nobody = match (emptied, asked) {
        (Some(emptied), _) => emptied,
        (None, Some(round)) if round.answer == Answer::Nobody => {
            "the balancer takes nobody".to_owned()
        }
        _ => UNAVAILABLE.to_owned(),
    };
    Found {
        routers,
        balancer,
        chosen,
        nobody,
        ..Found::default()
    }
}

/// How far a call came.
struct Way<'a> {
    list: &'a ProviderList,
    /// The zone that the call asks for.
    zone: Option<&'a str>,
    order: &'a [Option<Turn>],
    /// Where in `order` it is.
    turn: usize,
    group: Option<&'a str>,
    /// Where nobody took it, by turn and group, and why.
    emptied: Vec<(usize, Option<&'a str>, String)>,
}

impl Way<'_> {
    fn registry(&self) -> Option<ScopeStep> {
        let turn = self.at(self.turn)?;
        let registry = self.list.registries.get(turn.place)?;
        let why = match turn.rank {
            Rank::Preferred => "preferred".to_owned(),
            Rank::OfZone => format!("of the zone {}, which the call asks for", self.asked()),
            Rank::Sticky => "it announces the provider that sticky calls stay with".to_owned(),
            Rank::ByWeight => self.drawn(),
        };
        let reason = match self.is_available(registry) {
            true => why,
            false => format!("nobody is available at any registry; {why}"),
        };
        let others = self.list.registries.iter().enumerate();
        let passed = others.filter(|(place, _)| *place != turn.place);
        let passed = passed.filter_map(|(place, other)| {
            Some(PassedOver {
                name: registry_name(&other.url),
                reason: self.passed(place, other)?,
            })
        });
        Some(ScopeStep {
            chosen: Some(registry_name(&registry.url)),
            reason,
            passed: passed.take(NAMED_MAX).collect(),
        })
    }

    /// Why the call is not at the registry of that place; `None`: it did not come to it.
    fn passed(&self, place: usize, registry: &ListedRegistry) -> Option<String> {
        let is_there = |turn: usize| self.at(turn).is_some_and(|turn| turn.place == place);
        let mut emptied = self.emptied.iter().rev();
        let emptied = emptied.find(|(turn, ..)| *turn < self.turn && is_there(*turn));
        match emptied {
            Some((.., why)) => Some(why.clone()),
            None => (!self.is_available(registry)).then(|| UNAVAILABLE.to_owned()),
        }
    }

    /// The draw that the registry was the first of.
    fn drawn(&self) -> String {
        let left = self.order.iter().skip(self.turn).flatten();
        let left = left.filter(|turn| turn.rank == Rank::ByWeight);
        let left = left.filter_map(|turn| self.list.registries.get(turn.place));
        let mut rivals: Vec<String> = left
            .map(|one| {
                format!(
                    "{} ({})",
                    registry_name(&one.url),
                    registries::weight(&one.url)
                )
            })
            .collect();
        // By name: in the order of the draw, weights would seem to be ranks.
        rivals.sort_unstable();
        let elsewhere = match self.zone {
            Some(zone) => format!("; nobody takes the call in the zone {zone}"),
            None => String::new(),
        };
        match rivals.len() {
            1 => format!("the only one left{elsewhere}"),
            _ => format!("drawn by weight among {}{elsewhere}", rivals.join(", ")),
        }
    }

    fn group(&self) -> Option<ScopeStep> {
        let groups = self.list.table.groups();
        let chosen = self.group?;
        let place = groups.iter().position(|group| group.name() == chosen)?;
        let here = Scope {
            registry: self.at(self.turn).map(|turn| turn.place),
            group: self.group,
        };
        let rows = here.rows(self.list);
        let is_available = rows.iter().any(|row| self.list.is_available(row));
        let reason = match (groups.len(), place) {
            (1, _) => "the only group that is announced".to_owned(),
            (all, _) if !is_available => {
                format!("nobody is available in any of the {all} groups; this is the first")
            }
            (all, 0) => format!("the first of {all} groups"),
            (all, place) => format!(
                "number {} of {all} groups; nobody takes the call in those before it",
                place + 1
            ),
        };
        let why = |name: &str| {
            let mut here = self.emptied.iter().filter(|(turn, ..)| *turn == self.turn);
            let found = here.find(|(_, group, _)| *group == Some(name));
            found.map_or(UNAVAILABLE, |(.., why)| why).to_owned()
        };
        let before = groups.iter().take(place.min(NAMED_MAX));
        let passed = before.map(|group| PassedOver {
            name: group.name().to_owned(),
            reason: why(group.name()),
        });
        Some(ScopeStep {
            chosen: Some(chosen.to_owned()),
            reason,
            passed: passed.collect(),
        })
    }

    fn at(&self, turn: usize) -> Option<Turn> {
        self.order.get(turn).copied().flatten()
    }

    fn asked(&self) -> &str {
        self.zone.unwrap_or_default()
    }

    fn is_available(&self, registry: &ListedRegistry) -> bool {
        let mut rows = registry.rows.iter();
        rows.any(|row| self.list.is_available(row))
    }
}
