//! From a call to the method that answers it: by name and types, by name alone for peers that get the types wrong, and the
//! methods that every Dubbo service has (`$invoke`, `$invokeAsync`, `$echo`).

mod generic;

use std::sync::Arc;

use wubbo_core::{BoxFuture, Error, ErrorKind, Invocation, Outcome, RequestBody, RpcResult, keys};

use super::{Contract, Service, arguments::result_kind, java_name, macro_support::refuse};

/// Answers `invocation` by `service`; the last step of the provider's way, behind its filters.
///
/// A method that is not there, or not with these types, is [`ErrorKind::BadRequest`] (status 40, live-peer fact LJ-6).
///
/// # Cancel safety
/// As [`Service::call`].
#[must_use]
pub fn dispatch(service: &Arc<dyn Service>, invocation: Invocation) -> BoxFuture<'static, Outcome> {
    let contract = service.contract();
    let request = invocation.request();
    if let Some(index) = contract.find(
        &request.method,
        &request.descriptor,
        invocation.body().len(),
    ) {
        return service.clone().call(index, invocation);
    }
    match &*request.method {
        keys::METHOD_INVOKE | keys::METHOD_INVOKE_ASYNC => {
            Box::pin(generic::invoke(service.clone(), invocation))
        }
        keys::METHOD_ECHO => Box::pin(std::future::ready(echo(&invocation))),
        _ => refuse(no_such_method(contract, &invocation)),
    }
}

/// `$echo`: the argument comes back as it is.
fn echo(invocation: &Invocation) -> Outcome {
    let body = invocation.body();
    if body.len() != 1 {
        let message = format!(
            "Fail to decode request due to: $echo takes 1 argument, {} came",
            body.len()
        );
        return Err(Error::new(ErrorKind::BadRequest, message));
    }
    Ok(match body {
        RequestBody::Raw(stream) => RpcResult::new(result_kind(stream.clone())),
        other => RpcResult::value(
            other
                .to_values()?
                .pop()
                .unwrap_or(wubbo_hessian2::Value::Null),
        ),
    })
}

fn no_such_method(contract: &Contract, invocation: &Invocation) -> Error {
    let request = invocation.request();
    let types = java_name::readable(&request.descriptor);
    let mut message = format!(
        "Fail to decode request due to: no method {}({types}) in {}",
        request.method, request.service
    );
    push_overloads(&mut message, contract, &request.method);
    Error::new(ErrorKind::BadRequest, message)
}

/// Says what there is under the name that was asked for.
fn push_overloads(message: &mut String, contract: &Contract, name: &str) {
    let known = contract
        .overloads(name)
        .iter()
        .filter_map(|index| contract.methods().get(*index));
    let known: Vec<String> = known.map(ToString::to_string).collect();
    if !known.is_empty() {
        message.push_str("; there is ");
        message.push_str(&known.join(", "));
    }
}
