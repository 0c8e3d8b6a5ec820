//! The linked form of a plugin in the same slots as the sandboxed one: one instance per slot, the same batch of commands,
//! the same failure policy. It shares the host's memory and has no deadline, but a panic costs only its instance.

use std::borrow::Cow;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use wubbo_plugin_sdk::abi::interest::{Hook, Space};
use wubbo_plugin_sdk::native::{
    Clock, Create, Expect, Form, HostCall, HostFunctions, HostResult, Level, LogTarget, MetricKind,
    NativeFilter, Part, Scalars,
};
use wubbo_plugin_sdk::{Error, ErrorKind};

use crate::call::{CallView, body};
use crate::counters::TripClass;
use crate::error::{PluginError, PluginErrorKind};
use crate::instance::{HookCall, HookEnd, Trip};
use crate::shared::{Functions, Phase, Shared};

/// One instance of a linked plugin.
pub(crate) struct NativeInstance {
    filter: Box<dyn NativeFilter>,
    shared: Arc<Shared>,
}

impl NativeInstance {
    /// Builds an instance from the plugin's configuration.
    pub(crate) fn start(create: Create, shared: Arc<Shared>) -> Result<Self, PluginError> {
        let failed = |reason: String| PluginError::new(PluginErrorKind::Start, reason);
        let Create::Filter(create) = create else {
            return Err(failed("this host runs filters only".to_owned()));
        };
        let lines = Cell::new(0);
        let host = Host::new(&shared, Hook::New, None, &lines);
        let built = guarded(|| create(&shared.config, &host));
        match built {
            Ok(Ok(filter)) => Ok(Self { filter, shared }),
            Ok(Err(error)) => Err(failed(format!(
                "configuration refused: {}",
                explain(&error)
            ))),
            Err(trip) => Err(failed(format!("panic while it was built: {}", trip.reason))),
        }
    }

    pub(crate) fn call(
        &mut self,
        call: &HookCall<'_>,
        commands: &mut Vec<u8>,
    ) -> Result<(), HookEnd> {
        let view = CallView {
            invocation: call.invocation,
            outcome: call.outcome.as_deref(),
            stage: call.stage,
            started: call.started,
            scratch: call.scratch,
        };
        let lines = Cell::new(0);
        let host = Host::new(&self.shared, call.hook, Some(view), &lines);
        let filter = &mut self.filter;
        let answer = guarded(|| match call.hook {
            Hook::OnRequest => filter.on_request(&host, commands),
            _ => filter.on_response(&host, commands),
        });
        ended(answer)
    }

    pub(crate) fn aside(&mut self, hook: Hook) -> Result<(), HookEnd> {
        let lines = Cell::new(0);
        let host = Host::new(&self.shared, hook, None, &lines);
        let filter = &mut self.filter;
        ended(guarded(|| match hook {
            Hook::Tick => filter.tick(&host),
            _ => filter.self_test(&host),
        }))
    }
}

fn ended(answer: Result<Result<(), Error>, Trip>) -> Result<(), HookEnd> {
    match answer {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(HookEnd::Failed(explain(&error))),
        Err(trip) => Err(HookEnd::Trip(trip)),
    }
}

fn explain(error: &Error) -> String {
    match error.place() {
        (0, _) => error.to_string(),
        (line, column) => format!("line {line} column {column}: {error}"),
    }
}

/// Runs a linked plugin's code; its instance is thrown away after a panic, so that a broken state is never seen again.
fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, Trip> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Trip::new(
            TripClass::Panic,
            text.unwrap_or_else(|| "panicked".to_owned()),
        )
    })
}

/// What a linked plugin's hook gets in place of imports.
struct Host<'a> {
    functions: Functions<'a>,
}

impl<'a> Host<'a> {
    fn new(
        shared: &'a Shared,
        hook: Hook,
        view: Option<CallView<'a>>,
        access_lines: &'a Cell<u32>,
    ) -> Self {
        Self {
            functions: Functions {
                shared,
                phase: Phase::Hook(hook),
                view,
                access_lines,
            },
        }
    }

    fn view(&self) -> HostResult<&CallView<'a>> {
        self.functions.view.as_ref().ok_or(ErrorKind::NotAllowed)
    }
}

impl HostFunctions for Host<'_> {
    fn log(&self, target: LogTarget, level: Level, text: &str) -> HostResult<()> {
        self.functions.log(target, level, text)
    }

    fn clock(&self, clock: Clock) -> HostResult<i64> {
        self.functions.clock(clock)
    }

    fn random(&self) -> HostResult<u64> {
        self.functions.random()
    }

    fn state_get(&self, key: &str) -> HostResult<Vec<u8>> {
        self.functions.state_get(key)
    }

    fn state_add(&self, key: &str, delta: i64, ttl_ms: i64) -> HostResult<i64> {
        self.functions.state_add(key, delta, ttl_ms)
    }

    fn state_cas(
        &self,
        key: &str,
        expected: Expect<'_>,
        new: Option<&[u8]>,
        ttl_ms: i64,
    ) -> HostResult<()> {
        self.functions.state_cas(key, expected, new, ttl_ms)
    }

    fn metric_define(&self, kind: MetricKind, name: &str, help: &str) -> HostResult<u32> {
        self.functions.metric_define(kind, name, help)
    }

    fn metric_update(&self, metric: u32, value: i64) -> HostResult<()> {
        self.functions.metric_update(metric, value)
    }
}

impl HostCall for Host<'_> {
    fn functions(&self) -> &dyn HostFunctions {
        self
    }

    fn scalars(&self) -> Scalars {
        self.view().map(CallView::scalars).unwrap_or_default()
    }

    fn scratch_blob(&self) -> &[u8] {
        self.view().map_or(&[], |view| view.scratch.1)
    }

    fn get(&self, space: Space, key: &str) -> HostResult<Option<Cow<'_, str>>> {
        Ok(self.view()?.get(space, key)?.map(Cow::from))
    }

    fn list(&self, space: Space, each: &mut dyn FnMut(&str, &str)) -> HostResult<()> {
        self.view()?.list(space, each)
    }

    fn number(&self, what: u32) -> HostResult<u64> {
        self.view()?.number(what)
    }

    fn body(&self, part: Part, form: Form, path: &str) -> HostResult<Vec<u8>> {
        body::read(self.view()?, self.functions.shared.body, part, form, path)
    }
}
