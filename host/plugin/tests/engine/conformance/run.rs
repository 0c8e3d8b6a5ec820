//! Runs a case on a guest in a host, step by step.

use std::sync::Arc;
use std::time::Duration;

use wubbo_core::{CallEnd, Remarks};
use wubbo_plugin_sdk::Cell;
use wubbo_plugin_sdk::abi::codes;
use wubbo_plugin_sdk::testing::vectors::{MadeCall, RuleCase};
use wubbo_plugin_sdk::testing::{BalancerForm, ConfiguratorForm, RouterForm};

use super::case::{
    Case, ConfigureStep, MetricStep, ProvidersStep, RouteStep, SelectStep, StatisticsStep, Step,
    WeightsStep,
};
use super::recorder::Recorder;
use crate::hosted::{ANSWERED, Code, Hosted, Routed, SERVICE};
use crate::rig::PATIENCE;

/// What is wrong.
pub(crate) type Wrong = Result<(), String>;

/// Names of hooks with which lines of scripts begin.
const HOOKS: [&str; 12] = [
    "new",
    "on_request",
    "on_response",
    "route",
    "select",
    "on_providers",
    "on_weights",
    "drop_providers",
    "on_rule",
    "configure_url",
    "tick",
    "self_test",
];

/// A guest in a host, and how many of its lines were looked at.
pub(crate) struct Run<'r> {
    pub(crate) routed: Routed,
    recorder: &'r Recorder,
    code: Code,
    read: usize,
    generation: u64,
}

pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, found: &T) -> Wrong {
    match expected == found {
        true => Ok(()),
        false => Err(format!("{what}: expected {expected:?}, found {found:?}")),
    }
}

/// Whether a hook failed as the case says, or did not.
pub(crate) fn failed<T>(
    recorder: &Recorder,
    found: Result<T, wubbo_plugin_sdk::Error>,
    expected: Option<&str>,
) -> Result<Option<T>, String> {
    match (found, expected) {
        (Ok(found), None) => Ok(Some(found)),
        (Ok(_), Some(words)) => Err(format!("no hook failed, expected: {words}")),
        (Err(error), Some(words)) if error.to_string().contains(words) => {
            if error.to_string().starts_with(ANSWERED) {
                recorder.code(codes::FAILED);
            }
            Ok(None)
        }
        (Err(error), _) => Err(error.to_string()),
    }
}

/// Runs a case on fresh instances.
pub(crate) fn run(case: &Case, form: &Hosted, recorder: &Recorder) -> Wrong {
    let mut config = serde_json::json!({ "hooks": case.hooks });
    if let Some(refuse) = &case.refuse {
        config["refuse"] = refuse.clone().into();
    }
    let started = form.start_granted(&config, case.grants.as_ref());
    let host = match failed(recorder, started, case.refused.as_deref())? {
        None => return Ok(()),
        Some(host) => host,
    };
    let mut run = Run {
        routed: Routed::new(host),
        recorder,
        code: form.code.clone(),
        read: 0,
        generation: 1,
    };
    run.says(&case.says)?;
    for (number, step) in case.steps.iter().enumerate() {
        run.step(step)
            .map_err(|error| format!("step {number}: {error}"))?;
    }
    Ok(())
}

