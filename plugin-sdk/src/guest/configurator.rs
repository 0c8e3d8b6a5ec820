//! The exports of a configurator.

use super::{Input, Instance, answer, build};
use crate::abi::interest::{Hook, Interest};
use crate::configurator::Configurator;
use crate::error::Result;
use crate::running::RunningConfigurator;
use crate::seam::{GuestHost, GuestUrl, Slot};
use crate::setup::{Declared, Setup};

/// A configurator in its module.
pub struct ConfiguratorGuest<T: Configurator> {
    running: RunningConfigurator<T>,
    out: Vec<u8>,
    url: Vec<Slot>,
}

impl<T: Configurator> std::fmt::Debug for ConfiguratorGuest<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ConfiguratorGuest")
    }
}

impl<T: Configurator> ConfiguratorGuest<T> {
    fn new(running: RunningConfigurator<T>, interests: &[Interest<'_>]) -> Self {
        Self {
            running,
            out: Vec::new(),
            url: build::slots(interests, Hook::ConfigureUrl),
        }
    }

    fn on_rule(&mut self, len: u32) -> Result<()> {
        let mut setup = Setup::new(&GuestHost);
        let asked = build::on_rule(len, &mut setup, |rule, setup| {
            self.running.on_rule(rule, setup)
        })?;
        if let Some(list) = asked {
            self.url = build::slots(&list, Hook::ConfigureUrl);
        }
        Ok(())
    }
}

impl<T: Configurator + Declared> Instance<ConfiguratorGuest<T>> {
    /// Export `new`.
    pub fn new_export(&self) -> i32 {
        self.start(build::build(
            T::INTERESTS,
            RunningConfigurator::new,
            ConfiguratorGuest::new,
        ))
    }

    /// Export `on_rule`.
    pub fn on_rule(&self, len: u32) -> i32 {
        answer::status(self.running().and_then(|guest| guest.on_rule(len)))
    }

    /// Export `configure_url`.
    pub fn configure_url(&self, len: u32) -> i64 {
        answer::commands(self.running().and_then(|guest| {
            let url = GuestUrl::new(Input::new(len), &guest.url);
            guest
                .running
                .configure_url(&url, answer::fresh(&mut guest.out))?;
            Ok(guest.out.as_slice())
        }))
    }

    /// Export `tick`.
    pub fn tick(&self) -> i32 {
        answer::status(
            self.running()
                .and_then(|guest| guest.running.tick(&GuestHost)),
        )
    }

    /// Export `self_test`.
    pub fn self_test(&self) -> i32 {
        answer::status(
            self.running()
                .and_then(|guest| guest.running.self_test(&GuestHost)),
        )
    }
}
