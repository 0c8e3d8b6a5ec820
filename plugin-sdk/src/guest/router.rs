//! The exports of a router.

use super::{Input, Instance, answer, build};
use crate::abi::call;
use crate::abi::interest::{Hook, Interest};
use crate::abi::names::{ROUTE_NARROWED, ROUTE_UNCHANGED};
use crate::candidates::Candidates;
use crate::error::Result;
use crate::router::Router;
use crate::running::RunningRouter;
use crate::seam::{GuestCall, GuestHost, GuestTable, Slot};
use crate::setup::{Declared, Setup};

/// A router in its module.
pub struct RouterGuest<T: Router> {
    running: RunningRouter<T>,
    route: Vec<Slot>,
    columns: Vec<Slot>,
}

impl<T: Router> std::fmt::Debug for RouterGuest<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("RouterGuest")
    }
}

impl<T: Router> RouterGuest<T> {
    fn new(running: RunningRouter<T>, interests: &[Interest<'_>]) -> Self {
        Self {
            running,
            route: build::slots(interests, Hook::Route),
            columns: build::slots(interests, Hook::OnProviders),
        }
    }

    fn on_rule(&mut self, len: u32) -> Result<()> {
        let mut setup = Setup::new(&GuestHost);
        let asked = build::on_rule(len, &mut setup, |rule, setup| {
            self.running.on_rule(rule, setup)
        })?;
        if let Some(list) = asked {
            self.route = build::slots(&list, Hook::Route);
            self.columns = build::slots(&list, Hook::OnProviders);
        }
        Ok(())
    }

    fn route(&mut self, len: u32) -> Result<i32> {
        let input = Input::new(len);
        let rows = input.u32(call::ROWS);
        let words = input.candidates(input.u32(call::BITMAP_OFFSET), rows)?;
        let candidates = Candidates::to_narrow(words, rows, Some(input.u32(call::CANDIDATES)));
        let call = GuestCall::new(input, &self.route);
        let narrowed = self.running.route(&call, candidates)?;
        Ok(if narrowed {
            ROUTE_NARROWED
        } else {
            ROUTE_UNCHANGED
        })
    }
}

impl<T: Router + Declared> Instance<RouterGuest<T>> {
    /// Export `new`.
    pub fn new_export(&self) -> i32 {
        self.start(build::build(
            T::INTERESTS,
            RunningRouter::new,
            RouterGuest::new,
        ))
    }

    /// Export `on_rule`.
    pub fn on_rule(&self, len: u32) -> i32 {
        answer::status(self.running().and_then(|guest| guest.on_rule(len)))
    }

    /// Export `on_providers`.
    pub fn on_providers(&self, len: u32) -> i32 {
        answer::status(self.running().and_then(|guest| {
            let table = GuestTable::new(Input::new(len), &guest.columns);
            guest.running.on_providers(&table)
        }))
    }

    /// Export `drop_providers`.
    pub fn drop_providers(&self, service_token: u64) -> i32 {
        answer::status(
            self.running()
                .map(|guest| guest.running.drop_providers(service_token)),
        )
    }

    /// Export `route`.
    pub fn route(&self, len: u32) -> i32 {
        answer::number(self.running().and_then(|guest| guest.route(len)))
    }

    /// Export `tick`.
    pub fn tick(&self) -> i32 {
        answer::status(
            self.running()
                .and_then(|guest| guest.running.tick(&GuestHost)),
        )
    }

    /// Export `self_test`.
    pub fn self_test(&self) -> i32 {
        answer::status(
            self.running()
                .and_then(|guest| guest.running.self_test(&GuestHost)),
        )
    }
}
