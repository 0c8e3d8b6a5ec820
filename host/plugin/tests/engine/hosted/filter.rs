//! Filters in a host.

use std::sync::Mutex;

use wubbo_core::{
    AttachmentValue, Chain, Invocation, Outcome, Payload, Request, RequestBody, ResultKind,
    RpcResult, ServiceKey, Stage, Url,
};
use wubbo_hessian2::{List, Map, Value};
use wubbo_plugin_sdk::native::Level;
use wubbo_plugin_sdk::testing::{Call, Ended, Exchange, FilterForm, Seen};
use wubbo_plugin_sdk::{Result, status};

use super::Host;

impl FilterForm for Host {
    fn call(&mut self, call: &Call, answer: &Ended) -> Result<Exchange> {
        let invocation = invocation(self, call);
        let stage = match call.on_provider() {
            true => Stage::Provider,
            false => Stage::Call,
        };
        let got = Mutex::new(None);
        let service = |invocation: Invocation| {
            *got.lock().unwrap() = Some(seen(&invocation));
            async { outcome(answer) }
        };
        let outcome = self
            .runtime
            .block_on(Chain::new(stage).invoke(invocation, service));
        self.failed()?;
        Ok(Exchange {
            seen: got.into_inner().unwrap(),
            ended: ended(&outcome),
            exact_code: false,
        })
    }

    fn advance_ms(&mut self, ms: u64) {
        Host::advance_ms(self, ms);
    }

    fn logs(&self) -> Vec<(Level, String)> {
        let own = |target: &str| target.is_empty();
        let lines = self.rig.lines.all().into_iter();
        let lines = lines.filter(|(_, _, target, _)| own(target));
        lines.map(|(_, at, _, text)| (level(at), text)).collect()
    }

    fn access_lines(&self) -> Vec<String> {
        let lines = self.rig.lines.all().into_iter();
        let lines = lines.filter(|(_, _, target, _)| !target.is_empty());
        lines.map(|(_, _, _, text)| text).collect()
    }
}

fn level(level: tracing::Level) -> Level {
    match level {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::INFO => Level::Info,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::TRACE => Level::Trace,
    }
}

/// The call as a protocol would hand it over.
pub(crate) fn invocation(host: &Host, call: &Call) -> Invocation {
    let field = |name| call.field_of(name).unwrap_or_default();
    let service = ServiceKey::new(field("service"), field("group"), field("version"));
    let mut request = Request::new(service, field("method"));
    request.descriptor = field("types").into();
    request.remote = call
        .field_of("remote_address")
        .map(|at| at.parse().unwrap());
    request.local = call.field_of("local_address").map(|at| at.parse().unwrap());
    for (key, value) in call.attachments() {
        request.attachments.set(key, AttachmentValue::from(value));
    }
    request.body = RequestBody::Values(call.arguments().iter().map(value).collect());
    request.policies = host.policies();
    let protocol = call.field_of("protocol").unwrap_or("dubbo");
    let url = Url::builder().protocol(protocol).host("127.0.0.1").port(1);
    let url = url.path(field("service")).params(call.parameters());
    Invocation::new(request, url.build())
}

pub(crate) fn seen(invocation: &Invocation) -> Seen {
    let pair = |entry: wubbo_core::Entry<'_>| {
        let text = entry.text.unwrap_or_default();
        (entry.key.to_owned(), text.to_owned())
    };
    let arguments = invocation.body().to_values().unwrap_or_default();
    Seen {
        attachments: invocation.attachments().iter().map(pair).collect(),
        arguments: arguments.iter().map(json).collect(),
    }
}

pub(crate) fn outcome(answer: &Ended) -> Outcome {
    let mut result = match (answer.as_value(), answer.as_exception()) {
        (Some(found), _) => RpcResult::value(value(found)),
        (_, Some((class, message))) => RpcResult::exception(class, Some(message)),
        _ => panic!("no service answers {answer:?}"),
    };
    for (key, value) in answer.attachments() {
        result.attachments.set(key, AttachmentValue::from(value));
    }
    Ok(result)
}

pub(crate) fn ended(outcome: &Outcome) -> Ended {
    let result = match outcome {
        Err(error) => {
            let status = error.kind().status().0;
            assert_ne!(status, status::OK);
            // Which code it was is not kept, only what follows from it.
            return Ended::error(status, 0, error.message());
        }
        Ok(result) => result,
    };
    let ended = match &result.kind {
        ResultKind::Null => Ended::null(),
        ResultKind::Value(payload) => Ended::value(json(&payload.to_value().unwrap())),
        ResultKind::Exception(payload) => exception(payload),
    };
    result.attachments.iter().fold(ended, |ended, entry| {
        ended.attachment(entry.key, entry.text.unwrap_or_default())
    })
}

fn exception(payload: &Payload) -> Ended {
    let thrown = payload.to_value().unwrap();
    let thrown = thrown.as_object().unwrap();
    let message = thrown.get("detailMessage").and_then(Value::as_str);
    Ended::exception(thrown.class_name(), message.unwrap_or_default())
}

/// What a case writes as JSON.
fn value(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(yes) => Value::Bool(*yes),
        Json::String(text) => Value::String(text.clone()),
        Json::Number(number) => match number.as_i64() {
            None => Value::Double(number.as_f64().unwrap()),
            Some(long) => i32::try_from(long).map_or(Value::Long(long), Value::Int),
        },
        Json::Array(items) => Value::List(List {
            type_name: None,
            items: items.iter().map(value).collect(),
        }),
        Json::Object(fields) => Value::Map(Map {
            type_name: None,
            entries: fields
                .iter()
                .map(|(key, item)| (Value::String(key.clone()), value(item)))
                .collect(),
        }),
    }
}

fn json(found: &Value) -> serde_json::Value {
    match found {
        Value::Null => serde_json::Value::Null,
        Value::Bool(yes) => (*yes).into(),
        Value::Int(number) => (*number).into(),
        Value::Long(number) => (*number).into(),
        Value::Double(number) => (*number).into(),
        Value::String(text) => text.clone().into(),
        Value::List(list) => list.items.iter().map(json).collect(),
        Value::Map(map) => map
            .entries
            .iter()
            .map(|(key, item)| (key.as_str().unwrap().to_owned(), json(item)))
            .collect(),
        other => panic!("no case writes {other:?}"),
    }
}
