//! The exports of a load balancer.

use super::{Input, Instance, answer, build};
use crate::abi::call;
use crate::abi::interest::{Hook, Interest};
use crate::abi::names::SELECT_NONE;
use crate::candidates::Candidates;
use crate::error::{Error, Result};
use crate::loadbalance::LoadBalance;
use crate::running::RunningBalancer;
use crate::seam::{GuestCall, GuestHost, GuestTable, Slot};
use crate::setup::Declared;

/// A load balancer in its module.
pub struct BalancerGuest<T: LoadBalance> {
    running: RunningBalancer<T>,
    select: Vec<Slot>,
    columns: Vec<Slot>,
}

impl<T: LoadBalance> std::fmt::Debug for BalancerGuest<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("BalancerGuest")
    }
}

impl<T: LoadBalance> BalancerGuest<T> {
    fn new(running: RunningBalancer<T>, interests: &[Interest<'_>]) -> Self {
        Self {
            running,
            select: build::slots(interests, Hook::Select),
            columns: build::slots(interests, Hook::OnProviders),
        }
    }

    fn select(&mut self, len: u32) -> Result<i32> {
        let input = Input::new(len);
        let rows = input.u32(call::ROWS);
        let words = input.candidates(input.u32(call::BITMAP_OFFSET), rows)?;
        let candidates = Candidates::to_pick(words, rows, Some(input.u32(call::CANDIDATES)));
        let call = GuestCall::new(input, &self.select);
        match self.running.select(&call, &candidates)? {
            None => Ok(SELECT_NONE),
            Some(row) if row < rows => {
                i32::try_from(row).map_err(|_| Error::new("the chosen row does not exist"))
            }
            Some(_) => Err(Error::new("the chosen row does not exist")),
        }
    }
}

impl<T: LoadBalance + Declared> Instance<BalancerGuest<T>> {
    /// Export `new`.
    pub fn new_export(&self) -> i32 {
        self.start(build::build(
            T::INTERESTS,
            RunningBalancer::new,
            BalancerGuest::new,
        ))
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

    /// Export `select`.
    pub fn select(&self, len: u32) -> i32 {
        answer::number(self.running().and_then(|guest| guest.select(len)))
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
