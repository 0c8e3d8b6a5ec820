//! Linked plugins in the same slots, beside and behind files; access-log lines of both.

use wubbo_core::{ErrorKind, Url};
use wubbo_plugin::{PluginErrorKind, PluginState};
use wubbo_plugin_sdk::Error;
use wubbo_plugin_sdk::abi::commands::{SET_ATTACHMENT, SET_RESPONSE_ATTACHMENT, set};
use wubbo_plugin_sdk::abi::interest::Space;
use wubbo_plugin_sdk::native::{
    Create, Factory, HostCall, HostFunctions, HostResult, Level, LogTarget, NativeFilter,
};

use crate::guests::{Guest, fixture};
use crate::rig::{attachment, start, try_start};

/// Stamps both ways, and does what the attachment `n` says.
struct Linked {
    stamp: String,
}

fn failed(result: HostResult<()>) -> Result<(), Error> {
    result.map_err(|kind| Error::host(kind, "log"))
}

impl NativeFilter for Linked {
    fn on_request(&mut self, call: &dyn HostCall, out: &mut Vec<u8>) -> Result<(), Error> {
        set(out, SET_ATTACHMENT, 0, "in", &self.stamp);
        match call.get(Space::Attachment, "n").ok().flatten().as_deref() {
            Some("panic") => panic!("boom"),
            Some("fail") => Err(Error::new("not today")),
            Some("log") => failed(call.functions().log(
                LogTarget::Access,
                Level::Info,
                "a line\nof two",
            )),
            _ => Ok(()),
        }
    }

    fn on_response(&mut self, _call: &dyn HostCall, out: &mut Vec<u8>) -> Result<(), Error> {
        set(out, SET_RESPONSE_ATTACHMENT, 0, "out", &self.stamp);
        Ok(())
    }

    fn tick(&mut self, _host: &dyn HostFunctions) -> Result<(), Error> {
        Ok(())
    }

    fn self_test(&mut self, _host: &dyn HostFunctions) -> Result<(), Error> {
        Ok(())
    }
}

fn create(config: &str, _host: &dyn HostFunctions) -> Result<Box<dyn NativeFilter>, Error> {
    match config {
        "{}" => Ok(Box::new(Linked {
            stamp: "linked".to_owned(),
        })),
        r#"{"bad":1}"# => Err(Error::new("no such limit").at(3, 7)),
        other => Ok(Box::new(Linked {
            stamp: other.to_owned(),
        })),
    }
}

pub(crate) const LINKED: Factory = Factory {
    manifest: b"wubp\x01\0\0\0{\"kind\":\"filter\",\"name\":\"s\",\"version\":\"1.0.0\",\"fail\":\"closed\",\"hooks\":[\"on_request\",\"on_response\"]}",
    create: Create::Filter(create),
};

#[tokio::test]
async fn without_builtins_there_is_no_linked_policy() {
    let rig = try_start(&[], vec![LINKED], |config| config.builtins = false)
        .await
        .unwrap();
    assert!(rig.host.status().plugins.is_empty());
    assert_eq!(attachment(&rig.call().await, "out"), None);
}

async fn told(n: &str) -> (wubbo_core::Outcome, crate::rig::Rig) {
    let rig = try_start(&[], vec![LINKED], |_| {}).await.unwrap();
    let mut invocation = rig.invocation();
    invocation.set_attachment("n", n);
    (rig.call_with(invocation).await, rig)
}

#[tokio::test]
async fn a_linked_plugin_that_panics_costs_its_instance_only() {
    let (outcome, rig) = told("panic").await;
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Plugin, "plugin filter/s: panic: boom")
    );
    let status = rig
        .until("replaced", |status| status.plugins[0].instances == 2)
        .await;
    assert_eq!(status.plugins[0].counters.trips["panic"], 1);
    assert_eq!(
        attachment(&rig.call().await, "out").as_deref(),
        Some("linked")
    );
}

#[tokio::test]
async fn a_linked_plugin_that_fails_stages_nothing() {
    let (outcome, rig) = told("fail").await;
    assert_eq!(outcome.unwrap_err().message(), "plugin filter/s: not today");
    assert_eq!(rig.host.status().plugins[0].counters.failed, 1);
}

