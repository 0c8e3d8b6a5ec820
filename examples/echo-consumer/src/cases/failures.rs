//! `fail`, `crash`: exceptions keep class and message; then calls that no method answers.

use anyhow::{bail, ensure};
use wubbo::core::ErrorKind;
use wubbo::hessian2::Value;

use crate::case::{Cases, Outcome};
use crate::check::{declared, same, thrown};
use crate::contract::EchoServiceClient;

const MESSAGES: [(&str, Option<&str>); 5] = [
    ("text", Some("boom")),
    ("empty", Some("")),
    ("null", None),
    ("cjk", Some("\u{51fa}\u{9519}\u{4e86}")),
    ("lines", Some("\u{1f600} \"quoted\"\nsecond line")),
];

pub(super) fn add(cases: &mut Cases) {
    for (id, message) in MESSAGES {
        cases.add(format!("fail/{id}"), move |service| async move {
            declared(service.fail(message).await, message)
        });
        cases.add(format!("crash/{id}"), move |service| async move {
            thrown(
                service.crash(message).await,
                "java.lang.IllegalStateException",
                message,
            )
        });
    }
    cases.add("fail/long", |service| async move {
        let message = "m".repeat(40_000);
        declared(service.fail(Some(&message)).await, Some(&message))
    });
    cases.add("echo/after-failures", |service| async move {
        same(
            &service.echo(Some("still here")).await?.as_deref(),
            &Some("still here"),
        )
    });
    cases.add("refused/unknown-method", |service| {
        refused(service, "nope", "java.lang.String", Value::from("x"))
    });
    cases.add("refused/wrong-type", |service| {
        refused(service, "getUser", "java.lang.String[]", Value::Int(1))
    });
}

/// The provider answers that it knows no such method, and the connection lives on.
async fn refused(
    service: EchoServiceClient,
    method: &'static str,
    java_type: &'static str,
    argument: Value,
) -> Outcome {
    match service
        .stub()
        .invoke(method, &[java_type], vec![argument])
        .await
    {
        Ok(value) => bail!("an answer: {value:?}"),
        Err(error) => ensure!(
            error.kind() == Some(ErrorKind::BadRequest),
            "not refused but {error}"
        ),
    }
    same(&service.add(1, 2).await?, &3)
}
