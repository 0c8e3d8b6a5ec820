//! A router under test.

use super::call::{Call, View};
use super::lists::{Lists, Notes, RoutingView, SERVICE_TOKEN, TableView};
use super::memory::MemoryHost;
use super::pair::Pair;
use super::rules::Rules;
use super::{manifest, needs_on_rule};
use crate::call::Cell;
use crate::candidates::Candidates;
use crate::error::{Error, Result};
use crate::manifest::Manifest;
use crate::native::{Create, CreateRouter, Factory, NativeRouter};
use crate::rule::Scope;
use std::fmt;
use std::time::{Duration, Instant};

/// Two instances of a router, one list of providers, one in-memory host. Calls are a consumer's.
pub struct RouterBench {
    manifest: Manifest,
    create: CreateRouter,
    config: String,
    pair: Pair<dyn NativeRouter>,
    host: MemoryHost,
    lists: Lists,
    /// The list before that one, over which calls may still run.
    before: Lists,
    rules: Rules,
    notes: Notes,
}

impl fmt::Debug for RouterBench {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RouterBench")
            .field("plugin", &self.manifest.identity())
            .finish_non_exhaustive()
    }
}

impl RouterBench {
    /// Builds two instances from a configuration in JSON, `{}` for none.
    ///
    /// # Errors
    /// The manifest is bad or not a router's, or the policy refuses the configuration.
    pub fn new(factory: Factory, config: &str) -> Result<Self> {
        let manifest = manifest(factory)?;
        let Create::Router(create) = factory.create else {
            return Err(Error::new("this bench runs routers"));
        };
        let host = MemoryHost::default();
        let pair = host.building(|| Pair::new(|| create(config, &host)))?;
        Ok(Self {
            manifest,
            create,
            config: config.to_owned(),
            pair,
            host,
            lists: Lists::default(),
            before: Lists::default(),
            rules: Rules::default(),
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
        let mut lists = self.lists.clone();
        lists.set(urls)?;
        self.before = std::mem::replace(&mut self.lists, lists);
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

    /// Sets a rule: as in the host, new instances get all rules and then the list; when one is refused the instances
    /// that were there stay.
    ///
    /// # Errors
    /// The policy refuses it, with line and column where it knows them.
    pub fn rule(&mut self, scope: Scope, key: &str, group: &str, text: &str) -> Result<()> {
        self.change(self.rules.with(scope, key, group, Some(text)))
    }

    /// Deletes a rule; otherwise as [`RouterBench::rule`].
    ///
    /// # Errors
    /// As [`RouterBench::rule`].
    pub fn remove_rule(&mut self, scope: Scope, key: &str, group: &str) -> Result<()> {
        self.change(self.rules.with(scope, key, group, None))
    }

    fn change(&mut self, rules: Rules) -> Result<()> {
        needs_on_rule(&self.manifest)?;
        let (host, create, config) = (&self.host, self.create, self.config.as_str());
        let mut pair = host.building(|| Pair::new(|| create(config, host)))?;
        pair.each(|instance| rules.tell(|rule| instance.on_rule(rule, host)))?;
        let before = std::mem::replace(&mut self.pair, pair);
        if self.lists.given()
            && let Err(error) = self.give(false)
        {
            self.pair = before;
            return Err(error);
        }
        self.rules = rules;
        Ok(())
    }

    fn give(&mut self, only_weights: bool) -> Result<()> {
        let table = TableView {
            lists: &self.lists,
            host: &self.host,
            only_weights,
        };
        self.pair.each(|instance| instance.on_providers(&table))
    }

    /// Routes a call over all providers: the rows that are left, in order.
    ///
    /// # Errors
    /// The hook failed: in a host its input would pass.
    pub fn route(&mut self, call: &Call) -> Result<Vec<usize>> {
        self.route_among(call, &self.lists.all())
    }

    /// The same over some rows, as a router later in the chain gets them.
    ///
    /// # Errors
    /// As [`RouterBench::route`]; a row that does not exist.
    pub fn route_among(&mut self, call: &Call, rows: &[usize]) -> Result<Vec<usize>> {
        let view = View {
            call,
            ended: None,
            host: &self.host,
            manifest: &self.manifest,
        };
        run(self.pair.next(), view, &self.lists, &self.notes, rows)
    }

    /// The same over all rows of the list before the newest, as an attempt does that had it when the newest came.
    ///
    /// # Errors
    /// As [`RouterBench::route`]; there was none before, or the rules have changed since.
    pub fn route_before(&mut self, call: &Call) -> Result<Vec<usize>> {
        let view = View {
            call,
            ended: None,
            host: &self.host,
            manifest: &self.manifest,
        };
        let rows = self.before.all();
        run(self.pair.next(), view, &self.before, &self.notes, &rows)
    }

    /// The time that `rounds` times `route` over all providers take on one instance, without the bench's own work.
    ///
    /// # Errors
    /// As [`RouterBench::route`].
    pub fn time(&mut self, call: &Call, rounds: u64) -> Result<Duration> {
        let given = self.lists.words(0..self.lists.all().len())?;
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
        let router = self.pair.next();
        let mut words = given.clone();
        let start = Instant::now();
        for _ in 0..rounds {
            words.copy_from_slice(&given);
            std::hint::black_box(router.route(&view, &mut words)?);
        }
        Ok(start.elapsed())
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

fn run(
    router: &mut dyn NativeRouter,
    view: View<'_>,
    lists: &Lists,
    notes: &Notes,
    rows: &[usize],
) -> Result<Vec<usize>> {
    let given = lists.words(rows.iter().copied())?;
    let mut words = given.clone();
    notes.borrow_mut().clear();
    let narrowed = router.route(&RoutingView { view, lists, notes }, &mut words)?;
    if words
        .iter()
        .zip(&given)
        .any(|(left, given)| left & !given != 0)
    {
        return Err(Error::new("a row that was no candidate has become one"));
    }
    // A host reads the candidates only when it is told that they were narrowed.
    let left = if narrowed { words } else { given };
    Ok(Candidates::to_pick(&left, lists.rows(), None)
        .iter()
        .collect())
}
