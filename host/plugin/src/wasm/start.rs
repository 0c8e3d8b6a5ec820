//! How an instance is started: instantiated, initialised and configured, under the limits and one deadline.

use std::ops::Range;
use std::sync::Arc;

use wasmtime::{Store, UpdateDeadline};
use wubbo_plugin_sdk::abi::interest::{Hook, Interest};
use wubbo_plugin_sdk::abi::{codes, limits, names, unpack_range};

use super::deadline::CpuDeadline;
use super::engine::Engine;
use super::guest::Guest;
use super::hooks::Hooks;
use super::instance::{Parts, WasmInstance};
use super::limiter::Limiter;
use super::module::WasmModule;
use crate::call::input::Interests;
use crate::counters::TripClass;
use crate::error::{PluginError, PluginErrorKind};
use crate::instance::Said;
use crate::shared::{Phase, Shared};

impl WasmInstance {
    /// Instantiates, starts and configures, under the limits and one deadline.
    ///
    /// # Errors
    /// Kind `Capacity` when the pool is used up, else `Start`.
    pub(crate) fn start(
        module: &Arc<WasmModule>,
        shared: Arc<Shared>,
    ) -> Result<Self, PluginError> {
        let mut store = store(&module.engine, shared);
        match Self::set_up(module, &mut store) {
            Ok(parts) => {
                let limits = store.data().shared.limits;
                Ok(Self {
                    limits: (
                        CpuDeadline::at_least_a_tick(limits.hook()),
                        CpuDeadline::at_least_a_tick(limits.configure()),
                    ),
                    store,
                    parts,
                    module: Arc::clone(module),
                })
            }
            Err(error) => Err(refusal(&mut store, &error)),
        }
    }

    fn set_up(module: &WasmModule, store: &mut Store<Guest>) -> wasmtime::Result<Parts> {
        let enter = |store: &mut Store<Guest>| enter_setup(&module.engine, store);
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
            let said = said.unwrap_or_else(|| Said::message(codes::text(answer)));
            return Err(wasmtime::Error::msg(format!(
                "configuration refused: {said}"
            )));
        }
        let interests = store.data_mut().interests.take();
        let interests = interests.unwrap_or_else(|| {
            let manifest = &store.data().shared.manifest;
            Interests::new(manifest.interest.iter().map(|interest| Interest {
                space: interest.space,
                hooks: interest.hooks,
                key: &interest.key,
            }))
        });
        let hooks = Hooks::find(&instance, store)?;
        Ok(Parts {
            memory,
            arena,
            interests,
            hooks,
        })
    }
}

/// A store with everything that bounds the guest in it.
pub(super) fn store(engine: &Engine, shared: Arc<Shared>) -> Store<Guest> {
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
    store
}

/// Before every entry of a guest that is being set up: all of them share one deadline.
pub(super) fn enter_setup(engine: &Engine, store: &mut Store<Guest>) {
    engine.pulse.beat();
    store.set_epoch_deadline(1);
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

/// Why an instance did not start, as an operator reads it.
pub(super) fn refusal(store: &mut Store<Guest>, error: &wasmtime::Error) -> PluginError {
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
