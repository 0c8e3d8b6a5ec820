//! A Java consumer that finds its providers through a registry, calls at a steady rate without retries and counts for itself.

use std::time::{Duration, Instant, SystemTime};

use serde::Deserialize;

use super::{Error, Java, Provider, Shares};
use crate::process::{Process, Read};

/// A line comes five times a second; a JVM that starts on a busy machine takes its time.
const LINE_LIMIT: Duration = Duration::from_secs(60);

/// What happened in a stretch of time, as the consumer counted it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Counted {
    /// The consumer's process id.
    pub pid: u32,
    /// Calls that were begun.
    pub calls: u64,
    /// Who answered.
    pub shares: Shares,
    /// Calls that failed, by what they said.
    pub failures: Shares,
    /// Calls that were in flight at one time, at most.
    pub in_flight_max: u64,
    /// When the last of the calls that failed was begun, in milliseconds since 1970; 0 when none failed.
    pub last_failed_begun_ms: u64,
}

impl Counted {
    /// Calls that were answered.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.shares.values().sum()
    }

    /// Calls that failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// How long after `since` the last of the calls that failed was begun; `None` when none of them was begun later.
    #[must_use]
    pub fn last_failed_begun(&self, since: SystemTime) -> Option<Duration> {
        let begun = SystemTime::UNIX_EPOCH + Duration::from_millis(self.last_failed_begun_ms);
        begun.duration_since(since).ok()
    }

    /// Adds what happened later.
    pub fn add(&mut self, later: Self) {
        self.pid = later.pid;
        self.calls += later.calls;
        for (into, from) in [
            (&mut self.shares, later.shares),
            (&mut self.failures, later.failures),
        ] {
            for (name, calls) in from {
                *into.entry(name).or_default() += calls;
            }
        }
        self.in_flight_max = self.in_flight_max.max(later.in_flight_max);
        self.last_failed_begun_ms = self.last_failed_begun_ms.max(later.last_failed_begun_ms);
    }
}

/// The running consumer; killed when dropped.
#[derive(Debug)]
pub struct Steady {
    process: Process,
}

impl Java {
    /// Starts a consumer of `application` that calls `rate` times a second what it finds at `registry`.
    ///
    /// # Errors
    /// Java cannot be started.
    pub fn steady(&self, registry: &str, application: &str, rate: u32) -> Result<Steady, Error> {
        let rate = rate.to_string();
        let process = self.start(&[
            "steady",
            "--registry-url",
            registry,
            "--application",
            application,
            "--rate",
            &rate,
        ])?;
        Ok(Steady { process })
    }

    /// As [`Java::provider`], announced at `registry`.
    ///
    /// # Errors
    /// As [`Java::provider`].
    pub fn provider_at(&self, registry: &str, name: &str) -> Result<Provider, Error> {
        self.provider_with(name, &["--registry-url", registry])
    }

    /// As [`Java::provider_on`], announced at `registry` with another host and port, by Dubbo's own means. Dubbo 2.7.23 listens at that
    /// port, too, so there it must be the provider's own.
    ///
    /// # Errors
    /// As [`Java::provider_on`].
    pub fn provider_behind(
        &self,
        registry: &str,
        port: u16,
        name: &str,
        (published_host, published_port): (&str, &str),
    ) -> Result<Provider, Error> {
        let environment = [
            ("DUBBO_IP_TO_REGISTRY", published_host),
            ("DUBBO_PORT_TO_REGISTRY", published_port),
        ];
        self.start_provider(port, name, &["--registry-url", registry], &environment)
    }
}

impl Steady {
    /// Its next line.
    ///
    /// # Errors
    /// It ended, printed something else, or nothing for 60 s.
    pub fn next(&self) -> Result<Counted, Error> {
        match self.process.line(Instant::now() + LINE_LIMIT) {
            Read::Line(line) => serde_json::from_str(&line)
                .map_err(|error| Error::new(&format!("java consumer: {error}: {line}"))),
            Read::End => Err(Error::new(&format!(
                "the java consumer ended: {}",
                self.process.log()
            ))),
            Read::Late => Err(Error::new("the java consumer printed nothing in time")),
        }
    }

    /// What it counts during `time` from now on.
    ///
    /// # Errors
    /// As [`Steady::next`].
    pub fn during(&self, time: Duration) -> Result<Counted, Error> {
        let until = Instant::now() + time;
        let mut sum = self.next()?;
        while Instant::now() < until {
            sum.add(self.next()?);
        }
        Ok(sum)
    }
}
