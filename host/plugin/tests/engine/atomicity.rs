//! A hook that fails after it staged writes leaves the call byte for byte as it was: whatever the failure, the stage and the hook,
//! and however many writes there were.

use bytes::{Bytes, BytesMut};
use wubbo_core::{
    AttachmentValue, Attachments, Error, ErrorKind, Filter, Flow, Invocation, Outcome, PolicySet,
    RawStream, Request, RequestBody, ResultKind, RpcResult, Scratch, ServiceKey, Stage, Url,
};
use wubbo_hessian2::{Encoder, List, Value};
use wubbo_plugin_sdk::abi::commands;

use crate::guests::{Guest, data, packed};
use crate::rig::{Rig, try_start};

/// Writes that a guest stages at most.
const WRITES: usize = 10;
/// Where a guest has its commands, and where it stages them.
const SOURCE: usize = 0x1000;
const STAGED: usize = 0x4000;

/// What a guest does behind its staged writes, the counter that tells of it, and how the hook ends.
const ENDINGS: [(&str, &str, &str); 6] = [
    ("traps", "trap", "(unreachable)"),
    ("loops", "deadline", "(loop $ever (br $ever)) (unreachable)"),
    (
        "lies",
        "bad_call",
        "(drop (call $log (i32.const 0) (i32.const 2) (i32.const 0x7fff0000) (i32.const 9))) (unreachable)",
    ),
    ("overflows", "stack", "(return (call $self (i32.const 0)))"),
    // Behind the good records stands an unknown op.
    ("garbles", "bad_answer", "(i64.const $and_one_more)"),
    ("fails", "failed", "(i64.const -11)"),
];
/// The control: the same writes, and they are answered.
const ANSWERS: &str = "(i64.const $staged)";

const HOOKS: [&str; 2] = ["on_request", "on_response"];
const STAGES: [(&str, Stage); 2] = [("call", Stage::Call), ("attempt", Stage::Attempt)];