#[tokio::test]
async fn the_host_configures_linked_plugins() {
    let with = |tree: serde_json::Value| {
        move |config: &mut wubbo_plugin::PluginsConfig| {
            drop(config.configs.insert("filter/s".into(), tree))
        }
    };
    let rig = try_start(
        &[],
        vec![LINKED],
        with(serde_json::json!({ "config": { "a": 1 } })),
    )
    .await
    .unwrap();
    assert_eq!(
        attachment(&rig.call().await, "out").as_deref(),
        Some(r#"{"a":1}"#)
    );
    let bad = try_start(
        &[],
        vec![LINKED],
        with(serde_json::json!({ "config": { "bad": 1 } })),
    )
    .await;
    let Err(bad) = bad else { panic!("started") };
    assert_eq!(bad.kind(), PluginErrorKind::Start);
    assert_eq!(
        bad.to_string(),
        "filter/s: configuration refused: line 3 column 7: no such limit"
    );
    let twice = try_start(&[], vec![LINKED, LINKED], |_| {}).await;
    let Err(twice) = twice else { panic!("started") };
    assert_eq!(twice.to_string(), "filter/s is linked twice");
    let off = try_start(
        &[],
        vec![LINKED],
        with(serde_json::json!({ "enabled": false })),
    )
    .await
    .unwrap();
    assert!(off.host.status().plugins.is_empty());
}

#[tokio::test]
async fn access_lines_go_where_the_operator_says_and_nowhere_else() {
    let line = |url: &'static str, grant: Option<&'static str>| async move {
        let tweak = |config: &mut wubbo_plugin::PluginsConfig| {
            if let Some(grant) = grant {
                let tree = serde_json::json!({ "grants": { "accesslog": grant } });
                config.configs.insert("filter/s".into(), tree);
            }
        };
        let rig = try_start(&[], vec![LINKED], tweak).await.unwrap();
        let mut invocation = rig.invocation_on(Url::parse(url).unwrap());
        invocation.set_attachment("n", "log");
        rig.call_with(invocation).await.unwrap();
        let lines = rig.lines.all();
        assert_eq!(lines.len(), 1);
        assert_eq!(
            (lines[0].0.as_str(), lines[0].3.as_str()),
            ("filter/s@1", "a line of two")
        );
        lines[0].2.clone()
    };
    assert_eq!(line("dubbo://h:1/a.B", None).await, "default");
    assert_eq!(
        line("dubbo://h:1/a.B", Some("/var/log/a")).await,
        "/var/log/a"
    );
    assert_eq!(
        line("dubbo://h:1/a.B?accesslog=true", Some("/var/log/a")).await,
        "true"
    );
    assert_eq!(
        line("dubbo://h:1/a.B?accesslog=/var/log/b", None).await,
        "/var/log/b"
    );
}

#[tokio::test]
async fn a_guests_panic_reaches_the_log_with_its_place() {
    let rig = start(&[("p.wasm", &fixture("panic"))]).await;
    rig.call().await.unwrap();
    let lines = rig.lines.all();
    let (plugin, level, target, text) = &lines[0];
    assert_eq!(
        (plugin.as_str(), *level, target.as_str()),
        ("filter/panic@1", tracing::Level::WARN, "")
    );
    assert!(
        ["boom", "policy.rs", "42"]
            .iter()
            .all(|word| text.contains(word)),
        "{text}"
    );
}

#[tokio::test]
async fn state_survives_a_swap_of_the_same_state_version() {
    // Counts in shared state and fails the call with the count as the status: 21, 22, ...
    let counting = |mark: &str| {
        let body = format!(
            r#"(data (i32.const 16) "count{mark}")
            (func (export "on_request") (param i32) (result i64)
              (drop (call $add (i32.const 16) (i32.const 5) (i64.const 1) (i64.const 0) (i32.const 0x400)))
              (i64.store (i32.const 0x300) (i64.const 0))
              (i32.store8 (i32.const 0x300) (i32.const 7))
              (i32.store8 (i32.const 0x302) (i32.add (i32.load (i32.const 0x400)) (i32.const 29)))
              (i64.const 0x0000_000c_0000_0300))"#
        );
        Guest::new("n", r#""fail":"open","hooks":["on_request"]"#, &body)
            .imports(r#"(import "wubbo" "state_add" (func $add (param i32 i32 i64 i64 i32) (result i32)))"#)
            .build()
    };
    let rig = start(&[("n.wasm", &counting("1"))]).await;
    assert_eq!(
        rig.call().await.unwrap_err().kind(),
        ErrorKind::ClientTimeout,
        "29 + 1 = 30"
    );
    rig.put("n.wasm", &counting("2"));
    let status = rig.until_generation("filter/n", 2).await;
    assert_eq!(status.plugins[0].state, PluginState::Live);
    assert_eq!(
        rig.call().await.unwrap_err().kind(),
        ErrorKind::ServerTimeout,
        "29 + 2 = 31"
    );
}
