//! The outcome of a case as the Java consumer prints it (`Consumer.java`).

use serde_json::{Map, Value as Json, json};
use wubbo_core::{Error, ErrorKind};
use wubbo_hessian2::Value;

use super::Answer;
use crate::canonical::{canonical, class_name};
use crate::cases::{Call, Case, Form};
use crate::java::Line;

/// What a Java consumer sees when a generic call failed.
const GENERIC_EXCEPTION: &str = "com.alibaba.dubbo.rpc.service.GenericException";

/// The attachment that a Java consumer adds to every answer by itself: the length of the frame. Masked in every comparison.
const OUTPUT: &str = "output";

/// The line of `case`, whose last call was `call`, without its id.
pub(super) fn of(dubbo: Line, case: &Case, call: &Call, answer: Answer) -> Json {
    let mut line = Map::new();
    let mut response = Map::new();
    let failed = matches!(&answer.result, Err(error) if error.exception().is_none());
    if !failed {
        for entry in answer.attachments.all().iter() {
            let form = entry.value.map_or_else(|| entry.text.into(), canonical);
            response.insert(entry.key.to_owned(), form);
        }
        response.insert(OUTPUT.to_owned(), "0".into());
    }
    match answer.result {
        Ok(value) => put_value(&mut line, &case.id, &value),
        Err(wubbo::Error::Exception(thrown)) => put_exception(&mut line, &thrown),
        Err(wubbo::Error::Framework(error)) => put_failure(&mut line, dubbo, call, &error),
        Err(other) => {
            line.insert("exceptionClass".to_owned(), other.to_string().into());
        }
    }
    line.insert("responseAttachments".to_owned(), response.into());
    line.into()
}

fn put_value(line: &mut Map<String, Json>, id: &str, value: &Value) {
    let form = canonical(value);
    line.insert("class".to_owned(), class_name(&form));
    if id.starts_with("attachments/")
        && let Some(Json::Array(entries)) = form.get("entries")
    {
        let named = entries.iter().filter_map(|entry| {
            let key = entry.get(0)?.as_str()?;
            Some((key.to_owned(), entry.get(1)?.clone()))
        });
        line.insert("requestAttachmentsSeen".to_owned(), named.collect());
    }
    line.insert("value".to_owned(), form);
}

fn put_exception(line: &mut Map<String, Json>, thrown: &wubbo::Throwable) {
    line.insert("exceptionClass".to_owned(), thrown.class().into());
    line.insert("exceptionMessage".to_owned(), thrown.message().into());
    if thrown.class() == GENERIC_EXCEPTION {
        let field = |name| thrown.value().as_object()?.get(name)?.as_str();
        line.insert("genericClass".to_owned(), field("exceptionClass").into());
        line.insert(
            "genericMessage".to_owned(),
            field("exceptionMessage").into(),
        );
    }
}

/// What Dubbo Java's consumer makes of a failure around the service, in its words: an `RpcException` of code 2 for statuses 30 and
/// 31 and a time-out of its own, of code 1 for any other status. Addresses are masked already; the cause is ours, and holds what
/// the provider said. A failure that no case of the Java consumer ends in has no such words: it is shown as it is, and differs.
fn put_failure(line: &mut Map<String, Json>, dubbo: Line, call: &Call, error: &Error) {
    let on_wire = match call.form {
        Form::Generic => "$invoke",
        Form::GenericAsync => "$invokeAsync",
        _ => call.method,
    };
    let (code, last) = match error.kind() {
        ErrorKind::ClientTimeout | ErrorKind::ServerTimeout => (
            2,
            format!("Invoke remote method timeout. method: {on_wire}"),
        ),
        ErrorKind::BadRequest | ErrorKind::ServiceError => {
            (1, format!("Failed to invoke remote method: {on_wire}"))
        }
        kind => {
            line.insert("exceptionClass".to_owned(), kind.name().into());
            line.insert("exceptionMessage".to_owned(), error.report().into());
            return;
        }
    };
    let message = format!(
        "Failed to invoke the method {} in the service {}. Tried 1 times of the providers [<address>] ({}) from the registry \
         <address> on the consumer <address> using the dubbo version {}. Last error is: {last}, provider: <address>, cause: {}",
        call.method,
        call.java_interface,
        dubbo.tried(),
        dubbo.version(),
        error.report(),
    );
    line.insert(
        "exceptionClass".to_owned(),
        "org.apache.dubbo.rpc.RpcException".into(),
    );
    line.insert("exceptionMessage".to_owned(), message.into());
    line.insert("rpcCode".to_owned(), json!(code));
}
