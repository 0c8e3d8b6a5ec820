//! What the demo does to the plugin directory while calls run.

use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::Progress;
use super::stage::{FIRST_PARTY, Stage};
use crate::artifacts;
use crate::load::number;
use crate::plugin_files::{fixture, put, stamped};
use crate::process::Error;

/// How many steps the progress line counts.
pub(super) const STEPS: u64 = 16;
/// How often the greeting filter is replaced.
const REPLACEMENTS: u64 = 10;
/// How long anything may take to be seen.
const LIMIT: Duration = Duration::from_secs(20);

/// What was done, and what came of it.
pub(super) type Acts = Vec<(String, String)>;

/// Drops a filter in, replaces it, drops a broken and a looping one beside it, removes them all.
pub(super) fn play(stage: &Stage, progress: &Progress) -> Result<Acts, Error> {
    let mut acts = Acts::new();
    acts.push(("file closed to live".into(), replace(stage, progress)?));
    progress.step(&format!("dropping a broken file; {}", so_far(stage)?));
    acts.push((
        "broken file".into(),
        format!("refused: {}", drop_broken(stage)?),
    ));
    for (name, what) in [
        ("loop-in-request", "a filter that loops"),
        ("trap-in-request", "a filter that traps"),
    ] {
        progress.step(&format!("dropping {what} (fail: open); {}", so_far(stage)?));
        let trips = drop_hostile(stage, name)?;
        acts.push((
            what.into(),
            format!("stopped {trips} times, its calls went on without it"),
        ));
    }
    progress.step(&format!("removing them all; {}", so_far(stage)?));
    acts.push(("left at the end".into(), remove_all(stage)?));
    Ok(acts)
}

/// The greeting filter, first dropped in and then replaced; how long each took to be live.
fn replace(stage: &Stage, progress: &Progress) -> Result<String, Error> {
    let mut live = Vec::new();
    for generation in 1..=REPLACEMENTS + 1 {
        let what = if generation == 1 {
            "dropping hello-filter into the directory"
        } else {
            "replacing hello-filter"
        };
        progress.step(&format!(
            "{what} (generation {generation}); {}",
            so_far(stage)?
        ));
        live.push(swap(stage, generation)?);
    }
    let each: Vec<String> = live.iter().map(u64::to_string).collect();
    live.sort_unstable();
    let (fastest, slowest) = (
        live.first().copied().unwrap_or(0),
        live.last().copied().unwrap_or(0),
    );
    Ok(format!(
        "{fastest} to {slowest} ms (each: {})",
        each.join(", ")
    ))
}

/// Half a module; why it was refused.
fn drop_broken(stage: &Stage) -> Result<String, Error> {
    let module = std::fs::read(artifacts::wasm("hello-filter")).map_err(told)?;
    put(
        &stage.plugins(),
        "broken.wasm",
        module.get(..module.len() / 2).unwrap_or_default(),
    )
    .map_err(told)?;
    wait(stage, "the broken file to be refused", |status| {
        let refused = status["directory"]["refused"].as_array()?;
        let file = refused.iter().find(|file| file["file"] == "broken.wasm")?;
        file["error"]["reason"].as_str().map(str::to_owned)
    })
}

/// A hostile guest whose failures are open; how often it was stopped.
fn drop_hostile(stage: &Stage, name: &str) -> Result<String, Error> {
    put(
        &stage.plugins(),
        &format!("{name}.yaml"),
        b"fail: open\nside: provider\n",
    )
    .map_err(told)?;
    put(&stage.plugins(), &format!("{name}.wasm"), &fixture(name)).map_err(told)?;
    wait(stage, &format!("{name} to be stopped"), |status| {
        let plugin = plugin(status, &format!("filter/{name}"))?;
        let trips: u64 = plugin["counters"]["trips"]
            .as_object()?
            .values()
            .filter_map(Json::as_u64)
            .sum();
        (trips > 0).then(|| trips.to_string())
    })
}

/// Removes what was dropped in; what is left.
fn remove_all(stage: &Stage) -> Result<String, Error> {
    let files = [
        "broken.wasm",
        "loop-in-request.wasm",
        "trap-in-request.wasm",
        "hello-filter.wasm",
    ];
    let settings = [
        "loop-in-request.yaml",
        "trap-in-request.yaml",
        "hello-filter.yaml",
    ];
    for file in files.iter().chain(&settings) {
        std::fs::remove_file(stage.plugins().join(file)).map_err(told)?;
    }
    wait(stage, "only the first-party plugins to be left", |status| {
        let plugins = status["plugins"].as_array()?;
        let names: Vec<&str> = plugins
            .iter()
            .filter_map(|plugin| plugin["identity"].as_str())
            .collect();
        (names.len() == FIRST_PARTY.len()).then(|| names.join(", "))
    })
}

/// Puts generation `generation` of the greeting filter in place; milliseconds until it was live.
fn swap(stage: &Stage, generation: u64) -> Result<u64, Error> {
    let greeting = format!("g{generation}");
    let module = stamped(
        &std::fs::read(artifacts::wasm("hello-filter")).map_err(told)?,
        &greeting,
    );
    let settings = format!("side: provider\nconfig: {{ greeting: {greeting} }}\n");
    put(&stage.plugins(), "hello-filter.yaml", settings.as_bytes()).map_err(told)?;
    put(&stage.plugins(), "hello-filter.wasm", &module).map_err(told)?;
    // Live is what the calls show, not what the host says.
    let deadline = Instant::now() + LIMIT;
    while !stage
        .report()?
        .generations
        .keys()
        .any(|seen| number(seen) == Some(generation))
    {
        if Instant::now() > deadline {
            return Err(Error::new(&format!(
                "no call saw generation {generation} within {} s: {}",
                LIMIT.as_secs(),
                stage.status()?
            )));
        }
    }
    let millis = wait(stage, "the time of the swap", |status| {
        plugin(status, "filter/hello")?["swap_ms"]
            .as_u64()
            .map(|millis| millis.to_string())
    })?;
    millis
        .parse()
        .map_err(|_| Error::new("a time that is no number"))
}

fn plugin<'a>(status: &'a Json, identity: &str) -> Option<&'a Json> {
    status["plugins"]
        .as_array()?
        .iter()
        .find(|plugin| plugin["identity"] == identity)
}

/// Asks the gateway until `found` finds what is waited for; the load's reports are read meanwhile.
fn wait(
    stage: &Stage,
    what: &str,
    found: impl Fn(&Json) -> Option<String>,
) -> Result<String, Error> {
    let deadline = Instant::now() + LIMIT;
    loop {
        let status = stage.status()?;
        if let Some(found) = found(&status) {
            return Ok(found);
        }
        if Instant::now() > deadline {
            return Err(Error::new(&format!(
                "waited {} s for {what}: {status}",
                LIMIT.as_secs()
            )));
        }
        stage.report()?;
    }
}

fn so_far(stage: &Stage) -> Result<String, Error> {
    let summary = stage.report()?;
    Ok(format!(
        "{} calls, {} failed, {} saw two generations",
        summary.calls, summary.failures, summary.mixed
    ))
}

fn told(error: std::io::Error) -> Error {
    Error::new(&error.to_string())
}
