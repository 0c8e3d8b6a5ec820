//! The linked form of a configurator.

use crate::configurator::Configurator;
use crate::error::Result;
use crate::native::{Create, Factory, HostFunctions, HostUrl, NativeConfigurator, RuleText};
use crate::rule::Rule;
use crate::running::RunningConfigurator;
use crate::setup::Setup;

struct Linked<T: Configurator>(RunningConfigurator<T>);

impl<T: Configurator> NativeConfigurator for Linked<T> {
    fn on_rule(&mut self, rule: RuleText<'_>, host: &dyn HostFunctions) -> Result<()> {
        let mut setup = Setup::new(host);
        self.0.on_rule(&Rule::new(rule), &mut setup)?;
        // What is asked for is at hand anyway: a linked plugin reads the URL where it lies.
        setup.interest().map(|_| ())
    }

    fn configure_url(&mut self, url: &dyn HostUrl, out: &mut Vec<u8>) -> Result<()> {
        self.0.configure_url(url, out)
    }

    fn tick(&mut self, host: &dyn HostFunctions) -> Result<()> {
        self.0.tick(host)
    }

    fn self_test(&mut self, host: &dyn HostFunctions) -> Result<()> {
        self.0.self_test(host)
    }
}

/// The factory of a configurator; `#[wubbo_plugin]` calls it with the manifest it made.
#[must_use]
pub const fn configurator_factory<T: Configurator>(manifest: &'static [u8]) -> Factory {
    Factory {
        manifest,
        create: Create::Configurator(create::<T>),
    }
}

fn create<T: Configurator>(
    config: &str,
    host: &dyn HostFunctions,
) -> Result<Box<dyn NativeConfigurator>> {
    let mut setup = Setup::new(host);
    let running = RunningConfigurator::<T>::new(config, &mut setup)?;
    setup.interest()?;
    Ok(Box::new(Linked(running)))
}
