//! `echo`, `echoObject`, `echoBytes`, `describe`: what goes out comes back, with its type.

use std::collections::HashMap;

use anyhow::Context;
use wubbo::hessian2::{Binary, List, Map, Object, Value};

use super::users::{expected, value_of};
use crate::case::{Cases, Outcome};
use crate::check::{same, same_value};
use crate::contract::{EchoServiceClient, Sex};

pub(super) fn add(cases: &mut Cases) {
    for (id, text) in texts() {
        cases.add(format!("echo/{id}"), move |service| {
            echo(service, Some(text.clone()))
        });
    }
    cases.add("echo/null", |service| echo(service, None));
    for (id, value) in objects() {
        cases.add(format!("echoObject/{id}"), move |service| {
            echo_object(service, value.clone())
        });
    }
    // Up to and beyond the borders of Hessian's short, middle and chunked forms.
    for length in [0, 1, 15, 16, 1023, 1024, 4093, 8192, 32_768, 70_000] {
        cases.add(format!("echoBytes/{length}"), move |service| {
            echo_bytes(service, Some(bytes(length)))
        });
    }
    cases.add("echoBytes/null", |service| echo_bytes(service, None));
    cases.add("describe/empty", |service| {
        describe(service, HashMap::new())
    });
    cases.add("describe/mixed", |service| describe(service, mixed()));
    cases.add("describe/has-size", |service| {
        describe(
            service,
            HashMap::from([("size".to_owned(), Value::from("text"))]),
        )
    });
}

async fn echo(service: EchoServiceClient, text: Option<String>) -> Outcome {
    same(&service.echo(text.as_deref()).await?, &text)
}

async fn echo_object(service: EchoServiceClient, value: Value) -> Outcome {
    same_value(&service.echo_object(&value).await?, &value)
}

async fn echo_bytes(service: EchoServiceClient, bytes: Option<Binary>) -> Outcome {
    same(&service.echo_bytes(bytes.as_ref()).await?, &bytes)
}

async fn describe(service: EchoServiceClient, map: HashMap<String, Value>) -> Outcome {
    let answer = service.describe(&map).await?;
    let size = i32::try_from(map.len())?;
    let mut wanted = map;
    wanted.insert("size".to_owned(), Value::Int(size));
    same(&answer.len(), &wanted.len()).context("number of entries")?;
    for (key, value) in &wanted {
        same_value(answer.get(key).unwrap_or(&Value::Null), value).with_context(|| key.clone())?;
    }
    Ok(())
}

fn texts() -> Vec<(String, String)> {
    let named = [
        ("ascii", "hello"),
        ("empty", ""),
        ("control", "a\u{0}b\n\t\"\\"),
        ("latin", "caf\u{e9}"),
        ("cjk", "\u{4f60}\u{597d}\u{ff0c}\u{4e16}\u{754c}"),
        ("emoji", "\u{6c49}\u{5b57}\u{1f600}"),
    ];
    let named = named.map(|(id, text)| (id.to_owned(), text.to_owned()));
    let long = [31, 32, 1023, 1024, 32_767, 32_768, 32_769, 100_000]
        .map(|length| (length.to_string(), "x".repeat(length)));
    let chunks = [
        ("cjk-40000".to_owned(), "\u{4e2d}".repeat(40_000)),
        // An emoji is two UTF-16 units, and a chunk must not end between them.
        (
            "emoji-at-chunk-end".to_owned(),
            format!("{}{}", "x".repeat(32_767), "\u{1f600}".repeat(3)),
        ),
    ];
    named.into_iter().chain(long).chain(chunks).collect()
}

fn objects() -> Vec<(&'static str, Value)> {
    let numbers = vec![Value::Int(1), Value::Int(-2)];
    let texts = vec![Value::from("a"), Value::Null];
    let entry = || vec![(Value::from("k"), Value::Long(1 << 40))];
    // A list that holds another one twice: the second time as a reference to slot 1.
    let shared = vec![Value::List(List::new(numbers.clone())), Value::Ref(1)];
    let decimal = Object::new("java.math.BigDecimal", [("value", Value::from("12.50"))]);
    vec![
        ("null", Value::Null),
        ("bool", Value::Bool(true)),
        ("int", Value::Int(7)),
        ("int-max", Value::Int(i32::MAX)),
        ("int-min", Value::Int(i32::MIN)),
        ("long", Value::Long(7)),
        ("long-max", Value::Long(i64::MAX)),
        ("long-min", Value::Long(i64::MIN)),
        ("double", Value::Double(12.25)),
        ("double-inexact", Value::Double(0.1)),
        ("date", Value::Date(1_590_926_400_123)),
        ("date-whole-minute", Value::Date(1_590_926_400_000)),
        ("text", Value::from("\u{6c49}\u{5b57}\u{1f600}")),
        ("bytes", Value::Binary(bytes(5000).0)),
        ("list", Value::List(List::new(texts))),
        ("int-array", Value::List(List::typed("[int", numbers))),
        ("shared-list", Value::List(List::new(shared))),
        (
            "list-in-itself",
            Value::List(List::new(vec![Value::Ref(0)])),
        ),
        ("map", Value::Map(Map::new(entry()))),
        (
            "tree-map",
            Value::Map(Map::typed("java.util.TreeMap", entry())),
        ),
        ("decimal", Value::Object(decimal)),
        ("enum", value_of(&Sex::Woman)),
        ("user", value_of(&expected("7"))),
    ]
}

fn mixed() -> HashMap<String, Value> {
    let list = List::new(vec![Value::from("a"), Value::Int(1)]);
    let entries = [
        ("int", Value::Int(1)),
        ("long", Value::Long(2)),
        ("text", Value::from("\u{4e2d}")),
        ("double", Value::Double(12.25)),
        ("null", Value::Null),
        ("list", Value::List(list)),
        ("sex", value_of(&Sex::Woman)),
        ("user", value_of(&expected("7"))),
        ("bytes", Value::Binary(bytes(2).0)),
    ];
    HashMap::from(entries.map(|(key, value)| (key.to_owned(), value)))
}

fn bytes(length: usize) -> Binary {
    (0..=u8::MAX)
        .cycle()
        .take(length)
        .collect::<Vec<u8>>()
        .into()
}
