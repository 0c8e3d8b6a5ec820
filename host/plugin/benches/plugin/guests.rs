//! What routers and balancers cost, linked and sandboxed: narrowing 1000 providers by tag, a uniform pick, and handing out a list.
//!
//! Calls are measured in CPU time of their thread, bookkeeping and checks included. Goals of design section 10: tag router over 1000
//! <= 1.5 us, random over 1000 <= 100 ns. A list is handed to every slot (two per core): wall time from `deliver` to its end.

use std::hint::black_box;
use std::sync::Arc;

use criterion::measurement::WallTime;
use criterion::{BatchSize, Criterion};
use tokio::runtime::Runtime;
use wubbo_core::{
    Candidates, Choice, Invocation, ProviderRow, ProviderTable, Request, Routing, ServiceKey, Url,
};
use wubbo_plugin_sdk::Error;
use wubbo_plugin_sdk::abi::interest::Space;
use wubbo_plugin_sdk::native::{
    Create, Factory, HostFunctions, HostRouting, HostTable, NativeLoadBalance, NativeRouter,
    RuleText,
};

use crate::cpu::CpuTime;
use crate::rig::Rig;

type Done = Result<(), Error>;

/// Keeps the providers tagged `gray`, of one list.
#[derive(Default)]
struct Gray(Vec<u64>);

impl NativeRouter for Gray {
    fn on_providers(&mut self, table: &dyn HostTable) -> Done {
        self.0 = vec![0; table.rows().div_ceil(64) as usize];
        for row in 0..table.rows() {
            let tag = table.get(row, Space::Url, "dubbo.tag").ok().flatten();
            if let (Some("gray"), Some(word)) = (tag.as_deref(), self.0.get_mut(row as usize / 64))
            {
                *word |= 1 << (row % 64);
            }
        }
        Ok(())
    }

    fn drop_providers(&mut self, _service_token: u64, _host: &dyn HostFunctions) -> Done {
        Ok(())
    }

    fn on_rule(&mut self, _rule: RuleText<'_>, _host: &dyn HostFunctions) -> Done {
        Ok(())
    }

    fn route(&mut self, _call: &dyn HostRouting, candidates: &mut [u64]) -> Result<bool, Error> {
        for (word, gray) in candidates.iter_mut().zip(&self.0) {
            *word &= gray;
        }
        Ok(true)
    }

    fn tick(&mut self, _host: &dyn HostFunctions) -> Done {
        Ok(())
    }

    fn self_test(&mut self, _host: &dyn HostFunctions) -> Done {
        Ok(())
    }
}

/// Picks uniformly from a list of which every row is a candidate.
struct Uniform;

impl NativeLoadBalance for Uniform {
    fn on_providers(&mut self, _table: &dyn HostTable) -> Done {
        Ok(())
    }

    fn drop_providers(&mut self, _service_token: u64, _host: &dyn HostFunctions) -> Done {
        Ok(())
    }

    fn select(
        &mut self,
        call: &dyn HostRouting,
        _candidates: &[u64],
    ) -> Result<Option<u32>, Error> {
        let random = call.functions().random().unwrap_or_default();
        Ok(u32::try_from(random % u64::from(call.rows())).ok())
    }

    fn tick(&mut self, _host: &dyn HostFunctions) -> Done {
        Ok(())
    }

    fn self_test(&mut self, _host: &dyn HostFunctions) -> Done {
        Ok(())
    }
}

const LINKED: [Factory; 2] = [
    Factory {
        manifest: b"wubp\x01\0\0\0{\"kind\":\"router\",\"name\":\"gray\",\"version\":\"1.0.0\",\"hooks\":[\"route\",\"on_providers\",\"drop_providers\"]}",
        create: Create::Router(|_, _| Ok(Box::new(Gray::default()))),
    },
    Factory {
        manifest: b"wubp\x01\0\0\0{\"kind\":\"loadbalance\",\"name\":\"uniform\",\"version\":\"1.0.0\",\"hooks\":[\"select\",\"on_providers\",\"drop_providers\"]}",
        create: Create::LoadBalance(|_, _| Ok(Box::new(Uniform))),
    },
];

fn guest(manifest: &str, body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
          (@custom "wubbo.plugin" "wubp\01\00\00\00{}")
          (import "wubbo" "table" (func $table (param i32 i32 i32) (result i32)))
          (import "wubbo" "random" (func $random (result i64)))
          (memory (export "memory") 4)
          (func (export "arena") (result i64) (i64.const 0x0000_4000_0000_8000))
          (func (export "new") (result i32) (i32.const 0))
          (func (export "drop_providers") (param i64) (result i32) (i32.const 0))
          {body})"#,
        manifest.replace('"', "\\\"")
    );
    wat::parse_str(text).expect("a module")
}

