//! A Java consumer that calls all the time and counts who answered: its own lines, read as they come.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::{Error, Java};
use crate::process::{Process, Read};

/// A line comes five times a second; a JVM that starts on a busy machine takes its time.
const LINE_LIMIT: Duration = Duration::from_secs(60);

/// How often each provider answered.
pub type Shares = BTreeMap<String, u64>;

/// What happened in a slice of time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Slice {
    /// Who answered calls that asked for no tag.
    pub plain: Shares,
    /// Who answered calls that asked for the tag.
    pub tagged: Shares,
    /// Calls that failed.
    pub failed: u64,
    /// What the last of these said.
    pub failure: Option<String>,
}

impl Slice {
    /// Calls that were answered.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.plain.values().chain(self.tagged.values()).sum()
    }

    /// Adds what happened later.
    pub fn add(&mut self, later: Self) {
        for (into, from) in [
            (&mut self.plain, later.plain),
            (&mut self.tagged, later.tagged),
        ] {
            for (name, calls) in from {
                *into.entry(name).or_default() += calls;
            }
        }
        self.failed += later.failed;
        self.failure = later.failure.or(self.failure.take());
    }
}

/// The running consumer; killed when dropped.
#[derive(Debug)]
pub struct Caller {
    process: Process,
}

impl Java {
    /// Starts a consumer of `url`, `dubbo://host:port`, which calls without a tag from one thread and with `tag` from another.
    ///
    /// # Errors
    /// Java cannot be started.
    pub fn caller(&self, url: &str, tag: &str) -> Result<Caller, Error> {
        let process = self.start(&["caller", "--url", url, "--tag", tag])?;
        Ok(Caller { process })
    }
}

impl Caller {
    /// Its next line.
    ///
    /// # Errors
    /// It ended, printed something else, or nothing for 60 s.
    pub fn slice(&self) -> Result<Slice, Error> {
        match self.process.line(Instant::now() + LINE_LIMIT) {
            Read::Line(line) => serde_json::from_str(&line)
                .map_err(|error| Error::new(&format!("java caller: {error}: {line}"))),
            Read::End => Err(Error::new(&format!(
                "the java caller ended: {}",
                self.process.log()
            ))),
            Read::Late => Err(Error::new("the java caller printed nothing in time")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_add_up() {
        let line = r#"{"plain":{"a":2},"tagged":{},"failed":1,"failure":"x"}"#;
        let mut sum: Slice = serde_json::from_str(line).unwrap();
        let later = r#"{"plain":{"a":1,"b":1},"tagged":{"c":4},"failed":0,"failure":null}"#;
        sum.add(serde_json::from_str(later).unwrap());
        let shares = |pairs: &[(&str, u64)]| -> Shares {
            let own = pairs
                .iter()
                .map(|(name, calls)| ((*name).to_owned(), *calls));
            own.collect()
        };
        assert_eq!(sum.plain, shares(&[("a", 3), ("b", 1)]));
        assert_eq!(sum.tagged, shares(&[("c", 4)]));
        assert_eq!((sum.answered(), sum.failed), (8, 1));
        assert_eq!(sum.failure.as_deref(), Some("x"));
    }
}
