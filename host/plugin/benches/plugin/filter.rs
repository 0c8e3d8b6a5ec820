//! What a plugin costs: a filter call linked and sandboxed, with nothing, one and five reads, a chain of five, and a swap.
//!
//! Calls are measured in CPU time of their thread, since other work on the machine is none of theirs.
//! Bookkeeping is included: slot, deadline, counters, checks, the commands applied. Goals are those of design section 10:
//! one read <= 100 ns, a chain of five <= 500 ns, file closed to live <= 250 ms and <= 50 ms from the cache.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BatchSize, Criterion};
use tokio::runtime::Runtime;
use wubbo_core::{Filter, Invocation, Request, Scratch, ServiceKey, Stage, Url};
use wubbo_plugin_sdk::Error;
use wubbo_plugin_sdk::abi::interest::Space;
use wubbo_plugin_sdk::native::{Create, Factory, HostCall, HostFunctions, NativeFilter};

use crate::cpu::CpuTime;
use crate::rig::Rig;

/// Reads the attachment `tenant`, as a linked plugin.
struct Reader;

impl NativeFilter for Reader {
    fn on_request(&mut self, call: &dyn HostCall, _out: &mut Vec<u8>) -> Result<(), Error> {
        black_box(call.get(Space::Attachment, "tenant").ok().flatten());
        Ok(())
    }

    fn on_response(&mut self, _call: &dyn HostCall, _out: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
    }

    fn tick(&mut self, _host: &dyn HostFunctions) -> Result<(), Error> {
        Ok(())
    }

    fn self_test(&mut self, _host: &dyn HostFunctions) -> Result<(), Error> {
        Ok(())
    }
}

const LINKED: Factory = Factory {
    manifest: b"wubp\x01\0\0\0{\"kind\":\"filter\",\"name\":\"linked\",\"version\":\"1.0.0\",\"fail\":\"open\",\"hooks\":[\"on_request\"]}",
    create: Create::Filter(|_, _| Ok(Box::new(Reader))),
};

/// A guest with these parts of a manifest, imports and hook.
fn guest(name: &str, interest: &str, imports: &str, hook: &str) -> Vec<u8> {
    let json = format!(
        r#"{{"kind":"filter","name":"{name}","version":"1.0.0","fail":"open","hooks":["on_request"],"interest":{interest}}}"#
    );
    let text = format!(
        r#"(module
          (@custom "wubbo.plugin" "wubp\01\00\00\00{}")
          {imports}
          (memory (export "memory") 2)
          (data (i32.const 16) "tenant")
          (func (export "arena") (result i64) (i64.const 0x0000_4000_0000_8000))
          (func (export "new") (result i32) (i32.const 0))
          (func (export "on_request") (param $len i32) (result i64) {hook}))"#,
        json.replace('"', "\\\"")
    );
    wat::parse_str(text).expect("a module")
}

const PREFETCHED: &str = r#"[["attachment","tenant",["on_request"]]]"#;
/// Touches the prefetched text: fails unless its first byte is `a`.
const TOUCH: &str = r#"
    (local $at i32)
    (local.set $at (i32.add (i32.const 0x8000) (i32.load16_u (i32.const 0x8000))))
    (if (i32.ne (i32.load8_u (i32.add (i32.const 0x8000) (i32.load (local.get $at)))) (i32.const 97)) (then (unreachable)))
    (i64.const 0)"#;
const GET: &str =
    r#"(import "wubbo" "get" (func $get (param i32 i32 i32 i32 i32 i32) (result i32)))"#;

/// Reads the attachment so many times by the import `get`.
fn asks(count: usize) -> String {
    let ask = "(drop (call $get (i32.const 1) (i32.const 0) (i32.const 16) (i32.const 6) (i32.const 0x400) (i32.const 64)))";
    ask.repeat(count) + "(i64.const 0)"
}

/// A call with sixteen attachments, the one that is read in the middle.
fn invocation() -> Invocation {
    let mut request = Request::new(
        ServiceKey::new("org.wubbo.demo.EchoService", "", "1.0.0"),
        "echo",
    );
    for number in 0..16 {
        let key = if number == 8 {
            "tenant".to_owned()
        } else {
            format!("attachment-{number}")
        };
        request.attachments.set(key, "a value of some length");
    }
    Invocation::new(request, Url::default())
}

