//! The lists of providers that routers and balancers must have seen, and who must have seen them.
//!
//! One lock orders everything that matters: a table is registered, and an instance is put into its slot, under it. An instance that
//! went in before is met when the table is handed out; one that goes in later has been given it before. So no published instance
//! meets a published table that it was not offered. No plugin code runs under the lock, and no call takes it.

mod columns;
mod held;
mod offer;
mod sink;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use wubbo_core::ProviderTable;
use wubbo_plugin_sdk::abi::limits::{MESSAGE_MAX, ROWS_MAX};

use crate::call::input::Wanted;
use crate::generation::Generation;
use crate::instance::{HookEnd, Seat};
use crate::keeper::Keeper;

pub(crate) use columns::Columns;
pub(crate) use held::HeldTables;
#[cfg(feature = "wasm")]
pub(crate) use held::Place;
pub(crate) use offer::RefusedTable;
pub(crate) use sink::Sink;

/// Tables of one service that instances keep: calls over the previous one may still run.
const TABLES_KEPT: usize = 2;
/// Lists of interests for which a table is kept in the guests' form.
const FORMS_KEPT: usize = 8;

/// A table's columns and the interests that they are made for.
type Form = (Arc<[Wanted]>, Arc<Columns>);

/// One table and the forms in which guests pull it.
pub(crate) struct KnownTable {
    table: Arc<ProviderTable>,
    service: String,
    forms: Mutex<Vec<Form>>,
}

impl KnownTable {
    /// `None`: too large for the ABI, no plugin is given it.
    pub(crate) fn new(table: &Arc<ProviderTable>) -> Option<Arc<Self>> {
        let service = table.service().to_string();
        let fits = table.rows().len() <= ROWS_MAX && service.len() <= MESSAGE_MAX;
        fits.then(|| {
            Arc::new(Self {
                table: Arc::clone(table),
                service,
                forms: Mutex::default(),
            })
        })
    }

    pub(crate) fn table(&self) -> &Arc<ProviderTable> {
        &self.table
    }

    pub(crate) fn token(&self) -> u64 {
        self.table.token()
    }

    pub(crate) fn version(&self) -> u64 {
        self.table.version()
    }

    /// `[group/]interface[:version]`.
    pub(crate) fn service(&self) -> &str {
        &self.service
    }

    /// The table in the guests' form; made once per list of interests. Off the call path.
    #[cfg(feature = "wasm")]
    pub(crate) fn columns(&self, wanted: &Arc<[Wanted]>) -> Arc<Columns> {
        let mut forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, columns)) = forms.iter().find(|(known, _)| known == wanted) {
            return Arc::clone(columns);
        }
        let columns = Arc::new(Columns::new(&self.table, wanted));
        if forms.len() == FORMS_KEPT {
            forms.remove(0);
        }
        forms.push((Arc::clone(wanted), Arc::clone(&columns)));
        columns
    }
}

/// Every table in use and every generation that must know them.
pub(crate) struct Tables {
    state: Mutex<State>,
    keeper: Keeper,
}

#[derive(Default)]
struct State {
    /// Per token, the newest last.
    services: BTreeMap<u64, Vec<Arc<KnownTable>>>,
    generations: Vec<Weak<Generation>>,
    /// Services that instances are yet to drop.
    forgotten: Vec<u64>,
}

impl State {
    fn is_current(&self, token: u64, version: u64) -> bool {
        let tables = self.services.get(&token);
        tables.is_some_and(|tables| tables.iter().any(|known| known.version() == version))
    }

    /// What an instance lacks, and the services that it has and should not.
    fn differs(&self, seat: &Seat, refused: &[RefusedTable]) -> Option<Difference> {
        let held = seat.instance.tables();
        let lacks = |known: &&Arc<KnownTable>| {
            !held.has(known) && !refused.iter().any(|refused| refused.is(known))
        };
        let difference = Difference {
            missing: self
                .services
                .values()
                .flatten()
                .filter(lacks)
                .cloned()
                .collect(),
            stale: held
                .tokens()
                .filter(|token| !self.services.contains_key(token))
                .collect(),
        };
        (!difference.missing.is_empty() || !difference.stale.is_empty()).then_some(difference)
    }
}

struct Difference {
    missing: Vec<Arc<KnownTable>>,
    stale: Vec<u64>,
}

/// Why an instance cannot go into its slot.
pub(crate) struct NotAdmitted {
    /// The table that it did not take; `None`: it failed to drop a service that went meanwhile.
    pub(crate) known: Option<Arc<KnownTable>>,
    pub(crate) end: HookEnd,
}

