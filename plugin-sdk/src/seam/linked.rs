//! The linked form: the host's own objects.

use crate::abi::field;
use crate::abi::interest::Space;
use crate::abi::keys::Key;
use crate::error::ErrorKind;
use crate::native::{HostCall, HostFunctions, HostResult};
use std::borrow::Cow;

pub(crate) type CallRef<'a> = &'a dyn HostCall;
pub(crate) type HostRef<'a> = &'a dyn HostFunctions;

pub(crate) fn functions<'a>(call: CallRef<'a>) -> HostRef<'a> {
    call.functions()
}

pub(crate) fn read<'a>(
    call: CallRef<'a>,
    space: Space,
    key: Key<'_>,
) -> HostResult<Option<Cow<'a, str>>> {
    call.get(space, key.name())
}

pub(crate) fn read_field<'a>(call: CallRef<'a>, id: u16) -> HostResult<Option<Cow<'a, str>>> {
    call.get(Space::Field, field::name(id).ok_or(ErrorKind::BadArgument)?)
}