fn filters(rig: &Rig) -> Vec<Arc<dyn Filter>> {
    let policies = rig.policies.load();
    policies
        .filters(Stage::Provider)
        .iter()
        .map(|entry| Arc::clone(&entry.filter))
        .collect()
}

pub(crate) fn calls(criterion: &mut Criterion<CpuTime>) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("filter");
    let one = |name: &str, interest: &str, imports: &str, hook: &str| {
        vec![(format!("{name}.wasm"), guest(name, interest, imports, hook))]
    };
    let five: Vec<_> = (0..5)
        .flat_map(|n| one(&format!("p{n}"), PREFETCHED, "", TOUCH))
        .collect();
    let cases = [
        ("native, one read", Vec::new()),
        ("wasm, empty", one("empty", "[]", "", "(i64.const 0)")),
        (
            "wasm, one read prefetched",
            one("prefetched", PREFETCHED, "", TOUCH),
        ),
        (
            "wasm, one read asked for",
            one("asked", "[]", GET, &asks(1)),
        ),
        (
            "wasm, five reads asked for",
            one("asked5", "[]", GET, &asks(5)),
        ),
        ("wasm, chain of five with one read each", five),
    ];
    for (name, files) in cases {
        let rig = Rig::start(&runtime, vec![LINKED], &files, None);
        let filters = filters(&rig);
        assert!(!filters.is_empty(), "{name}: nothing to measure");
        let mut invocation = invocation();
        rig.measure(&mut group, name, || {
            for filter in &filters {
                let mut scratch = Scratch::default();
                black_box(filter.on_request(&mut invocation, &mut scratch));
            }
        });
    }
    group.finish();
}

/// About 100 KB of functions that the compiler cannot leave out.
fn large(mark: u64) -> Vec<u8> {
    let mut functions = String::new();
    for number in 0..400 {
        let mut body = String::from("(local.get 0)");
        for step in 0..60 {
            body += &format!(
                "(i64.const {}) (i64.xor) (i64.const {}) (i64.mul)",
                number * 7919 + step,
                step * 2 + 1
            );
        }
        functions += &format!(r#"(func (export "f{number}") (param i64) (result i64) {body})"#);
    }
    let hook = format!(
        "(drop (i64.const {mark})) (i64.const 0)) {functions} (func (result i64) (i64.const 0)"
    );
    guest("large", "[]", "", &hook)
}

/// Drops a module of about 100 KB by a rename and waits until the host says that it is live.
pub(crate) fn swaps(criterion: &mut Criterion<WallTime>) {
    let runtime = Runtime::new().expect("a runtime");
    let cache = tempfile::tempdir().expect("a directory");
    let mut group = criterion.benchmark_group("swap");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(5));
    let rig = Rig::start(
        &runtime,
        vec![LINKED],
        &[("large.wasm".to_owned(), large(0))],
        Some(cache.path()),
    );
    let mut mark = 0;
    // Two modules in turn: both are in the cache after the first round.
    let modules = [large(1), large(2)];
    for (name, cached) in [
        ("file closed to live, compiled", false),
        ("file closed to live, cached", true),
    ] {
        group.bench_function(name, |bencher| {
            let next = || {
                mark += 1;
                let bytes = if cached {
                    modules[mark as usize % 2].clone()
                } else {
                    large(1000 + mark)
                };
                std::fs::write(rig.dir.path().join(".next"), &bytes).expect("a file");
                rig.host.status().plugins[0].generation
            };
            bencher.iter_batched(
                next,
                |before| swap(&runtime, &rig, before),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn swap(runtime: &Runtime, rig: &Rig, before: u64) -> Duration {
    let start = Instant::now();
    std::fs::rename(
        rig.dir.path().join(".next"),
        rig.dir.path().join("large.wasm"),
    )
    .expect("renamed");
    runtime.block_on(
        rig.host
            .until(|status| status.plugins[0].generation > before),
    );
    start.elapsed()
}
