//! The demo: what it starts, what it does to the plugin directory while calls run, and the table at the end.

mod script;
mod stage;
mod table;
mod traffic;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

pub use traffic::load;

use crate::process::Error;
use stage::Stage;

/// Runs the demo; with `stay` everything is left up until Ctrl-C.
#[must_use]
pub fn run(stay: bool) -> ExitCode {
    match play(stay) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("demo: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn play(stay: bool) -> Result<bool, Error> {
    let since = Instant::now();
    let progress = Progress::new(script::STEPS);
    progress.step("starting two providers, a gateway without built-ins, and the load");
    let stage = Stage::start()?;
    let mut acts = script::play(&stage, &progress)?;
    let summary = stage.end_load()?;
    progress.done();
    acts.push((
        "whole demo".to_owned(),
        format!("{:.1} s", since.elapsed().as_secs_f64()),
    ));
    say(&table::render(&summary, &acts));
    let good = summary.failures == 0 && summary.mixed == 0 && summary.calls > 0;
    if stay {
        say(&stage.what_next());
        stage.wait_for_the_end()?;
    }
    stage.end()?;
    Ok(good)
}

/// One line to standard output; a reader that is gone needs none.
fn say(text: &str) {
    let _reader_gone = writeln!(std::io::stdout().lock(), "{text}");
}

/// What happens now, on one line of a terminal, or line by line elsewhere.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    since: Instant,
}

impl Progress {
    fn new(steps: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(steps);
            if let Ok(style) =
                ProgressStyle::with_template("{elapsed_precise} [{bar:30}] {wide_msg}")
            {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self {
            bar,
            since: Instant::now(),
        }
    }

    /// A step begins.
    pub(crate) fn step(&self, text: &str) {
        match &self.bar {
            Some(bar) => {
                bar.inc(1);
                bar.set_message(text.to_owned());
            }
            None => say(&format!(
                "[{:5.1} s] {text}",
                self.since.elapsed().as_secs_f64()
            )),
        }
    }

    fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
