//! The guests in their linked form, with everything they ask of the host written down.

use std::borrow::Cow;

use fixture_probe as probe;
use wubbo_plugin_sdk::abi::interest::Space;
use wubbo_plugin_sdk::native::{
    Clock, Create, Expect, Factory, Form, HostCall, HostFunctions, HostResult, HostRouting,
    HostTable, HostUrl, Level, LogTarget, MetricKind, NativeConfigurator, NativeFilter,
    NativeLoadBalance, NativeRouter, Part, RuleText, Scalars,
};
use wubbo_plugin_sdk::{Error, ErrorKind};

use super::recorder::Recorder;

/// What all linked guests of this process met.
pub(crate) static MET: Recorder = Recorder::new();

type Done = Result<(), Error>;

fn met<T>(import: &str, answer: HostResult<T>) -> HostResult<T> {
    let code = answer.as_ref().err().map(|kind| ErrorKind::code(*kind));
    MET.import(import, code);
    answer
}

fn hook<T>(name: &str, answer: Result<T, Error>) -> Result<T, Error> {
    MET.export(name);
    if let Err(error) = &answer {
        MET.code(ErrorKind::Failed.code());
        assert!(!error.to_string().is_empty());
    }
    answer
}

/// The linked form of a guest.
pub(crate) fn factory(identity: &str) -> Factory {
    let (factory, create) = match identity {
        "filter/probe-filter" => (probe::filter::factory(), Create::Filter(filter)),
        "router/probe-router" => (probe::router::factory(), Create::Router(router)),
        "loadbalance/probe-loadbalance" => (
            probe::loadbalance::factory(),
            Create::LoadBalance(loadbalance),
        ),
        "configurator/probe-configurator" => (
            probe::configurator::factory(),
            Create::Configurator(configurator),
        ),
        other => panic!("no guest {other}"),
    };
    Factory {
        manifest: factory.manifest,
        create,
    }
}

/// Makes an instance of one kind, and sees that `new` was entered.
macro_rules! create {
    ($name:ident, $kind:ident, $policy:ident) => {
        fn $name(config: &str, host: &dyn HostFunctions) -> Result<Box<dyn $policy>, Error> {
            let Create::$kind(create) = probe::$name::factory().create else {
                panic!("a guest of another kind");
            };
            let policy = hook("new", create(config, &Asked(host)))?;
            Ok(Box::new(Met(policy)))
        }
    };
}

create!(filter, Filter, NativeFilter);
create!(router, Router, NativeRouter);
create!(loadbalance, LoadBalance, NativeLoadBalance);
create!(configurator, Configurator, NativeConfigurator);

/// The hooks that every kind has.
macro_rules! upkeep {
    () => {
        fn tick(&mut self, host: &dyn HostFunctions) -> Done {
            hook("tick", self.0.tick(&Asked(host)))
        }

        fn self_test(&mut self, host: &dyn HostFunctions) -> Done {
            hook("self_test", self.0.self_test(&Asked(host)))
        }
    };
}

/// The hooks of kinds that know the providers.
macro_rules! lists {
    () => {
        fn on_providers(&mut self, table: &dyn HostTable) -> Done {
            hook(
                "on_providers",
                self.0
                    .on_providers(&SeenTable(table, Asked(table.functions()))),
            )
        }

        fn drop_providers(&mut self, service_token: u64, host: &dyn HostFunctions) -> Done {
            let answer = self.0.drop_providers(service_token, &Asked(host));
            hook("drop_providers", answer)
        }
    };
}

/// A policy whose hooks are written down.
struct Met<P: ?Sized>(Box<P>);

impl NativeFilter for Met<dyn NativeFilter> {
    fn on_request(&mut self, call: &dyn HostCall, out: &mut Vec<u8>) -> Done {
        hook("on_request", self.0.on_request(&Seen::of(call), out))
    }

    fn on_response(&mut self, call: &dyn HostCall, out: &mut Vec<u8>) -> Done {
        hook("on_response", self.0.on_response(&Seen::of(call), out))
    }

    upkeep!();
}

impl NativeRouter for Met<dyn NativeRouter> {
    lists!();

    fn on_rule(&mut self, rule: RuleText<'_>, host: &dyn HostFunctions) -> Done {
        hook("on_rule", self.0.on_rule(rule, &Asked(host)))
    }

    fn route(&mut self, call: &dyn HostRouting, candidates: &mut [u64]) -> Result<bool, Error> {
        hook("route", self.0.route(&Seen::of(call), candidates))
    }

    upkeep!();
}

impl NativeLoadBalance for Met<dyn NativeLoadBalance> {
    lists!();

    fn select(&mut self, call: &dyn HostRouting, candidates: &[u64]) -> Result<Option<u32>, Error> {
        hook("select", self.0.select(&Seen::of(call), candidates))
    }

    upkeep!();
}

impl NativeConfigurator for Met<dyn NativeConfigurator> {
    fn on_rule(&mut self, rule: RuleText<'_>, host: &dyn HostFunctions) -> Done {
        hook("on_rule", self.0.on_rule(rule, &Asked(host)))
    }

