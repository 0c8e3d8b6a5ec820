//! What `#[wubbo_plugin]` writes is what the manifest's reader reads: the two have their own copies of the words.

use crate::abi::field;
use crate::{
    Access, Candidates, Configurator, ConfiguredUrl, Declared, Fail, Filter, Flow, Hook, Host,
    Kind, LoadBalance, Manifest, NoConfig, Providers, Request, Response, Result, Router, Routing,
    Rule, Setup, Side, Space, Stage,
};

mod small {
    use super::*;

    struct Small;

    #[crate::wubbo_plugin(kind = filter, name = "small", fail = open)]
    impl Filter for Small {
        type Config = NoConfig;

        fn new(_config: NoConfig) -> Result<Self> {
            Ok(Self)
        }

        fn on_response(&mut self, _response: &mut Response<'_>) -> Result<()> {
            Ok(())
        }
    }
}

mod full {
    use super::*;

    struct Full;

    #[crate::wubbo_plugin(
        kind = filter, name = "full.of-words_2", order = -2147483648, side = consumer, stage = attempt,
        fail = answer(100, "busy \"now\"\n"), version = "3.1.4-pre+b", arguments = write, result = read,
        state_version = 7, tick_ms = 250, memory_bytes = 1048576, hook_us = 900, configure_ms = 20,
        description = "every key",
        reads(
            "plain", attachment("a"), url("b"), method_url("c"), method_only("d"), field("service"), field("method"),
            field("group"), field("version"), field("service_key"), field("types"), field("remote_address"),
            field("local_address"), field("path"), field("dubbo_version"), field("protocol"), field("address"),
            field("host"), field("port")
        ),
        reads_on_response(response("e"), field("exception_class"), field("error_message")),
    )]
    impl Filter for Full {
        type Config = NoConfig;

        fn new(_config: NoConfig) -> Result<Self> {
            Ok(Self)
        }

        fn on_request(&mut self, _request: &mut Request<'_>) -> Result<Flow> {
            Ok(Flow::Continue)
        }

        fn on_response(&mut self, _response: &mut Response<'_>) -> Result<()> {
            Ok(())
        }

        fn tick(&mut self, _host: Host<'_>) -> Result<()> {
            Ok(())
        }

        fn self_test(&mut self, _host: Host<'_>) -> Result<()> {
            Ok(())
        }
    }
}

mod router {
    use super::*;

    pub(super) struct Narrows;

    #[crate::wubbo_plugin(
        kind = router, name = "narrows", order = 7, tick_ms = 100, arguments = read,
        reads("tag", url("zone"), method_only("m"), field("method")),
        reads_on_providers(url("zone"), field("address"), field("host"), field("port"), field("protocol")),
    )]
    impl Router for Narrows {
        type Config = NoConfig;
        type Table = ();

        fn new(_config: NoConfig) -> Result<Self> {
            Ok(Self)
        }

        fn on_rule(&mut self, _rule: &Rule<'_>, _setup: &mut Setup<'_>) -> Result<()> {
            Ok(())
        }

        fn on_providers(&mut self, _providers: &Providers<'_>, _before: Option<&()>) -> Result<()> {
            Ok(())
        }

        fn route(
            &mut self,
            _table: &mut (),
            _call: &Routing<'_>,
            _rows: &mut Candidates<'_>,
        ) -> Result<()> {
            Ok(())
        }

        fn tick(&mut self, _host: Host<'_>) -> Result<()> {
            Ok(())
        }

        fn self_test(&mut self, _host: Host<'_>) -> Result<()> {
            Ok(())
        }
    }
}

mod balancer {
    use super::*;

    struct Picks;

    #[crate::wubbo_plugin(kind = loadbalance, name = "picks", reads(method_url("hash.nodes")))]
    impl LoadBalance for Picks {
        type Config = NoConfig;
        type Table = ();

        fn new(_config: NoConfig) -> Result<Self> {
            Ok(Self)
        }

        fn on_providers(&mut self, _providers: &Providers<'_>, _before: Option<&()>) -> Result<()> {
            Ok(())
        }

        fn select(
            &mut self,
            _table: &mut (),
            _call: &Routing<'_>,
            _rows: &Candidates<'_>,
        ) -> Result<Option<usize>> {
            Ok(None)
        }
    }
}

mod configurator {
    use super::*;

    struct Changes;

    #[crate::wubbo_plugin(kind = configurator, name = "changes", side = provider, reads(url("side"), field("port")))]
    impl Configurator for Changes {
        type Config = NoConfig;

        fn new(_config: NoConfig) -> Result<Self> {
            Ok(Self)
        }

        fn configure_url(&mut self, _url: &mut ConfiguredUrl<'_>) -> Result<()> {
            Ok(())
        }
    }
}

