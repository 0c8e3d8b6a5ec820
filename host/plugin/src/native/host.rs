//! What a linked plugin's hook gets in place of imports, whatever its kind.

use std::borrow::Cow;
use std::cell::Cell;

use wubbo_plugin_sdk::ErrorKind;
use wubbo_plugin_sdk::abi::interest::{Hook, Space};
use wubbo_plugin_sdk::native::{
    Clock, Expect, Form, HostCall, HostFunctions, HostResult, Level, LogTarget, MetricKind, Part,
    Scalars,
};

use crate::call::{CallView, body};
use crate::shared::{Functions, Phase, Shared};

/// What a linked plugin's hook gets in place of imports.
pub(super) struct Host<'a> {
    functions: Functions<'a>,
}

impl<'a> Host<'a> {
    pub(super) fn new(
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

    pub(super) fn view(&self) -> HostResult<&CallView<'a>> {
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
