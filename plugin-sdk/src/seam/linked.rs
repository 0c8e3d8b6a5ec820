//! The linked form: the host's own objects.

use crate::abi::field;
use crate::abi::interest::Space;
use crate::abi::keys::Key;
use crate::error::ErrorKind;
use crate::native::{HostCall, HostFunctions, HostResult, HostRouting, HostTable, HostUrl};
use crate::providers::Column;
use std::borrow::Cow;
use std::collections::HashMap;

pub(crate) type CallRef<'a> = &'a dyn HostCall;
pub(crate) type HostRef<'a> = &'a dyn HostFunctions;
pub(crate) type RoutingRef<'a> = &'a dyn HostRouting;
pub(crate) type TableRef<'a> = LinkedTable<'a>;
pub(crate) type UrlRef<'a> = &'a dyn HostUrl;

pub(crate) fn functions<'a>(call: CallRef<'a>) -> HostRef<'a> {
    call.functions()
}

pub(crate) fn as_call<'a>(call: RoutingRef<'a>) -> CallRef<'a> {
    call
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

pub(crate) fn read_url<'a>(url: UrlRef<'a>, key: Key<'_>) -> HostResult<Option<Cow<'a, str>>> {
    url.get(Space::Url, key.name())
}

pub(crate) fn read_url_field<'a>(url: UrlRef<'a>, id: u16) -> HostResult<Option<Cow<'a, str>>> {
    url.get(Space::Field, field::name(id).ok_or(ErrorKind::BadArgument)?)
}

pub(crate) fn numbers(call: RoutingRef<'_>, what: u32, out: &mut Vec<i64>) -> HostResult<()> {
    // The host appends.
    out.clear();
    call.column(what, out)
}

/// The host's list of providers, and the columns that the policy declared.
#[derive(Clone, Copy)]
pub(crate) struct LinkedTable<'a> {
    table: &'a dyn HostTable,
    reads: &'a [(Space, String)],
}

impl<'a> LinkedTable<'a> {
    pub(crate) const fn new(table: &'a dyn HostTable, reads: &'a [(Space, String)]) -> Self {
        Self { table, reads }
    }

    pub(crate) fn functions(self) -> HostRef<'a> {
        self.table.functions()
    }

    pub(crate) fn service_token(self) -> u64 {
        self.table.service_token()
    }

    pub(crate) fn version(self) -> u64 {
        self.table.version()
    }

    pub(crate) fn only_weights(self) -> bool {
        self.table.only_weights()
    }

    pub(crate) fn service(self) -> Cow<'a, str> {
        Cow::Borrowed(self.table.service())
    }

    pub(crate) fn rows(self) -> u32 {
        self.table.rows()
    }

    pub(crate) fn weights_epoch(self) -> u32 {
        self.table.weights_epoch()
    }

    pub(crate) fn column(self, space: Space, key: &str) -> HostResult<Column<'a>> {
        if !self
            .reads
            .iter()
            .any(|(found, name)| *found == space && name == key)
        {
            return Err(ErrorKind::BadArgument);
        }
        let mut numbers: HashMap<Cow<'a, str>, u32> = HashMap::new();
        let (mut rows, mut words) = (Vec::new(), Vec::new());
        for row in 0..self.table.rows() {
            let Some(text) = self.table.get(row, space, key)? else {
                rows.push(0);
                continue;
            };
            let next = u32::try_from(words.len() + 1).map_err(|_| ErrorKind::TooLarge)?;
            let number = *numbers.entry(text.clone()).or_insert(next);
            if number == next {
                words.push(text);
            }
            rows.push(number);
        }
        Ok(Column::new(rows, words))
    }
}
