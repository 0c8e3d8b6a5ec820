//! Every command round-trips, every truncation and every bad record is refused by name.

use super::*;
use crate::abi::interest::Hook;
use crate::abi::{keys, limits};

const ALL: WriteGrants = WriteGrants {
    arguments: true,
    result: true,
};
const NONE: WriteGrants = WriteGrants {
    arguments: false,
    result: false,
};

fn raw(op: u8, form: u8, id: u16, first: &[u8], second: &[u8]) -> Vec<u8> {
    let mut out = vec![op, form];
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(&u32::try_from(first.len()).unwrap().to_le_bytes());
    out.extend_from_slice(&u32::try_from(second.len()).unwrap().to_le_bytes());
    out.extend_from_slice(first);
    out.extend_from_slice(second);
    out
}

fn request_batch() -> Vec<u8> {
    let mut out = Vec::new();
    set(&mut out, SET_ATTACHMENT, 0, "k", "v");
    set(
        &mut out,
        SET_ATTACHMENT,
        keys::DUBBO_TAG,
        "dubbo.tag",
        "gray",
    );
    remove(&mut out, REMOVE_ATTACHMENT, 0, "old");
    set_argument(&mut out, 3, Value::Hessian(b"\x91"));
    set_scratch(&mut out, 7, b"blob");
    set(&mut out, SET_RESPONSE_ATTACHMENT, 0, "r", "");
    outcome_error(&mut out, 70, 4, "no");
    out
}

#[test]
fn a_batch_round_trips_in_order() {
    let bytes = request_batch();
    let batch = check(&bytes, Hook::OnRequest, ALL).unwrap();
    let error = Outcome::Error {
        status: 70,
        code: 4,
        message: "no",
    };
    let expected = [
        Command::SetAttachment("k", "v"),
        Command::SetAttachment("dubbo.tag", "gray"),
        Command::RemoveAttachment("old"),
        Command::SetArgument(3, Value::Hessian(b"\x91")),
        Command::SetScratch(7, b"blob"),
        Command::SetResponseAttachment("r", ""),
        Command::Outcome(error),
    ];
    assert_eq!(batch.iter().collect::<Vec<_>>(), expected);
    assert_eq!(batch.outcome(), Some(error));
    let mut out = Vec::new();
    outcome_value(&mut out, Value::Json("[1]"));
    remove(&mut out, REMOVE_RESPONSE_ATTACHMENT, keys::TOKEN, "token");
    set_result(&mut out, "a.b[0]", Value::Text("c"));
    let batch = check(&out, Hook::OnResponse, ALL).unwrap();
    let expected = [
        Command::Outcome(Outcome::Value(Value::Json("[1]"))),
        Command::RemoveResponseAttachment("token"),
        Command::SetResult("a.b[0]", Value::Text("c")),
    ];
    assert_eq!(batch.iter().collect::<Vec<_>>(), expected);
    let mut out = Vec::new();
    outcome_exception(&mut out, "com.x.E", "");
    let batch = check(&out, Hook::OnResponse, NONE).unwrap();
    assert_eq!(
        batch.outcome(),
        Some(Outcome::Exception {
            class: "com.x.E",
            message: ""
        })
    );
    let mut out = Vec::new();
    set(&mut out, SET_PARAMETER, 0, "timeout", "5");
    remove(&mut out, REMOVE_PARAMETER, 0, "weight");
    let batch = check(&out, Hook::ConfigureUrl, NONE).unwrap();
    assert_eq!(batch.iter().count(), 2);
    assert_eq!(check(&[], Hook::OnRequest, NONE).unwrap().iter().count(), 0);
}

#[test]
fn every_truncation_is_refused_or_a_shorter_batch() {
    let bytes = request_batch();
    let mut ends = vec![0];
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let len = |offset: usize| {
            u32::from_le_bytes(rest[offset..offset + 4].try_into().unwrap()) as usize
        };
        rest = &rest[RECORD_HEAD + len(4) + len(8)..];
        ends.push(bytes.len() - rest.len());
    }
    for end in 0..bytes.len() {
        let result = check(&bytes[..end], Hook::OnRequest, ALL);
        match result {
            Ok(_) => assert!(ends.contains(&end), "{end}"),
            Err(bad) if ends.contains(&end) => {
                assert_eq!(bad.kind, BadBatchKind::WrongHook, "{end}")
            }
            Err(bad) => assert_eq!(bad.kind, BadBatchKind::CutShort, "{end}"),
        }
    }
}

fn refused(cases: &[(&str, Vec<u8>, BadBatchKind)]) {
    for (name, bytes, kind) in cases {
        let found = check(bytes, Hook::OnRequest, ALL)
            .map_err(|bad| bad.kind)
            .err();
        assert_eq!(found, Some(*kind), "{name}");
    }
}

fn long(len: usize) -> Vec<u8> {
    vec![b'x'; len]
}

