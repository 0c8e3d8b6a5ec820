//! One attempt as a linked router or balancer sees it.

use std::borrow::Cow;

use wubbo_core::Routing;
use wubbo_plugin_sdk::ErrorKind;
use wubbo_plugin_sdk::abi::interest::Space;
use wubbo_plugin_sdk::native::{
    Form, HostCall, HostFunctions, HostResult, HostRouting, Part, Scalars,
};

use super::host::Host;
use crate::call::routing::{self, Cells};
use crate::shared::Shared;

pub(super) struct RoutingHost<'a> {
    host: Host<'a>,
    routing: &'a Routing<'a>,
    shared: &'a Shared,
}

impl<'a> RoutingHost<'a> {
    pub(super) fn new(host: Host<'a>, routing: &'a Routing<'a>, shared: &'a Shared) -> Self {
        Self {
            host,
            routing,
            shared,
        }
    }

    fn cells(&self, what: u32) -> HostResult<Cells<'_>> {
        Cells::new(self.routing.table, self.routing.invocation.method(), what)
    }
}

impl HostCall for RoutingHost<'_> {
    fn functions(&self) -> &dyn HostFunctions {
        &self.host
    }

    fn scalars(&self) -> Scalars {
        routing::scalars(self.routing)
    }

    fn scratch_blob(&self) -> &[u8] {
        &[]
    }

    fn get(&self, space: Space, key: &str) -> HostResult<Option<Cow<'_, str>>> {
        self.host.get(space, key)
    }

    fn list(&self, space: Space, each: &mut dyn FnMut(&str, &str)) -> HostResult<()> {
        self.host.list(space, each)
    }

    fn number(&self, what: u32) -> HostResult<u64> {
        self.host.number(what)
    }

    fn body(&self, part: Part, form: Form, path: &str) -> HostResult<Vec<u8>> {
        self.host.body(part, form, path)
    }
}

impl HostRouting for RoutingHost<'_> {
    fn table_version(&self) -> u64 {
        self.routing.table.version()
    }

    fn rows(&self) -> u32 {
        u32::try_from(self.routing.table.rows().len()).unwrap_or(u32::MAX)
    }

    fn weights_epoch(&self) -> u32 {
        self.routing.table.weights_epoch()
    }

    fn cell(&self, row: u32, what: u32) -> HostResult<i64> {
        let row = usize::try_from(row).map_err(|_| ErrorKind::BadArgument)?;
        self.cells(what)?.row(row).ok_or(ErrorKind::BadArgument)
    }

    fn column(&self, what: u32, out: &mut Vec<i64>) -> HostResult<()> {
        out.extend(self.cells(what)?.all());
        Ok(())
    }

    fn note(&self, row: Option<u32>, text: &str) -> HostResult<()> {
        let Some(remarks) = self.routing.remarks else {
            return Ok(());
        };
        let row = row.map(usize::try_from).transpose().ok();
        let row = row.ok_or(ErrorKind::BadArgument)?;
        if row.is_some_and(|row| row >= self.routing.table.rows().len()) {
            return Err(ErrorKind::BadArgument);
        }
        remarks.add(routing::remark(&self.shared.manifest.identity(), row, text));
        Ok(())
    }
}
