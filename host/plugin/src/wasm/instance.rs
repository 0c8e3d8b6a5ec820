//! One sandboxed instance: how it is started, how a hook of it is entered, and how its answer is taken.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::{InstancePre, Memory, Module, Store, TypedFunc, UpdateDeadline};
use wubbo_core::{Outcome, RpcResult};
use wubbo_plugin_sdk::abi::interest::{Hook, Interest};
use wubbo_plugin_sdk::abi::{codes, limits, names, unpack_range};

use super::deadline::CpuDeadline;
use super::engine::Engine;
use super::guest::{Guest, ServedCall};
use super::limiter::Limiter;
use crate::call::CallView;
use crate::call::input::{self, Interests, Wanted};
use crate::check::Checked;
use crate::counters::{Counters, TripClass};
use crate::error::{PluginError, PluginErrorKind, chain};
use crate::instance::{HookCall, HookEnd, Trip};
use crate::shared::{Phase, Shared};

/// Imports through which a guest can ask about the call; a module without them never needs the call in its store.
const READS: [&str; 4] = ["get", "list", "number", "body"];

/// A module that is compiled and linked; instances are made of it.
pub(crate) struct WasmModule {
    pre: InstancePre<Guest>,
    engine: Arc<Engine>,
    /// Whether the guest imports one of [`READS`].
    reads: bool,
    /// Whether the guest may ask how long a call took.
    times: bool,
}

impl WasmModule {
    pub(super) fn link(
        engine: Arc<Engine>,
        module: &Module,
        checked: &Checked,
    ) -> Result<Self, PluginError> {
        let pre = engine.linker.instantiate_pre(module);
        let pre = pre.map_err(|error| {
            PluginError::new(
                PluginErrorKind::Check,
                format!("cannot be linked: {}", chain(error.as_ref())),
            )
        })?;
        Ok(Self {
            pre,
            engine,
            reads: READS.into_iter().any(|name| checked.imports(name)),
            times: checked.imports("number"),
        })
    }

    /// Whether the host must note when a call began.
    pub(crate) fn times(&self) -> bool {
        self.times
    }
}

/// One instance with the handles that a call needs, looked up once.
pub(crate) struct WasmInstance {
    store: Store<Guest>,
    memory: Memory,
    arena: Range<usize>,
    interests: Interests,
    on_request: Option<TypedFunc<u32, i64>>,
    on_response: Option<TypedFunc<u32, i64>>,
    tick: Option<TypedFunc<(), i32>>,
    self_test: Option<TypedFunc<(), i32>>,
    /// CPU time of a per-call hook, and of any other.
    limits: (Duration, Duration),
    module: Arc<WasmModule>,
}

impl WasmInstance {
    /// Instantiates, starts and configures, under the limits and one deadline.
    ///
    /// # Errors
    /// Kind `Capacity` when the pool is used up, else `Start`.
    pub(crate) fn start(
        module: &Arc<WasmModule>,
        shared: Arc<Shared>,
    ) -> Result<Self, PluginError> {
        let engine = &module.engine;
        let limiter = Limiter::new(shared.limits.memory_bytes, Arc::clone(&engine.budget));
        let mut store = Store::new(&engine.engine, Guest::new(shared, limiter));
        store.limiter(|guest| &mut guest.limiter);
        let pulse = Arc::clone(&engine.pulse);
        store.epoch_deadline_callback(move |mut cx| {
            pulse.beat();
            cx.data_mut()
                .deadline
                .tick()
                .map_err(wasmtime::Error::new)?;
            Ok(UpdateDeadline::Continue(1))
        });
        match Self::set_up(module, &mut store) {
            Ok(parts) => Ok(parts.with(store, Arc::clone(module))),
            Err(error) => Err(refusal(&mut store, &error)),
        }
    }

