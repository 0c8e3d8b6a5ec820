//! Valid answers with random faults: a guest answers what it is given as an argument, byte for byte.

use wubbo_core::{ConfigureSide, Flow, Invocation, Outcome, RequestBody, Scratch, Stage, Url};
use wubbo_hessian2::Value;
use wubbo_plugin_sdk::abi::commands::{self, Value as Given};

use super::{Run, mutate};
use crate::atomicity::{framed, outcome_bytes, request_bytes};
use crate::guests::{Guest, data, packed, record};
use crate::rig::{MEMORY, Rig, start, try_start};

/// Instances of the guest: a bad answer costs one.
const INSTANCES: usize = 200;
/// Longer ones have another head in Hessian; the guest knows these.
const ANSWER_MAX: usize = 30_000;

/// A filter whose hooks both answer with argument 0, an array of bytes. The first byte says how: 0 the rest as a batch, else the next
/// eight bytes as the packed range itself.
fn mouth() -> Vec<u8> {
    let hook = |name: &str| {
        format!(
            r#"(func (export "{name}") (param i32) (result i64) (local $len i32) (local $at i32)
              (local.set $len (call $body (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0x10000) (i32.const 0x8000)))
              (if (i32.lt_s (local.get $len) (i32.const 1)) (then (unreachable)))
              (local.set $at (i32.add (i32.const 0x10000) (call $head (i32.load8_u (i32.const 0x10000)))))
              (local.set $len (i32.sub (i32.add (local.get $len) (i32.const 0x10000)) (local.get $at)))
              (if (i32.load8_u (local.get $at)) (then (return (i64.load offset=1 (local.get $at)))))
              (if (i32.eq (local.get $len) (i32.const 1)) (then (return (i64.const 0))))
              (i64.or (i64.shl (i64.extend_i32_u (i32.sub (local.get $len) (i32.const 1))) (i64.const 32))
                (i64.extend_i32_u (i32.add (local.get $at) (i32.const 1)))))"#
        )
    };
    let body = format!(
        r#"(func $head (param $tag i32) (result i32)
          (if (i32.eq (i32.and (local.get $tag) (i32.const 0xf0)) (i32.const 0x20)) (then (return (i32.const 1))))
          (if (i32.eq (i32.and (local.get $tag) (i32.const 0xfc)) (i32.const 0x34)) (then (return (i32.const 2))))
          (i32.const 3))
        {} {}"#,
        hook("on_request"),
        hook("on_response")
    );
    let manifest = r#""fail":{"status":100,"message":"policy"},"hooks":["on_request","on_response"],"arguments":"write","result":"write""#;
    Guest::new("mouth", manifest, &body)
        .imports(r#"(import "wubbo" "body" (func $body (param i32 i32 i32 i32 i32 i32 i32) (result i32)))"#)
        .build()
}

/// A batch that the hook may answer, most of the time.
fn valid(on_request: bool, random: &mut fastrand::Rng) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..random.usize(0..5) {
        let value = match random.u8(0..4) {
            0 => Given::Json(r#"{"a":[1,2.5,null,true,"x"]}"#),
            1 => Given::Hessian(b"\x0bhello world"),
            2 => Given::Hessian(b"\x57\x91\x51\x90Z"),
            _ => Given::Text("text"),
        };
        let number = random.u16(0..80);
        match random.u8(0..9) {
            0 => commands::set(&mut out, 1 + 2 * u8::from(!on_request), 0, "n", "2"),
            1 => commands::set(&mut out, 1 + 2 * u8::from(!on_request), number, "k", "v"),
            2 => commands::remove(&mut out, 2 + 2 * u8::from(!on_request), 0, "kept"),
            3 if on_request => commands::set_argument(&mut out, random.u16(0..2), value),
            4 if on_request => commands::set_scratch(&mut out, 7, b"blob"),
            5 => commands::outcome_value(&mut out, value),
            6 => commands::outcome_error(&mut out, 70, 4, "no"),
            7 => commands::outcome_exception(&mut out, "a.Oops", "why"),
            _ => {}
        }
    }
    out
}

/// A call whose argument is what the guest is to answer.
fn invocation(rig: &Rig, answer: Vec<u8>) -> Invocation {
    let mut request = wubbo_core::Request::new(wubbo_core::ServiceKey::new("a.B", "", ""), "call");
    request.attachments = framed();
    request.body = RequestBody::Values(vec![Value::Binary(answer.into())]);
    request.policies = rig.policies.load();
    Invocation::new(request, Url::parse("dubbo://127.0.0.1:1/a.B").unwrap())
}

/// What came of the answers.
#[derive(Debug, Default)]
struct Count {
    accepted: u64,
    refused: u64,
}

