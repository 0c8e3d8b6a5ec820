//! The lines that say what passed. Scripts read them.

use std::io::{self, Write};
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::case::Outcome;

/// Prints each outcome as it comes and counts.
#[derive(Debug)]
pub(crate) struct Report {
    json: bool,
    passed: usize,
    failed: usize,
}

impl Report {
    /// A report as text, or with `json` as one object per line.
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            passed: 0,
            failed: 0,
        }
    }

    /// `PASS <case>` or `FAIL <case> <why>`.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub(crate) fn case(&mut self, id: &str, outcome: Outcome) -> io::Result<()> {
        let why = outcome.err().map(|error| one_line(&format!("{error:#}")));
        match &why {
            None => self.passed += 1,
            Some(_) => self.failed += 1,
        }
        match (self.json, why) {
            (false, None) => line(&format!("PASS {id}")),
            (false, Some(why)) => line(&format!("FAIL {id} {why}")),
            (true, None) => object(&json!({ "case": id, "passed": true })),
            (true, Some(why)) => object(&json!({ "case": id, "passed": false, "why": why })),
        }
    }

    /// `passed=N failed=M`, and the exit code that goes with it.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub(crate) fn end(self) -> anyhow::Result<ExitCode> {
        let Self {
            json,
            passed,
            failed,
        } = self;
        if json {
            object(&json!({ "passed": passed, "failed": failed }))?;
        } else {
            line(&format!("passed={passed} failed={failed}"))?;
        }
        Ok(ExitCode::from(u8::from(failed > 0)))
    }
}

fn object(value: &Value) -> io::Result<()> {
    line(&value.to_string())
}

fn line(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}

/// A Java message may have a stack trace in it.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
