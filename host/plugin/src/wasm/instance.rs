//! One sandboxed instance: how a hook of it is entered, and how its answer is taken.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Memory, Store};
use wubbo_core::{ConfigureSide, Url};
use wubbo_plugin_sdk::abi::interest::Hook;
use wubbo_plugin_sdk::abi::{codes, limits, unpack_range};

use super::guest::{Guest, ServedUrl};
use super::hooks::Hooks;
use super::module::WasmModule;
use super::served::{self, Served};
use crate::call::CallView;
use crate::call::input::{self, Interests};
use crate::counters::{Counters, TripClass};
use crate::instance::{HookCall, HookEnd, Said, Trip};
use crate::shared::Phase;
use crate::tables::HeldTables;

/// One instance with the handles that a call needs, looked up once.
pub(crate) struct WasmInstance {
    pub(super) store: Store<Guest>,
    pub(super) parts: Parts,
    /// CPU time of a per-call hook, and of any other.
    pub(super) limits: (Duration, Duration),
    pub(super) module: Arc<WasmModule>,
}

/// What starting an instance finds.
pub(super) struct Parts {
    pub(super) memory: Memory,
    pub(super) arena: Range<usize>,
    pub(super) interests: Interests,
    pub(super) hooks: Hooks,
}

impl Parts {
    /// The arena's bytes.
    #[inline]
    pub(super) fn arena<'s>(&self, store: &'s mut Store<Guest>) -> Option<&'s mut [u8]> {
        self.memory.data_mut(store).get_mut(self.arena.clone())
    }
}

impl WasmInstance {
    pub(crate) fn tables(&self) -> &HeldTables {
        &self.store.data().tables
    }

    pub(crate) fn tables_mut(&mut self) -> &mut HeldTables {
        &mut self.store.data_mut().tables
    }

    /// Bytes of guest memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.parts.memory.data_size(&self.store)
    }

    /// Runs a filter's hook.
    pub(crate) fn call(
        &mut self,
        call: &mut HookCall<'_>,
        commands: &mut Vec<u8>,
    ) -> Result<(), HookEnd> {
        let (hooks, interests) = (&self.parts.hooks, &self.parts.interests);
        let (function, wanted) = match call.hook {
            Hook::OnRequest => (&hooks.on_request, &interests.request),
            _ => (&hooks.on_response, &interests.response),
        };
        // Borrowed, not cloned: a handle counts references to its type.
        let Some(function) = function else {
            return Ok(());
        };
        let store = &mut self.store;
        let view = CallView {
            invocation: call.invocation,
            outcome: call.outcome.as_deref(),
            stage: call.stage,
            started: call.started,
            scratch: call.scratch,
            consumer: None,
        };
        let arena = self.parts.arena(store);
        let length = written(arena.and_then(|arena| input::write(arena, &view, wanted)))?;
        enter(store, &self.module, call.hook, self.limits.0);
        let answer = match self.module.reads {
            true => {
                store.data_mut().call = Some(Served::new(&view));
                let answer = served::lend(&view, || function.call(&mut *store, length));
                store.data_mut().call = None;
                answer
            }
            false => function.call(&mut *store, length),
        };
        match left(store, answer)? {
            0 => Ok(()),
            packed => take_commands(store, &self.parts, packed, commands),
        }
    }

    /// Runs `configure_url`.
    pub(crate) fn configure(
        &mut self,
        url: &Url,
        side: ConfigureSide,
        commands: &mut Vec<u8>,
    ) -> Result<(), HookEnd> {
        let Some(function) = &self.parts.hooks.configure_url else {
            return Ok(());
        };
        let store = &mut self.store;
        let wanted = &self.parts.interests.configure;
        let arena = self.parts.arena(store);
        let length = arena.and_then(|arena| input::write_configure(arena, url, side, wanted));
        let length = written(length)?;
        store.data_mut().url = Some(ServedUrl(url.clone()));
        enter(store, &self.module, Hook::ConfigureUrl, self.limits.1);
        let answer = function.call(&mut *store, length);
        store.data_mut().url = None;
        match left(store, answer)? {
            0 => Ok(()),
            packed => take_commands(store, &self.parts, packed, commands),
        }
    }

    /// Runs `tick` or `self_test`.
    pub(crate) fn aside(&mut self, hook: Hook) -> Result<(), HookEnd> {
        let function = match hook {
            Hook::Tick => &self.parts.hooks.tick,
            _ => &self.parts.hooks.self_test,
        };
        let Some(function) = function else {
            return Ok(());
        };
        enter(&mut self.store, &self.module, hook, self.limits.1);
        let answer = function.call(&mut self.store, ());
        plain(&mut self.store, hook, answer)
    }
}

/// Before every entry: the deadline starts anew, one tick from now.
#[inline]
pub(super) fn enter(store: &mut Store<Guest>, module: &WasmModule, hook: Hook, limit: Duration) {
    let guest = store.data_mut();
    guest.deadline.restart(limit);
    guest.phase = Phase::Hook(hook);
    guest.access_lines.set(0);
    module.engine.pulse.beat();
    store.set_epoch_deadline(1);
}

/// After every entry: what is rare is noted, a guest that did not come back is a trip.
#[inline]
pub(super) fn left<T>(store: &mut Store<Guest>, answer: wasmtime::Result<T>) -> Result<T, HookEnd> {
    let guest = store.data_mut();
    if guest.deadline.overloaded() {
        Counters::add(&guest.shared.counters.overloads);
    }
    answer.map_err(|error| HookEnd::Trip(guest.trip(&error)))
}

/// The answer of a hook that has nothing to say but 0 or a code.
pub(super) fn plain(
    store: &mut Store<Guest>,
    hook: Hook,
    answer: wasmtime::Result<i32>,
) -> Result<(), HookEnd> {
    match left(store, answer)? {
        0 => Ok(()),
        code if code < 0 => Err(failed(store, code)),
        code => Err(bad_answer(format!("{} answered {code}", hook.name()))),
    }
}

#[cold]
pub(super) fn failed(store: &mut Store<Guest>, code: i32) -> HookEnd {
    let said = store.data_mut().failure.take();
    HookEnd::Failed(said.unwrap_or_else(|| Said::message(codes::text(code))))
}

/// Copies the answer out: the guest's memory may change under a later hook, the call is changed from the copy.
fn take_commands(
    store: &mut Store<Guest>,
    parts: &Parts,
    packed: i64,
    commands: &mut Vec<u8>,
) -> Result<(), HookEnd> {
    let Some((address, length)) = unpack_range(packed) else {
        return Err(failed(
            store,
            i32::try_from(packed).unwrap_or(codes::FAILED),
        ));
    };
    let (start, length) = (address as usize, length as usize);
    if length > limits::COMMANDS_BYTES_MAX {
        return Err(bad_answer(format!(
            "a batch of {length} bytes, at most {}",
            limits::COMMANDS_BYTES_MAX
        )));
    }
    let range = start.checked_add(length).map(|end| start..end);
    let bytes = range.and_then(|range| parts.memory.data(&*store).get(range));
    let bytes = bytes.ok_or_else(|| bad_answer("a range outside the memory".to_owned()))?;
    commands.extend_from_slice(bytes);
    Ok(())
}

/// The length of an input that was written.
#[inline]
pub(super) fn written(length: Option<u32>) -> Result<u32, HookEnd> {
    length.ok_or_else(|| bad_answer("the arena is gone".to_owned()))
}

pub(super) fn bad_answer(reason: String) -> HookEnd {
    HookEnd::Trip(Trip::new(TripClass::BadAnswer, reason))
}
