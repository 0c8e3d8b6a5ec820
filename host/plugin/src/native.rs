//! The linked form of a plugin in the same slots as the sandboxed one: one instance per slot, the same batch of commands,
//! the same checks, the same failure policy. It shares the host's memory and has no deadline, but a panic costs only its instance.

mod host;
mod routing;
mod table;
mod url;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use wubbo_core::{Candidates, ConfigureSide, Routing, Url};
use wubbo_plugin_sdk::abi::interest::Hook;
use wubbo_plugin_sdk::native::{
    Create, HostFunctions, NativeConfigurator, NativeFilter, NativeLoadBalance, NativeRouter,
    RuleText,
};
use wubbo_plugin_sdk::{Error, Kind};

use crate::call::{self, CallView};
use crate::counters::TripClass;
use crate::error::{PluginError, PluginErrorKind};
use crate::instance::{HookCall, HookEnd, Said, Trip};
use crate::shared::Shared;
use crate::tables::{HeldTables, KnownTable};
use host::Host;
use routing::RoutingHost;
use table::TableHost;
use url::UrlHost;

/// One instance of a linked plugin.
pub(crate) struct NativeInstance {
    policy: Policy,
    shared: Arc<Shared>,
    tables: HeldTables,
}

enum Policy {
    Filter(Box<dyn NativeFilter>),
    Router(Box<dyn NativeRouter>),
    LoadBalance(Box<dyn NativeLoadBalance>),
    Configurator(Box<dyn NativeConfigurator>),
}

impl NativeInstance {
    /// Builds an instance from the plugin's configuration.
    pub(crate) fn start(create: Create, shared: Arc<Shared>) -> Result<Self, PluginError> {
        let failed = |reason: String| PluginError::new(PluginErrorKind::Start, reason);
        let lines = Cell::new(0);
        let host = Host::new(&shared, Hook::New, None, &lines);
        let (kind, config) = (shared.manifest.kind, shared.config.as_str());
        let built = guarded(|| match (create, kind) {
            (Create::Filter(create), Kind::Filter) => create(config, &host).map(Policy::Filter),
            (Create::Router(create), Kind::Router) => create(config, &host).map(Policy::Router),
            (Create::LoadBalance(create), Kind::LoadBalance) => {
                create(config, &host).map(Policy::LoadBalance)
            }
            (Create::Configurator(create), Kind::Configurator) => {
                create(config, &host).map(Policy::Configurator)
            }
            (create, kind) => Err(Error::new(format!(
                "its factory makes a {create:?}, its manifest says {kind}"
            ))),
        });
        match built {
            Ok(Ok(policy)) => Ok(Self {
                policy,
                shared,
                tables: HeldTables::default(),
            }),
            Ok(Err(error)) => Err(failed(format!("configuration refused: {}", said(&error)))),
            Err(trip) => Err(failed(format!("panic while it was built: {}", trip.reason))),
        }
    }

    pub(crate) fn tables(&self) -> &HeldTables {
        &self.tables
    }

    pub(crate) fn tables_mut(&mut self) -> &mut HeldTables {
        &mut self.tables
    }

    pub(crate) fn call(
        &mut self,
        call: &HookCall<'_>,
        commands: &mut Vec<u8>,
    ) -> Result<(), HookEnd> {
        let Policy::Filter(filter) = &mut self.policy else {
            return Ok(());
        };
        let view = CallView {
            invocation: call.invocation,
            outcome: call.outcome.as_deref(),
            stage: call.stage,
            started: call.started,
            scratch: call.scratch,
            consumer: None,
        };
        let lines = Cell::new(0);
        let host = Host::new(&self.shared, call.hook, Some(view), &lines);
        let answer = guarded(|| match call.hook {
            Hook::OnRequest => filter.on_request(&host, commands),
            _ => filter.on_response(&host, commands),
        });
        ended(answer)
    }

    pub(crate) fn route(
        &mut self,
        routing: &Routing<'_>,
        candidates: &Candidates,
        words: &mut Vec<u64>,
    ) -> Result<bool, HookEnd> {
        self.check_table(routing)?;
        let Policy::Router(router) = &mut self.policy else {
            return Ok(false);
        };
        words.clear();
        words.extend_from_slice(candidates.words());
        let lines = Cell::new(0);
        let view = call::routing::view(routing);
        let host = Host::new(&self.shared, Hook::Route, Some(view), &lines);
        let host = RoutingHost::new(host, routing, &self.shared);
        ended(guarded(|| router.route(&host, words)))
    }