impl<'r> Run<'r> {
    pub(crate) fn recorder(&self) -> &'r Recorder {
        self.recorder
    }

    /// Lines of the access log since the last look at the lines.
    pub(crate) fn access(&self) -> Vec<String> {
        let all = self.routed.host.rig.lines.all();
        let new = all.into_iter().skip(self.read);
        let new = new.filter(|(_, _, target, _)| !target.is_empty());
        new.map(|(_, _, _, text)| text).collect()
    }

    fn step(&mut self, step: &Step) -> Wrong {
        match step {
            Step::Call(step) => return super::call::run(self, step),
            Step::Providers(step) => return self.providers(step),
            Step::Weights(step) => return self.weights(step),
            Step::Statistics(step) => self.statistics(step),
            Step::Route(step) => return self.route(step),
            Step::Select(step) => return self.select(step),
            Step::Rule(step) => {
                self.rule(&step.rule)?;
                return self.says(&step.says);
            }
            Step::Configure(step) => return self.configure(step),
            Step::WaitMs(ms) => self.routed.host.advance_ms(*ms),
            Step::Tick(line) => return self.tick(line),
            Step::Forget {} => self.forget(),
            Step::Swap {} => self.swap(),
            Step::Metric(step) => return self.metric(step),
        }
        Ok(())
    }

    /// The lines since the last look: those of scripts, and the others with their level.
    pub(crate) fn lines(&mut self) -> (Vec<String>, Vec<(String, String)>) {
        let all = self.routed.host.rig.lines.all();
        let (mut scripts, mut others) = (Vec::new(), Vec::new());
        for (_, level, target, text) in all.get(self.read..).unwrap_or_default() {
            // The host has its own lines about hooks.
            let first = text.split(' ').next().unwrap_or_default();
            let script = text.contains(" = ") || first == "drop_providers";
            if target.is_empty() && script && HOOKS.contains(&first) {
                self.recorder.line(text);
                scripts.push(text.clone());
            } else if target.is_empty() {
                others.push((level.to_string().to_lowercase(), text.clone()));
            }
        }
        self.read = all.len();
        // Ticks come when they like, and every instance runs what is not about one call.
        scripts.retain(|line| !line.starts_with("tick "));
        (scripts, others)
    }

    /// The scripts wrote these lines; those that several instances wrote count once.
    pub(crate) fn says(&mut self, expected: &[String]) -> Wrong {
        let (found, _) = self.lines();
        let mut once: Vec<String> = Vec::new();
        for line in found {
            let per_call = ["on_request ", "on_response ", "route ", "select "];
            let repeats = !per_call.iter().any(|hook| line.starts_with(hook));
            if !(repeats && once.contains(&line)) {
                once.push(line);
            }
        }
        same("says", &expected.to_vec(), &once)
    }

    fn providers(&mut self, step: &ProvidersStep) -> Wrong {
        let done = RouterForm::providers(&mut self.routed, &step.urls);
        failed(self.recorder, done, step.refused.as_deref())?;
        self.says(&step.says)
    }

    fn weights(&mut self, step: &WeightsStep) -> Wrong {
        let done = self.routed.cells(Cell::Weight, &step.weights);
        done.map_err(|error| error.to_string())?;
        self.says(&step.says)
    }

    /// Counts calls of one provider as a cluster does.
    fn statistics(&mut self, step: &StatisticsStep) {
        let row = &self.routed.table.rows()[step.row];
        let took = Duration::from_micros(step.latency_us);
        for (count, end) in [
            (step.succeeded, CallEnd::Succeeded),
            (step.failed, CallEnd::Failed),
        ] {
            (0..count).for_each(|_| row.statistics.begin(&step.method).finish(took, end));
        }
        let running = (0..step.running).map(|_| row.statistics.begin(&step.method));
        let running = running.collect();
        self.routed.keep_running(running);
    }

    fn route(&mut self, step: &RouteStep) -> Wrong {
        let remarks = step.explain.then(Remarks::default);
        let call = consumer_call(&step.call);
        let found = self.routed.route_explained(&call, remarks.as_ref());
        if let Some(rows) = failed(self.recorder, found, step.fails.as_deref())? {
            same("rows", &step.rows, &rows)?;
        }
        let notes = remarks.map(|remarks| remarks.take()).unwrap_or_default();
        let notes: Vec<_> = notes
            .into_iter()
            .map(|note| (note.row, note.text))
            .collect();
        same("notes", &step.notes, &notes)?;
        self.says(&step.says)
    }

    fn select(&mut self, step: &SelectStep) -> Wrong {
        let call = consumer_call(&step.call);
        let found = self.routed.select(&call, step.among.as_deref());
        if let Some(row) = failed(self.recorder, found, step.fails.as_deref())? {
            same("row", &step.row, &row)?;
        }
        self.says(&step.says)
    }

    fn rule(&mut self, rule: &RuleCase) -> Wrong {
        let host = &mut self.routed.host;
        let done = rule.follow(|scope, key, group, text| host.follow(scope, key, group, text));
        done.map_err(|error| error.to_string())
    }

    fn configure(&mut self, step: &ConfigureStep) -> Wrong {
        let found = self.routed.host.configure(&step.url, step.export);
        if let Some(url) = failed(self.recorder, found, step.fails.as_deref())? {
            same("url", &step.expect, &url)?;
        }
        self.says(&step.says)
    }

    /// Ticks are the host's own: the case waits for one.
    fn tick(&mut self, line: &str) -> Wrong {
        let lines = Arc::clone(&self.routed.host.rig.lines);
        let wrote = || lines.texts().iter().any(|text| text == line);
        self.routed.host.runtime.block_on(async {
            let waited = tokio::time::timeout(PATIENCE, async {
                while !wrote() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            });
            waited.await.map_err(|_| format!("no tick wrote `{line}`"))
        })?;
        self.recorder.line(line);
        Ok(())
    }

    fn forget(&mut self) {
        let host = &self.routed.host;
        host.rig.host.tables().forget(SERVICE);
        let identity = host.identity.clone();
        let gone = host.rig.until("forgotten", |status| {
            let plugin = status.plugin(&identity);
            let tables = plugin.and_then(|plugin| plugin.tables.as_ref());
            tables.is_some_and(|tables| (tables.known, tables.held) == (0, 0))
        });
        host.runtime.block_on(gone);
    }

    /// Another file of the same plugin takes over.
    fn swap(&mut self) {
        let Code::Wasm { module, .. } = &self.code else {
            panic!("a linked plugin has no file");
        };
        self.generation += 1;
        let host = &self.routed.host;
        let mut bytes = module.to_vec();
        // One more custom section, without a name: another file, the same code.
        bytes.extend_from_slice(&[0, 2, 0, u8::try_from(self.generation).unwrap()]);
        host.rig.put("p.wasm", &bytes);
        let live = host.rig.until_generation(&host.identity, self.generation);
        host.runtime.block_on(live);
    }

    fn metric(&mut self, step: &MetricStep) -> Wrong {
        let metrics = self.routed.host.status().metrics;
        let found = metrics.iter().find(|metric| metric.name == step.name);
        let found = found.ok_or_else(|| format!("no metric {}", step.name))?;
        same(
            "metric",
            &(step.kind.as_str(), step.value),
            &(found.kind, found.value),
        )
    }
}

/// A call as a cluster routes it.
fn consumer_call(made: &MadeCall) -> wubbo_plugin_sdk::testing::Call {
    let made = MadeCall {
        consumer: true,
        ..made.clone()
    };
    made.call()
}
