//! What all instances of one generation have in common: who they are, what they may do, and what they share.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use wubbo_core::Stage;
use wubbo_plugin_sdk::abi::commands::WriteGrants;
use wubbo_plugin_sdk::abi::interest::Hook;
use wubbo_plugin_sdk::abi::{limits, names};
use wubbo_plugin_sdk::native::{Clock, Expect, HostResult, Level, LogTarget, MetricKind};
use wubbo_plugin_sdk::{Access, ErrorKind, Fail, Manifest};

use crate::call::CallView;
use crate::call::body::BodyGrants;
use crate::clock::PluginClock;
use crate::configurator::LastGood;
use crate::counters::Counters;
use crate::instance::Trip;
use crate::limits::Limits;
use crate::log::{self, ACCESS_LINES_PER_HOOK, LogShare, LogSink, NO_SHARE};
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::state::State;
use crate::status::TripReport;

/// What an instance is doing; decides which host functions it may use (ABI.md 8.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Start function, `_initialize`, `arena`.
    Setup,
    /// A hook, `new` included.
    Hook(Hook),
}

/// One generation as its instances see it.
pub(crate) struct Shared {
    /// Kind, name and generation, for logs.
    pub(crate) label: String,
    pub(crate) manifest: Manifest,
    /// The configuration as JSON text.
    pub(crate) config: String,
    pub(crate) limits: Limits,
    pub(crate) fail: Fail,
    pub(crate) body: BodyGrants,
    pub(crate) write: WriteGrants,
    /// Where access-log lines go when the service's URL names no place.
    pub(crate) accesslog: Option<String>,
    pub(crate) counters: Counters,
    pub(crate) state: Arc<State>,
    pub(crate) clock: PluginClock,
    /// When the generation was made, by that clock.
    born: Instant,
    pub(crate) metrics: Metrics,
    /// What a configurator last did to each URL.
    pub(crate) last_good: Arc<LastGood>,
    pub(crate) log: Arc<dyn LogSink>,
    pub(crate) share: LogShare,
    pub(crate) trips: Trips,
    /// When `tick` last ran; over all editions.
    pub(crate) ticked: Mutex<Instant>,
}

/// The last instances that were thrown away.
#[derive(Default)]
pub(crate) struct Trips(Mutex<VecDeque<TripReport>>);

/// Trips that are remembered for the status.
const TRIPS_KEPT: usize = 64;

impl Trips {
    pub(crate) fn add(&self, hook: Hook, trip: &Trip) {
        let mut trips = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if trips.len() == TRIPS_KEPT {
            trips.pop_front();
        }
        trips.push_back(TripReport::new(hook, trip));
    }

    /// Oldest first.
    pub(crate) fn report(&self) -> Vec<TripReport> {
        let trips = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        trips.iter().cloned().collect()
    }
}

impl Shared {
    pub(crate) fn new(
        manifest: Manifest,
        settings: &Settings,
        number: u64,
        state: Arc<State>,
        last_good: Arc<LastGood>,
        clock: PluginClock,
        log: Arc<dyn LogSink>,
    ) -> Self {
        let bound =
            |wish: Access, grant: Option<Access>| grant.map_or(wish, |grant| wish.min(grant));
        let body = BodyGrants {
            arguments: bound(manifest.arguments, settings.grants.arguments),
            result: bound(manifest.result, settings.grants.result),
        };
        Self {
            label: format!("{}@{number}", manifest.identity()),
            config: settings.config.clone().unwrap_or_else(|| "{}".to_owned()),
            limits: Limits::resolve(manifest.kind, manifest.limits, settings.limits),
            fail: settings.fail(&manifest),
            write: WriteGrants {
                arguments: body.arguments == Access::Write,
                result: body.result == Access::Write,
            },
            body,
            accesslog: settings.grants.accesslog.clone(),
            counters: Counters::default(),
            state,
            born: clock.now(),
            clock,
            metrics: Metrics::new(),
            last_good,
            log,
            share: LogShare::new(),
            trips: Trips::default(),
            ticked: Mutex::new(Instant::now()),
            manifest,
        }
    }

    /// Writes a line about the plugin by the host itself, within the plugin's share.
    pub(crate) fn note(&self, level: tracing::Level, text: &str) {
        if self.share.take(Instant::now()) {
            self.log
                .log(&self.label, level, "", &log::line(LogTarget::Host, text));
        }
    }
}

