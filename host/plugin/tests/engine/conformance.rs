//! The conformance suite: small behaviours of the ABI and the SDK, the same cases on three forms of the same guests, and a list of everything
//! that the ABI names of which nothing may be left.
//!
//! Cases and guests are those of `tests/fixtures/probe`.

mod call;
mod case;
mod linked;
mod modules;
mod recorder;
mod run;

use std::sync::{Arc, LazyLock};

use wubbo_plugin::ImportWatch;

use crate::built;
use crate::hosted::{Code, Hosted};
use case::{Case, File};
use recorder::Recorder;

const FILES: [&str; 4] = [
    include_str!("../../../../tests/fixtures/probe/cases/filter.json"),
    include_str!("../../../../tests/fixtures/probe/cases/router.json"),
    include_str!("../../../../tests/fixtures/probe/cases/loadbalance.json"),
    include_str!("../../../../tests/fixtures/probe/cases/configurator.json"),
];

/// The least number of cases.
const CASES_MIN: usize = 180;

/// Compiled guests of both wasm forms.
static CACHE: LazyLock<Arc<tempfile::TempDir>> =
    LazyLock::new(|| Arc::new(tempfile::tempdir().unwrap()));

/// A guest in the linked form (`None`) or as a module, from the pool or not.
fn form(identity: &str, pooling: Option<bool>, recorder: &'static Recorder) -> Hosted {
    let name = identity.split_once("/probe-").unwrap().1;
    let code = match pooling {
        None => Code::Linked(linked::factory(identity)),
        Some(pooling) => Code::Wasm {
            module: built::guest(&format!("probe-{name}")).into(),
            pooling,
        },
    };
    Hosted {
        identity: identity.to_owned(),
        code,
        watch: Some(ImportWatch(Arc::new(move |name, code| {
            recorder.import(name, code)
        }))),
        cache: Arc::clone(&CACHE),
    }
}

/// The cases of a file that run in a form.
fn cases(text: &str, linked: bool) -> (String, Vec<Case>) {
    let File { plugin, mut cases } = serde_json::from_str(text).unwrap();
    cases.retain(|case| !(linked && case.only.as_deref() == Some("wasm")));
    (plugin, cases)
}

/// Runs everything on one form.
fn suite(title: &str, pooling: Option<bool>, recorder: &'static Recorder) {
    let linked = pooling.is_none();
    let (mut total, mut failures) = (0, Vec::new());
    for text in FILES {
        let (plugin, cases) = cases(text, linked);
        let form = form(&plugin, pooling, recorder);
        for case in &cases {
            if let Err(error) = run::run(case, &form, recorder) {
                failures.push(format!("{plugin} {}: {error}", case.id));
            }
        }
        println!("{title}: {plugin}: {} cases", cases.len());
        total += cases.len();
    }
    if let Some(pooling) = pooling {
        let modules = modules::run(pooling, recorder);
        println!("{title}: {modules} modules of their own");
        total += modules;
    }
    let missed = recorder.missed(linked);
    let (met, missing) = (recorder.met(), missed.len());
    println!("{title}: {total} cases; {met} things of the ABI met, {missing} missed: {missed:?}");
    let named = failures.join("\n");
    assert!(failures.is_empty(), "{title}: {}:\n{named}", failures.len());
    assert!(missed.is_empty(), "{title} never met {missed:?}");
    assert!(total >= CASES_MIN, "{total} cases");
}

#[test]
fn linked_into_the_host() {
    suite("linked", None, &linked::MET);
}

#[test]
fn wasm_from_the_pool() {
    static MET: Recorder = Recorder::new();
    suite("wasm, pooling", Some(true), &MET);
}

#[test]
fn wasm_on_demand() {
    static MET: Recorder = Recorder::new();
    suite("wasm, on demand", Some(false), &MET);
}

/// The suite can fail: each kind's first steps with another expectation, in a form that has no part in the lists above.
#[test]
fn wrong_expectations_are_found() {
    static MET: Recorder = Recorder::new();
    for text in FILES {
        let (plugin, cases) = cases(text, true);
        let form = form(&plugin, Some(true), &MET);
        let mut seen = 0;
        for mut case in cases.into_iter().take(3) {
            case.says.push("new never = said".to_owned());
            let found = run::run(&case, &form, &MET);
            assert!(
                found.is_err_and(|error| error.contains("says")),
                "{}",
                case.id
            );
            seen += 1;
        }
        assert_eq!(seen, 3, "{plugin}");
    }
    let missed = MET.missed(false);
    assert!(missed.len() > 10, "a few cases do not meet everything");
}