    pub(crate) fn select(
        &mut self,
        routing: &Routing<'_>,
        candidates: &Candidates,
    ) -> Result<Option<u32>, HookEnd> {
        self.check_table(routing)?;
        let Policy::LoadBalance(balancer) = &mut self.policy else {
            return Ok(None);
        };
        let lines = Cell::new(0);
        let view = call::routing::view(routing);
        let host = Host::new(&self.shared, Hook::Select, Some(view), &lines);
        let host = RoutingHost::new(host, routing, &self.shared);
        ended(guarded(|| balancer.select(&host, candidates.words())))
    }

    fn check_table(&self, routing: &Routing<'_>) -> Result<(), HookEnd> {
        let table = routing.table;
        let found = self.tables.find(table.token(), table.version());
        found.map(drop).ok_or(HookEnd::Unprepared)
    }

    pub(crate) fn on_providers(
        &mut self,
        known: &KnownTable,
        only_weights: bool,
    ) -> Result<(), HookEnd> {
        let lines = Cell::new(0);
        let host = Host::new(&self.shared, Hook::OnProviders, None, &lines);
        let host = TableHost::new(host, known, only_weights);
        ended(guarded(|| match &mut self.policy {
            Policy::Router(router) => router.on_providers(&host),
            Policy::LoadBalance(balancer) => balancer.on_providers(&host),
            Policy::Filter(_) | Policy::Configurator(_) => Ok(()),
        }))
    }

    pub(crate) fn drop_providers(&mut self, token: u64) -> Result<(), HookEnd> {
        let policy = &mut self.policy;
        aside(&self.shared, Hook::DropProviders, |host| match policy {
            Policy::Router(router) => router.drop_providers(token, host),
            Policy::LoadBalance(balancer) => balancer.drop_providers(token, host),
            Policy::Filter(_) | Policy::Configurator(_) => Ok(()),
        })
    }

    pub(crate) fn on_rule(&mut self, rule: RuleText<'_>) -> Result<(), HookEnd> {
        let policy = &mut self.policy;
        aside(&self.shared, Hook::OnRule, |host| match policy {
            Policy::Router(router) => router.on_rule(rule, host),
            Policy::Configurator(configurator) => configurator.on_rule(rule, host),
            Policy::Filter(_) | Policy::LoadBalance(_) => Ok(()),
        })
    }

    pub(crate) fn configure(
        &mut self,
        url: &Url,
        side: ConfigureSide,
        commands: &mut Vec<u8>,
    ) -> Result<(), HookEnd> {
        let Policy::Configurator(configurator) = &mut self.policy else {
            return Ok(());
        };
        let lines = Cell::new(0);
        let host = Host::new(&self.shared, Hook::ConfigureUrl, None, &lines);
        let host = UrlHost::new(host, url, side);
        ended(guarded(|| configurator.configure_url(&host, commands)))
    }

    pub(crate) fn aside(&mut self, hook: Hook) -> Result<(), HookEnd> {
        let policy = &mut self.policy;
        aside(&self.shared, hook, |host| match (policy, hook) {
            (Policy::Filter(policy), Hook::Tick) => policy.tick(host),
            (Policy::Filter(policy), _) => policy.self_test(host),
            (Policy::Router(policy), Hook::Tick) => policy.tick(host),
            (Policy::Router(policy), _) => policy.self_test(host),
            (Policy::LoadBalance(policy), Hook::Tick) => policy.tick(host),
            (Policy::LoadBalance(policy), _) => policy.self_test(host),
            (Policy::Configurator(policy), Hook::Tick) => policy.tick(host),
            (Policy::Configurator(policy), _) => policy.self_test(host),
        })
    }
}

/// Runs a hook that looks at nothing but the host.
fn aside(
    shared: &Shared,
    hook: Hook,
    run: impl FnOnce(&dyn HostFunctions) -> Result<(), Error>,
) -> Result<(), HookEnd> {
    let lines = Cell::new(0);
    let host = Host::new(shared, hook, None, &lines);
    ended(guarded(|| run(&host)))
}

fn ended<T>(answer: Result<Result<T, Error>, Trip>) -> Result<T, HookEnd> {
    match answer {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(HookEnd::Failed(said(&error))),
        Err(trip) => Err(HookEnd::Trip(trip)),
    }
}

fn said(error: &Error) -> Said {
    let (line, column) = error.place();
    Said {
        line,
        column,
        message: error.to_string(),
    }
}

/// Runs a linked plugin's code; its instance is thrown away after a panic, so that a broken state is never seen again.
fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, Trip> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Trip::new(
            TripClass::Panic,
            text.unwrap_or_else(|| "panicked".to_owned()),
        )
    })
}