impl Tables {
    pub(crate) fn new(keeper: Keeper) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            keeper,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the generation is given every table. Before its first instance goes into a slot.
    pub(crate) fn follow(&self, generation: &Arc<Generation>) {
        if !generation.takes_tables() {
            return;
        }
        let mut state = self.lock();
        state.generations.retain(|known| known.strong_count() > 0);
        state.generations.push(Arc::downgrade(generation));
    }

    /// Gives an instance every table that it lacks and puts it into an empty slot; given back when there is none.
    ///
    /// # Errors
    /// A table that it did not take. The instance is not to be used.
    pub(crate) fn admit(
        &self,
        generation: &Generation,
        mut seat: Seat,
    ) -> Result<Result<(), Seat>, NotAdmitted> {
        if !generation.takes_tables() {
            return Ok(generation.slots.put(seat));
        }
        loop {
            // Asked before, since it has a lock of its own.
            let refused = generation.refused_tables();
            let difference = {
                let state = self.lock();
                match state.differs(&seat, &refused) {
                    None => return Ok(generation.slots.put(seat)),
                    Some(difference) => difference,
                }
            };
            for token in difference.stale {
                let dropped = seat.instance.drop_providers(token);
                dropped.map_err(|end| NotAdmitted { known: None, end })?;
            }
            give(generation, &mut seat, &difference.missing)?;
        }
    }

    /// Gives an instance every table of now, so that it can test itself.
    pub(crate) fn prepare(
        &self,
        generation: &Generation,
        seat: &mut Seat,
    ) -> Result<(), NotAdmitted> {
        if !generation.takes_tables() {
            return Ok(());
        }
        let refused = generation.refused_tables();
        let difference = self.lock().differs(seat, &refused);
        give(
            generation,
            seat,
            &difference
                .map(|difference| difference.missing)
                .unwrap_or_default(),
        )
    }

    /// How many tables are in use.
    pub(crate) fn count(&self) -> usize {
        self.lock().services.values().map(Vec::len).sum()
    }

    /// Whether a table is still one that a call may meet.
    pub(crate) fn is_current(&self, token: u64, version: u64) -> bool {
        self.lock().is_current(token, version)
    }

    /// The generations that live.
    fn generations(&self) -> Vec<Arc<Generation>> {
        let state = self.lock();
        state.generations.iter().filter_map(Weak::upgrade).collect()
    }

    /// Registers a table; the known form of it, and who is to be given it. `None`: nobody may be given it, or it is an old one.
    fn register(&self, table: &Arc<ProviderTable>) -> Option<Arc<KnownTable>> {
        let known = KnownTable::new(table);
        let mut state = self.lock();
        state.forgotten.retain(|token| *token != table.token());
        let Some(known) = known else {
            drop(state);
            tracing::error!(
                service = %table.service(),
                rows = table.rows().len(),
                "a list of providers above the limit of plugins ({ROWS_MAX} rows, a service key of {MESSAGE_MAX} bytes); \
                 routers and balancers do without it"
            );
            return None;
        };
        let tables = state.services.entry(table.token()).or_default();
        if let Some(before) = tables
            .iter()
            .find(|before| before.version() == table.version())
        {
            // Delivered again: whoever has it keeps it.
            return Some(Arc::clone(before));
        }
        tables.push(Arc::clone(&known));
        tables.sort_by_key(|known| known.version());
        if tables.len() > TABLES_KEPT {
            tables.remove(0);
        }
        Some(known)
    }

    /// The registered form of a table.
    fn known(&self, table: &ProviderTable) -> Option<Arc<KnownTable>> {
        let state = self.lock();
        let tables = state.services.get(&table.token())?;
        let known = tables
            .iter()
            .find(|known| known.version() == table.version());
        known.cloned()
    }

    /// The service is not used any more; its instances hear of it on the keeper's thread.
    fn forget(&self, token: u64) {
        let mut state = self.lock();
        if state.services.remove(&token).is_some() {
            state.forgotten.push(token);
            drop(state);
            self.keeper.nudge();
        }
    }

    /// Has instances drop the services that are not used any more; whether there were some. On the keeper's thread.
    pub(crate) fn drop_forgotten(&self) -> bool {
        let forgotten = std::mem::take(&mut self.lock().forgotten);
        if forgotten.is_empty() {
            return false;
        }
        for generation in self.generations() {
            for token in &forgotten {
                generation.drop_providers(*token);
            }
        }
        true
    }
}

fn give(
    generation: &Generation,
    seat: &mut Seat,
    missing: &[Arc<KnownTable>],
) -> Result<(), NotAdmitted> {
    for known in missing {
        let given = seat.instance.on_providers(known);
        generation.count_table(given.is_ok());
        given.map_err(|end| NotAdmitted {
            known: Some(Arc::clone(known)),
            end,
        })?;
    }
    Ok(())
}
