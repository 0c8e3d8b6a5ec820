//! Dubbo's load balancer `consistenthash`: calls with equal arguments go to the same provider while it is there.
//!
//! Points and keys are Dubbo Java's, byte for byte, so consumers in both worlds agree. The ring is built with each list of
//! providers, off the call path.

use serde::Deserialize;
use wubbo_plugin_sdk::{
    Candidates, Error, Level, LoadBalance, Providers, Result, Routing, Space, keys, wubbo_plugin,
};

mod key;
mod md5;
mod ring;

use ring::{POINTS, Ring};

/// Dubbo's default of `hash.nodes`.
const DEFAULT_NODES: usize = 160;
/// Dubbo's default of `hash.arguments`: the first one.
const DEFAULT_ARGUMENTS: &str = "0";
/// Rings kept at once for one list.
const RINGS_MAX: usize = 4;
/// Points that a call may make: about a third of the millisecond that it has.
const POINTS_IN_CALL: usize = 4000;

/// The configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Values of `hash.nodes` that methods have of their own; their rings are built with each list. At most 3. Default: none.
    pub nodes: Vec<usize>,
    /// Points of one ring at most, 4 to 16,777,216; 16 bytes each while it is built, then 7. Default 262,144.
    pub points_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            points_max: 1 << 18,
        }
    }
}

/// The policy; what it keeps is its configuration and room for a key.
#[derive(Debug)]
pub struct ConsistentHash {
    config: Config,
    key: String,
}

/// What is kept for one list.
#[derive(Debug)]
pub struct Table {
    addresses: Vec<String>,
    /// The first one's `hash.arguments`.
    arguments: String,
    /// The ring of the first one's `hash.nodes`.
    ring: Ring,
    /// Rings of other numbers of nodes.
    others: Vec<Ring>,
}

#[wubbo_plugin(
    kind = loadbalance,
    name = "consistenthash",
    arguments = read,
    reads(field("method"), method_url("hash.nodes"), method_url("hash.arguments")),
    reads_on_providers(field("address"), url("hash.nodes"), url("hash.arguments")),
    description = "sends equal arguments to the same provider"
)]
impl LoadBalance for ConsistentHash {
    type Config = Config;
    type Table = Table;

    fn new(config: Config) -> Result<Self> {
        if config.nodes.len() >= RINGS_MAX || config.nodes.iter().any(|nodes| *nodes < POINTS) {
            return Err(Error::new("nodes: expected at most 3 numbers of 4 or more"));
        }
        if !(POINTS..=1 << 24).contains(&config.points_max) {
            return Err(Error::new("points_max: expected 4 to 16777216"));
        }
        Ok(Self {
            config,
            key: String::new(),
        })
    }

    fn on_providers(&mut self, providers: &Providers<'_>, before: Option<&Table>) -> Result<Table> {
        let column = providers.column(Space::Field, "address")?;
        let address = |row| column.get(row).unwrap_or_default().to_owned();
        let addresses: Vec<String> = (0..providers.len()).map(address).collect();
        let nodes = providers.column(Space::Url, keys::HASH_NODES)?;
        let asked = nodes.get(0).and_then(nodes_of).unwrap_or(DEFAULT_NODES);
        let build = |asked| {
            let nodes = self.bounded(asked, providers.len());
            if nodes < asked - asked % POINTS {
                warn(providers, asked, nodes);
            }
            let known = before.and_then(|before| Some((before.find(nodes)?, &*before.addresses)));
            Ring::new(nodes, &addresses, known)
        };
        let (ring, others) = (
            build(asked),
            self.config
                .nodes
                .iter()
                .map(|nodes| build(*nodes))
                .collect(),
        );
        let arguments = providers.column(Space::Url, keys::HASH_ARGUMENTS)?;
        Ok(Table {
            arguments: arguments.get(0).unwrap_or(DEFAULT_ARGUMENTS).to_owned(),
            ring,
            others,
            addresses,
        })
    }

    fn select(
        &mut self,
        table: &mut Table,
        call: &Routing<'_>,
        candidates: &Candidates<'_>,
    ) -> Result<Option<usize>> {
        if candidates.count() < 2 {
            return Ok(candidates.nth(0));
        }
        let arguments = call.method_parameter(keys::HASH_ARGUMENTS)?;
        key::write(
            call,
            arguments.as_deref().unwrap_or(&table.arguments),
            &mut self.key,
        )?;
        let [point, ..] = md5::md5(self.key.as_bytes());
        let asked = call.method_parameter(keys::HASH_NODES)?;
        let ring = match asked.as_deref().and_then(nodes_of) {
            Some(asked) => table.ring_of(self.bounded(asked, candidates.len())),
            None => &table.ring,
        };
        Ok(ring.pick(point, candidates))
    }

    fn schema() -> &'static str {
        r#"{"type":"object","additionalProperties":false,"properties":{
"nodes":{"type":"array","items":{"type":"integer","minimum":4},"maxItems":3,"default":[]},
"points_max":{"type":"integer","minimum":4,"maximum":16777216,"default":262144}}}"#
    }
}

impl ConsistentHash {
    /// Points per provider: whole digests, at least one, and no more than the ring may have.
    fn bounded(&self, asked: usize, providers: usize) -> usize {
        let room = self.config.points_max / providers.max(1);
        let nodes = asked.min(room).max(POINTS);
        nodes - nodes % POINTS
    }
}

impl Table {
    fn find(&self, nodes: usize) -> Option<&Ring> {
        let mut rings = std::iter::once(&self.ring).chain(&self.others);
        rings.find(|ring| ring.nodes() == nodes)
    }

    /// The ring of a method that has nodes of its own: built by the first call that asks if it is small, else the
    /// service's, for all instances alike.
    fn ring_of(&mut self, nodes: usize) -> &Ring {
        let small = self.addresses.len() * nodes <= POINTS_IN_CALL;
        if small && self.find(nodes).is_none() {
            if self.others.len() >= RINGS_MAX {
                self.others.remove(0);
            }
            self.others.push(Ring::new(nodes, &self.addresses, None));
        }
        self.find(nodes).unwrap_or(&self.ring)
    }
}

/// A value of `hash.nodes`; 0, what is below one digest and what is no number count as absent.
fn nodes_of(text: &str) -> Option<usize> {
    text.parse().ok().filter(|nodes| *nodes >= POINTS)
}

fn warn(providers: &Providers<'_>, asked: usize, nodes: usize) {
    let text = format!(
        "{}: hash.nodes is {asked}, but {} providers have room for {nodes} points each: raise points_max and the memory limit",
        providers.service(),
        providers.len()
    );
    // A line that the full log drops changes nothing for the list.
    let _ = providers.host().log(Level::Warn, &text);
}

#[cfg(test)]
mod tests;