#[test]
fn bad_keys_and_texts_are_refused_by_name() {
    use BadBatchKind::*;
    refused(&[
        ("empty key", raw(1, 0, 0, b"", b"v"), BadPart),
        ("id and key", raw(1, 0, 1, b"k", b"v"), BadPart),
        ("unknown id", raw(1, 0, 60_000, b"", b"v"), BadId),
        ("long key", raw(1, 0, 0, &long(257), b"v"), PartTooLarge),
        (
            "long value",
            raw(1, 0, 0, b"k", &long(limits::VALUE_MAX + 1)),
            PartTooLarge,
        ),
        ("key not utf-8", raw(1, 0, 0, b"\xff", b"v"), NotUtf8),
        ("value not utf-8", raw(1, 0, 0, b"k", b"\xc3"), NotUtf8),
        ("json not utf-8", raw(6, 1, 0, b"", b"\xff"), NotUtf8),
        ("remove with a value", raw(2, 0, 0, b"k", b"v"), BadPart),
        (
            "response attachment alone",
            raw(3, 0, 0, b"k", b"v"),
            WrongHook,
        ),
    ]);
}

#[test]
fn bad_ops_forms_and_outcomes_are_refused_by_name() {
    use BadBatchKind::*;
    let code_9 = 70 | 9 << 8;
    let long_message = long(limits::MESSAGE_MAX + 1);
    refused(&[
        ("op 0", raw(0, 0, 0, b"", b""), UnknownOp),
        ("op 13", raw(13, 0, 0, b"a", b""), UnknownOp),
        ("part with an id", raw(12, 2, 1, b"a", b"v"), BadId),
        ("part without a path", raw(12, 2, 0, b"", b"v"), BadPart),
        ("part of form 3", raw(12, 3, 0, b"a", b"v"), BadForm),
        ("long path", raw(12, 2, 0, &long(257), b"v"), PartTooLarge),
        ("form on an attachment", raw(1, 1, 0, b"k", b"v"), BadForm),
        ("form 3", raw(5, 3, 0, b"", b"v"), BadForm),
        (
            "parameter in a filter",
            raw(10, 0, 0, b"k", b"v"),
            WrongHook,
        ),
        ("argument with a key", raw(5, 0, 0, b"k", b"N"), BadPart),
        ("empty hessian", raw(6, 0, 0, b"", b""), BadPart),
        ("value with an id", raw(6, 0, 1, b"", b"N"), BadId),
        ("status 20", raw(7, 0, 20, b"", b"m"), BadStatus),
        ("status 0", raw(7, 0, 0, b"", b"m"), BadStatus),
        ("code 9", raw(7, 0, code_9, b"", b"m"), BadStatus),
        (
            "long message",
            raw(7, 0, 70, b"", &long_message),
            PartTooLarge,
        ),
        ("exception without class", raw(8, 0, 0, b"", b"m"), BadPart),
        ("long class", raw(8, 0, 0, &long(257), b"m"), PartTooLarge),
        ("scratch of 7 bytes", raw(9, 0, 0, &[0; 7], b""), BadPart),
        (
            "scratch blob",
            raw(9, 0, 0, &[0; 8], &long(513)),
            PartTooLarge,
        ),
        (
            "two outcomes",
            raw(7, 0, 70, b"", b"m").repeat(2),
            SecondOutcome,
        ),
    ]);
}

#[test]
fn bad_lengths_are_refused_by_name() {
    use BadBatchKind::*;
    refused(&[
        (
            "huge lengths",
            [&[1, 0, 0, 0][..], &[0xff; 8]].concat(),
            CutShort,
        ),
        ("too many", raw(2, 0, 0, b"k", b"").repeat(1025), TooLong),
        ("too long", vec![0; limits::COMMANDS_BYTES_MAX + 1], TooLong),
    ]);
    let most = raw(2, 0, 0, b"k", b"").repeat(1024);
    assert!(check(&most, Hook::OnRequest, ALL).is_ok());
}

fn found(bytes: &[u8], hook: Hook, grants: WriteGrants) -> Option<BadBatchKind> {
    check(bytes, hook, grants).map_err(|bad| bad.kind).err()
}

#[test]
fn a_hook_gives_only_what_it_may() {
    let wrong = Some(BadBatchKind::WrongHook);
    for op in [
        raw(1, 0, 0, b"k", b"v"),
        raw(5, 0, 0, b"", b"N"),
        raw(9, 0, 0, &[0; 8], b""),
    ] {
        assert_eq!(found(&op, Hook::OnResponse, ALL), wrong, "{op:?}");
        assert_eq!(found(&op, Hook::Route, ALL), wrong, "{op:?}");
    }
    let part = raw(12, 2, 0, b"a", b"v");
    assert_eq!(found(&part, Hook::OnRequest, ALL), wrong);
    let error = raw(7, 0, 70, b"", b"");
    assert_eq!(found(&error, Hook::ConfigureUrl, ALL), wrong);
    assert_eq!(found(&error, Hook::OnResponse, NONE), None);
    let bad = check(&raw(1, 0, 0, b"k", b"v"), Hook::OnResponse, ALL).unwrap_err();
    assert_eq!(bad.to_string(), "command 0: op not allowed in this hook");
}

#[test]
fn rewriting_needs_a_grant_and_replying_does_not() {
    let not = Some(BadBatchKind::NotGranted);
    assert_eq!(found(&raw(5, 0, 0, b"", b"N"), Hook::OnRequest, NONE), not);
    let value = raw(6, 0, 0, b"", b"N");
    assert_eq!(found(&value, Hook::OnResponse, NONE), not);
    let part = raw(12, 2, 0, b"a", b"v");
    assert_eq!(found(&part, Hook::OnResponse, NONE), not);
    assert_eq!(found(&value, Hook::OnRequest, NONE), None);
}
