//! How a generation, and each later edition of it, comes to its instances: rules, then tables, then the self-test, then every slot.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use wubbo_plugin_sdk::abi::interest::Hook;

use super::{Form, Generation, Making};
use crate::counters::Counters;
use crate::error::{PluginError, PluginErrorKind};
use crate::health::Health;
use crate::instance::{Instance, Seat};
use crate::native::NativeInstance;
use crate::rules::{Accepted, HostRules};
use crate::slots::Slots;
use crate::tables::NotAdmitted;
#[cfg(feature = "wasm")]
use crate::wasm::WasmInstance;

/// What a change of rules leads to.
pub(crate) enum Change {
    /// The instances follow the right rules already.
    Nothing,
    Edition(Arc<Generation>),
}

impl Generation {
    /// Builds the canary, lets it test itself, and fills every slot. Off the call path; takes as long as the plugin's `new`, rules and
    /// tables, once per slot.
    ///
    /// # Errors
    /// Kind `Start` or `Capacity`: what the first instance that did not start said.
    pub(crate) fn start(making: Making) -> Result<Arc<Self>, PluginError> {
        let generation = Arc::new(Self {
            identity: making.identity,
            number: making.number,
            edition: 1,
            shared: Arc::new(making.shared),
            placement: making.placement,
            digest: making.digest,
            slots: Slots::new(making.slots),
            tables: making.tables,
            accepted: Mutex::default(),
            refused: Mutex::default(),
            form: making.form,
            health: Mutex::new(Health::new()),
            retired: OnceLock::new(),
            closed: AtomicBool::new(false),
            active: AtomicBool::new(false),
            keeper: making.keeper,
            news: making.news,
        });
        generation.tables.follow(&generation);
        let (canary, accepted) =
            generation.settle(&making.rules, making.before.as_deref(), false)?;
        generation.accept(accepted, making.before.as_deref());
        let mut canary = Seat::new(canary);
        let prepared = generation.tables.prepare(&generation, &mut canary);
        prepared.map_err(|not| not.error())?;
        if generation.shared.manifest.has(Hook::SelfTest) {
            let passed = canary.instance.aside(Hook::SelfTest);
            passed.map_err(|end| {
                PluginError::new(PluginErrorKind::Start, format!("self test failed: {end}"))
            })?;
        }
        generation.fill(canary, generation.slots.len())?;
        generation.keeper.watch(&generation);
        Ok(generation)
    }

    /// Fresh instances that follow `rules`, unless those that there are follow them already.
    ///
    /// # Errors
    /// Kind `Start` or `Capacity`: no such instances can be had, those that there are stay.
    pub(crate) fn follow_rules(&self, rules: &HostRules) -> Result<Change, PluginError> {
        let before = self.accepted();
        let (canary, accepted) = self.settle(rules, Some(&before), true)?;
        let same = accepted.in_use == before.in_use;
        if same {
            self.accept(accepted, Some(&before));
            self.keeper.drop_later(vec![Seat::new(canary)]);
            return Ok(Change::Nothing);
        }
        let (now, slots) = (Instant::now(), self.slots.len());
        let (health, may_stand) = self.lock_health().of_next_edition(now, slots);
        let edition = Arc::new(Self {
            identity: Arc::clone(&self.identity),
            number: self.number,
            edition: self.edition + 1,
            shared: Arc::clone(&self.shared),
            placement: self.placement.clone(),
            digest: self.digest,
            slots: Slots::new(self.slots.len()),
            tables: Arc::clone(&self.tables),
            accepted: Mutex::default(),
            refused: Mutex::new(self.refused_tables()),
            form: self.form.clone(),
            retired: OnceLock::new(),
            closed: AtomicBool::new(false),
            active: AtomicBool::new(false),
            keeper: self.keeper.clone(),
            news: self.news.clone(),
            // A plugin that was being rested is not woken by a change of the rules.
            health: Mutex::new(health),
        });
        edition.tables.follow(&edition);
        edition.accept(accepted, Some(&before));
        edition.fill(Seat::new(canary), may_stand)?;
        Counters::add(&edition.shared.counters.editions);
        edition.keeper.watch(&edition);
        Ok(Change::Edition(edition))
    }

    /// Finds out which rules are taken, on an instance that follows them afterwards.
    fn settle(
        &self,
        rules: &HostRules,
        before: Option<&Accepted>,
        same: bool,
    ) -> Result<(Instance, Accepted), PluginError> {
        if !self.follows_rules() {
            return Ok((self.bare()?, Accepted::default()));
        }
        let tripped = |trip: &_| self.note_trip(Hook::OnRule, trip);
        Accepted::settle(rules, before, same, || self.bare(), tripped)
    }

    /// Whether the plugin has anything to do with rules.
    pub(crate) fn follows_rules(&self) -> bool {
        self.shared.manifest.has(Hook::OnRule)
    }

    /// Notes which rules are in use, and says which were refused.
    fn accept(&self, accepted: Accepted, before: Option<&Accepted>) {
        for refused in accepted.news(before) {
            self.shared
                .note(tracing::Level::ERROR, &refused.to_string());
        }
        let mut place = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Arc::new(accepted);
    }

    /// Puts the canary and its siblings into their slots.
    fn fill(&self, canary: Seat, count: usize) -> Result<(), PluginError> {
        if count == 0 {
            self.keeper.drop_later(vec![canary]);
            return Ok(());
        }
        // Every slot is empty: nothing is given back.
        drop(self.tables.admit(self, canary).map_err(|not| not.error())?);
        for _ in 1..count {
            let seat = Seat::new(self.build()?);
            drop(self.tables.admit(self, seat).map_err(|not| not.error())?);
        }
        Ok(())
    }

    /// Builds an instance in place of one that was thrown away; false when no slot is empty.
    pub(super) fn replace_one(&self) -> Result<bool, PluginError> {
        loop {
            match self.tables.admit(self, Seat::new(self.build()?)) {
                Ok(put) => return Ok(put.is_ok()),
                // It is not the first instance that this table costs: the plugin does without it, and with the others.
                Err(NotAdmitted {
                    known: Some(known),
                    end,
                }) => self.refuse_table(&known, &end),
                // The service is gone: the next instance never hears of it.
                Err(NotAdmitted { known: None, .. }) => {}
            }
        }
    }

    /// An instance that follows the rules and has no table yet.
    fn build(&self) -> Result<Instance, PluginError> {
        let mut instance = self.bare()?;
        self.accepted().give(&mut instance)?;
        Ok(instance)
    }

    fn bare(&self) -> Result<Instance, PluginError> {
        let shared = Arc::clone(&self.shared);
        match &self.form {
            Form::Native(create) => NativeInstance::start(*create, shared).map(Instance::Native),
            #[cfg(feature = "wasm")]
            Form::Wasm(module) => WasmInstance::start(module, shared)
                .map(|instance| Instance::Wasm(Box::new(instance))),
        }
    }
}

impl NotAdmitted {
    fn error(&self) -> PluginError {
        let end = &self.end;
        let text = match &self.known {
            Some(known) => format!("on_providers of {}: {end}", known.service()),
            None => format!("drop_providers: {end}"),
        };
        PluginError::new(PluginErrorKind::Start, text)
    }
}
