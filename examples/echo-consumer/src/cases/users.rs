//! `getUser`, `listUsers`, `saveUser`, `flip`: objects, lists of them, and an enum.

use std::collections::HashMap;

use serde::Serialize;
use wubbo::hessian2::{Date, Value, from_slice, to_bytes};

use crate::case::Cases;
use crate::check::{declared, same};
use crate::contract::{Sex, User};

pub(super) fn add(cases: &mut Cases) {
    for (name, id) in [
        ("normal", "7"),
        ("empty", ""),
        ("cjk", "\u{738b}\u{4e94}"),
        ("emoji", "\u{1f600}"),
    ] {
        cases.add(format!("getUser/{name}"), move |service| async move {
            same(&service.get_user(id).await?, &expected(id))
        });
    }
    for n in [0, 1, 15, 1000, 10_000] {
        cases.add(format!("listUsers/{n}"), move |service| async move {
            let wanted: Vec<User> = (0..n).map(|id| expected(&id.to_string())).collect();
            same(&service.list_users(n).await?, &wanted)
        });
    }
    for n in [-1, 10_001, i32::MIN] {
        cases.add(format!("listUsers/{n}"), move |service| async move {
            let message = format!("n out of range: {n}");
            declared(service.list_users(n).await, Some(&message))
        });
    }
    for (id, user, saved) in [
        ("normal", Some(expected("7")), true),
        ("empty-id", Some(expected("")), false),
        ("null-id", Some(User::default()), false),
        ("null", None, false),
    ] {
        cases.add(format!("saveUser/{id}"), move |service| {
            let user = user.clone();
            async move { same(&service.save_user(user.as_ref()).await?, &saved) }
        });
    }
    for (id, sex, other) in [
        ("man", Sex::Man, Sex::Woman),
        ("woman", Sex::Woman, Sex::Man),
    ] {
        cases.add(format!("flip/{id}"), move |service| async move {
            same(&service.flip(sex).await?, &other)
        });
    }
}

/// The user that the contract wants for `id`.
pub(super) fn expected(id: &str) -> User {
    // Java's `length()` counts UTF-16 units: an emoji is two.
    let length = i32::try_from(id.encode_utf16().count()).unwrap_or(i32::MAX);
    User {
        id: Some(id.to_owned()),
        name: Some(format!("name-{id}")),
        age: length.saturating_add(18),
        // 2020-05-31T12:00:00.000Z.
        time: Some(Date(1_590_926_400_000)),
        sex: Some(Sex::Man),
        tags: Some(vec!["a".to_owned(), "b".to_owned()]),
        scores: Some(HashMap::from([("math".to_owned(), 99.5)])),
    }
}

/// A typed value as a document: an object with its Java class. What has no Hessian form would be null.
pub(super) fn value_of<T: Serialize>(value: &T) -> Value {
    to_bytes(value)
        .and_then(|bytes| from_slice(&bytes))
        .unwrap_or(Value::Null)
}