/// The host functions outside of a call, for one hook of one instance; both forms of a plugin come through here.
pub(crate) struct Functions<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) phase: Phase,
    /// The call that the hook serves.
    pub(crate) view: Option<CallView<'a>>,
    /// Access-log lines that this hook wrote.
    pub(crate) access_lines: &'a Cell<u32>,
}

impl Functions<'_> {
    fn in_hook(&self) -> HostResult<()> {
        match self.phase {
            Phase::Setup => Err(ErrorKind::NotAllowed),
            Phase::Hook(_) => Ok(()),
        }
    }

    pub(crate) fn log(&self, target: LogTarget, at: Level, text: &str) -> HostResult<()> {
        self.in_hook()?;
        match target {
            LogTarget::Access => self.access_log(text),
            LogTarget::Host if self.shared.share.take(Instant::now()) => {
                let line = log::line(target, text);
                self.shared
                    .log
                    .log(&self.shared.label, log::level(at), "", &line);
                Ok(())
            }
            LogTarget::Host => {
                Counters::add(&self.shared.counters.log_dropped);
                NO_SHARE
            }
        }
    }

    /// The place is the service's own URL on a provider, where its operator wrote it; a consumer's URL holds what a provider
    /// published, and a stranger must not name a file here.
    fn access_log(&self, text: &str) -> HostResult<()> {
        let (Phase::Hook(Hook::OnRequest | Hook::OnResponse), Some(view)) =
            (self.phase, self.view.as_ref())
        else {
            return Err(ErrorKind::NotAllowed);
        };
        if self.access_lines.replace(self.access_lines.get() + 1) >= ACCESS_LINES_PER_HOOK {
            Counters::add(&self.shared.counters.log_dropped);
            return NO_SHARE;
        }
        let own = (view.stage == Stage::Provider)
            .then(|| view.invocation.url().get("accesslog"))
            .flatten();
        let target = own
            .or(self.shared.accesslog.as_deref())
            .unwrap_or("default");
        let line = log::line(LogTarget::Access, text);
        self.shared
            .log
            .log(&self.shared.label, tracing::Level::INFO, target, &line);
        Ok(())
    }

    pub(crate) fn clock(&self, clock: Clock) -> HostResult<i64> {
        self.in_hook()?;
        let number = match clock {
            Clock::UnixMs => self.shared.clock.unix().as_millis(),
            Clock::MonotonicNs => self
                .shared
                .clock
                .now()
                .saturating_duration_since(self.shared.born)
                .as_nanos(),
        };
        i64::try_from(number).map_err(|_| ErrorKind::Unavailable)
    }

    pub(crate) fn random(&self) -> HostResult<u64> {
        self.in_hook().map(|()| fastrand::u64(..))
    }

    pub(crate) fn state_get(&self, key: &str) -> HostResult<Vec<u8>> {
        self.in_hook()?;
        self.shared.state.get(key, self.shared.clock.now())
    }

    pub(crate) fn state_add(&self, key: &str, delta: i64, ttl_ms: i64) -> HostResult<i64> {
        self.in_hook()?;
        let added = self
            .shared
            .state
            .add(key, delta, ttl_ms, self.shared.clock.now());
        self.noted(added)
    }

    pub(crate) fn state_cas(
        &self,
        key: &str,
        expected: Expect<'_>,
        new: Option<&[u8]>,
        ttl_ms: i64,
    ) -> HostResult<()> {
        self.in_hook()?;
        let now = self.shared.clock.now();
        let set = self.shared.state.cas(key, expected, new, ttl_ms, now);
        self.noted(set)
    }

    /// A write beyond the plugin's share is seen by whoever looks at the plugin, not by the plugin alone.
    fn noted<T>(&self, written: HostResult<T>) -> HostResult<T> {
        if matches!(written, Err(ErrorKind::Quota)) {
            Counters::add(&self.shared.counters.state_refused);
        }
        written
    }

    pub(crate) fn metric_define(
        &self,
        kind: MetricKind,
        name: &str,
        help: &str,
    ) -> HostResult<u32> {
        match self.phase {
            Phase::Hook(Hook::New) => self.shared.metrics.define(kind, name, help),
            _ => Err(ErrorKind::NotAllowed),
        }
    }

    pub(crate) fn metric_update(&self, metric: u32, value: i64) -> HostResult<()> {
        self.in_hook()?;
        self.shared.metrics.update(metric, value)
    }
}

/// A message for people, as long as the ABI lets one be.
pub(crate) fn message(text: &str) -> String {
    log::cut(text, limits::MESSAGE_MAX).to_owned()
}

const _: () = assert!(names::LOG_LEVEL_LAST == Level::Trace as u32);