/// The first `count` of ten writes, each of which changes what would be sent.
fn writes(hook: &str, count: usize) -> Vec<Vec<u8>> {
    let set = |op, id, key, value| {
        let mut out = Vec::new();
        commands::set(&mut out, op, id, key, value);
        out
    };
    let mut all = match hook {
        "on_request" => vec![
            set(commands::SET_ATTACHMENT, 0, "n", "2"),
            written(|out| commands::remove(out, commands::REMOVE_ATTACHMENT, 0, "kept")),
            written(|out| commands::set_argument(out, 0, commands::Value::Json("8"))),
            set(commands::SET_ATTACHMENT, 11, "", "secret"),
            written(|out| commands::set_argument(out, 1, commands::Value::Text("other"))),
            set(commands::SET_ATTACHMENT, 0, "new", "1"),
            written(|out| commands::set_scratch(out, 7, b"blob")),
            set(commands::SET_ATTACHMENT, 0, "new", "3"),
            set(commands::SET_ATTACHMENT, 0, "newer", ""),
        ],
        _ => vec![
            set(commands::SET_RESPONSE_ATTACHMENT, 0, "n", "2"),
            written(|out| commands::remove(out, commands::REMOVE_RESPONSE_ATTACHMENT, 0, "kept")),
            set(commands::SET_RESPONSE_ATTACHMENT, 11, "", "secret"),
            set(commands::SET_RESPONSE_ATTACHMENT, 0, "new", "1"),
            set(commands::SET_RESPONSE_ATTACHMENT, 0, "new", "3"),
            set(commands::SET_RESPONSE_ATTACHMENT, 0, "newer", ""),
            set(commands::SET_RESPONSE_ATTACHMENT, 2, "", "x"),
            set(commands::SET_RESPONSE_ATTACHMENT, 3, "", "y"),
            set(commands::SET_RESPONSE_ATTACHMENT, 4, "", "z"),
        ],
    };
    all.push(written(|out| {
        commands::outcome_value(out, commands::Value::Text("instead"))
    }));
    all.truncate(count);
    all
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

/// A filter that copies its writes one by one to where it would answer from, and then ends as `ending` says.
fn guest(name: &str, hook: &str, stage: &str, count: usize, ending: &str) -> Vec<u8> {
    let records = writes(hook, count);
    let all = records.concat();
    let more = [&all[..], &[0xff; 12]].concat();
    let mut copies = String::new();
    let mut at = 0;
    for record in &records {
        copies += &format!(
            "(memory.copy (i32.const {}) (i32.const {}) (i32.const {}))\n",
            STAGED + at,
            SOURCE + at,
            record.len()
        );
        at += record.len();
    }
    let staged = if all.is_empty() {
        0
    } else {
        packed(STAGED, &all)
    };
    let ending = ending
        .replace("$staged", &staged.to_string())
        .replace("$and_one_more", &packed(STAGED, &more).to_string());
    // `get` makes the host lend the call to the guest: it must come back whole.
    let body = format!(
        r#"{}
        (func $self (export "{hook}") (param i32) (result i64)
          (drop (call $get (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0)))
          (memory.fill (i32.const {}) (i32.const 0xff) (i32.const 12))
          {copies} {ending})"#,
        data(SOURCE, &all),
        STAGED + all.len()
    );
    let manifest = format!(
        r#""fail":"open","hooks":["{hook}"],"stage":"{stage}","arguments":"write","result":"write""#
    );
    Guest::new(name, &manifest, &body)
        .imports(
            r#"(import "wubbo" "get" (func $get (param i32 i32 i32 i32 i32 i32) (result i32)))
               (import "wubbo" "log" (func $log (param i32 i32 i32 i32) (result i32)))"#,
        )
        .build()
}

/// A call as a listener reads it: arguments and attachments lie in the frame's bytes.
pub(crate) fn invocation(policies: std::sync::Arc<PolicySet>) -> Invocation {
    let mut request = Request::new(ServiceKey::new("a.B", "", ""), "call");
    let list = List::new(vec![Value::from("x"), Value::Null]);
    let arguments = [Value::Int(7), Value::from("seven"), list.into()];
    request.body = RequestBody::Raw(RawStream::encode(&arguments).unwrap());
    request.attachments = framed();
    request.policies = policies;
    Invocation::new(request, Url::parse("dubbo://127.0.0.1:1/a.B").unwrap())
}

/// `n` and `kept` as a frame holds them, and one that an earlier filter set.
pub(crate) fn framed() -> Attachments {
    let mut attachments = Attachments::over(Bytes::from_static(b"\x01n\x011\x04kept\x01k"));
    assert!(attachments.push_raw(1..2, 3..4, 0..4));
    assert!(attachments.push_raw(5..9, 10..11, 4..11));
    attachments.set("set", "s");
    attachments
}

fn outcomes() -> [Outcome; 4] {
    let of = |kind| {
        let mut result = RpcResult::new(kind);
        result.attachments = framed();
        result
    };
    let stream = RawStream::encode(&[Value::from("answer")]).unwrap();
    let value = of(ResultKind::Value(wubbo_core::Payload::Raw(stream)));
    let thrown = RpcResult::exception("a.Oops", Some("why"));
    let thrown = of(thrown.kind);
    let late = Error::new(ErrorKind::ServerTimeout, "late");
    [Ok(value), Ok(of(ResultKind::Null)), Ok(thrown), Err(late)]
}

/// What would be sent of the arguments and attachments: untouched entries are copied, the others written.
pub(crate) fn request_bytes(invocation: &Invocation) -> Vec<u8> {
    let mut out = BytesMut::from(&invocation.body().to_raw().unwrap().bytes[..]);
    attachment_bytes(invocation.attachments(), &mut out);
    out.to_vec()
}

pub(crate) fn outcome_bytes(outcome: &Outcome) -> Vec<u8> {
    let mut out = BytesMut::new();
    match outcome {
        Err(error) => {
            out.extend_from_slice(&[error.kind().status().0]);
            out.extend_from_slice(error.message().as_bytes());
        }
        Ok(result) => {
            let mut encoder = Encoder::new(&mut out);
            match &result.kind {
                ResultKind::Null => encoder.write_null(),
                ResultKind::Value(payload) => {
                    encoder.write_i32(1);
                    encoder.write_value(&payload.to_value().unwrap()).unwrap();
                }
                ResultKind::Exception(payload) => {
                    encoder.write_i32(0);
                    encoder.write_value(&payload.to_value().unwrap()).unwrap();
                }
            }
            attachment_bytes(&result.attachments, &mut out);
        }
    }
    out.to_vec()
}

fn attachment_bytes(attachments: &Attachments, out: &mut BytesMut) {
    for entry in attachments.iter() {
        match entry.raw {
            Some(raw) => out.extend_from_slice(raw),
            None => {
                let mut encoder = Encoder::new(out);
                encoder.write_str(entry.key);
                let value = AttachmentValue::from(entry.text.unwrap_or_default());
                encoder.write_value(&value.to_value()).unwrap();
            }
        }
    }
}

/// Every guest of `count` writes, in one host.
async fn crowd(count: usize) -> Rig {
    let endings = ENDINGS.iter().map(|(name, _, ending)| (*name, *ending));
    let mut files = Vec::new();
    for (ending, code) in endings.chain([("answers", ANSWERS)]) {
        for hook in HOOKS {
            for (stage, _) in STAGES {
                let name = name(ending, hook, stage);
                let bytes = guest(&name, hook, stage, count, code);
                files.push((format!("{name}.wasm"), bytes));
            }
        }
    }
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    let rig = try_start(&files, Vec::new(), |config| {
        config.max = 32;
        // A slot for each time that a guest fails: four outcomes at two stages.
        config.workers = 4;
    })
    .await;
    let rig = rig.unwrap();
    assert_eq!(
        rig.host.status().plugins.len(),
        files.len(),
        "{:#?}",
        rig.host.status().directory
    );
    rig
}

fn name(ending: &str, hook: &str, stage: &str) -> String {
    format!("{ending}-{}-{stage}", &hook[3..])
}

fn filter<'a>(policies: &'a PolicySet, stage: Stage, name: &str) -> &'a dyn Filter {
    let entries = policies.filters(stage).iter();
    let mut found = entries.filter(|entry| entry.filter.name() == name);
    &*found.next().expect("a filter of that name").filter
}

