//! The exports of a filter.

use super::{Input, Instance, answer, build};
use crate::abi::interest::{Hook, Interest};
use crate::call::{Flow, Request, Response};
use crate::filter::{self, Filter};
use crate::host::Host;
use crate::seam::{GuestCall, GuestHost, Slot};
use crate::setup::Declared;

/// A filter in its module.
#[derive(Debug)]
pub struct FilterGuest<T> {
    policy: T,
    out: Vec<u8>,
    request: Vec<Slot>,
    response: Vec<Slot>,
}

impl<T> FilterGuest<T> {
    fn new(policy: T, interests: &[Interest<'_>]) -> Self {
        Self {
            policy,
            out: Vec::new(),
            request: build::slots(interests, Hook::OnRequest),
            response: build::slots(interests, Hook::OnResponse),
        }
    }
}

impl<T: Filter + Declared> Instance<FilterGuest<T>> {
    /// Export `new`.
    pub fn new_export(&self) -> i32 {
        self.start(build::build(
            T::INTERESTS,
            filter::build::<T>,
            FilterGuest::new,
        ))
    }

    /// Export `on_request`.
    pub fn on_request(&self, len: u32) -> i64 {
        answer::commands(self.running().and_then(|guest| {
            let call = GuestCall::new(Input::new(len), &guest.request);
            let flow = guest
                .policy
                .on_request(&mut Request::new(&call, answer::fresh(&mut guest.out)))?;
            if let Flow::Reply(reply) = flow {
                reply.stage(&mut guest.out);
            }
            Ok(guest.out.as_slice())
        }))
    }

    /// Export `on_response`.
    pub fn on_response(&self, len: u32) -> i64 {
        answer::commands(self.running().and_then(|guest| {
            let call = GuestCall::new(Input::new(len), &guest.response);
            guest
                .policy
                .on_response(&mut Response::new(&call, answer::fresh(&mut guest.out)))?;
            Ok(guest.out.as_slice())
        }))
    }

    /// Export `tick`.
    pub fn tick(&self) -> i32 {
        answer::status(
            self.running()
                .and_then(|guest| guest.policy.tick(Host::new(&GuestHost))),
        )
    }

    /// Export `self_test`.
    pub fn self_test(&self) -> i32 {
        answer::status(
            self.running()
                .and_then(|guest| guest.policy.self_test(Host::new(&GuestHost))),
        )
    }
}
