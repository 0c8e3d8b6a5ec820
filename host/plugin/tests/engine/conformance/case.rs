//! What a case of the conformance suite may say: the form of `tests/fixtures/probe/cases`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use wubbo_plugin_sdk::testing::vectors::{MadeCall, RuleCase};

/// The cases of one kind of policy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) plugin: String,
    pub(crate) cases: Vec<Case>,
}

/// One small behaviour.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) id: String,
    /// Runs on this form alone: `wasm`, since the behaviour has no counterpart in a linked plugin.
    #[serde(default)]
    pub(crate) only: Option<String>,
    /// Scripts of the hooks.
    #[serde(default)]
    pub(crate) hooks: BTreeMap<String, String>,
    /// `new` fails with this.
    #[serde(default)]
    pub(crate) refuse: Option<String>,
    /// What the operator grants.
    #[serde(default)]
    pub(crate) grants: Option<Value>,
    /// The plugin does not start; a part of the reason.
    #[serde(default)]
    pub(crate) refused: Option<String>,
    /// Lines that instances write while they are made, each once.
    #[serde(default)]
    pub(crate) says: Vec<String>,
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
}

/// One step, with the lines that the plugin's scripts write in it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Step {
    /// A call through the filter.
    Call(Box<CallStep>),
    /// A list of providers.
    Providers(ProvidersStep),
    /// Other weights of the list.
    Weights(WeightsStep),
    /// Calls of a method to one provider, that run, succeeded or failed.
    Statistics(StatisticsStep),
    /// An attempt through the router.
    Route(RouteStep),
    /// An attempt that the balancer picks for.
    Select(SelectStep),
    /// A rule.
    Rule(RuleStep),
    /// A URL through the configurator.
    Configure(ConfigureStep),
    /// The clock moves on.
    WaitMs(u64),
    /// Waits until a tick wrote this line.
    Tick(String),
    /// The service is no longer used.
    Forget {},
    /// The same plugin comes again as another file.
    Swap {},
    /// A metric of the plugin: its kind and value.
    Metric(MetricStep),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CallStep {
    pub(crate) call: MadeCall,
    /// The body is a stream that nobody can read.
    pub(crate) unreadable: bool,
    pub(crate) deadline_ms: Option<u64>,
    pub(crate) one_way: bool,
    /// Class and message that the service throws.
    pub(crate) throws: Option<(String, String)>,
    /// The caller goes away while the service works.
    pub(crate) cancelled: bool,
    pub(crate) says: Vec<String>,
    /// Attachments that the service gets and the caller did not set.
    pub(crate) set: BTreeMap<String, String>,
    /// Attachments that the service does not get.
    pub(crate) remove: Vec<String>,
    /// The arguments that the service gets, if they are others.
    pub(crate) arguments: Option<Vec<Value>>,
    /// How the call ends, if not as the service answers.
    pub(crate) ends: Option<Ends>,
    /// The filter replies: the service is not asked.
    pub(crate) replied: bool,
    /// The response's attachments, if not the service's.
    pub(crate) answer_attachments: Option<BTreeMap<String, String>>,
    /// A hook fails; a part of the reason.
    pub(crate) fails: Option<String>,
    /// Other lines: level and text.
    pub(crate) logs: Vec<(String, String)>,
    /// Lines of the access log.
    pub(crate) access: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Ends {
    Value(Value),
    Exception(String, String),
    Error(u8, String),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProvidersStep {
    pub(crate) urls: Vec<String>,
    #[serde(default)]
    pub(crate) says: Vec<String>,
    /// The list is refused; a part of the reason.
    #[serde(default)]
    pub(crate) refused: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WeightsStep {
    pub(crate) weights: Vec<i64>,
    #[serde(default)]
    pub(crate) says: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatisticsStep {
    pub(crate) row: usize,
    pub(crate) method: String,
    #[serde(default)]
    pub(crate) running: usize,
    #[serde(default)]
    pub(crate) succeeded: usize,
    #[serde(default)]
    pub(crate) failed: usize,
    /// How long each of them took.
    #[serde(default)]
    pub(crate) latency_us: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteStep {
    #[serde(default)]
    pub(crate) call: MadeCall,
    #[serde(default)]
    pub(crate) explain: bool,
    #[serde(default)]
    pub(crate) says: Vec<String>,
    pub(crate) rows: Vec<usize>,
    #[serde(default)]
    pub(crate) notes: Vec<(Option<usize>, String)>,
    #[serde(default)]
    pub(crate) fails: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SelectStep {
    #[serde(default)]
    pub(crate) call: MadeCall,
    #[serde(default)]
    pub(crate) among: Option<Vec<usize>>,
    #[serde(default)]
    pub(crate) says: Vec<String>,
    /// `null`: nobody.
    pub(crate) row: Option<usize>,
    #[serde(default)]
    pub(crate) fails: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleStep {
    pub(crate) rule: RuleCase,
    #[serde(default)]
    pub(crate) says: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigureStep {
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) export: bool,
    #[serde(default)]
    pub(crate) says: Vec<String>,
    pub(crate) expect: String,
    #[serde(default)]
    pub(crate) fails: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricStep {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) value: i64,
}