/// Whether running the hook changed a byte of the call, or decided it; over all outcomes where there is one.
fn changes(rig: &Rig, stage: Stage, name: &str, hook: &str) -> bool {
    let policies = rig.policies.load();
    let filter = filter(&policies, stage, name);
    let mut invocation = invocation(policies.clone());
    let before = request_bytes(&invocation);
    if hook == "on_request" {
        let flow = filter.on_request(&mut invocation, &mut Scratch::default());
        return request_bytes(&invocation) != before || matches!(flow, Flow::Reply(_));
    }
    let mut changed = false;
    for mut outcome in outcomes() {
        let before = outcome_bytes(&outcome);
        filter.on_response(&invocation, &mut outcome, &mut Scratch::default());
        changed |= outcome_bytes(&outcome) != before;
    }
    changed || request_bytes(&invocation) != before
}

#[tokio::test]
async fn a_hook_that_fails_after_any_number_of_writes_changes_no_byte() {
    let mut tried = 0;
    for count in 0..=WRITES {
        let rig = crowd(count).await;
        for hook in HOOKS {
            for (stage_name, stage) in STAGES {
                for stage in [Stage::Provider, stage] {
                    let changed =
                        |ending: &str| changes(&rig, stage, &name(ending, hook, stage_name), hook);
                    for (ending, _, _) in ENDINGS {
                        assert!(
                            !changed(ending),
                            "{count} writes, then {ending}: {hook} {stage:?}"
                        );
                        tried += 1;
                    }
                    // The detector: the same writes, answered, are seen.
                    assert_eq!(changed("answers"), count > 0, "{count} {hook} {stage:?}");
                }
            }
        }
        for (ending, counter, _) in ENDINGS {
            for hook in HOOKS {
                for (stage, _) in STAGES {
                    let name = name(ending, hook, stage);
                    let plugin = rig.plugin(&format!("filter/{name}"));
                    let counted = match counter {
                        "failed" => plugin.counters.failed,
                        class => plugin.counters.trips[class],
                    };
                    let times = if hook == "on_request" { 2 } else { 8 };
                    assert_eq!((counted, plugin.counters.absent), (times, 0), "{name}");
                }
            }
        }
    }
    println!("{tried} failed hooks over 0 to {WRITES} staged writes, 0 changed a byte");
}

