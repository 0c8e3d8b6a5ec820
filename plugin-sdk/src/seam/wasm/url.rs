//! A URL as the host laid it into the arena: header length, flags and entries stand where a call has them.

use super::{GuestCall, GuestHost, HostRef, Slot};
use crate::abi::configure as layout;
use crate::abi::interest::Space;
use crate::guest::Input;
use crate::native::HostResult;

/// One URL of `configure_url`.
#[derive(Debug)]
pub(crate) struct GuestUrl<'a>(GuestCall<'a>);

impl<'a> GuestUrl<'a> {
    pub(crate) const fn new(input: Input<'a>, slots: &'a [Slot]) -> Self {
        Self(GuestCall::new(input, slots))
    }

    pub(super) const fn call(&self) -> &GuestCall<'a> {
        &self.0
    }

    pub(crate) const fn functions(&self) -> HostRef<'static> {
        &GuestHost
    }

    pub(crate) fn is_provider_side(&self) -> bool {
        self.0.input().u16(layout::FLAGS) & layout::PROVIDER != 0
    }

    pub(crate) fn list(&self, each: &mut dyn FnMut(&str, &str)) -> HostResult<()> {
        self.0.list(Space::Url, each)
    }
}

// What `GuestCall` reads of a call's header is at the same places here.
const _: () = {
    use crate::abi::call;
    assert!(layout::HEADER_BYTES == call::HEADER_BYTES && layout::FLAGS == call::FLAGS);
    assert!(layout::ENTRIES == call::ENTRIES && layout::SERVICE_TOKEN == call::SERVICE_TOKEN);
};
