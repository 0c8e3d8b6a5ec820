//! The exports of an instance that the host calls, looked up once.

use wasmtime::{Instance, Result, Store, TypedFunc};
use wubbo_plugin_sdk::abi::interest::Hook;

use super::guest::Guest;

/// The hooks that the manifest lists.
pub(super) struct Hooks {
    pub(super) on_request: Option<TypedFunc<u32, i64>>,
    pub(super) on_response: Option<TypedFunc<u32, i64>>,
    /// `route` or `select`.
    pub(super) pick: Option<TypedFunc<u32, i32>>,
    pub(super) configure_url: Option<TypedFunc<u32, i64>>,
    pub(super) on_providers: Option<TypedFunc<u32, i32>>,
    pub(super) drop_providers: Option<TypedFunc<u64, i32>>,
    pub(super) on_rule: Option<TypedFunc<u32, i32>>,
    pub(super) tick: Option<TypedFunc<(), i32>>,
    pub(super) self_test: Option<TypedFunc<(), i32>>,
}

impl Hooks {
    pub(super) fn find(instance: &Instance, store: &mut Store<Guest>) -> Result<Self> {
        let picks = match store.data().shared.manifest.has(Hook::Route) {
            true => Hook::Route,
            false => Hook::Select,
        };
        Ok(Self {
            on_request: one(instance, store, Hook::OnRequest)?,
            on_response: one(instance, store, Hook::OnResponse)?,
            pick: one(instance, store, picks)?,
            configure_url: one(instance, store, Hook::ConfigureUrl)?,
            on_providers: one(instance, store, Hook::OnProviders)?,
            drop_providers: one(instance, store, Hook::DropProviders)?,
            on_rule: one(instance, store, Hook::OnRule)?,
            tick: one(instance, store, Hook::Tick)?,
            self_test: one(instance, store, Hook::SelfTest)?,
        })
    }
}

fn one<Params, Results>(
    instance: &Instance,
    store: &mut Store<Guest>,
    hook: Hook,
) -> Result<Option<TypedFunc<Params, Results>>>
where
    Params: wasmtime::WasmParams,
    Results: wasmtime::WasmResults,
{
    let has = store.data().shared.manifest.has(hook);
    let found = has.then(|| instance.get_typed_func(store, hook.name()));
    found.transpose()
}