    fn set_up(module: &WasmModule, store: &mut Store<Guest>) -> wasmtime::Result<Parts> {
        let enter = |store: &mut Store<Guest>| {
            module.engine.pulse.beat();
            store.set_epoch_deadline(1);
        };
        enter(store);
        let instance = module.pre.instantiate(&mut *store)?;
        let memory = instance.get_memory(&mut *store, names::EXPORT_MEMORY);
        let memory = memory.ok_or_else(|| wasmtime::Error::msg("exports no memory"))?;
        store.data_mut().memory = Some(memory);
        if instance
            .get_func(&mut *store, names::INITIALIZE.name)
            .is_some()
        {
            let initialize =
                instance.get_typed_func::<(), ()>(&mut *store, names::INITIALIZE.name)?;
            enter(store);
            initialize.call(&mut *store, ())?;
        }
        let arena = instance.get_typed_func::<(), i64>(&mut *store, names::ARENA.name)?;
        enter(store);
        let arena = arena.call(&mut *store, ())?;
        let arena = check_arena(arena, memory.data_size(&*store)).map_err(wasmtime::Error::msg)?;
        let new = instance.get_typed_func::<(), i32>(&mut *store, names::NEW.name)?;
        store.data_mut().phase = Phase::Hook(Hook::New);
        enter(store);
        let answer = new.call(&mut *store, ())?;
        if answer > 0 {
            return Err(wasmtime::Error::msg(format!(
                "`new` answered {answer}, which means nothing; expected 0 or a code"
            )));
        }
        if answer < 0 {
            let said = store.data_mut().failure.take();
            let said = said.unwrap_or_else(|| codes::text(answer).to_owned());
            return Err(wasmtime::Error::msg(format!(
                "configuration refused: {said}"
            )));
        }
        let manifest = &store.data().shared.manifest;
        let hooks = manifest.hooks;
        let interests = store.data().interests.clone().unwrap_or_else(|| {
            Interests::new(manifest.interest.iter().map(|interest| Interest {
                space: interest.space,
                hooks: interest.hooks,
                key: &interest.key,
            }))
        });
        let has = |hook: Hook| hooks & hook.bit() != 0;
        let mut per_call = |hook: Hook| {
            let found =
                has(hook).then(|| instance.get_typed_func::<u32, i64>(&mut *store, hook.name()));
            found.transpose()
        };
        let (on_request, on_response) = (per_call(Hook::OnRequest)?, per_call(Hook::OnResponse)?);
        let mut aside = |hook: Hook| {
            let found =
                has(hook).then(|| instance.get_typed_func::<(), i32>(&mut *store, hook.name()));
            found.transpose()
        };
        let (tick, self_test) = (aside(Hook::Tick)?, aside(Hook::SelfTest)?);
        Ok(Parts {
            memory,
            arena,
            interests,
            on_request,
            on_response,
            tick,
            self_test,
        })
    }

    /// Bytes of guest memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    /// Runs a per-call hook.
    pub(crate) fn call(
        &mut self,
        call: &mut HookCall<'_>,
        commands: &mut Vec<u8>,
    ) -> Result<(), HookEnd> {
        let (function, wanted) = match call.hook {
            Hook::OnRequest => (&self.on_request, &self.interests.request),
            _ => (&self.on_response, &self.interests.response),
        };
        // Borrowed, not cloned: a handle counts references to its type.
        let Some(function) = function else {
            return Ok(());
        };
        let store = &mut self.store;
        let length = write_input(store, self.memory, &self.arena, call, wanted)?;
        let reads = self.module.reads;
        if reads {
            store.data_mut().call = Some(serve(call));
        }
        enter(store, &self.module, call.hook, self.limits.0);
        let answer = function.call(&mut *store, length);
        if reads {
            let served = store.data_mut().call.take();
            // The outcome goes back whatever came of the hook.
            if let (Some(given), Some(outcome)) = (
                call.outcome.as_deref_mut(),
                served.and_then(|served| served.outcome),
            ) {
                *given = outcome;
            }
        }
        match left(store, answer)? {
            0 => Ok(()),
            packed => take_commands(store, self.memory, packed, commands),
        }
    }

    /// Runs `tick` or `self_test`.
    pub(crate) fn aside(&mut self, hook: Hook) -> Result<(), HookEnd> {
        let function = match hook {
            Hook::Tick => &self.tick,
            _ => &self.self_test,
        };
        let Some(function) = function else {
            return Ok(());
        };
        enter(&mut self.store, &self.module, hook, self.limits.1);
        let answer = function.call(&mut self.store, ());
        match left(&mut self.store, answer)? {
            0 => Ok(()),
            code if code < 0 => Err(failed(&mut self.store, code)),
            code => Err(bad_answer(format!("{} answered {code}", hook.name()))),
        }
    }
}

/// Before every entry: the deadline starts anew, one tick from now.
#[inline]
fn enter(store: &mut Store<Guest>, module: &WasmModule, hook: Hook, limit: Duration) {
    let guest = store.data_mut();
    guest.deadline.restart(limit);
    guest.phase = Phase::Hook(hook);
    guest.access_lines.set(0);
    module.engine.pulse.beat();
    store.set_epoch_deadline(1);
}

