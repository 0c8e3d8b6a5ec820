//! `$invoke` and `$invokeAsync` in the provider role (spec/40 section 3.10; Dubbo Java 3.3.6 `GenericFilter`): the method is
//! named by an argument, objects come and go as maps.

use std::sync::Arc;

use wubbo_core::{
    Error, ErrorKind, Invocation, Outcome, Payload, Request, RequestBody, ResultKind, RpcResult,
    keys,
};
use wubbo_hessian2::{Decoder, Object, Value, types::StackTraceElement};

use super::push_overloads;
use crate::contract::{
    Contract, Service, Throwable,
    arguments::argument_bytes,
    generic::{generalize, realize},
    java_name,
};

/// What Java answers with when the service threw (live-peer fact LJ-16); 3.3.6 too still uses the old package.
const GENERIC_EXCEPTION: &str = "com.alibaba.dubbo.rpc.service.GenericException";

/// How results go back, by attachment `generic`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ResultForm {
    /// `true`, or nothing: objects as maps.
    Maps,
    /// `raw.return`: as the service returns them.
    AsIs,
}

/// The three arguments of `$invoke`.
struct GenericCall {
    method: String,
    types: Option<Vec<String>>,
    arguments: Option<Vec<Value>>,
}

/// Answers a generic call.
pub(super) async fn invoke(service: Arc<dyn Service>, invocation: Invocation) -> Outcome {
    let form = result_form(&invocation)?;
    let call = GenericCall::read(&invocation)?;
    let contract = service.contract().clone();
    let index = call.find(&contract)?;
    let Some(method) = contract.methods().get(index) else {
        return Err(call.no_such_method(&contract));
    };
    let parameters = method.parameters();
    let arguments = match (&call.types, call.arguments) {
        // Live-peer fact LG-3: nothing but a name is answered by null.
        (None, None) if !parameters.is_empty() => return Ok(RpcResult::null()),
        (_, None) => vec![Value::Null; parameters.len()],
        (_, Some(arguments)) => arguments,
    };
    if arguments.len() != parameters.len() {
        return Err(wrong_count());
    }
    let declared = parameters.iter().map(|parameter| &*parameter.java_type);
    let arguments = realize(contract.types(), arguments, declared);
    let request = Request {
        method: method.name().clone(),
        descriptor: method.descriptor().clone(),
        body: RequestBody::Values(arguments),
        attachments: invocation.attachments().clone(),
        ..invocation.request().clone()
    };
    let inner = Invocation::new(request, invocation.url().clone());
    let mut result = service.call(index, inner).await?;
    result.kind = answer(&contract, form, result.kind)?;
    Ok(result)
}

fn result_form(invocation: &Invocation) -> Result<ResultForm, Error> {
    match invocation.attachments().get(keys::GENERIC) {
        None | Some("" | "true") => Ok(ResultForm::Maps),
        Some("raw.return") => Ok(ResultForm::AsIs),
        Some(other) => {
            let message =
                format!("generic serialization [{other}] is not supported; use true or raw.return");
            Err(Error::new(ErrorKind::ServiceError, message))
        }
    }
}

