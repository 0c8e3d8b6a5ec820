//! One attempt as routers and balancers read it: the call, and the live numbers of the providers it is about.

use wubbo_core::{MethodColumn, ProviderTable, Remark, Routing, Stage};
use wubbo_plugin_sdk::ErrorKind;
use wubbo_plugin_sdk::abi::{call, limits, names};
use wubbo_plugin_sdk::native::{HostResult, Scalars};

use super::CallView;
use crate::log;

/// The call of an attempt; parameters are the reference's.
pub(crate) fn view<'a>(routing: &Routing<'a>) -> CallView<'a> {
    CallView {
        invocation: routing.invocation,
        outcome: None,
        // No provider is chosen yet, so nothing of the stage `attempt` is there to be read.
        stage: Stage::Call,
        started: None,
        scratch: (0, &[]),
        consumer: Some(routing.consumer),
    }
}

/// The header's numbers.
pub(crate) fn scalars(routing: &Routing<'_>) -> Scalars {
    let mut scalars = view(routing).scalars();
    scalars.flags |= call::flags::ATTEMPT_STAGE;
    if routing.remarks.is_some() {
        scalars.flags |= call::flags::EXPLAIN;
    }
    if routing.table.has_method_weights() {
        scalars.flags |= call::flags::METHOD_WEIGHTS;
    }
    scalars.service_token = routing.table.token();
    scalars.attempt = routing.attempt;
    scalars
}

/// The live numbers of a table for one method.
pub(crate) struct Cells<'a> {
    table: &'a ProviderTable,
    method: &'a str,
    /// `None` for weights, which are not among the counters.
    counters: Option<MethodColumn<'a>>,
    what: u32,
}

impl<'a> Cells<'a> {
    /// One of `abi::names::CELL_*`.
    ///
    /// # Errors
    /// `BadArgument`: the number is unknown.
    pub(crate) fn new(table: &'a ProviderTable, method: &'a str, what: u32) -> HostResult<Self> {
        let counters = match what {
            names::CELL_WEIGHT => None,
            names::CELL_ACTIVE..=names::CELL_LAST_FAILURE_MS => Some(table.statistics_of(method)),
            _ => return Err(ErrorKind::BadArgument),
        };
        Ok(Self {
            table,
            method,
            counters,
            what,
        })
    }

    /// The number of one row; `None`: there is no such row.
    pub(crate) fn row(&self, row: usize) -> Option<i64> {
        let Some(counters) = &self.counters else {
            let weight = self.table.rows().get(row)?.weight_for(self.method);
            return Some(i64::from(weight.min(i32::MAX.cast_unsigned())));
        };
        let counters = counters.row(row)?;
        let number = match self.what {
            names::CELL_ACTIVE => u64::from(counters.active()),
            names::CELL_TOTAL => counters.total(),
            names::CELL_FAILED => counters.failed(),
            names::CELL_LATENCY_US => counters.latency_us(),
            names::CELL_CONSECUTIVE_FAILURES => u64::from(counters.consecutive_failures()),
            _ => counters.last_failure_ms(),
        };
        // A negative answer would be a code.
        Some(i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// The numbers of all rows, in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = i64> {
        (0..self.table.rows().len()).map(|row| self.row(row).unwrap_or_default())
    }
}

/// A line of reason as it is kept: cut and cleaned.
pub(crate) fn remark(policy: &str, row: Option<usize>, text: &str) -> Remark {
    let text = log::cut(text, limits::LOG_LINE_MAX);
    Remark {
        policy: policy.to_owned(),
        row,
        text: text.replace(char::is_control, " "),
    }
}