#[test]
fn each_kind_has_its_hooks_and_interest() {
    let set = |hooks: &[Hook]| hooks.iter().fold(0, |set, hook| set | hook.bit());
    let tables = [Hook::OnProviders, Hook::DropProviders];
    let cases = [
        (
            router::factory(),
            Kind::Router,
            set(&[Hook::Route, Hook::OnRule, Hook::Tick, Hook::SelfTest]) | set(&tables),
            vec![(Hook::Route, 4), (Hook::OnProviders, 5)],
        ),
        (
            balancer::factory(),
            Kind::LoadBalance,
            set(&[Hook::Select]) | set(&tables),
            vec![(Hook::Select, 1)],
        ),
        (
            configurator::factory(),
            Kind::Configurator,
            Hook::ConfigureUrl.bit(),
            vec![(Hook::ConfigureUrl, 2)],
        ),
    ];
    for (factory, kind, hooks, interests) in cases {
        let manifest = Manifest::parse(factory.manifest).unwrap();
        assert_eq!((manifest.kind, manifest.hooks), (kind, hooks), "{kind}");
        assert_eq!(manifest.fail, None);
        for (hook, count) in &interests {
            let of = |set: u16| set & hook.bit() != 0;
            let found = manifest.interest.iter().filter(|one| of(one.hooks)).count();
            assert_eq!(found, *count, "{kind} {}", hook.name());
        }
        let all: usize = interests.iter().map(|(_, count)| count).sum();
        assert_eq!(manifest.interest.len(), all);
    }
    let manifest = Manifest::parse(router::factory().manifest).unwrap();
    assert_eq!((manifest.order, manifest.arguments), (7, Access::Read));
    let changes = Manifest::parse(configurator::factory().manifest).unwrap();
    assert_eq!(changes.side, Side::Provider);
}

#[test]
fn code_and_manifest_declare_the_same_interest() {
    let manifest = Manifest::parse(router::factory().manifest).unwrap();
    let written = manifest
        .interest
        .iter()
        .map(|one| (one.space, &*one.key, one.hooks));
    let declared = <router::Narrows as Declared>::INTERESTS;
    assert!(written.eq(declared.iter().map(|one| (one.space, one.key, one.hooks))));
}

#[test]
fn a_small_plugin_has_only_the_hooks_it_overrides() {
    let manifest = Manifest::parse(small::factory().manifest).unwrap();
    assert_eq!(manifest.identity(), "filter/small");
    assert_eq!(manifest.hooks, Hook::OnResponse.bit());
    assert_eq!(manifest.version, env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (manifest.fail, manifest.interest.len()),
        (Some(Fail::Open), 0)
    );
}

#[test]
fn every_key_of_the_attribute_reaches_the_manifest() {
    let manifest = Manifest::parse(full::factory().manifest).unwrap();
    assert_eq!(
        (manifest.kind, &*manifest.name, &*manifest.version),
        (Kind::Filter, "full.of-words_2", "3.1.4-pre+b")
    );
    assert_eq!(
        (manifest.order, manifest.side, manifest.stage),
        (i32::MIN, Side::Consumer, Stage::Attempt)
    );
    assert_eq!(
        manifest.fail,
        Some(Fail::Answer {
            status: 100,
            message: "busy \"now\"\n".to_owned()
        })
    );
    assert_eq!(
        (manifest.arguments, manifest.result),
        (Access::Write, Access::Read)
    );
    assert_eq!((manifest.state_version, manifest.tick_ms), (7, Some(250)));
    let limits = manifest.limits;
    assert_eq!(
        (limits.memory_bytes, limits.hook_us, limits.configure_ms),
        (Some(1_048_576), Some(900), Some(20))
    );
    assert_eq!(manifest.description, "every key");
    assert!(
        [
            Hook::OnRequest,
            Hook::OnResponse,
            Hook::Tick,
            Hook::SelfTest
        ]
        .iter()
        .all(|hook| manifest.has(*hook))
    );
}

#[test]
fn every_space_and_field_can_be_read() {
    let manifest = Manifest::parse(full::factory().manifest).unwrap();
    let keys = |space| {
        manifest
            .interest
            .iter()
            .filter(move |one| one.space == space)
            .map(|one| one.key.as_str())
    };
    assert!(keys(Space::Attachment).eq(["plain", "a"]));
    for (space, key) in [
        (Space::Url, "b"),
        (Space::MethodUrl, "c"),
        (Space::MethodOnly, "d"),
        (Space::Response, "e"),
    ] {
        assert!(keys(space).eq([key]), "{key}");
    }
    for name in field::NAMES {
        assert!(keys(Space::Field).any(|key| key == *name), "{name}");
    }
}