impl Count {
    /// Notes one answer; a refused one must have left `before`.
    fn note(&mut self, policy: bool, changed: bool) {
        match policy {
            true => self.refused += 1,
            false => self.accepted += 1,
        }
        assert!(!(policy && changed), "a refused answer changed the call");
    }
}

fn is_policy(outcome: &Outcome) -> bool {
    outcome
        .as_ref()
        .is_err_and(|error| error.message() == "policy")
}

/// One answer of each hook.
fn answer(rig: &Rig, run: &mut Run, count: &mut Count) {
    let policies = rig.policies.load();
    let filter = &policies.filters(Stage::Provider)[0].filter;
    for on_request in [true, false] {
        let mut batch = valid(on_request, &mut run.random);
        if run.random.u8(0..4) > 0 {
            mutate(&mut batch, &mut run.random);
        }
        batch.truncate(ANSWER_MAX);
        let range = run.random.u8(0..20) == 0;
        let packed: Vec<u8> = (0..8).map(|_| run.random.u8(..)).collect();
        let said = match range {
            true => [&[1][..], &packed].concat(),
            false => [&[0][..], &batch].concat(),
        };
        let mut invocation = invocation(rig, said);
        let before = request_bytes(&invocation);
        if on_request {
            let flow = filter.on_request(&mut invocation, &mut Scratch::default());
            let policy = matches!(&flow, Flow::Reply(reply) if is_policy(reply));
            count.note(policy, request_bytes(&invocation) != before);
        } else {
            let mut outcome: Outcome = Ok(wubbo_core::RpcResult::null());
            filter.on_response(&invocation, &mut outcome, &mut Scratch::default());
            count.note(is_policy(&outcome), request_bytes(&invocation) != before);
            let _ = outcome_bytes(&outcome);
        }
    }
}

#[tokio::test]
async fn an_answer_with_faults_is_refused_whole_or_can_be_sent() {
    let _alone = MEMORY.lock().await;
    let mut run = Run::start("mutated answers", 3, 4);
    let (mut count, mut absent, mouth) = (Count::default(), 0, mouth());
    while run.goes_on() {
        let rig = try_start(&[("mouth.wasm", &mouth)], Vec::new(), |config| {
            config.workers = INSTANCES / 2;
            config.max = 1;
        })
        .await
        .unwrap();
        for _ in 0..INSTANCES / 2 {
            answer(&rig, &mut run, &mut count);
        }
        absent += rig.plugin("filter/mouth").counters.absent;
        rig.host.shutdown().await;
    }
    println!("{count:?}");
    // Of what was not altered most is good; every answer met an instance.
    assert_eq!(absent, 0);
    assert!(
        count.accepted * 5 > count.refused && count.refused > 100,
        "{count:?}"
    );
    run.end();
}

#[tokio::test]
async fn a_configurators_answer_with_faults_is_refused_whole_or_applied() {
    let _alone = MEMORY.lock().await;
    let mut run = Run::start("mutated configurations", 2, 1);
    let (mut applied, mut refused) = (0, 0);
    let url = Url::parse("dubbo://10.0.0.1:20880/a.B?timeout=1000&weight=300").unwrap();
    while run.goes_on() {
        let mut files = Vec::new();
        for number in 0..8 {
            let mut batch = [record(10, 5, b"", b"1234"), record(11, 0, b"weight", b"")].concat();
            if number > 0 {
                mutate(&mut batch, &mut run.random);
            }
            let answer = if batch.is_empty() {
                0
            } else {
                packed(0x1000, &batch)
            };
            let body = format!(
                r#"{}(func (export "configure_url") (param i32) (result i64) (i64.const {answer}))"#,
                data(0x1000, &batch)
            );
            let guest = Guest::new(&format!("c{number}"), r#""hooks":["configure_url"]"#, &body);
            files.push((format!("c{number}.wasm"), guest.of("configurator").build()));
        }
        let files: Vec<(&str, &[u8])> = files
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
            .collect();
        let rig = start(&files).await;
        for entry in rig.policies.load().configurators() {
            let configured = entry.configurator.configure(&url, ConfigureSide::Consumer);
            let name = entry.configurator.name();
            let trips = rig.plugin(&format!("configurator/{name}")).trips;
            refused += usize::from(!trips.is_empty());
            applied += usize::from(configured.is_some());
            assert!(
                trips.is_empty() || configured.is_none(),
                "{name}: {trips:?}"
            );
            assert!(
                name != "c0" || configured.is_some_and(|url| url.get("timeout") == Some("1234"))
            );
        }
        rig.host.shutdown().await;
    }
    println!("{applied} applied, {refused} refused");
    assert!(applied > 0 && refused > 0);
    run.end();
}
