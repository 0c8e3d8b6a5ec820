//! Dubbo's load balancer `leastactive`: the provider with the fewest calls under way; among equals by weight.
//!
//! The host counts the calls; they are read for each choice, all in one go. Weights are kept until the host says that one
//! changed.

use std::borrow::Cow;
use wubbo_plugin_sdk::{
    Candidates, Cell, LoadBalance, NoConfig, PerMethod, Providers, Result, Routing, wubbo_plugin,
};

mod least;

use least::Search;

/// Methods whose weights are kept at once for one list, if methods weigh differently at all.
const METHODS_MAX: usize = 16;
/// Weights that are kept at once for one list: 1 MiB.
const WEIGHTS_MAX: usize = 1 << 17;

/// The policy; what it keeps is room for the host's numbers and for the search.
#[derive(Debug)]
pub struct LeastActive {
    active: Vec<i64>,
    search: Search,
}

/// The weights of one method, as of an epoch of the list.
#[derive(Debug, Default)]
pub struct Kept {
    epoch: Option<u32>,
    weights: Vec<i64>,
}

#[wubbo_plugin(
    kind = loadbalance,
    name = "leastactive",
    description = "picks the provider with the fewest calls under way"
)]
impl LoadBalance for LeastActive {
    type Config = NoConfig;
    type Table = PerMethod<Kept>;

    fn new(_config: NoConfig) -> Result<Self> {
        Ok(Self {
            active: Vec::new(),
            search: Search::default(),
        })
    }

    fn on_providers(
        &mut self,
        providers: &Providers<'_>,
        _before: Option<&Self::Table>,
    ) -> Result<Self::Table> {
        let room = WEIGHTS_MAX / providers.len().max(1);
        Ok(PerMethod::new(room.min(METHODS_MAX)))
    }

    fn select(
        &mut self,
        table: &mut Self::Table,
        call: &Routing<'_>,
        candidates: &Candidates<'_>,
    ) -> Result<Option<usize>> {
        if candidates.count() < 2 {
            return Ok(candidates.nth(0));
        }
        let method = if call.has_method_weights() {
            call.method()?
        } else {
            Cow::Borrowed("")
        };
        let Kept { epoch, weights } = table.of(&method);
        let now = Some(call.weights_epoch());
        if *epoch != now {
            call.column(Cell::Weight, weights)?;
            for weight in weights.iter_mut() {
                *weight = (*weight).max(0);
            }
            *epoch = now;
        }
        call.column(Cell::Active, &mut self.active)?;
        let random = call.host().random()?;
        Ok(self.search.pick(candidates, &self.active, weights, random))
    }
}

#[cfg(test)]
mod tests;
