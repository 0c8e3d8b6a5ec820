//! The service: one Rust method per Java method of `org.wubbo.demo.EchoService`.
//!
//! A method's Java name is its Rust name in camel case, the parameter types follow from the Rust types. Where Java takes null and
//! gives it back, the argument is an `Option`.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use wubbo::hessian2::{Binary, Date, Value};
use wubbo::{Context, Throwable};

use crate::types::{DemoException, Result, Sex, User};

/// 2020-05-31T12:00:00.000Z, in milliseconds since the epoch: the time of every user.
const USER_TIME: Date = Date(1_590_926_400_000);

/// The longest list that `listUsers` makes.
const USERS_MAX: i32 = 10_000;

/// The demo service.
#[derive(Debug)]
pub(crate) struct Echo {
    name: String,
}

impl Echo {
    /// A service whose `whoami` answers `name`.
    pub(crate) fn new(name: String) -> Self {
        Self { name }
    }
}

#[wubbo::service(interface = "org.wubbo.demo.EchoService", version = "1.0.0")]
impl Echo {
    async fn echo(&self, text: Option<String>) -> Result<Option<String>> {
        Ok(text)
    }

    /// `Value` is Java's `Object`: anything, with its class name.
    async fn echo_object(&self, value: Value) -> Result<Value> {
        Ok(value)
    }

    /// `Binary` is `byte[]`; a `Vec<u8>` would be a list of numbers.
    async fn echo_bytes(&self, bytes: Option<Binary>) -> Result<Option<Binary>> {
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

    async fn get_user(&self, id: String) -> Result<User> {
        Ok(user(id))
    }

    /// A declared exception: an own type, thrown by `into()`.
    async fn list_users(&self, n: i32) -> Result<Vec<User>> {
        if !(0..=USERS_MAX).contains(&n) {
            let message = Some(format!("n out of range: {n}"));
            return Err(DemoException { message }.into());
        }
        Ok((0..n).map(|id| user(id.to_string())).collect())
    }

    async fn save_user(&self, user: Option<User>) -> Result<bool> {
        Ok(user.is_some_and(|user| !user.id.is_empty()))
    }

    async fn describe(&self, map: HashMap<String, Value>) -> Result<HashMap<String, Value>> {
        let size = i32::try_from(map.len()).unwrap_or(i32::MAX);
        let mut answer = map;
        answer.insert("size".to_owned(), Value::Int(size));
        Ok(answer)
    }

    async fn flip(&self, sex: Option<Sex>) -> Result<Sex> {
        Ok(match sex {
            Some(Sex::Man) => Sex::Woman,
            // As in Java's service, null becomes MAN too.
            Some(Sex::Woman) | None => Sex::Man,
        })
    }

    /// A method that wants to know about its call takes the context first; Java does not see that parameter.
    async fn attachments(&self, context: &Context) -> Result<HashMap<String, Value>> {
        context.set_response_attachment("wubbo-demo", "1");
        Ok(context.attachment_values())
    }

    async fn whoami(&self) -> Result<String> {
        Ok(self.name.clone())
    }

    async fn sleep(&self, millis: i64) -> Result<String> {
        let Ok(time) = u64::try_from(millis) else {
            // What Java's `Thread.sleep` throws.
            let message = "timeout value is negative";
            return Err(wubbo::exception(
                "java.lang.IllegalArgumentException",
                message,
            ));
        };
        tokio::time::sleep(Duration::from_millis(time)).await;
        Ok(format!("slept {millis}"))
    }

    /// `()` is `void`.
    async fn touch(&self) -> Result<()> {
        Ok(())
    }

    async fn fail(&self, message: Option<String>) -> Result<String> {
        Err(DemoException { message }.into())
    }

    /// An exception without a Rust type: any Java class that the caller has.
    async fn crash(&self, message: Option<String>) -> Result<String> {
        Err(Throwable::new("java.lang.IllegalStateException", message.as_deref()).into())
    }
}

/// The user with this id.
fn user(id: String) -> User {
    // Java's `length()` counts UTF-16 units: an emoji is two.
    let length = i32::try_from(id.encode_utf16().count()).unwrap_or(i32::MAX);
    User {
        name: format!("name-{id}"),
        id,
        age: length.saturating_add(18),
        time: Some(USER_TIME),
        sex: Some(Sex::Man),
        tags: vec!["a".to_owned(), "b".to_owned()],
        scores: BTreeMap::from([("math".to_owned(), 99.5)]),
    }
}

#[cfg(test)]
mod tests {
    use wubbo::Service;

    use super::*;

    /// The contract as the Java interface declares it; `Object`, `List` and `Map` without their parameters, which Java erases.
    const METHODS: [&str; 18] = [
        "java.lang.String echo(java.lang.String)",
        "java.lang.Object echoObject(java.lang.Object)",
        "byte[] echoBytes(byte[])",
        "int add(int, int)",
        "long addLong(long, long)",
        "boolean negate(boolean)",
        "double scale(double, double)",
        "org.wubbo.demo.User getUser(java.lang.String)",
        "java.util.List listUsers(int)",
        "boolean saveUser(org.wubbo.demo.User)",
        "java.util.Map describe(java.util.Map)",
        "org.wubbo.demo.Sex flip(org.wubbo.demo.Sex)",
        "java.util.Map attachments()",
        "java.lang.String whoami()",
        "java.lang.String sleep(long)",
        "void touch()",
        "java.lang.String fail(java.lang.String)",
        "java.lang.String crash(java.lang.String)",
    ];

    #[test]
    fn the_methods_are_those_of_the_java_interface() {
        let echo = Echo::new("p1".to_owned());
        let contract = echo.contract();
        assert_eq!(
            contract.service_key().to_string(),
            "org.wubbo.demo.EchoService:1.0.0"
        );
        let methods: Vec<String> = contract
            .methods()
            .iter()
            .map(|method| format!("{method:?}"))
            .collect();
        assert_eq!(methods, METHODS);
    }

    #[tokio::test]
    async fn exceptions_have_the_class_and_message_of_the_contract() {
        let echo = Echo::new("p1".to_owned());
        let demo = "org.wubbo.demo.DemoException";
        let cases = [
            (
                echo.list_users(-1).await.map(drop),
                demo,
                Some("n out of range: -1"),
            ),
            (
                echo.list_users(10_001).await.map(drop),
                demo,
                Some("n out of range: 10001"),
            ),
            (
                echo.fail(Some("boom".to_owned())).await.map(drop),
                demo,
                Some("boom"),
            ),
            (echo.fail(None).await.map(drop), demo, None),
            (
                echo.crash(Some("boom".to_owned())).await.map(drop),
                "java.lang.IllegalStateException",
                Some("boom"),
            ),
            (
                echo.crash(None).await.map(drop),
                "java.lang.IllegalStateException",
                None,
            ),
            (
                echo.sleep(-1).await.map(drop),
                "java.lang.IllegalArgumentException",
                Some("timeout value is negative"),
            ),
        ];
        for (result, class, message) in cases {
            let error = result.unwrap_err();
            let exception = error.exception().unwrap();
            assert_eq!((exception.class(), exception.message()), (class, message));
        }
    }

    #[test]
    fn ages_count_utf16_units() {
        for (id, age) in [("", 18), ("7", 19), ("\u{738b}", 19), ("\u{1f600}", 20)] {
            assert_eq!(user(id.to_owned()).age, age, "{id}");
        }
    }
}
