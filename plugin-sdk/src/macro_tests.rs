//! What `#[wubbo_plugin]` writes is what the manifest's reader reads: the two have their own copies of the words.

use crate::abi::field;
use crate::{
    Access, Fail, Filter, Flow, Hook, Host, Kind, Manifest, NoConfig, Request, Response, Result,
    Side, Space, Stage,
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
