//! A load balancer under test.

use super::call::{Call, View};
use super::lists::{Lists, Notes, RoutingView, SERVICE_TOKEN, TableView};
use super::manifest;
use super::memory::MemoryHost;
use super::pair::Pair;
use crate::call::Cell;
use crate::candidates::Candidates;
use crate::error::{Error, Result};
use crate::manifest::Manifest;
use crate::native::{Create, Factory, NativeLoadBalance};
use std::fmt;

/// Two instances of a load balancer, one list of providers, one in-memory host. Calls are a consumer's.
pub struct BalancerBench {
    manifest: Manifest,
    pair: Pair<dyn NativeLoadBalance>,
    host: MemoryHost,
    lists: Lists,
    notes: Notes,
}

impl fmt::Debug for BalancerBench {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("BalancerBench")
            .field("plugin", &self.manifest.identity())
            .finish_non_exhaustive()
    }
}

impl BalancerBench {
    /// Builds two instances from a configuration in JSON, `{}` for none.
    ///
    /// # Errors
    /// The manifest is bad or not a balancer's, or the policy refuses the configuration.
    pub fn new(factory: Factory, config: &str) -> Result<Self> {
        let manifest = manifest(factory)?;
        let Create::LoadBalance(create) = factory.create else {
            return Err(Error::new("this bench runs load balancers"));
        };
        let host = MemoryHost::default();
        let pair = host.building(|| Pair::new(|| create(config, &host)))?;
        Ok(Self {
            manifest,
            pair,
            host,
            lists: Lists::default(),
            notes: Notes::default(),
        })
    }

    /// What the manifest says.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The host: what was logged and counted, its clock, the shared state.
    #[must_use]
    pub const fn host(&self) -> &MemoryHost {
        &self.host
    }

    /// Gives both instances a list of providers, as Dubbo URLs. Weights come from the URLs (100 without).
    ///
    /// # Errors
    /// A text is no URL, or the policy refuses the list.
    pub fn providers<S: AsRef<str>>(&mut self, urls: &[S]) -> Result<()> {
        self.lists.set(urls)?;
        self.give(false)
    }

    /// Gives both instances other weights of the same list.
    ///
    /// # Errors
    /// Not one per provider, or the policy fails.
    pub fn weights(&mut self, weights: &[i64]) -> Result<()> {
        self.lists.set_cells(Cell::Weight, weights)?;
        self.give(true)
    }

    /// Sets one live number of every row, from the next call on.
    ///
    /// # Errors
    /// Not one per provider.
    pub fn cells(&mut self, cell: Cell, values: &[i64]) -> Result<()> {
        self.lists.set_cells(cell, values)
    }

    /// Forgets the service: both instances drop what they kept for it.
    ///
    /// # Errors
    /// The policy fails.
    pub fn drop_providers(&mut self) -> Result<()> {
        let host = &self.host;
        self.pair
            .each(|instance| instance.drop_providers(SERVICE_TOKEN, host))
    }

    fn give(&mut self, only_weights: bool) -> Result<()> {
        let table = TableView {
            lists: &self.lists,
            host: &self.host,
            only_weights,
        };
        self.pair.each(|instance| instance.on_providers(&table))
    }

    /// Picks among all providers, on the instance whose turn it is.
    ///
    /// # Errors
    /// The hook failed, or picked a row that is no candidate: in a host the cluster would pick uniformly.
    pub fn select(&mut self, call: &Call) -> Result<Option<usize>> {
        self.select_among(call, &self.lists.all())
    }

    /// The same among some rows, as routers leave them.
    ///
    /// # Errors
    /// As [`BalancerBench::select`]; a row that does not exist.
    pub fn select_among(&mut self, call: &Call, rows: &[usize]) -> Result<Option<usize>> {
        let words = self.lists.words(rows.iter().copied())?;
        self.notes.borrow_mut().clear();
        let view = RoutingView {
            view: View {
                call,
                ended: None,
                host: &self.host,
                manifest: &self.manifest,
            },
            lists: &self.lists,
            notes: &self.notes,
        };
        let Some(row) = self.pair.next().select(&view, &words)? else {
            return Ok(None);
        };
        let place = usize::try_from(row).unwrap_or(usize::MAX);
        if !Candidates::to_pick(&words, self.lists.rows(), None).contains(place) {
            return Err(Error::new(format!("the chosen row {row} is no candidate")));
        }
        Ok(Some(place))
    }

    /// What the last call noted, if it was explained (`Call::flags(abi::call::flags::EXPLAIN)`).
    #[must_use]
    pub fn notes(&self) -> Vec<(Option<usize>, String)> {
        self.notes.borrow().clone()
    }

    /// Runs `tick` on one instance.
    ///
    /// # Errors
    /// The hook failed.
    pub fn tick(&mut self) -> Result<()> {
        self.pair.next().tick(&self.host)
    }

    /// Runs `self_test`.
    ///
    /// # Errors
    /// The policy says that it is not fit.
    pub fn self_test(&mut self) -> Result<()> {
        self.pair.next().self_test(&self.host)
    }
}
