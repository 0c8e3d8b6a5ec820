//! Runs the rows of a load balancer's `tests/vectors/*.json` natively; the crates of the balancers include it by its path.
//!
//! A row is a list of steps on fresh instances. The bench takes two instances in turn, so an exact order of choices is
//! asked of each of them.

use serde::Deserialize;
use std::collections::BTreeMap;
use wubbo_plugin_sdk::native::Factory;
use wubbo_plugin_sdk::testing::{BalancerBench, Call};
use wubbo_plugin_sdk::{Cell, Result};

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    id: String,
    claim: String,
    #[serde(default)]
    config: serde_json::Map<String, serde_json::Value>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    /// A new list, as Dubbo URLs.
    Providers(Vec<String>),
    /// The host's weights, by row: warm-up and method weights are its work.
    Weights(Vec<i64>),
    /// Calls under way, by row.
    Active(Vec<i64>),
    WaitMs(i64),
    Select(Select),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Select {
    #[serde(default = "method")]
    method: String,
    /// Parameters of the consumer's URL.
    #[serde(default)]
    url: BTreeMap<String, String>,
    #[serde(default)]
    arguments: Vec<serde_json::Value>,
    /// Rows that are candidates; all of them if absent.
    among: Option<Vec<usize>>,
    /// How often, with all expectations but `rows`.
    #[serde(default = "once")]
    times: u32,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Expect {
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

/// Runs every row of a file; the answer is how many there were.
pub(crate) fn run(text: &str, factory: Factory) -> usize {
    let file: File = serde_json::from_str(text).unwrap();
    for vector in &file.vectors {
        let config = serde_json::Value::from(vector.config.clone()).to_string();
        let mut bench = BalancerBench::new(factory, &config).unwrap();
        for (number, step) in vector.steps.iter().enumerate() {
            let place = format!("{} ({}): step {number}", vector.id, vector.claim);
            self::step(&mut bench, step, &place).unwrap_or_else(|error| panic!("{place}: {error}"));
        }
    }
    file.vectors.len()
}

fn step(bench: &mut BalancerBench, step: &Step, place: &str) -> Result<()> {
    match step {
        Step::Providers(urls) => bench.providers(urls)?,
        Step::Weights(weights) => bench.weights(weights)?,
        Step::Active(active) => bench.cells(Cell::Active, active)?,
        Step::WaitMs(ms) => bench.host().advance_ms(*ms),
        Step::Select(select) => self::select(bench, select, place)?,
    }
    Ok(())
}

fn select(bench: &mut BalancerBench, select: &Select, place: &str) -> Result<()> {
    let call = Call::new("com.x.S", &select.method).on_consumer();
    let parameters = select.url.iter();
    let call = parameters.fold(call, |call, (key, value)| call.parameter(key, value));
    let call = select.arguments.iter().cloned().fold(call, Call::argument);
    let mut pick = || match &select.among {
        Some(rows) => bench.select_among(&call, rows),
        None => bench.select(&call),
    };
    match &select.expect {
        Expect::Nobody => {
            for _ in 0..select.times {
                assert_eq!(pick()?, None, "{place}");
            }
        }
        Expect::Row(row) => {
            for _ in 0..select.times {
                assert_eq!(pick()?, Some(*row), "{place}");
            }
        }
        Expect::Rows(rows) => {
            let mut chosen = Vec::new();
            for _ in rows {
                let (first, second) = (pick()?, pick()?);
                assert_eq!(first, second, "{place}: both instances, after {chosen:?}");
                chosen.extend(first);
            }
            assert_eq!(&chosen, rows, "{place}");
        }
        Expect::Percent(bounds) => {
            let mut counts = vec![0; bounds.len()];
            for _ in 0..select.times {
                let row = pick()?.unwrap_or_else(|| panic!("{place}: nobody"));
                counts[row] += 1;
            }
            for (row, (count, (least, most))) in counts.iter().zip(bounds).enumerate() {
                let share = 100.0 * f64::from(*count) / f64::from(select.times);
                let text = format!("{place}: row {row} has {share} % of {counts:?}");
                assert!((*least..=*most).contains(&share), "{text}");
            }
        }
    }
    Ok(())
}
