//! Dubbo's load balancer `roundrobin`: smooth weighted round robin, per method.
//!
//! Each provider gains its weight with every choice that it is a candidate of; the one that has most is chosen and pays
//! what all gained. State goes with the provider, not with its row, so a new list goes on where the old one was.

use std::collections::HashMap;
use wubbo_plugin_sdk::{
    Candidates, Cell, LoadBalance, NoConfig, PerMethod, Providers, Result, Routing, Space,
    wubbo_plugin,
};

mod turns;

use turns::Turns;

/// Methods that are kept at once for one list.
const METHODS_MAX: usize = 64;
/// States that are kept at once for one list: 3 MiB.
const STATES_MAX: usize = 1 << 17;
/// Providers that left within the last minute and are remembered.
const LEFT_MAX: usize = 1024;

/// The policy; what it keeps is room for the host's numbers.
#[derive(Debug)]
pub struct RoundRobin {
    column: Vec<i64>,
}

/// What is kept for one list.
#[derive(Debug)]
pub struct Table {
    /// The providers in the order of their rows, then those that left within a minute.
    identities: Vec<String>,
    methods: PerMethod<Turns>,
}

#[wubbo_plugin(
    kind = loadbalance,
    name = "roundrobin",
    reads(field("method")),
    reads_on_providers(field("protocol"), field("address")),
    description = "takes turns, in proportion to weights"
)]
impl LoadBalance for RoundRobin {
    type Config = NoConfig;
    type Table = Table;

    fn new(_config: NoConfig) -> Result<Self> {
        Ok(Self { column: Vec::new() })
    }

    fn on_providers(&mut self, providers: &Providers<'_>, before: Option<&Table>) -> Result<Table> {
        let protocols = providers.column(Space::Field, "protocol")?;
        let addresses = providers.column(Space::Field, "address")?;
        let identity = |row| {
            let protocol = protocols.get(row).unwrap_or_default();
            [protocol, "://", addresses.get(row).unwrap_or_default()].concat()
        };
        let mut identities: Vec<String> = (0..providers.len()).map(identity).collect();
        let room = (STATES_MAX / providers.len().max(1)).min(METHODS_MAX);
        let mut methods = PerMethod::new(room);
        if let Some(before) = before {
            let sources = sources(&mut identities, before);
            for (name, turns) in before.methods.iter() {
                *methods.of(name) = turns.follow(&sources);
            }
        }
        Ok(Table {
            identities,
            methods,
        })
    }

    fn select(
        &mut self,
        table: &mut Table,
        call: &Routing<'_>,
        candidates: &Candidates<'_>,
    ) -> Result<Option<usize>> {
        // No choice, so nobody gains: Dubbo does not ask its balancers then.
        if candidates.count() < 2 {
            return Ok(candidates.nth(0));
        }
        let turns = table.methods.of(&call.method()?);
        let epoch = call.weights_epoch();
        if !turns.is_of(epoch) {
            call.column(Cell::Weight, &mut self.column)?;
            turns.weigh(&self.column, table.identities.len(), epoch);
        }
        Ok(turns.next(candidates, call.host().now_ms()?))
    }
}

/// For each identity where its state was before, after those that just left were added to the list.
fn sources(identities: &mut Vec<String>, before: &Table) -> Vec<Option<usize>> {
    let places = before.identities.iter().enumerate();
    let mut places: HashMap<&str, usize> = places.map(|(place, name)| (&**name, place)).collect();
    let mut sources: Vec<Option<usize>> = identities
        .iter()
        .map(|identity| places.remove(identity.as_str()))
        .collect();
    let kept = |place: &usize| {
        let mut methods = before.methods.iter();
        methods.any(|(_, turns)| turns.keeps(*place))
    };
    let mut left: Vec<(usize, String)> = places
        .into_iter()
        .filter(|(_, place)| kept(place))
        .map(|(name, place)| (place, name.to_owned()))
        .collect();
    left.sort_unstable();
    left.truncate(LEFT_MAX);
    for (place, name) in left {
        identities.push(name);
        sources.push(Some(place));
    }
    sources
}

#[cfg(test)]
mod tests;
