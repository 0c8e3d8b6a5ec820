//! A list of providers as a linked policy reads it.

use std::borrow::Cow;

use wubbo_plugin_sdk::ErrorKind;
use wubbo_plugin_sdk::abi::interest::Space;
use wubbo_plugin_sdk::native::{HostFunctions, HostResult, HostTable};

use super::host::Host;
use crate::call::url;
use crate::tables::KnownTable;

pub(super) struct TableHost<'a> {
    host: Host<'a>,
    known: &'a KnownTable,
    only_weights: bool,
}

impl<'a> TableHost<'a> {
    pub(super) fn new(host: Host<'a>, known: &'a KnownTable, only_weights: bool) -> Self {
        Self {
            host,
            known,
            only_weights,
        }
    }
}

impl HostTable for TableHost<'_> {
    fn functions(&self) -> &dyn HostFunctions {
        &self.host
    }

    fn service_token(&self) -> u64 {
        self.known.token()
    }

    fn version(&self) -> u64 {
        self.known.version()
    }

    fn service(&self) -> &str {
        self.known.service()
    }

    fn rows(&self) -> u32 {
        u32::try_from(self.known.table().rows().len()).unwrap_or(u32::MAX)
    }

    fn weights_epoch(&self) -> u32 {
        self.known.table().weights_epoch()
    }

    fn only_weights(&self) -> bool {
        self.only_weights
    }

    fn get(&self, row: u32, space: Space, key: &str) -> HostResult<Option<Cow<'_, str>>> {
        let row = usize::try_from(row).map_err(|_| ErrorKind::BadArgument)?;
        let row = self
            .known
            .table()
            .rows()
            .get(row)
            .ok_or(ErrorKind::BadArgument)?;
        let text = url::get(&row.url, space, key, ErrorKind::BadArgument)?;
        Ok(text.map(Cow::from))
    }
}
