//! The demo service of the specification, whole, as a user writes it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use wubbo_hessian2::{Binary, Date, Value};
use wubbo_macros::{JavaType, interface, service};

use crate::contract::{CallError, Context, exception};

type Result<T> = std::result::Result<T, CallError>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JavaType)]
#[serde(rename = "org.wubbo.demo.User")]
#[java(crate = "crate")]
pub(super) struct User {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) age: i32,
    pub(super) time: Option<Date>,
    pub(super) sex: Sex,
    pub(super) tags: Vec<String>,
    pub(super) scores: HashMap<String, f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JavaType)]
#[serde(rename = "org.wubbo.demo.Sex")]
#[java(crate = "crate")]
pub(super) enum Sex {
    #[serde(rename = "MAN")]
    Man,
    #[serde(rename = "WOMAN")]
    Woman,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JavaType)]
#[serde(rename = "org.wubbo.demo.DemoException")]
#[java(exception, crate = "crate")]
pub(super) struct DemoException {
    pub(super) message: String,
}

#[derive(Debug, Default)]
pub(super) struct Echo {
    pub(super) name: String,
}

pub(super) fn user(id: &str) -> User {
    User {
        id: id.to_owned(),
        name: format!("name-{id}"),
        age: 18 + i32::try_from(id.len()).unwrap(),
        time: Some(Date(1_590_926_400_000)),
        sex: Sex::Man,
        tags: vec!["a".to_owned(), "b".to_owned()],
        scores: HashMap::from([("math".to_owned(), 99.5)]),
    }
}

#[service(
    interface = "org.wubbo.demo.EchoService",
    version = "1.0.0",
    crate = "crate"
)]
impl Echo {
    async fn echo(&self, text: Option<String>) -> Result<Option<String>> {
        Ok(text)
    }

    async fn echo_object(&self, value: Value) -> Result<Value> {
        Ok(value)
    }

    async fn echo_bytes(&self, bytes: Binary) -> Result<Binary> {
        Ok(bytes)
    }

    async fn add(&self, a: i32, b: i32) -> Result<i32> {
        Ok(a.wrapping_add(b))
    }

    async fn add_long(&self, a: i64, b: i64) -> Result<i64> {
        Ok(a.wrapping_add(b))
    }

    async fn negate(&self, value: bool) -> Result<bool> {
        Ok(!value)
    }

    async fn scale(&self, a: f64, b: f64) -> Result<f64> {
        Ok(a * b)
    }

    async fn get_user(&self, id: &str) -> Result<User> {
        Ok(user(id))
    }

    async fn list_users(&self, n: i32) -> std::result::Result<Vec<User>, DemoException> {
        if !(0..=10_000).contains(&n) {
            return Err(DemoException {
                message: format!("n out of range: {n}"),
            });
        }
        Ok((0..n).map(|id| user(&id.to_string())).collect())
    }

    async fn save_user(&self, user: &User) -> Result<bool> {
        Ok(!user.id.is_empty())
    }

    async fn describe(&self, mut map: HashMap<String, Value>) -> Result<HashMap<String, Value>> {
        let size = i32::try_from(map.len()).unwrap();
        map.insert("size".to_owned(), Value::Int(size));
        Ok(map)
    }

    async fn flip(&self, sex: Sex) -> Result<Sex> {
        Ok(match sex {
            Sex::Man => Sex::Woman,
            Sex::Woman => Sex::Man,
        })
    }

    async fn attachments(&self, context: &Context) -> Result<HashMap<String, Value>> {
        context.set_response_attachment("wubbo-demo", "1");
        Ok(context.attachment_values())
    }

    async fn whoami(&self) -> Result<String> {
        Ok(self.named())
    }

    async fn touch(&self) -> Result<()> {
        Ok(())
    }

    async fn fail(&self, context: Context, message: String) -> Result<String> {
        context.set_response_attachment("wubbo-demo", "failed");
        Err(DemoException { message }.into())
    }

    async fn crash(&self, message: String) -> Result<String> {
        Err(exception("java.lang.IllegalStateException", message))
    }

    #[wubbo(name = "pick")]
    async fn pick_number(&self, number: i32) -> Result<String> {
        Ok(format!("int {number}"))
    }

    #[wubbo(name = "pick")]
    async fn pick_text(&self, #[wubbo(java = "java.lang.Object")] text: String) -> Result<String> {
        Ok(format!("object {text}"))
    }

    #[wubbo(skip)]
    fn named(&self) -> String {
        self.name.clone()
    }
}

#[interface(
    interface = "org.wubbo.demo.EchoService",
    version = "1.0.0",
    crate = "crate"
)]
pub(super) trait EchoService {
    /// The argument.
    async fn echo(&self, text: Option<String>) -> Result<Option<String>>;
    async fn echo_object(&self, value: &Value) -> Result<Value>;
    async fn echo_bytes(&self, bytes: Binary) -> Result<Binary>;
    async fn add(&self, a: i32, b: i32) -> Result<i32>;
    async fn add_long(&self, a: i64, b: i64) -> Result<i64>;
    async fn negate(&self, value: bool) -> Result<bool>;
    async fn scale(&self, a: f64, b: f64) -> Result<f64>;
    async fn get_user(&self, id: &str) -> Result<User>;
    async fn list_users(&self, n: i32) -> Result<Vec<User>>;
    async fn save_user(&self, user: &User) -> Result<bool>;
    async fn describe(&self, map: HashMap<String, Value>) -> Result<HashMap<String, Value>>;
    async fn flip(&self, sex: Sex) -> Result<Sex>;
    async fn attachments(&self) -> Result<HashMap<String, Value>>;
    async fn whoami(&self) -> Result<String>;
    async fn touch(&self) -> Result<()>;
    async fn fail(&self, message: &str) -> Result<String>;
    async fn crash(&self, message: &str) -> Result<String>;
}