/// The same two as modules; the mask of word 1 of the tags lies at 0x8000 - 0x2000.
fn guests() -> [(&'static str, Vec<u8>); 2] {
    let gray = r#"
      (func (export "on_providers") (param i32) (result i32)
        (local $row i32) (local $rows i32) (local $at i32)
        (local.set $rows (i32.load (i32.const 0x8004)))
        (drop (call $table (i32.const 0) (i32.const 0x10000) (i32.const 0x30000)))
        (memory.fill (i32.const 0x6000) (i32.const 0) (i32.const 0x2000))
        (block $done (loop $next
          (br_if $done (i32.ge_u (local.get $row) (local.get $rows)))
          (if (i32.eq (i32.load (i32.add (i32.const 0x10000) (i32.shl (local.get $row) (i32.const 2)))) (i32.const 1)) (then
            (local.set $at (i32.add (i32.const 0x6000) (i32.shr_u (local.get $row) (i32.const 3))))
            (i32.store8 (local.get $at) (i32.or (i32.load8_u (local.get $at))
              (i32.shl (i32.const 1) (i32.and (local.get $row) (i32.const 7)))))))
          (local.set $row (i32.add (local.get $row) (i32.const 1)))
          (br $next)))
        (i32.const 0))
      (func (export "route") (param i32) (result i32)
        (local $word i32) (local $end i32) (local $at i32) (local $mask i32)
        (local.set $at (i32.add (i32.const 0x8000) (i32.load (i32.const 0x8038))))
        (local.set $mask (i32.const 0x6000))
        (local.set $end (i32.shr_u (i32.add (i32.load (i32.const 0x802c)) (i32.const 63)) (i32.const 6)))
        (block $done (loop $next
          (br_if $done (i32.ge_u (local.get $word) (local.get $end)))
          (i64.store (local.get $at) (i64.and (i64.load (local.get $at)) (i64.load (local.get $mask))))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (local.set $mask (i32.add (local.get $mask) (i32.const 8)))
          (local.set $word (i32.add (local.get $word) (i32.const 1)))
          (br $next)))
        (i32.const 1))"#;
    let uniform = r#"
      (func (export "on_providers") (param i32) (result i32) (i32.const 0))
      (func (export "select") (param i32) (result i32)
        (i32.wrap_i64 (i64.rem_u (call $random) (i64.load32_u (i32.const 0x802c)))))"#;
    let router = r#"{"kind":"router","name":"gray","version":"1.0.0","hooks":["route","on_providers","drop_providers"],"interest":[["url","dubbo.tag",["on_providers"]]]}"#;
    let balancer = r#"{"kind":"loadbalance","name":"uniform","version":"1.0.0","hooks":["select","on_providers","drop_providers"]}"#;
    [
        ("gray.wasm", guest(router, gray)),
        ("uniform.wasm", guest(balancer, uniform)),
    ]
}

fn start(runtime: &Runtime, linked: bool) -> Rig {
    let files = guests().map(|(name, bytes)| (name.to_owned(), bytes));
    let files = if linked { &[][..] } else { &files };
    Rig::start(runtime, LINKED.to_vec(), files, None)
}

fn urls(rows: usize) -> Vec<Url> {
    let url = |row: usize| {
        let tag = if row.is_multiple_of(3) {
            "&dubbo.tag=gray"
        } else {
            ""
        };
        Url::parse(&format!(
            "dubbo://10.0.{}.{}:20880/a.B?weight=100{tag}",
            row / 250,
            row % 250
        ))
    };
    (0..rows).map(url).collect::<Result<_, _>>().expect("urls")
}

fn table(version: u64, urls: &[Url]) -> Arc<ProviderTable> {
    let row = |url: &Url| ProviderRow::new(url.clone(), Arc::default());
    let rows = urls.iter().map(row).collect();
    Arc::new(ProviderTable::new(
        ServiceKey::new("a.B", "", ""),
        7,
        version,
        rows,
    ))
}

pub(crate) fn calls(criterion: &mut Criterion<CpuTime>) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("1000 providers");
    let table = table(1, &urls(1000));
    let invocation = Invocation::new(
        Request::new(ServiceKey::new("a.B", "", ""), "echo"),
        Url::default(),
    );
    let consumer = Url::default();
    let routing = Routing {
        invocation: &invocation,
        consumer: &consumer,
        table: &table,
        attempt: 0,
        remarks: None,
    };
    for (form, linked) in [("native", true), ("wasm", false)] {
        let rig = start(&runtime, linked);
        runtime.block_on(rig.host.tables().deliver(&table));
        let policies = rig.policies.load();
        let router = &policies.routers().first().expect("a router").router;
        let all = Candidates::all(1000);
        let mut left = all.clone();
        router.route(&routing, &mut left);
        assert_eq!(left.count(), 334, "{form}");
        // All that is clear stays clear: the work is the same each time, and no copy is measured.
        rig.measure(&mut group, &format!("{form}, by tag"), || {
            router.route(&routing, black_box(&mut left));
        });
        let balancer = policies.balancer("uniform").expect("a balancer");
        rig.measure(&mut group, &format!("{form}, uniform pick"), || {
            let chosen = balancer.select(&routing, black_box(&all));
            assert!(matches!(chosen, Choice::Row(_)));
        });
    }
    group.finish();
}

pub(crate) fn lists(criterion: &mut Criterion<WallTime>) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("hand out a list");
    group.sample_size(20);
    let mut version = 0;
    for (form, linked) in [("native", true), ("wasm", false)] {
        let rig = start(&runtime, linked);
        let sink = rig.host.tables();
        for rows in [10, 100, 1000, 10_000] {
            let urls = urls(rows);
            group.bench_function(format!("{form}, {rows}"), |bencher| {
                let next = || {
                    version += 1;
                    table(version, &urls)
                };
                bencher.iter_batched(
                    next,
                    |table| runtime.block_on(sink.deliver(&table)),
                    BatchSize::PerIteration,
                );
            });
        }
        for plugin in rig.host.status().plugins {
            assert_eq!(plugin.counters.table_failures, 0, "{form}");
        }
    }
    group.finish();
}
