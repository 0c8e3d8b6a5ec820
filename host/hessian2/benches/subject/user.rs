//! The demo contract's `User`, as its provider answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wubbo_hessian2::Date;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename = "org.wubbo.demo.User")]
pub(crate) struct User {
    id: String,
    name: String,
    age: i32,
    time: Date,
    sex: Sex,
    tags: Vec<String>,
    scores: BTreeMap<String, f64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename = "org.wubbo.demo.Sex", rename_all = "UPPERCASE")]
pub(crate) enum Sex {
    Man,
    Woman,
}

/// `getUser(number)` of the demo contract.
pub(crate) fn user(number: usize) -> User {
    let id = number.to_string();
    User {
        name: format!("name-{id}"),
        age: 18 + i32::try_from(id.len()).unwrap(),
        id,
        time: Date(1_590_926_400_000),
        sex: if number < 1000 { Sex::Man } else { Sex::Woman },
        tags: vec!["a".into(), "b".into()],
        scores: BTreeMap::from([("math".into(), 99.5)]),
    }
}
