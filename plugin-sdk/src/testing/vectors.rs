//! Test cases as data: one file per policy serves its linked and its wasm form, whichever [`Form`] answers.

mod balancer;
mod configurator;
mod filter;
mod router;
mod rule;

pub use balancer::{BalancerCase, BalancerStep, Select, Share};
pub use configurator::ConfiguratorCase;
pub use filter::{Changes, FilterCase, FilterStep, MadeCall, Refused};
pub use router::RouterCase;
pub use rule::{Refusal, RuleCase};

use super::Form;
use crate::error::{Error, Result};
use serde::Deserialize;
use serde_json::Value;
use std::fmt::Debug;

/// A file of cases: `{"spec": .., "plugin": "router/tag", "cases": [..]}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File<C> {
    /// Where the rows come from.
    #[serde(rename = "spec")]
    _spec: String,
    /// Kind and name of the policy.
    plugin: String,
    cases: Vec<C>,
}

/// One case of a kind of policy.
trait Case: Clone + for<'de> Deserialize<'de> + 'static {
    /// Ways to make an expectation wrong; false: this case has nothing of that sort. A check that still passes sees nothing.
    const SPOILS: &'static [fn(&mut Self) -> bool];

    /// The row's id in the spec, or what it is about.
    fn id(&self) -> &str;

    /// Runs it on fresh instances.
    ///
    /// # Errors
    /// What is not as the case says.
    fn check(&self, form: &dyn Form) -> Result<()>;
}

/// What came of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Kind and name of the policy.
    pub plugin: String,
    /// How many cases there are.
    pub cases: usize,
    /// How many were also run with a wrong expectation, which must be found.
    pub controls: usize,
    /// Id of each case that failed, and why.
    pub failures: Vec<String>,
}

impl Report {
    /// Fails, with every name, unless all cases passed and every wrong expectation was found. Answers how many cases there are.
    ///
    /// # Panics
    /// That.
    #[must_use]
    pub fn prove(&self) -> usize {
        let (failed, cases) = (self.failures.len(), self.cases);
        let named = self.failures.join("\n");
        assert!(
            self.failures.is_empty(),
            "{}: {failed} of {cases}:\n{named}",
            self.plugin
        );
        assert!(
            self.cases > 0 && self.controls > 0,
            "{} has no case",
            self.plugin
        );
        self.cases
    }
}

/// The identity of the policy that a file is about.
///
/// # Errors
/// It is no such file.
pub fn plugin(text: &str) -> Result<String> {
    Ok(read::<Value>(text)?.plugin)
}

/// Runs every case of a file on a form of its policy.
///
/// # Errors
/// The file cannot be read; with the place.
pub fn run(text: &str, form: &dyn Form) -> Result<Report> {
    let plugin = plugin(text)?;
    match plugin.split_once('/').map(|(kind, _)| kind) {
        Some("filter") => run_all::<FilterCase>(text, form),
        Some("router") => run_all::<RouterCase>(text, form),
        Some("loadbalance") => run_all::<BalancerCase>(text, form),
        Some("configurator") => run_all::<ConfiguratorCase>(text, form),
        _ => Err(Error::new(format!("vectors: {plugin} is of no kind"))),
    }
}

fn run_all<C: Case>(text: &str, form: &dyn Form) -> Result<Report> {
    let file = read::<C>(text)?;
    let mut failures: Vec<String> = Vec::new();
    for case in &file.cases {
        if let Err(error) = case.check(form) {
            failures.push(format!("{}: {error}", case.id()));
        }
    }
    let mut controls = 0;
    for spoil in C::SPOILS {
        let spoiled = file.cases.iter().find_map(|case| {
            let mut case = case.clone();
            spoil(&mut case).then_some(case)
        });
        let Some(case) = spoiled else { continue };
        controls += 1;
        if case.check(form).is_ok() {
            failures.push(format!("{}: a wrong expectation is not found", case.id()));
        }
    }
    Ok(Report {
        plugin: file.plugin,
        cases: file.cases.len(),
        controls,
        failures,
    })
}

fn read<'t, C: Deserialize<'t>>(text: &'t str) -> Result<File<C>> {
    serde_json::from_str(text).map_err(|error| Error::new(format!("vectors: {error}")))
}

fn expect<T: PartialEq + Debug>(what: &str, expected: &T, found: &T) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    Err(Error::new(format!(
        "{what}: expected {expected:?}, found {found:?}"
    )))
}

/// Whether a configuration is refused as a case says: `Ok(None)` if it is, the instances if there is nothing to refuse.
fn built<T>(made: Result<T>, refused: Option<&str>) -> Result<Option<T>> {
    match (made, refused) {
        (Ok(made), None) => Ok(Some(made)),
        (Ok(_), Some(words)) => Err(Error::new(format!(
            "the configuration is taken, expected: {words}"
        ))),
        (Err(error), Some(words)) if error.to_string().contains(words) => Ok(None),
        (Err(error), _) => Err(error),
    }
}

/// Spoils an expected refusal of a configuration.
fn spoil_refused(refused: &mut Option<String>) -> bool {
    refused
        .iter_mut()
        .for_each(|words| words.push_str(" and more"));
    refused.is_some()
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}
