//! Who answers a test case: a plugin's linked form here, its wasm form in a host's own tests. A case knows neither.

use super::call::{Call, Ended};
use super::{BalancerBench, Bench, ConfiguratorBench, RouterBench};
use crate::call::Cell;
use crate::error::Result;
use crate::native::{Factory, Level};
use crate::rule::Scope;
use serde_json::Value;
use std::collections::BTreeMap;

/// One plugin in one form, from which each case makes fresh instances with a configuration in JSON.
///
/// Each method fails when the plugin is of another kind, or refuses the configuration.
pub trait Form {
    /// A filter.
    ///
    /// # Errors
    /// It is none, or refuses the configuration.
    fn filter(&self, config: &str) -> Result<Box<dyn FilterForm>>;

    /// A router.
    ///
    /// # Errors
    /// As [`Form::filter`].
    fn router(&self, config: &str) -> Result<Box<dyn RouterForm>>;

    /// A load balancer.
    ///
    /// # Errors
    /// As [`Form::filter`].
    fn balancer(&self, config: &str) -> Result<Box<dyn BalancerForm>>;

    /// A configurator.
    ///
    /// # Errors
    /// As [`Form::filter`].
    fn configurator(&self, config: &str) -> Result<Box<dyn ConfiguratorForm>>;
}

/// A filter under test.
pub trait FilterForm {
    /// Runs a call through both hooks, with `answer` from the service if the call reaches it.
    ///
    /// # Errors
    /// A hook failed, or its commands were refused.
    fn call(&mut self, call: &Call, answer: &Ended) -> Result<Exchange>;

    /// Moves the clock that the plugin sees.
    fn advance_ms(&mut self, ms: u64);

    /// What it logged, in order.
    fn logs(&self) -> Vec<(Level, String)>;

    /// Its lines of the access log, in order, without the time.
    fn access_lines(&self) -> Vec<String>;
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// What the service got; `None`: the filter replied.
    pub seen: Option<Seen>,
    /// How it ended.
    pub ended: Ended,
    /// Whether the code in an error is the filter's own; a host tells some codes only by what follows from them.
    pub exact_code: bool,
}

/// A call as the service got it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its attachments.
    pub attachments: BTreeMap<String, String>,
    /// Its arguments.
    pub arguments: Vec<Value>,
}

/// A router under test.
pub trait RouterForm {
    /// Hands out a list of providers, as Dubbo URLs.
    ///
    /// # Errors
    /// A text is no URL, or the policy refuses the list.
    fn providers(&mut self, urls: &[String]) -> Result<()>;

    /// Sets a rule, or deletes it when `text` is `None`.
    ///
    /// # Errors
    /// The policy refuses it, with line and column where it knows them.
    fn rule(&mut self, scope: Scope, key: &str, group: &str, text: Option<&str>) -> Result<()>;

    /// The rows that are left of all.
    ///
    /// # Errors
    /// The hook failed.
    fn route(&mut self, call: &Call) -> Result<Vec<usize>>;
}

/// A load balancer under test.
pub trait BalancerForm {
    /// As [`RouterForm::providers`]. Weights come from the URLs.
    ///
    /// # Errors
    /// As there.
    fn providers(&mut self, urls: &[String]) -> Result<()>;

    /// Sets one live number of every row; other weights are told to the instances.
    ///
    /// # Errors
    /// Not one per provider, or the policy fails.
    fn cells(&mut self, cell: Cell, values: &[i64]) -> Result<()>;

    /// Moves the clock that the plugin sees.
    fn advance_ms(&mut self, ms: u64);

    /// How many instances take turns.
    fn instances(&self) -> usize;

    /// Picks among some rows, `None`: all.
    ///
    /// # Errors
    /// The hook failed, or picked what was no candidate.
    fn select(&mut self, call: &Call, among: Option<&[usize]>) -> Result<Option<usize>>;
}

