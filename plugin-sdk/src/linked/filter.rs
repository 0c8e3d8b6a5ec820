//! The linked form of a filter.

use crate::call::{Flow, Request, Response};
use crate::error::Result;
use crate::filter::{Filter, build};
use crate::host::Host;
use crate::native::{Create, Factory, HostCall, HostFunctions, NativeFilter};
use crate::setup::Setup;

struct Linked<T>(T);

impl<T: Filter> NativeFilter for Linked<T> {
    fn on_request(&mut self, call: &dyn HostCall, out: &mut Vec<u8>) -> Result<()> {
        let flow = self.0.on_request(&mut Request::new(call, out))?;
        if let Flow::Reply(reply) = flow {
            reply.stage(out);
        }
        Ok(())
    }

    fn on_response(&mut self, call: &dyn HostCall, out: &mut Vec<u8>) -> Result<()> {
        self.0.on_response(&mut Response::new(call, out))
    }

    fn tick(&mut self, host: &dyn HostFunctions) -> Result<()> {
        self.0.tick(Host::new(host))
    }

    fn self_test(&mut self, host: &dyn HostFunctions) -> Result<()> {
        self.0.self_test(Host::new(host))
    }
}

/// The factory of a filter; `#[wubbo_plugin]` calls it with the manifest it made.
#[must_use]
pub const fn filter_factory<T: Filter>(manifest: &'static [u8]) -> Factory {
    Factory {
        manifest,
        create: Create::Filter(create::<T>),
    }
}

fn create<T: Filter>(config: &str, host: &dyn HostFunctions) -> Result<Box<dyn NativeFilter>> {
    let mut setup = Setup::new(host);
    let policy: T = build(config, &mut setup)?;
    setup.interest()?;
    Ok(Box::new(Linked(policy)))
}
