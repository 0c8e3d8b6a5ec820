//! `attachments`: what travels beside the arguments and beside the result, and that it is gone with the next call.

use anyhow::{Context, ensure};
use wubbo::core::AttachmentValue;
use wubbo::hessian2::Value;
use wubbo::{CallOptions, ResponseAttachments};

use super::users::{expected, value_of};
use crate::APPLICATION;
use crate::case::{Cases, Outcome};
use crate::check::{same, same_value};
use crate::contract::EchoServiceClient;

/// What steers a call and is not the service's concern.
const HIDDEN: [&str; 4] = ["path", "interface", "version", "timeout"];

pub(super) fn add(cases: &mut Cases) {
    for (id, value) in [
        ("text", Value::from("two")),
        ("empty-text", Value::from("")),
        ("cjk", Value::from("\u{5317}\u{4eac}\u{1f600}")),
        ("long-text", Value::String("v".repeat(5000))),
        ("int", Value::Int(42)),
        ("long", Value::Long(1 << 40)),
        ("double", Value::Double(12.25)),
        ("bool", Value::Bool(true)),
        ("user", value_of(&expected("7"))),
    ] {
        cases.add(format!("attachments/{id}"), move |service| {
            arrives(service, value.clone())
        });
    }
    cases.add("attachments/next-call", next_call);
    cases.add("attachments/own-view", own_view);
    cases.add("attachments/response", response);
}

/// An attachment is seen by the provider as it was set.
async fn arrives(service: EchoServiceClient, value: Value) -> Outcome {
    let options = CallOptions::new().attachment("user.sent", AttachmentValue::Value(value.clone()));
    let seen = service.with(options).attachments().await?;
    let sent = seen.get("user.sent").context("it did not arrive")?;
    same_value(sent, &value)
}

/// Options belong to the client that `with` returns: the one it was made from knows nothing of them.
async fn next_call(service: EchoServiceClient) -> Outcome {
    let options = CallOptions::new().attachment("user.once", "1");
    service.with(options).attachments().await?;
    let seen = service.attachments().await?;
    same(&seen.get("user.once"), &None)
}

/// A service sees who calls it, and nothing of how the call found it.
async fn own_view(service: EchoServiceClient) -> Outcome {
    let seen = service.attachments().await?;
    same(
        &seen.get("remote.application"),
        &Some(&Value::from(APPLICATION)),
    )?;
    for key in HIDDEN {
        ensure!(!seen.contains_key(key), "the service sees {key}");
    }
    Ok(())
}

/// What the service sets on its answer arrives with it, and not with the answer of another method.
async fn response(service: EchoServiceClient) -> Outcome {
    let response = ResponseAttachments::new();
    let service = service.with(CallOptions::new().capture(&response));
    service.attachments().await?;
    same(&response.get("wubbo-demo").as_deref(), &Some("1"))?;
    service.echo(Some("no mark")).await?;
    same(&response.get("wubbo-demo"), &None).context("with the next answer")
}