/// A configurator under test.
pub trait ConfiguratorForm {
    /// As [`RouterForm::rule`].
    ///
    /// # Errors
    /// As there.
    fn rule(&mut self, scope: Scope, key: &str, group: &str, text: Option<&str>) -> Result<()>;

    /// The URL as it is afterwards; `export`: of a service that this process exports, else of a provider as a consumer sees it.
    ///
    /// # Errors
    /// The text is no URL, the hook failed, or its commands were refused.
    fn configure(&mut self, url: &str, export: bool) -> Result<String>;
}

/// The linked form, on the benches of this module.
#[derive(Debug, Clone, Copy)]
pub struct Linked(pub Factory);

impl Form for Linked {
    fn filter(&self, config: &str) -> Result<Box<dyn FilterForm>> {
        Ok(Box::new(Bench::new(self.0, config)?))
    }

    fn router(&self, config: &str) -> Result<Box<dyn RouterForm>> {
        Ok(Box::new(RouterBench::new(self.0, config)?))
    }

    fn balancer(&self, config: &str) -> Result<Box<dyn BalancerForm>> {
        Ok(Box::new(BalancerBench::new(self.0, config)?))
    }

    fn configurator(&self, config: &str) -> Result<Box<dyn ConfiguratorForm>> {
        Ok(Box::new(ConfiguratorBench::new(self.0, config)?))
    }
}

impl FilterForm for Bench {
    fn call(&mut self, call: &Call, answer: &Ended) -> Result<Exchange> {
        let entered = self.request(call)?;
        let ended = self.response(&entered, answer.clone())?;
        let seen = entered.reply.is_none().then(|| Seen {
            attachments: entered.call.attachments().collect(),
            arguments: entered.call.arguments().to_vec(),
        });
        Ok(Exchange {
            seen,
            ended,
            exact_code: true,
        })
    }

    fn advance_ms(&mut self, ms: u64) {
        self.host()
            .advance_ms(i64::try_from(ms).unwrap_or(i64::MAX));
    }

    fn logs(&self) -> Vec<(Level, String)> {
        self.host().logs()
    }

    fn access_lines(&self) -> Vec<String> {
        self.host().access_lines()
    }
}

impl RouterForm for RouterBench {
    fn providers(&mut self, urls: &[String]) -> Result<()> {
        Self::providers(self, urls)
    }

    fn rule(&mut self, scope: Scope, key: &str, group: &str, text: Option<&str>) -> Result<()> {
        match text {
            Some(text) => Self::rule(self, scope, key, group, text),
            None => self.remove_rule(scope, key, group),
        }
    }

    fn route(&mut self, call: &Call) -> Result<Vec<usize>> {
        Self::route(self, call)
    }
}

impl BalancerForm for BalancerBench {
    fn providers(&mut self, urls: &[String]) -> Result<()> {
        Self::providers(self, urls)
    }

    fn cells(&mut self, cell: Cell, values: &[i64]) -> Result<()> {
        match cell {
            Cell::Weight => self.weights(values),
            cell => Self::cells(self, cell, values),
        }
    }

    fn advance_ms(&mut self, ms: u64) {
        self.host()
            .advance_ms(i64::try_from(ms).unwrap_or(i64::MAX));
    }

    fn instances(&self) -> usize {
        2
    }

    fn select(&mut self, call: &Call, among: Option<&[usize]>) -> Result<Option<usize>> {
        match among {
            Some(rows) => self.select_among(call, rows),
            None => Self::select(self, call),
        }
    }
}

impl ConfiguratorForm for ConfiguratorBench {
    fn rule(&mut self, scope: Scope, key: &str, group: &str, text: Option<&str>) -> Result<()> {
        match text {
            Some(text) => Self::rule(self, scope, key, group, text),
            None => self.remove_rule(scope, key, group),
        }
    }

    fn configure(&mut self, url: &str, export: bool) -> Result<String> {
        match export {
            true => self.configure_export(url),
            false => Self::configure(self, url),
        }
    }
}
