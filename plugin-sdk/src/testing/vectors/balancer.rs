//! Cases of load balancers: steps on fresh instances.

use super::{Case, built, empty, expect, spoil_refused};
use crate::call::Cell;
use crate::error::{Error, Result};
use crate::testing::{BalancerForm, Call, Form};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Lists, numbers and choices, one after another.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalancerCase {
    /// The row's id in the spec, or what it is about.
    pub id: String,
    /// What it shows.
    pub claim: String,
    /// Configuration; `{}` if absent.
    #[serde(default = "empty")]
    pub config: Value,
    /// A part of the message that refuses the configuration, if it is refused.
    #[serde(default)]
    pub refused: Option<String>,
    /// What is done.
    #[serde(default)]
    pub steps: Vec<BalancerStep>,
}

/// One step.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum BalancerStep {
    /// A new list, as Dubbo URLs.
    Providers(Vec<String>),
    /// The host's weights, by row: warm-up and method weights are its work.
    Weights(Vec<i64>),
    /// Calls under way, by row.
    Active(Vec<i64>),
    /// The clock moves on.
    WaitMs(u64),
    /// Choices, and what they must be.
    Select(Select),
}

/// Choices for one call.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Select {
    /// The method called; `m` if absent.
    #[serde(default = "method")]
    pub method: String,
    /// Parameters of the consumer's URL.
    #[serde(default)]
    pub url: BTreeMap<String, String>,
    /// Arguments of the call.
    #[serde(default)]
    pub arguments: Vec<Value>,
    /// Rows that are candidates; all of them if absent.
    pub among: Option<Vec<usize>>,
    /// How often, with all expectations but `rows`.
    #[serde(default = "once")]
    pub times: u32,
    /// What they must be.
    pub expect: Share,
}

/// Who is chosen.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// Nobody each time.
    Nobody,
    /// This row each time.
    Row(usize),
    /// These rows, in this order, in each instance.
    Rows(Vec<usize>),
    /// Least and greatest share of each row, in percent.
    Percent(Vec<(f64, f64)>),
}

fn method() -> String {
    "m".to_owned()
}

fn once() -> u32 {
    1
}

impl BalancerCase {
    /// Spoils the first expectation of one sort.
    fn spoil(&mut self, spoil: impl Fn(&mut Share) -> bool) -> bool {
        self.steps.iter_mut().any(|step| match step {
            BalancerStep::Select(select) => spoil(&mut select.expect),
            _ => false,
        })
    }
}

impl Case for BalancerCase {
    const SPOILS: &'static [fn(&mut Self) -> bool] = &[
        |case| {
            case.spoil(|share| match share {
                Share::Row(row) => {
                    *row += 1;
                    true
                }
                _ => false,
            })
        },
        |case| {
            case.spoil(|share| match share {
                Share::Rows(rows) => {
                    rows.iter_mut().for_each(|row| *row += 1);
                    true
                }
                _ => false,
            })
        },
        |case| {
            case.spoil(|share| match share {
                Share::Percent(bounds) => {
                    bounds.iter_mut().for_each(|bound| *bound = (-2.0, -1.0));
                    true
                }
                _ => false,
            })
        },
        |case| {
            case.spoil(|share| {
                let nobody = matches!(share, Share::Nobody);
                *share = Share::Row(0);
                nobody
            })
        },
        |case| spoil_refused(&mut case.refused),
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn check(&self, form: &dyn Form) -> Result<()> {
        let made = form.balancer(&self.config.to_string());
        let Some(mut balancer) = built(made, self.refused.as_deref())? else {
            return Ok(());
        };
        for (number, step) in self.steps.iter().enumerate() {
            take(&mut *balancer, step)
                .map_err(|error| Error::new(format!("({}) step {number}: {error}", self.claim)))?;
        }
        Ok(())
    }
}

fn take(balancer: &mut dyn BalancerForm, step: &BalancerStep) -> Result<()> {
    match step {
        BalancerStep::Providers(urls) => balancer.providers(urls),
        BalancerStep::Weights(weights) => balancer.cells(Cell::Weight, weights),
        BalancerStep::Active(active) => balancer.cells(Cell::Active, active),
        BalancerStep::WaitMs(ms) => {
            balancer.advance_ms(*ms);
            Ok(())
        }
        BalancerStep::Select(select) => choose(balancer, select),
    }
}

fn choose(balancer: &mut dyn BalancerForm, select: &Select) -> Result<()> {
    let call = Call::new("com.x.S", &select.method).on_consumer();
    let parameters = select.url.iter();
    let call = parameters.fold(call, |call, (key, value)| call.parameter(key, value));
    let call = select.arguments.iter().cloned().fold(call, Call::argument);
    let instances = balancer.instances();
    let mut pick = || balancer.select(&call, select.among.as_deref());
    match &select.expect {
        Share::Nobody => (0..select.times).try_for_each(|_| expect("row", &None, &pick()?)),
        Share::Row(row) => (0..select.times).try_for_each(|_| expect("row", &Some(*row), &pick()?)),
        Share::Rows(rows) => {
            let mut chosen = vec![Vec::new(); instances];
            for _ in rows {
                for own in &mut chosen {
                    own.extend(pick()?);
                }
            }
            chosen.iter().try_for_each(|own| expect("rows", rows, own))
        }
        Share::Percent(bounds) => {
            let mut counts = vec![0; bounds.len()];
            for _ in 0..select.times {
                let row = pick()?.ok_or_else(|| Error::new("nobody is chosen"))?;
                let count = counts.get_mut(row);
                *count.ok_or_else(|| Error::new(format!("row {row} is chosen")))? += 1;
            }
            shares(&counts, bounds, select.times)
        }
    }
}

fn shares(counts: &[u32], bounds: &[(f64, f64)], times: u32) -> Result<()> {
    for (row, (count, (least, most))) in counts.iter().zip(bounds).enumerate() {
        let share = 100.0 * f64::from(*count) / f64::from(times);
        if !(*least..=*most).contains(&share) {
            return Err(Error::new(format!("row {row} has {share} % of {counts:?}")));
        }
    }
    Ok(())
}
