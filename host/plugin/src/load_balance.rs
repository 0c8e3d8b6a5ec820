//! A generation as a [`LoadBalance`]: takes an instance, asks it for a row, and believes it only if the row is a candidate.
//! Whatever goes wrong, the cluster picks.

use std::fmt;
use std::sync::Arc;

use wubbo_core::{Candidates, Choice, LoadBalance, Routing};
use wubbo_plugin_sdk::abi::interest::Hook;

use crate::call::routing::remark;
use crate::enter;
use crate::generation::Generation;
use crate::slots::Tally;

/// One generation of a balancer.
pub(crate) struct PluginLoadBalance {
    generation: Arc<Generation>,
}

impl PluginLoadBalance {
    pub(crate) fn new(generation: Arc<Generation>) -> Self {
        Self { generation }
    }

    fn choose(&self, routing: &Routing<'_>, candidates: &Candidates) -> Result<Choice, String> {
        let generation = &*self.generation;
        let (taken, chosen) = enter::run(generation, Hook::Select, |seat| {
            seat.instance.select(routing, candidates)
        })?;
        let Some(row) = chosen else {
            Tally::add(&taken.tally().decided);
            return Ok(Choice::Nobody);
        };
        let index = usize::try_from(row).unwrap_or(usize::MAX);
        if candidates.contains(index) {
            return Ok(Choice::Row(index));
        }
        let rows = routing.table.rows().len();
        let reason = format!("row {row} of {rows} is no candidate");
        Err(enter::bad_answer(generation, taken, Hook::Select, reason))
    }
}

impl LoadBalance for PluginLoadBalance {
    fn name(&self) -> &str {
        &self.generation.shared.manifest.name
    }

    fn select(&self, routing: &Routing<'_>, candidates: &Candidates) -> Choice {
        self.choose(routing, candidates).unwrap_or_else(|reason| {
            if let Some(remarks) = routing.remarks {
                let text = format!("failed, the cluster picks: {reason}");
                remarks.add(remark(&self.generation.identity, None, &text));
            }
            Choice::Unable
        })
    }
}

impl fmt::Debug for PluginLoadBalance {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PluginLoadBalance")
            .field("plugin", &self.generation.shared.label)
            .finish_non_exhaustive()
    }
}
