//! Dubbo's load balancer `random`: a provider gets calls in proportion to its weight.
//!
//! Weights change at most once a second, so sums over them are kept until the host says that one changed.

use std::borrow::Cow;
use wubbo_plugin_sdk::{
    Candidates, Cell, LoadBalance, NoConfig, PerMethod, Providers, Result, Routing, wubbo_plugin,
};

mod weights;

use weights::Weights;

/// Methods whose weights are kept at once for one list, if methods weigh differently at all.
const METHODS_MAX: usize = 16;
/// Weights that are kept at once for one list: 1 MiB.
const WEIGHTS_MAX: usize = 1 << 17;

/// The policy; what it keeps is room for the host's numbers and for the sums of a choice.
#[derive(Debug)]
pub struct Random {
    column: Vec<i64>,
    sums: Vec<u64>,
}

/// The weights of one method, as of an epoch of the list.
#[derive(Debug, Default)]
pub struct Kept {
    epoch: Option<u32>,
    weights: Weights,
}

#[wubbo_plugin(
    kind = loadbalance,
    name = "random",
    description = "picks by chance, in proportion to weights"
)]
impl LoadBalance for Random {
    type Config = NoConfig;
    type Table = PerMethod<Kept>;

    fn new(_config: NoConfig) -> Result<Self> {
        Ok(Self {
            column: Vec::new(),
            sums: Vec::new(),
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
            call.column(Cell::Weight, &mut self.column)?;
            weights.fill(&self.column);
            *epoch = now;
        }
        Ok(weights.pick(candidates, call.host().random()?, &mut self.sums))
    }
}

#[cfg(test)]
mod tests;
