//! The linked form of a load balancer.

use super::reads::Reads;
use crate::candidates::Candidates;
use crate::error::Result;
use crate::loadbalance::LoadBalance;
use crate::native::{Create, Factory, HostFunctions, HostRouting, HostTable, NativeLoadBalance};
use crate::running::RunningBalancer;
use crate::seam::TableRef;
use crate::setup::{Declared, Setup};

struct Linked<T: LoadBalance> {
    running: RunningBalancer<T>,
    reads: Reads,
}

impl<T: LoadBalance> NativeLoadBalance for Linked<T> {
    fn on_providers(&mut self, table: &dyn HostTable) -> Result<()> {
        self.running
            .on_providers(TableRef::new(table, self.reads.list()))
    }

    fn drop_providers(&mut self, service_token: u64, _host: &dyn HostFunctions) -> Result<()> {
        self.running.drop_providers(service_token);
        Ok(())
    }

    fn select(&mut self, call: &dyn HostRouting, candidates: &[u64]) -> Result<Option<u32>> {
        let candidates = Candidates::to_pick(candidates, call.rows(), None);
        self.running.select(call, &candidates)
    }

    fn tick(&mut self, host: &dyn HostFunctions) -> Result<()> {
        self.running.tick(host)
    }

    fn self_test(&mut self, host: &dyn HostFunctions) -> Result<()> {
        self.running.self_test(host)
    }
}

/// The factory of a load balancer; `#[wubbo_plugin]` calls it with the manifest it made.
#[must_use]
pub const fn loadbalance_factory<T: LoadBalance + Declared>(manifest: &'static [u8]) -> Factory {
    Factory {
        manifest,
        create: Create::LoadBalance(create::<T>),
    }
}

fn create<T: LoadBalance + Declared>(
    config: &str,
    host: &dyn HostFunctions,
) -> Result<Box<dyn NativeLoadBalance>> {
    let mut setup = Setup::new(host);
    let running = RunningBalancer::<T>::new(config, &mut setup)?;
    let mut reads = Reads::declared(T::INTERESTS);
    reads.replace(&setup)?;
    Ok(Box::new(Linked { running, reads }))
}