/// After every entry: what is rare is noted, a guest that did not come back is a trip.
#[inline]
fn left<T>(store: &mut Store<Guest>, answer: wasmtime::Result<T>) -> Result<T, HookEnd> {
    let guest = store.data_mut();
    if guest.deadline.overloaded() {
        Counters::add(&guest.shared.counters.overloads);
    }
    answer.map_err(|error| HookEnd::Trip(guest.trip(&error)))
}

#[cold]
fn failed(store: &mut Store<Guest>, code: i32) -> HookEnd {
    let said = store.data_mut().failure.take();
    HookEnd::Failed(said.unwrap_or_else(|| codes::text(code).to_owned()))
}

/// Copies the answer out: the guest's memory may change under a later hook, the call is changed from the copy.
fn take_commands(
    store: &mut Store<Guest>,
    memory: Memory,
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
    let bytes = range.and_then(|range| memory.data(&*store).get(range));
    let bytes = bytes.ok_or_else(|| bad_answer("a range outside the memory".to_owned()))?;
    commands.extend_from_slice(bytes);
    Ok(())
}

/// What starting an instance finds.
struct Parts {
    memory: Memory,
    arena: Range<usize>,
    interests: Interests,
    on_request: Option<TypedFunc<u32, i64>>,
    on_response: Option<TypedFunc<u32, i64>>,
    tick: Option<TypedFunc<(), i32>>,
    self_test: Option<TypedFunc<(), i32>>,
}

impl Parts {
    fn with(self, store: Store<Guest>, module: Arc<WasmModule>) -> WasmInstance {
        let limits = store.data().shared.limits;
        WasmInstance {
            limits: (
                CpuDeadline::at_least_a_tick(limits.hook()),
                CpuDeadline::at_least_a_tick(limits.configure()),
            ),
            store,
            memory: self.memory,
            arena: self.arena,
            interests: self.interests,
            on_request: self.on_request,
            on_response: self.on_response,
            tick: self.tick,
            self_test: self.self_test,
            module,
        }
    }
}

/// The arena as the guest gives it: inside the memory, of the right size, aligned.
fn check_arena(packed: i64, memory: usize) -> Result<Range<usize>, String> {
    let (address, length) = unpack_range(packed).ok_or("`arena` answered a failure")?;
    let (start, length) = (address as usize, length as usize);
    if !(limits::ARENA_MIN..=limits::ARENA_MAX).contains(&length) || !start.is_multiple_of(8) {
        return Err(format!(
            "`arena` must be {} to {} bytes at a multiple of 8, it is {length} at {start}",
            limits::ARENA_MIN,
            limits::ARENA_MAX
        ));
    }
    match start.checked_add(length) {
        Some(end) if end <= memory => Ok(start..end),
        _ => Err("`arena` lies outside the memory".to_owned()),
    }
}

fn write_input(
    store: &mut Store<Guest>,
    memory: Memory,
    arena: &Range<usize>,
    call: &HookCall<'_>,
    wanted: &[Wanted],
) -> Result<u32, HookEnd> {
    let view = CallView {
        invocation: call.invocation,
        outcome: call.outcome.as_deref(),
        stage: call.stage,
        started: call.started,
        scratch: call.scratch,
    };
    let arena = memory.data_mut(store).get_mut(arena.clone());
    let written = arena.and_then(|arena| input::write(arena, &view, wanted));
    written.ok_or_else(|| bad_answer("the arena is gone".to_owned()))
}

/// Moves the call into the store. The invocation is a few counters; the outcome moves, because it is not shared.
fn serve(call: &mut HookCall<'_>) -> ServedCall {
    let outcome = call.outcome.as_deref_mut();
    let nothing: Outcome = Ok(RpcResult::null());
    ServedCall {
        invocation: call.invocation.clone(),
        outcome: outcome.map(|outcome| std::mem::replace(outcome, nothing)),
        stage: call.stage,
        started: call.started,
    }
}

fn bad_answer(reason: String) -> HookEnd {
    HookEnd::Trip(Trip::new(TripClass::BadAnswer, reason))
}

/// Why an instance did not start, as an operator reads it.
fn refusal(store: &mut Store<Guest>, error: &wasmtime::Error) -> PluginError {
    if error.is::<wasmtime::PoolConcurrencyLimitError>() {
        let text = "no room in the instance pool; raise plugins.max or unload a plugin";
        return PluginError::new(PluginErrorKind::Capacity, text);
    }
    let trip = store.data_mut().trip(error);
    let text = match trip.class {
        // Not a trap of the guest: one of our own refusals above, or wasmtime's.
        TripClass::Trap if !error.is::<wasmtime::Trap>() => trip.reason,
        class => format!("{} while it was started: {}", class.name(), trip.reason),
    };
    PluginError::new(PluginErrorKind::Start, text)
}
