//! The wasm form: what was prefetched into the arena, and the imports for the rest.

mod call;
mod host;
mod table;
mod url;

pub(crate) use call::{GuestCall, Slot};
pub(crate) use host::GuestHost;
pub(crate) use table::GuestTable;
pub(crate) use url::GuestUrl;

use crate::abi::field;
use crate::abi::interest::Space;
use crate::abi::keys::Key;
use crate::error::ErrorKind;
use crate::native::HostResult;
use std::borrow::Cow;

pub(crate) type CallRef<'a> = &'a GuestCall<'a>;
pub(crate) type HostRef<'a> = &'a GuestHost;
pub(crate) type RoutingRef<'a> = &'a GuestCall<'a>;
pub(crate) type TableRef<'a> = &'a GuestTable<'a>;
pub(crate) type UrlRef<'a> = &'a GuestUrl<'a>;

pub(crate) const fn functions<'a>(_call: CallRef<'a>) -> HostRef<'a> {
    &GuestHost
}

pub(crate) const fn as_call<'a>(call: RoutingRef<'a>) -> CallRef<'a> {
    call
}

pub(crate) fn read<'a>(
    call: CallRef<'a>,
    space: Space,
    key: Key<'_>,
) -> HostResult<Option<Cow<'a, str>>> {
    call.get(space, key.id(), key.name())
}

pub(crate) fn read_field<'a>(call: CallRef<'a>, id: u16) -> HostResult<Option<Cow<'a, str>>> {
    call.get(
        Space::Field,
        id,
        field::name(id).ok_or(ErrorKind::BadArgument)?,
    )
}

pub(crate) fn read_url<'a>(url: UrlRef<'a>, key: Key<'_>) -> HostResult<Option<Cow<'a, str>>> {
    url.call().get(Space::Url, key.id(), key.name())
}

pub(crate) fn read_url_field<'a>(url: UrlRef<'a>, id: u16) -> HostResult<Option<Cow<'a, str>>> {
    read_field(url.call(), id)
}

pub(crate) fn numbers(call: RoutingRef<'_>, what: u32, out: &mut Vec<i64>) -> HostResult<()> {
    call.column(what, out)
}