/// Answers that are refused, by guest or by what it answers from `on_request`, and the words of the reason.
fn refused_answers() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let bad_text = crate::guests::record(1, 0, b"key", b"\xc3\x28");
    let bad_key = crate::guests::record(1, 0, b"\xff", b"value");
    let bad_class = crate::guests::record(8, 0, b"\xfe", b"message");
    let large = |write: fn(&mut Vec<u8>)| written(write);
    vec![
        ("text", bad_text, "command 0: text is not utf-8"),
        ("key", bad_key, "command 0: text is not utf-8"),
        ("class", bad_class, "command 0: text is not utf-8"),
        (
            "json",
            large(|out| commands::outcome_value(out, commands::Value::Json("{\"a\":"))),
            "a value that is no json",
        ),
        (
            "message",
            large(|out| commands::outcome_error(out, 70, 0, &"m".repeat((4 << 10) + 1))),
            "command 0: a part is too large",
        ),
        (
            "reply",
            large(|out| commands::outcome_value(out, commands::Value::Text(&"r".repeat(1 << 20)))),
            "a batch of 1048588 bytes, at most 1048576",
        ),
        (
            "value",
            large(|out| commands::set(out, 1, 0, "k", &"v".repeat((64 << 10) + 1))),
            "command 0: a part is too large",
        ),
    ]
}

#[tokio::test]
async fn a_refused_answer_is_named_and_the_policy_answers() {
    for (name, answer, words) in refused_answers() {
        let body = format!(
            r#"{}(func (export "on_request") (param i32) (result i64) (i64.const {}))"#,
            data(0x1_0000, &answer),
            packed(0x1_0000, &answer)
        );
        let manifest = r#""fail":"closed","hooks":["on_request"]"#;
        let guest = Guest::new(name, manifest, &body).pages(32).build();
        let rig = crate::rig::start(&[("guest.wasm", &guest)]).await;
        let error = rig.call().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.kind().status().0),
            (ErrorKind::Plugin, 70),
            "{name}"
        );
        let plugin = rig.plugin(&format!("filter/{name}"));
        let reason = &plugin.trips[0].reason;
        println!("{name}: {reason}");
        assert!(reason.contains(words), "{name}: {reason}");
        // The caller, the status and the log say the same.
        assert!(
            error.message().contains(reason.as_str()),
            "{}",
            error.message()
        );
        assert_eq!(plugin.counters.trips["bad_answer"], 1, "{name}");
        let said = |line: &String| line.contains(reason.as_str());
        assert!(
            rig.lines.texts().iter().any(said),
            "{name}: {:?}",
            rig.lines.texts()
        );
    }
}

#[tokio::test]
async fn a_bitmap_with_more_rows_than_the_list_is_named_and_the_input_passes() {
    // What a router may set is bounded by the words of the list: the last of them has room behind the last row, more words are not read.
    let store = |words: usize| {
        let set = |word: usize| {
            format!(
                "(i64.store offset={} (i32.add (i32.const 0x8000) (i32.load (i32.const 0x8038))) (i64.const -1))",
                8 * word
            )
        };
        (0..words).map(set).collect::<String>()
    };
    for (rows, words, named) in [
        (10, 1, Some("row 10 was no candidate and is one now")),
        (70, 2, Some("row 70 was no candidate and is one now")),
        (64, 100, None),
    ] {
        let body = format!(
            r#"(func (export "route") (param i32) (result i32) {} (i32.const 1))"#,
            store(words)
        );
        let guest = Guest::new("wide", r#""hooks":["route"]"#, &body)
            .of("router")
            .build();
        let rig = crate::rig::start(&[("guest.wasm", &guest)]).await;
        let table = crate::providers::table(7, rows);
        rig.deliver(&table).await;
        assert_eq!(rig.route(&table).len(), rows, "{words} words");
        let trips = rig.plugin("router/wide").trips;
        assert_eq!(
            trips.first().map(|trip| trip.reason.as_str()),
            named,
            "{words} words"
        );
    }
}
