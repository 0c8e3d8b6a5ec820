//! The values that the cases send, as a Java program has them.

use wubbo_hessian2::{List, Map, Object, Value};

/// 2020-05-31T12:00:00.000Z, the time of every user.
const USER_TIME_MS: i64 = 1_590_926_400_000;

/// `EchoServiceImpl.user(id)`.
pub(super) fn user(id: &str) -> Value {
    let age = 18 + i32::try_from(id.encode_utf16().count()).unwrap_or(i32::MAX);
    Value::Object(Object::new(
        "org.wubbo.demo.User",
        [
            ("id", Value::from(id)),
            ("name", Value::from(format!("name-{id}"))),
            ("age", Value::Int(age)),
            ("time", Value::Date(USER_TIME_MS)),
            ("sex", sex("MAN")),
            ("tags", list(vec!["a".into(), "b".into()])),
            ("scores", map(vec![("math", Value::Double(99.5))])),
        ],
    ))
}

/// `new User()`.
pub(super) fn empty_user() -> Value {
    let mut fields = vec![("age", Value::Int(0))];
    let others = ["id", "name", "time", "sex", "tags", "scores"];
    fields.extend(others.map(|name| (name, Value::Null)));
    Value::Object(Object::new("org.wubbo.demo.User", fields))
}

/// A constant of `org.wubbo.demo.Sex`.
pub(super) fn sex(name: &str) -> Value {
    Value::Object(Object::new(
        "org.wubbo.demo.Sex",
        [("name", Value::from(name))],
    ))
}

/// An `ArrayList`.
pub(super) fn list(items: Vec<Value>) -> Value {
    Value::List(List::new(items))
}

/// A `HashMap`.
pub(super) fn map(entries: Vec<(&str, Value)>) -> Value {
    Value::Map(Map::new(pairs(entries)))
}

/// A `TreeMap`.
pub(super) fn tree_map(entries: Vec<(&str, Value)>) -> Value {
    Value::Map(Map::typed("java.util.TreeMap", pairs(entries)))
}

fn pairs(entries: Vec<(&str, Value)>) -> Vec<(Value, Value)> {
    entries
        .into_iter()
        .map(|(key, value)| (Value::from(key), value))
        .collect()
}

/// A `byte[]` of this content.
pub(super) fn binary(bytes: impl Into<Vec<u8>>) -> Value {
    Value::Binary(bytes::Bytes::from(bytes.into()))
}

/// `Values.bytes(length)`: 0, 1, 2 .. 255, 0 ..
pub(super) fn counted(length: usize) -> Value {
    binary((0..=u8::MAX).cycle().take(length).collect::<Vec<u8>>())
}

/// What `describe/mixed` sends.
pub(super) fn mixed_map() -> Value {
    map(vec![
        ("int", Value::Int(1)),
        ("long", Value::Long(2)),
        ("text", "\u{4e2d}".into()),
        ("double", Value::Double(12.25)),
        ("null", Value::Null),
        ("list", list(vec!["a".into(), Value::Int(1)])),
        ("map", map(vec![("k", Value::Bool(true))])),
        ("user", user("7")),
        ("sex", sex("WOMAN")),
        ("bytes", binary([1, 2])),
    ])
}

/// A user as a generic caller writes it.
pub(super) fn user_map(id: &str) -> Value {
    map(vec![
        ("class", "org.wubbo.demo.User".into()),
        ("id", id.into()),
        ("name", "generic".into()),
        ("age", Value::Int(30)),
        ("sex", "WOMAN".into()),
        ("tags", list(vec!["x".into()])),
    ])
}
