//! What happened in a scenario, with the time since its begin, and what was measured beside what is promised.

use std::fmt::{Display, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use wubbo_tests::length::full;

use crate::server::Kind;

/// The folder that the sections of the report are written to; without it they are printed only.
const FOLDER: &str = "WUBBO_SCENARIOS";
/// A test machine compiles at the same time.
const NOISE: u32 = 5;
/// For whatever must happen at last.
const LIMIT: Duration = Duration::from_secs(40);

/// The log of one scenario on one registry.
pub(super) struct Log {
    scenario: &'static str,
    title: &'static str,
    kind: Kind,
    began: Instant,
    text: Mutex<Text>,
}

#[derive(Default)]
struct Text {
    lines: String,
    figures: String,
}

impl Log {
    pub(super) fn new(scenario: &'static str, title: &'static str, kind: Kind) -> Self {
        Self {
            scenario,
            title,
            kind,
            began: Instant::now(),
            text: Mutex::default(),
        }
    }

    /// Writes a line.
    pub(super) fn say(&self, what: impl Display) {
        let line = format!("{:9.3} s  {what}", self.began.elapsed().as_secs_f64());
        println!("{} {}: {line}", self.scenario, self.kind.name());
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(text.lines, "{line}").unwrap();
    }

    /// Writes down something that was counted; the caller has asserted it.
    pub(super) fn figure(&self, what: &str, measured: impl Display, accepted: &str) {
        self.say(format_args!("{what}: {measured} (accepted: {accepted})"));
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(text.figures, "| {what} | {measured} | {accepted} |").unwrap();
    }

    /// Writes down a time, and asserts that it is what is promised but for the noise of the machine.
    pub(super) fn within(&self, what: &str, measured: Duration, promised: Duration) {
        let ms = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1e3);
        self.figure(what, ms(measured), &format!("at most {}", ms(promised)));
        assert!(measured <= promised * NOISE, "{what}: {measured:?}");
    }

    /// Waits until `condition` holds; how long that took.
    pub(super) async fn until(
        &self,
        what: &str,
        mut condition: impl AsyncFnMut() -> bool,
    ) -> Duration {
        let since = Instant::now();
        while !condition().await {
            assert!(since.elapsed() < LIMIT, "{} {what}", self.kind.name());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let took = since.elapsed();
        self.say(format_args!(
            "{what} (waited {:.0} ms)",
            took.as_secs_f64() * 1e3
        ));
        took
    }

    /// Ends the log of a scenario that went well: only then it is a section of the report.
    pub(super) fn done(&self) {
        self.say("done");
        let Some(folder) = std::env::var_os(FOLDER) else {
            return;
        };
        let form = if full() { "full" } else { "scaled" };
        let name = self.kind.name();
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let section = format!(
            "## {}, {name}, {form}: {}\n\n| figure | measured | accepted |\n|---|---|---|\n{}\n```\n{}```\n",
            self.scenario, self.title, text.figures, text.lines
        );
        let file = format!("{}-{}-{form}.md", self.scenario, name.to_lowercase());
        std::fs::write(PathBuf::from(folder).join(file.replace(' ', "-")), section).unwrap();
    }
}
