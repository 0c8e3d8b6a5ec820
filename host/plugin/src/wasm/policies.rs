//! Hooks of routers, balancers and configurators: rules and tables off the call path, `route` and `select` on it.

use std::sync::Arc;

use wubbo_core::{Candidates, Routing};
use wubbo_plugin_sdk::abi::interest::Hook;
use wubbo_plugin_sdk::abi::{names, providers, rule, write_at};
use wubbo_plugin_sdk::native::RuleText;

use super::instance::{WasmInstance, bad_answer, enter, failed, left, plain, written};
use super::served::{self, Served};
use crate::call::input;
use crate::call::routing::{remark, view};
use crate::instance::HookEnd;
use crate::tables::{Columns, KnownTable};

impl WasmInstance {
    /// Runs `route`. If it narrowed, `words` holds what it left, unchecked.
    pub(crate) fn route(
        &mut self,
        routing: &Routing<'_>,
        candidates: &Candidates,
        words: &mut Vec<u64>,
    ) -> Result<bool, HookEnd> {
        match self.pick(Hook::Route, routing, candidates)? {
            names::ROUTE_UNCHANGED => Ok(false),
            names::ROUTE_NARROWED => {
                words.clear();
                words.resize(candidates.words().len(), 0);
                let wanted = &self.parts.interests.pick;
                let arena = self.parts.arena(&mut self.store);
                let read = arena.and_then(|arena| input::read_bitmap(arena, wanted, words));
                read.map(|()| true)
                    .ok_or_else(|| bad_answer("the arena is gone".to_owned()))
            }
            code if code < 0 => Err(failed(&mut self.store, code)),
            answer => Err(bad_answer(format!("route answered {answer}"))),
        }
    }

    /// Runs `select`.
    pub(crate) fn select(
        &mut self,
        routing: &Routing<'_>,
        candidates: &Candidates,
    ) -> Result<Option<u32>, HookEnd> {
        match self.pick(Hook::Select, routing, candidates)? {
            names::SELECT_NONE => Ok(None),
            answer => match u32::try_from(answer) {
                Ok(row) => Ok(Some(row)),
                Err(_) => Err(failed(&mut self.store, answer)),
            },
        }
    }

    fn pick(
        &mut self,
        hook: Hook,
        routing: &Routing<'_>,
        candidates: &Candidates,
    ) -> Result<i32, HookEnd> {
        let store = &mut self.store;
        let table = routing.table;
        let place = store.data().tables.find(table.token(), table.version());
        let place = place.ok_or(HookEnd::Unprepared)?;
        let Some(function) = &self.parts.hooks.pick else {
            return Err(bad_answer(format!("there is no {}", hook.name())));
        };
        let wanted = &self.parts.interests.pick;
        let arena = self.parts.arena(store);
        let length = written(
            arena.and_then(|arena| input::write_routing(arena, routing, candidates, wanted)),
        )?;
        let guest = store.data_mut();
        guest.table = Some(place);
        guest.notes = routing.remarks.map(|_| Vec::new());
        if self.module.cells {
            guest.method.clear();
            guest.method.push_str(routing.invocation.method());
        }
        enter(store, &self.module, hook, self.limits.0);
        let answer = match self.module.reads {
            true => {
                let view = view(routing);
                store.data_mut().call = Some(Served::new(&view));
                served::lend(&view, || function.call(&mut *store, length))
            }
            false => function.call(&mut *store, length),
        };
        let guest = store.data_mut();
        guest.table = None;
        guest.call = None;
        if let (Some(remarks), Some(notes)) = (routing.remarks, guest.notes.take()) {
            let policy = guest.shared.manifest.identity();
            for (row, text) in notes {
                remarks.add(remark(&policy, row, &text));
            }
        }
        left(store, answer)
    }

    /// Runs `on_providers`.
    pub(crate) fn on_providers(
        &mut self,
        known: &KnownTable,
        only_weights: bool,
    ) -> Result<(), HookEnd> {
        let Some(function) = &self.parts.hooks.on_providers else {
            return Ok(());
        };
        let store = &mut self.store;
        let columns = known.columns(&self.parts.interests.providers);
        let arena = self.parts.arena(store);
        let length = arena.and_then(|arena| write_providers(arena, known, &columns, only_weights));
        let length = written(length)?;
        store.data_mut().offered = Some(columns);
        enter(store, &self.module, Hook::OnProviders, self.limits.1);
        let answer = function.call(&mut *store, length);
        store.data_mut().offered = None;
        plain(store, Hook::OnProviders, answer)
    }