    fn configure_url(&mut self, url: &dyn HostUrl, out: &mut Vec<u8>) -> Done {
        let url = SeenUrl(url, Asked(url.functions()));
        hook("configure_url", self.0.configure_url(&url, out))
    }

    upkeep!();
}

/// The host's functions, written down.
struct Asked<'h>(&'h dyn HostFunctions);

impl HostFunctions for Asked<'_> {
    fn log(&self, target: LogTarget, level: Level, text: &str) -> HostResult<()> {
        met("log", self.0.log(target, level, text))
    }

    fn clock(&self, clock: Clock) -> HostResult<i64> {
        met("clock", self.0.clock(clock))
    }

    fn random(&self) -> HostResult<u64> {
        met("random", self.0.random())
    }

    fn state_get(&self, key: &str) -> HostResult<Vec<u8>> {
        met("state_get", self.0.state_get(key))
    }

    fn state_add(&self, key: &str, delta: i64, ttl_ms: i64) -> HostResult<i64> {
        met("state_add", self.0.state_add(key, delta, ttl_ms))
    }

    fn state_cas(
        &self,
        key: &str,
        expected: Expect<'_>,
        new: Option<&[u8]>,
        ttl_ms: i64,
    ) -> HostResult<()> {
        met("state_cas", self.0.state_cas(key, expected, new, ttl_ms))
    }

    fn metric_define(&self, kind: MetricKind, name: &str, help: &str) -> HostResult<u32> {
        met("metric_define", self.0.metric_define(kind, name, help))
    }

    fn metric_update(&self, metric: u32, value: i64) -> HostResult<()> {
        met("metric_update", self.0.metric_update(metric, value))
    }
}

/// A call or an attempt, written down.
struct Seen<'c, C: ?Sized>(&'c C, Asked<'c>);

impl<'c, C: HostCall + ?Sized> Seen<'c, C> {
    fn of(call: &'c C) -> Self {
        Self(call, Asked(call.functions()))
    }
}

impl<C: HostCall + ?Sized> HostCall for Seen<'_, C> {
    fn functions(&self) -> &dyn HostFunctions {
        &self.1
    }

    fn scalars(&self) -> Scalars {
        self.0.scalars()
    }

    fn scratch_blob(&self) -> &[u8] {
        self.0.scratch_blob()
    }

    fn get(&self, space: Space, key: &str) -> HostResult<Option<Cow<'_, str>>> {
        let found = met("get", self.0.get(space, key));
        if found.as_ref().is_ok_and(Option::is_none) {
            MET.code(ErrorKind::Absent.code());
        }
        found
    }

    fn list(&self, space: Space, each: &mut dyn FnMut(&str, &str)) -> HostResult<()> {
        met("list", self.0.list(space, each))
    }

    fn number(&self, what: u32) -> HostResult<u64> {
        met("number", self.0.number(what))
    }

    fn body(&self, part: Part, form: Form, path: &str) -> HostResult<Vec<u8>> {
        met("body", self.0.body(part, form, path))
    }
}

impl<C: HostRouting + ?Sized> HostRouting for Seen<'_, C> {
    fn table_version(&self) -> u64 {
        self.0.table_version()
    }

    fn rows(&self) -> u32 {
        self.0.rows()
    }

    fn weights_epoch(&self) -> u32 {
        self.0.weights_epoch()
    }

    fn cell(&self, row: u32, what: u32) -> HostResult<i64> {
        met("cell", self.0.cell(row, what))
    }

    fn column(&self, what: u32, out: &mut Vec<i64>) -> HostResult<()> {
        met("column", self.0.column(what, out))
    }

    fn note(&self, row: Option<u32>, text: &str) -> HostResult<()> {
        met("note", self.0.note(row, text))
    }
}

/// A list of providers, written down.
struct SeenTable<'t>(&'t dyn HostTable, Asked<'t>);

impl HostTable for SeenTable<'_> {
    fn functions(&self) -> &dyn HostFunctions {
        &self.1
    }

    fn service_token(&self) -> u64 {
        self.0.service_token()
    }

    fn version(&self) -> u64 {
        self.0.version()
    }

    fn service(&self) -> &str {
        self.0.service()
    }

    fn rows(&self) -> u32 {
        self.0.rows()
    }

    fn weights_epoch(&self) -> u32 {
        self.0.weights_epoch()
    }

    fn only_weights(&self) -> bool {
        self.0.only_weights()
    }

    fn get(&self, row: u32, space: Space, key: &str) -> HostResult<Option<Cow<'_, str>>> {
        met("table", self.0.get(row, space, key))
    }
}

/// A URL, written down.
struct SeenUrl<'u>(&'u dyn HostUrl, Asked<'u>);

impl HostUrl for SeenUrl<'_> {
    fn functions(&self) -> &dyn HostFunctions {
        &self.1
    }

    fn is_provider_side(&self) -> bool {
        self.0.is_provider_side()
    }

    fn service_token(&self) -> u64 {
        self.0.service_token()
    }

    fn get(&self, space: Space, key: &str) -> HostResult<Option<Cow<'_, str>>> {
        met("get", self.0.get(space, key))
    }

    fn list(&self, each: &mut dyn FnMut(&str, &str)) -> HostResult<()> {
        met("list", self.0.list(each))
    }
}