impl GenericCall {
    fn read(invocation: &Invocation) -> Result<Self, Error> {
        if invocation.body().len() != 3 {
            let message = format!(
                "$invoke takes method, types and arguments, {} came",
                invocation.body().len()
            );
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        let bytes = argument_bytes(invocation)?;
        let mut decoder = Decoder::new(&bytes);
        let unreadable =
            |error| Error::with_source(ErrorKind::BadRequest, "the arguments of $invoke", error);
        let method: String = decoder.read().map_err(unreadable)?;
        let types: Option<Vec<String>> = decoder.read().map_err(unreadable)?;
        let arguments = match decoder.read_document().map_err(unreadable)? {
            Value::Null => None,
            Value::List(list) => Some(list.items),
            _ => {
                return Err(Error::new(
                    ErrorKind::BadRequest,
                    "the arguments of $invoke are no list",
                ));
            }
        };
        Ok(Self {
            method: method.trim().to_owned(),
            types,
            arguments,
        })
    }

    /// The method by name and types; without types by name and number of arguments.
    fn find(&self, contract: &Contract) -> Result<usize, Error> {
        if let (Some(types), Some(arguments)) = (&self.types, &self.arguments)
            && types.len() != arguments.len()
        {
            return Err(wrong_count());
        }
        let wanted: Option<String> = self.types.as_ref().and_then(|types| {
            types
                .iter()
                .map(|name| java_name::descriptor(name))
                .collect()
        });
        let mut fitting = contract
            .overloads(&self.method)
            .iter()
            .copied()
            .filter(|index| {
                contract.methods().get(*index).is_some_and(|method| {
                    match (&self.types, &self.arguments) {
                        (Some(_), _) => wanted.as_deref() == Some(&**method.descriptor()),
                        (None, Some(arguments)) => arguments.len() == method.parameters().len(),
                        (None, None) => true,
                    }
                })
            });
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(self.no_such_method(contract)),
        }
    }

    /// Java's words, and status 70 as it has for this (live-peer fact LJ-6), unlike for ordinary calls.
    fn no_such_method(&self, contract: &Contract) -> Error {
        let types = self
            .types
            .as_ref()
            .map_or_else(|| "..".to_owned(), |types| types.join(", "));
        let interface = contract.interface();
        let mut message = format!(
            "No such method {} in class interface {interface}",
            self.method
        );
        message.push_str(&format!(": {}({types})", self.method));
        push_overloads(&mut message, contract, &self.method);
        Error::new(ErrorKind::ServiceError, message)
    }
}

fn wrong_count() -> Error {
    let message = "GenericFilter#invoke args.length != types.length, please check your params";
    Error::new(ErrorKind::ServiceError, message)
}

fn answer(contract: &Contract, form: ResultForm, kind: ResultKind) -> Result<ResultKind, Error> {
    Ok(match kind {
        ResultKind::Value(payload) if form == ResultForm::Maps => ResultKind::Value(
            Payload::Value(generalize(contract.types(), payload.to_value()?)),
        ),
        ResultKind::Exception(payload) => {
            let throwable = Throwable::from_value(payload.to_value()?);
            ResultKind::Exception(Payload::Value(generic_exception(&throwable)))
        }
        other => other,
    })
}

/// The stack as `Throwable.printStackTrace` prints it, each line with its start.
fn printed_stack(throwable: &Throwable) -> String {
    let line = |element: &StackTraceElement| {
        let class = element.declaring_class.as_deref().unwrap_or_default();
        let method = element.method_name.as_deref().unwrap_or_default();
        let source = match (&element.file_name, element.line_number) {
            (Some(file), 0..) => format!("{file}:{}", element.line_number),
            (Some(file), _) => file.clone(),
            (None, _) => "Unknown Source".to_owned(),
        };
        format!("\n\tat {class}.{method}({source})")
    };
    throwable.stack().iter().map(line).collect()
}

fn generic_exception(throwable: &Throwable) -> Value {
    if throwable.class() == GENERIC_EXCEPTION {
        return throwable.value().clone();
    }
    let message = throwable.message().map_or(Value::Null, Value::from);
    // Java prints the exception twice, the second time with its stack.
    let text = format!(
        "{}: {}",
        throwable.class(),
        throwable.message().unwrap_or("null")
    );
    let exception = Object::new(
        GENERIC_EXCEPTION,
        [
            ("exceptionClass", Value::from(throwable.class())),
            ("exceptionMessage", message),
            (
                "detailMessage",
                Value::from(format!("{text}\n{throwable}{}\n", printed_stack(throwable))),
            ),
        ],
    );
    Value::Object(exception)
}
