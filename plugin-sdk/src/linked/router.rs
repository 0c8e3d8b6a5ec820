//! The linked form of a router.

use super::reads::Reads;
use crate::candidates::Candidates;
use crate::error::Result;
use crate::native::{
    Create, Factory, HostFunctions, HostRouting, HostTable, NativeRouter, RuleText,
};
use crate::router::Router;
use crate::rule::Rule;
use crate::running::RunningRouter;
use crate::seam::TableRef;
use crate::setup::{Declared, Setup};

struct Linked<T: Router> {
    running: RunningRouter<T>,
    reads: Reads,
}

impl<T: Router> NativeRouter for Linked<T> {
    fn on_providers(&mut self, table: &dyn HostTable) -> Result<()> {
        self.running
            .on_providers(TableRef::new(table, self.reads.list()))
    }

    fn drop_providers(&mut self, service_token: u64, _host: &dyn HostFunctions) -> Result<()> {
        self.running.drop_providers(service_token);
        Ok(())
    }

    fn on_rule(&mut self, rule: RuleText<'_>, host: &dyn HostFunctions) -> Result<()> {
        let mut setup = Setup::new(host);
        self.running.on_rule(&Rule::new(rule), &mut setup)?;
        self.reads.replace(&setup)
    }

    fn route(&mut self, call: &dyn HostRouting, candidates: &mut [u64]) -> Result<bool> {
        let candidates = Candidates::to_narrow(candidates, call.rows(), None);
        self.running.route(call, candidates)
    }

    fn tick(&mut self, host: &dyn HostFunctions) -> Result<()> {
        self.running.tick(host)
    }

    fn self_test(&mut self, host: &dyn HostFunctions) -> Result<()> {
        self.running.self_test(host)
    }
}

/// The factory of a router; `#[wubbo_plugin]` calls it with the manifest it made.
#[must_use]
pub const fn router_factory<T: Router + Declared>(manifest: &'static [u8]) -> Factory {
    Factory {
        manifest,
        create: Create::Router(create::<T>),
    }
}

fn create<T: Router + Declared>(
    config: &str,
    host: &dyn HostFunctions,
) -> Result<Box<dyn NativeRouter>> {
    let mut setup = Setup::new(host);
    let running = RunningRouter::<T>::new(config, &mut setup)?;
    let mut reads = Reads::declared(T::INTERESTS);
    reads.replace(&setup)?;
    Ok(Box::new(Linked { running, reads }))
}
