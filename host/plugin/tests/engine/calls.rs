//! What a guest reads and writes of a call.

use wubbo_core::{Error, ErrorKind, Outcome, RpcResult, Stage, Url};
use wubbo_hessian2::Value;

use crate::guests::{Guest, data, packed, record};
use crate::rig::{Rig, attachment, attachments, start, try_start};

const GET: &str = r#"(import "wubbo" "get" (func $get (param i32 i32 i32 i32 i32 i32) (result i32)))
    (import "wubbo" "body" (func $body (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "wubbo" "number" (func $number (param i32) (result i64)))
    (import "wubbo" "list" (func $list (param i32 i32 i32) (result i32)))"#;

/// A filter that sets `out` to what `read` left at 0x400 (it answers the length, or a code, which is set as `-n`).
fn echo(manifest: &str, read: &str, extra: &str) -> Vec<u8> {
    // The record: op 1, key "out" at 12, the value behind it.
    let head = record(1, 0, b"out", b"");
    let body = format!(
        r#"{extra}{}
        (func $read (result i32) {read})
        (func (export "on_request") (param $len i32) (result i64)
          (local $n i32)
          (local.set $n (call $read))
          (if (i32.lt_s (local.get $n) (i32.const 0))
            (then
              (i32.store8 (i32.const 0x400) (i32.const 45))
              (i32.store8 (i32.const 0x401) (i32.sub (i32.const 48) (local.get $n)))
              (local.set $n (i32.const 2))))
          (i32.store (i32.const 0x308) (local.get $n))
          (memory.copy (i32.const 0x30f) (i32.const 0x400) (local.get $n))
          (i64.or
            (i64.shl (i64.extend_i32_u (i32.add (local.get $n) (i32.const 15))) (i64.const 32))
            (i64.const 0x300)))"#,
        data(0x300, &head)
    );
    Guest::new(
        "echo",
        &format!(r#""fail":"open","hooks":["on_request"]{manifest}"#),
        &body,
    )
    .imports(GET)
    .build()
}

async fn out(rig: &Rig) -> Option<String> {
    attachment(&rig.call().await, "seen.out")
}

/// A key or path at 0x10.
fn key(text: &str) -> String {
    data(0x10, text.as_bytes())
}

/// `get` of a space by id, or by the text at 0x10 of this length.
fn get(space: u8, id: u8, len: usize) -> String {
    format!(
        "(call $get (i32.const {space}) (i32.const {id}) (i32.const 0x10) (i32.const {len})
            (i32.const 0x400) (i32.const 64))"
    )
}

/// `body` of a part in a form, at the path at 0x10.
fn body(part: u8, form: u8, len: usize) -> String {
    format!(
        "(call $body (i32.const {part}) (i32.const 0) (i32.const {form}) (i32.const 0x10) (i32.const {len})
            (i32.const 0x400) (i32.const 64))"
    )
}

async fn reads(cases: &[(&str, &str, String, String, &str)]) {
    for (name, manifest, read, extra, expected) in cases {
        let rig = start(&[("echo.wasm", &echo(manifest, read, extra))]).await;
        let found = out(&rig).await;
        assert_eq!(
            found.as_deref(),
            Some(*expected),
            "{name}: {:#?}",
            rig.host.status()
        );
    }
}

#[tokio::test]
async fn a_guest_reads_what_it_asks_for() {
    let none = String::new;
    let small = get(0, 2, 0).replace("(i32.const 64)", "(i32.const 3)");
    reads(&[
        ("an attachment", "", get(1, 0, 1), key("n"), "1"),
        ("an absent one", "", get(1, 0, 1), key("m"), "-1"),
        ("a field by id", "", get(0, 2, 0), none(), "call"),
        ("a field by name", "", get(0, 0, 7), key("service"), "a.B"),
        ("an unknown field", "", get(0, 99, 0), none(), "-3"),
        ("an unknown space", "", get(9, 2, 0), none(), "-3"),
        ("an empty key", "", get(1, 0, 0), none(), "-3"),
        ("an interned key", "", get(1, 11, 0), none(), "-1"),
        ("the response too early", "", get(5, 0, 1), key("n"), "-2"),
        (
            "a length before there is room",
            "",
            small,
            none(),
            "\0\0\0\0",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_guest_reads_the_body_as_far_as_it_was_granted() {
    let (none, read) = (String::new, r#","arguments":"read""#);
    reads(&[
        ("an argument as text", read, body(0, 2, 0), none(), "7"),
        ("all arguments as json", read, body(1, 1, 0), none(), "[7]"),
        (
            "a step that is not there",
            read,
            body(0, 2, 4),
            key("name"),
            "-1",
        ),
        ("a bad path", read, body(0, 2, 2), key("[x"), "-3"),
        ("without the grant", "", body(0, 2, 0), none(), "-9"),
        ("the result too early", read, body(2, 2, 0), none(), "-2"),
    ])
    .await;
}

#[tokio::test]
async fn interest_is_written_into_the_arena_in_its_order() {
    // Entry 1 (the second) is copied out: its offset and length stand at header + 8.
    let read = r#"
        (local $at i32)
        (local.set $at (i32.add (i32.const 0x8000) (i32.load16_u (i32.const 0x8000))))
        (if (i32.ne (i32.load (i32.const 0x8004)) (i32.const 3)) (then (return (i32.const -7))))
        (if (i32.ne (i32.load (local.get $at)) (i32.const -1)) (then (return (i32.const -8))))
        (memory.copy (i32.const 0x400)
          (i32.add (i32.const 0x8000) (i32.load offset=8 (local.get $at)))
          (i32.load offset=12 (local.get $at)))
        (i32.load offset=12 (local.get $at))"#;
    let interest = r#","interest":[["attachment","absent",["on_request"]],["url","token",["on_request"]],["field","method",["on_request"]]]"#;
    let rig = start(&[("echo.wasm", &echo(interest, read, ""))]).await;
    let invocation = rig.invocation_on(Url::parse("dubbo://127.0.0.1:1/a.B?token=sesame").unwrap());
    assert_eq!(
        attachment(&rig.call_with(invocation).await, "seen.out").as_deref(),
        Some("sesame")
    );
}

#[tokio::test]
async fn a_refused_batch_applies_nothing() {
    // k good writes and then a trap, k = 0..10: the call is what it was.
    let untouched = attachments(&start(&[]).await.call().await);
    for writes in 0..=10 {
        let mut batch: Vec<u8> = (0..writes)
            .flat_map(|n| record(1, 0, format!("k{n}").as_bytes(), b"v"))
            .collect();
        batch.extend(record(2, 0, b"n", b""));
        batch.extend(record(99, 0, b"x", b""));
        let body = format!(
            r#"{}(func (export "on_request") (param i32) (result i64) (i64.const {}))"#,
            data(0x1000, &batch),
            packed(0x1000, &batch)
        );
        let guest = Guest::new("bad", r#""fail":"open","hooks":["on_request"]"#, &body).build();
        let rig = start(&[("bad.wasm", &guest)]).await;
        assert_eq!(attachments(&rig.call().await), untouched, "{writes} writes");
        let trips = rig.host.status().plugins[0].trips.clone();
        assert!(trips[0].reason.contains("unknown op"), "{trips:?}");
    }
}

fn answering(manifest: &str, hook: &str, batch: &[u8]) -> Vec<u8> {
    let body = format!(
        r#"{}(func (export "{hook}") (param i32) (result i64) (i64.const {}))"#,
        data(0x1000, batch),
        packed(0x1000, batch)
    );
    Guest::new(
        "answering",
        &format!(r#""fail":"closed","hooks":["{hook}"]{manifest}"#),
        &body,
    )
    .build()
}

async fn answered(manifest: &str, hook: &str, batch: &[u8]) -> Outcome {
    let rig = start(&[("a.wasm", &answering(manifest, hook, batch))]).await;
    rig.call().await
}

#[tokio::test]
async fn a_guest_replies_and_replaces() {
    let error = record(7, u16::from_le_bytes([70, 4]), b"", b"no entry");
    for hook in ["on_request", "on_response"] {
        let given = answered("", hook, &error).await.unwrap_err();
        assert_eq!(
            (given.kind(), given.message()),
            (ErrorKind::Forbidden, "no entry"),
            "{hook}"
        );
    }
    let mut value = record(6, 0, b"", b"[1,4294967296]");
    value[1] = 1;
    let reply = answered("", "on_request", &value).await.unwrap();
    let expected = RpcResult::value(Value::List(wubbo_hessian2::List::new(vec![
        Value::Int(1),
        Value::Long(1 << 32),
    ])));
    assert_eq!(reply.kind, expected.kind);
    let refused = answered("", "on_response", &value).await.unwrap_err();
    assert!(
        refused.message().contains("not granted"),
        "{}",
        refused.message()
    );
    let mut both = value.clone();
    both.extend(record(3, 0, b"kept", b"1"));
    let replaced = answered(r#","result":"write""#, "on_response", &both)
        .await
        .unwrap();
    assert_eq!(replaced.kind, expected.kind);
    assert_eq!(replaced.attachments.get("kept"), Some("1"));
    assert_eq!(
        replaced.attachments.get("seen.n"),
        Some("1"),
        "response attachments stay"
    );
    let thrown = answered("", "on_request", &record(8, 0, b"a.Oops", b"why"))
        .await
        .unwrap();
    assert_eq!(
        thrown.kind,
        RpcResult::exception("a.Oops", Some("why")).kind
    );
}

#[tokio::test]
async fn a_guest_rewrites_arguments_with_the_grant() {
    let mut batch = record(5, 0, b"", b"nine");
    batch[1] = 2;
    let outcome = answered(r#","arguments":"write""#, "on_request", &batch).await;
    assert_eq!(
        attachment(&outcome, "body").as_deref(),
        Some(r#"Values([String("nine")])"#)
    );
    let outcome = answered(r#","arguments":"read""#, "on_request", &batch).await;
    assert!(outcome.unwrap_err().message().contains("not granted"));
}

#[tokio::test]
async fn the_operator_may_take_a_grant_away() {
    let mut batch = record(5, 0, b"", b"nine");
    batch[1] = 2;
    let guest = answering(r#","arguments":"write""#, "on_request", &batch);
    let rig = start(&[
        ("a.wasm", &guest),
        ("a.yaml", b"grants: { arguments: read }\nfail: open\n"),
    ])
    .await;
    assert_eq!(
        attachment(&rig.call().await, "body").as_deref(),
        Some("Values([Int(7)])")
    );
    assert_eq!(rig.host.status().plugins[0].counters.trips["bad_answer"], 1);
}

#[tokio::test]
async fn scratch_comes_back_in_the_response_hook() {
    let scratch = record(9, 0, &42_u64.to_le_bytes(), b"blob");
    let head = record(3, 0, b"scratch", b"");
    // on_response answers the blob if the number is right.
    let body = format!(
        r#"{}{}
        (func (export "on_request") (param i32) (result i64) (i64.const {}))
        (func (export "on_response") (param i32) (result i64)
          (local $n i32)
          (if (i64.ne (i64.load (i32.const 0x8018)) (i64.const 42)) (then (unreachable)))
          (local.set $n (i32.load (i32.const 0x8024)))
          (i32.store (i32.const 0x308) (local.get $n))
          (memory.copy (i32.const 0x313) (i32.add (i32.const 0x8000) (i32.load (i32.const 0x8020))) (local.get $n))
          (i64.or
            (i64.shl (i64.extend_i32_u (i32.add (local.get $n) (i32.const 19))) (i64.const 32))
            (i64.const 0x300)))"#,
        data(0x100, &scratch),
        data(0x300, &head),
        packed(0x100, &scratch)
    );
    let guest = Guest::new(
        "s",
        r#""fail":"closed","hooks":["on_request","on_response"]"#,
        &body,
    );
    for imports in ["", GET] {
        // With the import `number` the host keeps the time beside the blob; the guest must not see it.
        let rig = start(&[(
            "s.wasm",
            &Guest {
                imports: imports.to_owned(),
                ..Guest::new("s", &guest.manifest, &guest.body)
            }
            .build(),
        )])
        .await;
        assert_eq!(
            attachment(&rig.call().await, "scratch").as_deref(),
            Some("blob")
        );
    }
}

#[tokio::test]
async fn a_response_hook_does_not_run_when_its_request_hook_failed() {
    let out = record(3, 0, b"out", b"1");
    let body = format!(
        r#"{}
        (func (export "on_request") (param i32) (result i64) (i64.const -11))
        (func (export "on_response") (param i32) (result i64) (i64.const {}))"#,
        data(0x100, &out),
        packed(0x100, &out)
    );
    let guest = Guest::new(
        "f",
        r#""fail":"open","hooks":["on_request","on_response"]"#,
        &body,
    )
    .build();
    let rig = start(&[("f.wasm", &guest)]).await;
    assert_eq!(attachment(&rig.call().await, "out"), None);
    let plugin = &rig.host.status().plugins[0];
    assert_eq!(
        (
            plugin.counters.hooks,
            plugin.counters.failed,
            plugin.instances
        ),
        (1, 1, 2)
    );
}

#[tokio::test]
async fn the_outcome_is_there_again_after_a_trap_in_the_response_hook() {
    let body = r#"(func (export "on_response") (param i32) (result i64)
        (drop (call $list (i32.const 5) (i32.const 0x400) (i32.const 1024))) (unreachable))"#;
    let guest = Guest::new("t", r#""fail":"open","hooks":["on_response"]"#, body)
        .imports(GET)
        .build();
    let rig = start(&[("t.wasm", &guest)]).await;
    assert_eq!(
        attachments(&rig.call().await),
        attachments(&start(&[]).await.call().await)
    );
    assert_eq!(rig.host.status().plugins[0].counters.trips["trap"], 1);
}

#[tokio::test]
async fn elapsed_time_is_known_to_those_who_may_ask() {
    // Fails unless the elapsed time is above zero.
    let body = r#"(func (export "on_response") (param i32) (result i64)
        (if (i64.le_s (call $number (i32.const 2)) (i64.const 0)) (then (unreachable))) (i64.const 0))"#;
    let guest = Guest::new("e", r#""fail":"closed","hooks":["on_response"]"#, body)
        .imports(GET)
        .build();
    let rig = start(&[("e.wasm", &guest)]).await;
    assert!(rig.call().await.is_ok());
}

#[tokio::test]
async fn a_caller_that_went_away_is_told_apart_and_its_commands_are_dropped() {
    // Traps unless the flag CANCELLED and status 30 are set; answers an error, which nobody gets.
    let error = record(7, u16::from_le_bytes([80, 0]), b"", b"late");
    let body = format!(
        r#"{}(func (export "on_response") (param i32) (result i64)
          (if (i32.eqz (i32.and (i32.load16_u (i32.const 0x8002)) (i32.const 32))) (then (unreachable)))
          (if (i32.ne (i32.load8_u (i32.const 0x8029)) (i32.const 30)) (then (unreachable)))
          (i64.const {}))"#,
        data(0x100, &error),
        packed(0x100, &error)
    );
    let guest = Guest::new("c", r#""fail":"closed","hooks":["on_response"]"#, &body).build();
    let rig = start(&[("c.wasm", &guest)]).await;
    let policies = rig.policies.load();
    let entry = &policies.filters(Stage::Provider)[0];
    let mut outcome: Outcome = Err(Error::new(ErrorKind::Cancelled, "gone"));
    let mut scratch = wubbo_core::Scratch::default();
    entry
        .filter
        .on_response(&rig.invocation(), &mut outcome, &mut scratch);
    assert_eq!(outcome.unwrap_err().message(), "gone");
    let plugin = &rig.host.status().plugins[0];
    assert_eq!(
        (plugin.counters.hooks, plugin.trips.len()),
        (1, 0),
        "{:?}",
        plugin.trips
    );
}

#[tokio::test]
async fn configuration_reaches_the_guest_as_json() {
    // new fails with the configuration as its message.
    let new = r#"(func (export "new") (result i32)
        (call $fail (i32.const 0) (i32.const 0) (i32.const 0x400)
          (call $text (i32.const 0) (i32.const 0x400) (i32.const 256)))
        (i32.const -11))"#;
    let imports = r#"(import "wubbo" "text" (func $text (param i32 i32 i32) (result i32)))
        (import "wubbo" "fail" (func $fail (param i32 i32 i32 i32)))"#;
    let hook = r#"(func (export "on_request") (param i32) (result i64) (i64.const 0))"#;
    let guest = Guest::new("c", r#""fail":"open","hooks":["on_request"]"#, hook)
        .imports(imports)
        .with_new(new)
        .build();
    let of = async |files: &[(&str, &[u8])], configs: &[(&str, serde_json::Value)]| {
        let configs = configs
            .iter()
            .map(|(identity, tree)| ((*identity).to_owned(), tree.clone()))
            .collect();
        let rig = try_start(files, Vec::new(), |config| config.configs = configs)
            .await
            .unwrap();
        rig.host.status().plugins[0]
            .last_error
            .as_ref()
            .unwrap()
            .reason
            .clone()
    };
    let file: (&str, &[u8]) = ("c.wasm", &guest);
    assert_eq!(of(&[file], &[]).await, "configuration refused: {}");
    assert_eq!(
        of(&[file, ("c.yaml", b"config: { a: [1, x] }")], &[]).await,
        r#"configuration refused: {"a":[1,"x"]}"#
    );
    let tree = serde_json::json!({ "config": { "b": true } });
    assert_eq!(
        of(&[file], &[("filter/c", tree.clone())]).await,
        r#"configuration refused: {"b":true}"#
    );
    assert_eq!(
        of(&[file, ("c.yaml", b"order: 1")], &[("filter/c", tree)]).await,
        "configuration refused: {}"
    );
}
