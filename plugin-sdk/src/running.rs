//! What both forms do with a policy between the border and its hooks: build it, keep its tables, find the table of a call.

use crate::call::Routing;
use crate::candidates::Candidates;
use crate::configurator::Configurator;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::loadbalance::LoadBalance;
use crate::providers::Providers;
use crate::router::Router;
use crate::rule::Rule;
use crate::seam::{HostRef, RoutingRef, TableRef, UrlRef, as_call};
use crate::setup::{self, Setup};
use crate::tables::Tables;
use crate::url::ConfiguredUrl;

/// A router and its tables.
pub(crate) struct RunningRouter<T: Router> {
    policy: T,
    tables: Tables<T::Table>,
}

impl<T: Router> RunningRouter<T> {
    pub(crate) fn new(config: &str, setup: &mut Setup<'_>) -> Result<Self> {
        let mut policy = T::new(setup::config(config)?)?;
        policy.setup(setup)?;
        Ok(Self {
            policy,
            tables: Tables::new(),
        })
    }

    pub(crate) fn on_rule(&mut self, rule: &Rule<'_>, setup: &mut Setup<'_>) -> Result<()> {
        self.policy.on_rule(rule, setup)
    }

    pub(crate) fn on_providers(&mut self, table: TableRef<'_>) -> Result<()> {
        let (token, version) = (table.service_token(), table.version());
        let providers = Providers::new(table);
        if table.only_weights() {
            let kept = self.tables.find(token, version)?;
            return self.policy.on_weights(kept, &providers);
        }
        let made = self
            .policy
            .on_providers(&providers, self.tables.before(token, version))?;
        self.tables.put(token, version, made);
        Ok(())
    }

    pub(crate) fn drop_providers(&mut self, token: u64) {
        if let Some(table) = self.tables.drop_service(token) {
            self.policy.drop_providers(table);
        }
    }

    pub(crate) fn route(
        &mut self,
        call: RoutingRef<'_>,
        mut candidates: Candidates<'_>,
    ) -> Result<bool> {
        let token = as_call(call).scalars().service_token;
        let table = self.tables.find(token, call.table_version())?;
        self.policy
            .route(table, &Routing::new(call), &mut candidates)?;
        Ok(candidates.narrowed())
    }

    pub(crate) fn tick(&mut self, host: HostRef<'_>) -> Result<()> {
        self.policy.tick(Host::new(host))
    }

    pub(crate) fn self_test(&mut self, host: HostRef<'_>) -> Result<()> {
        self.policy.self_test(Host::new(host))
    }
}

/// A balancer and its tables.
pub(crate) struct RunningBalancer<T: LoadBalance> {
    policy: T,
    tables: Tables<T::Table>,
}

impl<T: LoadBalance> RunningBalancer<T> {
    pub(crate) fn new(config: &str, setup: &mut Setup<'_>) -> Result<Self> {
        let mut policy = T::new(setup::config(config)?)?;
        policy.setup(setup)?;
        Ok(Self {
            policy,
            tables: Tables::new(),
        })
    }

    pub(crate) fn on_providers(&mut self, table: TableRef<'_>) -> Result<()> {
        let (token, version) = (table.service_token(), table.version());
        let providers = Providers::new(table);
        if table.only_weights() {
            let kept = self.tables.find(token, version)?;
            return self.policy.on_weights(kept, &providers);
        }
        let made = self
            .policy
            .on_providers(&providers, self.tables.before(token, version))?;
        self.tables.put(token, version, made);
        Ok(())
    }

    pub(crate) fn drop_providers(&mut self, token: u64) {
        if let Some(table) = self.tables.drop_service(token) {
            self.policy.drop_providers(table);
        }
    }

    pub(crate) fn select(
        &mut self,
        call: RoutingRef<'_>,
        candidates: &Candidates<'_>,
    ) -> Result<Option<u32>> {
        let token = as_call(call).scalars().service_token;
        let table = self.tables.find(token, call.table_version())?;
        let row = self.policy.select(table, &Routing::new(call), candidates)?;
        row.map(u32::try_from)
            .transpose()
            .map_err(|_| Error::new("the chosen row does not exist"))
    }

    pub(crate) fn tick(&mut self, host: HostRef<'_>) -> Result<()> {
        self.policy.tick(Host::new(host))
    }

    pub(crate) fn self_test(&mut self, host: HostRef<'_>) -> Result<()> {
        self.policy.self_test(Host::new(host))
    }
}

/// A configurator; it keeps nothing per URL.
pub(crate) struct RunningConfigurator<T: Configurator> {
    policy: T,
}

impl<T: Configurator> RunningConfigurator<T> {
    pub(crate) fn new(config: &str, setup: &mut Setup<'_>) -> Result<Self> {
        let mut policy = T::new(setup::config(config)?)?;
        policy.setup(setup)?;
        Ok(Self { policy })
    }

    pub(crate) fn on_rule(&mut self, rule: &Rule<'_>, setup: &mut Setup<'_>) -> Result<()> {
        self.policy.on_rule(rule, setup)
    }

    pub(crate) fn configure_url(&mut self, url: UrlRef<'_>, out: &mut Vec<u8>) -> Result<()> {
        self.policy.configure_url(&mut ConfiguredUrl::new(url, out))
    }

    pub(crate) fn tick(&mut self, host: HostRef<'_>) -> Result<()> {
        self.policy.tick(Host::new(host))
    }

    pub(crate) fn self_test(&mut self, host: HostRef<'_>) -> Result<()> {
        self.policy.self_test(Host::new(host))
    }
}