    /// Runs `drop_providers`.
    pub(crate) fn drop_providers(&mut self, token: u64) -> Result<(), HookEnd> {
        let Some(function) = &self.parts.hooks.drop_providers else {
            return Ok(());
        };
        let store = &mut self.store;
        enter(store, &self.module, Hook::DropProviders, self.limits.1);
        let answer = function.call(&mut *store, token);
        plain(store, Hook::DropProviders, answer)
    }

    /// Runs `on_rule`; what it asked to read counts from then on.
    pub(crate) fn on_rule(&mut self, rule: RuleText<'_>) -> Result<(), HookEnd> {
        let Some(function) = &self.parts.hooks.on_rule else {
            return Ok(());
        };
        let store = &mut self.store;
        let arena = self.parts.arena(store);
        let length = written(arena.and_then(|arena| write_rule(arena, rule)))?;
        store.data_mut().rule = rule.text.map(str::to_owned);
        enter(store, &self.module, Hook::OnRule, self.limits.1);
        let answer = function.call(&mut *store, length);
        let guest = store.data_mut();
        guest.rule = None;
        let interests = guest.interests.take();
        plain(store, Hook::OnRule, answer)?;
        if let Some(interests) = interests {
            self.parts.interests = interests;
        }
        Ok(())
    }
}

fn write_providers(
    arena: &mut [u8],
    known: &KnownTable,
    columns: &Arc<Columns>,
    only_weights: bool,
) -> Option<u32> {
    let table = known.table();
    let reason = match only_weights {
        true => providers::REASON_WEIGHTS,
        false => providers::REASON_LIST,
    };
    let (count, words) = columns.counts();
    let number = |number: usize| u32::try_from(number).map(u32::to_le_bytes).ok();
    let service = known.service().as_bytes();
    let end = providers::SIZE + service.len();
    let mut put = |offset: usize, bytes: &[u8]| write_at(arena, offset, bytes);
    let written = put(0, &[0; providers::SIZE])
        & put(
            providers::HEADER_BYTES,
            &(providers::SIZE as u16).to_le_bytes(),
        )
        & put(providers::REASON, &reason.to_le_bytes())
        & put(providers::ROWS, &number(table.rows().len())?)
        & put(providers::SERVICE_TOKEN, &known.token().to_le_bytes())
        & put(providers::TABLE_VERSION, &known.version().to_le_bytes())
        & put(providers::COLUMNS, &number(count)?)
        & put(providers::WORDS, &words.to_le_bytes())
        & put(providers::SERVICE_OFFSET, &number(providers::SIZE)?)
        & put(providers::SERVICE_LEN, &number(service.len())?)
        & put(
            providers::WEIGHTS_EPOCH,
            &table.weights_epoch().to_le_bytes(),
        )
        & put(providers::WORDS_BYTES, &number(columns.words().len())?)
        & put(providers::SIZE, service);
    written.then_some(u32::try_from(end).ok()?)
}

fn write_rule(arena: &mut [u8], given: RuleText<'_>) -> Option<u32> {
    let scope = match given.of_application {
        true => rule::SCOPE_APPLICATION,
        false => rule::SCOPE_SERVICE,
    };
    let flags = if given.text.is_some() {
        0
    } else {
        rule::REMOVED
    };
    let number = |number: usize| u32::try_from(number).map(u32::to_le_bytes).ok();
    let (key, group) = (given.key.as_bytes(), given.group.as_bytes());
    let group_at = rule::SIZE + key.len();
    let end = group_at + group.len();
    let mut put = |offset: usize, bytes: &[u8]| write_at(arena, offset, bytes);
    let written = put(0, &[0; rule::SIZE])
        & put(rule::HEADER_BYTES, &(rule::SIZE as u16).to_le_bytes())
        & put(rule::SCOPE, &scope.to_le_bytes())
        & put(rule::FLAGS, &flags.to_le_bytes())
        & put(rule::RULE_VERSION, &given.version.to_le_bytes())
        & put(rule::KEY_OFFSET, &number(rule::SIZE)?)
        & put(rule::KEY_LEN, &number(key.len())?)
        & put(rule::GROUP_OFFSET, &number(group_at)?)
        & put(rule::GROUP_LEN, &number(group.len())?)
        & put(rule::TEXT_LEN, &number(given.text.map_or(0, str::len))?)
        & put(rule::SIZE, key)
        & put(group_at, group);
    written.then_some(u32::try_from(end).ok()?)
}
