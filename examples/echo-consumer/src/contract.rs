//! The Java interface `org.wubbo.demo.EchoService` and its classes, as a consumer writes them down.
//!
//! `interface` makes the struct `EchoServiceClient` of the trait. A method's Java name is its Rust name in camel case; the types of
//! its parameters follow from the Rust types, and by them the provider finds the method.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use wubbo::JavaType;
use wubbo::hessian2::{Binary, Date, Value};

/// How every call ends: with its value, the exception of the service, or a failure on the way.
pub(crate) type Result<T> = std::result::Result<T, wubbo::Error>;

#[wubbo::interface(interface = "org.wubbo.demo.EchoService", version = "1.0.0")]
pub(crate) trait EchoService {
    /// `Option` is for Java's null.
    async fn echo(&self, text: Option<&str>) -> Result<Option<String>>;
    /// `Value` is Java's `Object`: anything, with its class name.
    async fn echo_object(&self, value: &Value) -> Result<Value>;
    /// `Binary` is `byte[]`; a `Vec<u8>` would be a list of numbers.
    async fn echo_bytes(&self, bytes: Option<&Binary>) -> Result<Option<Binary>>;
    async fn add(&self, a: i32, b: i32) -> Result<i32>;
    async fn add_long(&self, a: i64, b: i64) -> Result<i64>;
    async fn negate(&self, value: bool) -> Result<bool>;
    async fn scale(&self, a: f64, b: f64) -> Result<f64>;
    async fn get_user(&self, id: &str) -> Result<User>;
    async fn list_users(&self, n: i32) -> Result<Vec<User>>;
    async fn save_user(&self, user: Option<&User>) -> Result<bool>;
    async fn describe(&self, map: &HashMap<String, Value>) -> Result<HashMap<String, Value>>;
    async fn flip(&self, sex: Sex) -> Result<Sex>;
    async fn attachments(&self) -> Result<HashMap<String, Value>>;
    async fn whoami(&self) -> Result<String>;
    async fn sleep(&self, millis: i64) -> Result<String>;
    async fn touch(&self) -> Result<()>;
    async fn fail(&self, message: Option<&str>) -> Result<String>;
    async fn crash(&self, message: Option<&str>) -> Result<String>;
}

/// `org.wubbo.demo.User`: its serde name is the Java class, the fields go by their names and in this order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JavaType)]
#[serde(rename = "org.wubbo.demo.User")]
pub(crate) struct User {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) age: i32,
    pub(crate) time: Option<Date>,
    pub(crate) sex: Option<Sex>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) scores: Option<HashMap<String, f64>>,
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

/// `org.wubbo.demo.DemoException`: `error.downcast::<DemoException>()` gives it when the service threw it.
#[derive(Clone, Debug, Serialize, Deserialize, JavaType)]
#[serde(rename = "org.wubbo.demo.DemoException")]
#[java(exception)]
pub(crate) struct DemoException {
    pub(crate) message: Option<String>,
}
