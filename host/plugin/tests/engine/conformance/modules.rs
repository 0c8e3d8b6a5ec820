//! What the SDK never does, by modules written by hand: the exports before `new`, the schema, and codes for numbers that it does not know.

use wubbo_plugin::describe;
use wubbo_plugin_sdk::abi::{codes, names};

use super::recorder::Recorder;
use crate::built;
use crate::guests::Guest;
use crate::rig::try_start;

/// Writes what `_initialize` and `arena` left in memory as lines, from `new`.
const EARLY: &str = r#"
    (data (i32.const 0x100) "_initialize ran")
    (data (i32.const 0x120) "arena ran")
    (data (i32.const 0x140) "memory is there")
    (global $initialized (mut i32) (i32.const 0))
    (global $arena (mut i32) (i32.const 0))
    (func (export "_initialize")
      ;; Before `new` there is neither clock nor state.
      (if (i64.eq (call $clock (i32.const 0)) (i64.const -2))
        (then (global.set $initialized (i32.const 1)))))
    (func (export "arena") (result i64)
      (if (global.get $initialized) (then (global.set $arena (i32.const 1))))
      (i64.const 0x0000_4000_0000_8000))
    (func (export "new") (result i32)
      (if (global.get $initialized)
        (then (drop (call $log (i32.const 0) (i32.const 2) (i32.const 0x100) (i32.const 15)))))
      (if (global.get $arena)
        (then (drop (call $log (i32.const 0) (i32.const 2) (i32.const 0x120) (i32.const 9)))))
      (drop (call $log (i32.const 0) (i32.const 2) (i32.const 0x140) (i32.const 15)))
      (i32.const 0))
    (func (export "on_request") (param i32) (result i64) (i64.const 0))"#;

const IMPORTS: &str = r#"
    (import "wubbo" "log" (func $log (param i32 i32 i32 i32) (result i32)))
    (import "wubbo" "clock" (func $clock (param i32) (result i64)))"#;

/// Imports whose numbers nobody knows, and the code that each answers in `on_request`.
const UNKNOWN: [(&str, i32); 9] = [
    ("get", codes::BAD_ARGUMENT),
    ("list", codes::BAD_ARGUMENT),
    ("number", codes::BAD_ARGUMENT),
    ("body", codes::BAD_ARGUMENT),
    ("text", codes::BAD_ARGUMENT),
    ("log", codes::BAD_ARGUMENT),
    ("clock", codes::BAD_ARGUMENT),
    ("table", codes::NOT_ALLOWED),
    ("metric_update", codes::BAD_ARGUMENT),
];

/// Runs them all; how many there were.
pub(crate) fn run(pooling: bool, recorder: &'static Recorder) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(early(pooling, recorder));
    for (import, code) in UNKNOWN {
        runtime.block_on(unknown(pooling, import, code));
    }
    let schema = describe(&built::guest("probe-filter")).unwrap().unwrap();
    assert!(schema.contains("additionalProperties"), "{schema}");
    recorder.export(names::DESCRIBE.name);
    UNKNOWN.len() + 2
}

async fn early(pooling: bool, recorder: &Recorder) {
    let module = crate::guests::module(&format!(
        r#"(module
          (@custom "wubbo.plugin" "wubp\01\00\00\00{{\"kind\":\"filter\",\"name\":\"early\",\"version\":\"1.0.0\",\"fail\":\"open\",\"hooks\":[\"on_request\"]}}")
          {IMPORTS}
          (memory (export "memory") 2)
          {EARLY})"#
    ));
    let files: [(&str, &[u8]); 1] = [("early.wasm", &module)];
    let rig = try_start(&files, Vec::new(), |host| {
        host.pooling = pooling;
    });
    let lines = rig.await.unwrap().lines.texts();
    for export in ["_initialize", "arena", "memory"] {
        let wrote = |line: &String| line.starts_with(export);
        assert!(lines.iter().any(wrote), "{export}: {lines:?}");
        recorder.export(export);
    }
}

/// A call of an import with 99 in every place. The code comes back as the message of an error, `-3` and the like.
async fn unknown(pooling: bool, import: &str, code: i32) {
    let known = names::IMPORTS.iter().find(|known| known.name == import);
    let signature = known.unwrap();
    let number = |number: &names::Val| match number {
        names::Val::I32 => ("i32", "(i32.const 99)"),
        names::Val::I64 => ("i64", "(i64.const 99)"),
    };
    let params: Vec<&str> = signature
        .params
        .iter()
        .map(|param| number(param).0)
        .collect();
    let given: Vec<&str> = signature
        .params
        .iter()
        .map(|param| number(param).1)
        .collect();
    let result = number(&signature.result.unwrap()).0;
    let answer = match result {
        "i32" => format!("(call $f {})", given.join(" ")),
        _ => format!("(i32.wrap_i64 (call $f {}))", given.join(" ")),
    };
    // A batch of one: OUTCOME_ERROR with status 70 and two characters of message.
    let body = format!(
        r#"(func (export "on_request") (param i32) (result i64)
          (i64.store (i32.const 0x300) (i64.const 0))
          (i32.store8 (i32.const 0x300) (i32.const 7))
          (i32.store8 (i32.const 0x302) (i32.const 70))
          (i32.store (i32.const 0x308) (i32.const 2))
          (i32.store8 (i32.const 0x30c) (i32.const 45))
          (i32.store8 (i32.const 0x30d) (i32.sub (i32.const 48) {answer}))
          (i64.const 0x0000_000e_0000_0300))"#
    );
    let module = Guest::new(
        "unknown",
        r#""fail":"closed","hooks":["on_request"]"#,
        &body,
    )
    .imports(&format!(
        r#"(import "wubbo" "{import}" (func $f (param {}) (result {result})))"#,
        params.join(" ")
    ))
    .build();
    let files: [(&str, &[u8]); 1] = [("u.wasm", &module)];
    let rig = try_start(&files, Vec::new(), |host| {
        host.pooling = pooling;
    });
    let rig = rig.await.unwrap();
    let found = rig.call().await.unwrap_err();
    assert_eq!(found.message(), code.to_string(), "{import}");
    let trips: u64 = rig.host.status().plugins[0].counters.trips.values().sum();
    assert_eq!(trips, 0, "{import}");
}
