//! The Java classes of the contract as Rust types.
//!
//! The serde name is the Java class, fields go by their names and in this order. A field that Java may leave null is an `Option`,
//! unless null and empty mean the same to us: a null `String` reads as "".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wubbo::JavaType;
use wubbo::hessian2::Date;

/// What every method of a service returns: its value, an exception, or a failure of something that it called.
pub(crate) type Result<T> = std::result::Result<T, wubbo::Error>;

/// `org.wubbo.demo.User`.
#[derive(Clone, Debug, Serialize, Deserialize, JavaType)]
#[serde(rename = "org.wubbo.demo.User")]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) age: i32,
    pub(crate) time: Option<Date>,
    pub(crate) sex: Option<Sex>,
    pub(crate) tags: Vec<String>,
    pub(crate) scores: BTreeMap<String, f64>,
}

/// `org.wubbo.demo.Sex`, a Java enum: the variants carry the names of its constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JavaType)]
#[serde(rename = "org.wubbo.demo.Sex")]
pub(crate) enum Sex {
    #[serde(rename = "MAN")]
    Man,
    #[serde(rename = "WOMAN")]
    Woman,
}

/// `org.wubbo.demo.DemoException`. `message` is what Java's `getMessage()` returns; it may be null.
///
/// `exception` makes it an error: a method ends with `Err(DemoException { .. }.into())`.
#[derive(Clone, Debug, Serialize, Deserialize, JavaType)]
#[serde(rename = "org.wubbo.demo.DemoException")]
#[java(exception)]
pub(crate) struct DemoException {
    pub(crate) message: Option<String>,
}
