//! A value as JSON that keeps what JSON does not know: which number it was, the class of a list, a reference.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use wubbo_hessian2::Value;
use wubbo_protocol::{Content, Frame};

/// `{"type": .., "value": ..}` for scalars, `items`, `entries` or `fields` for the rest. References stay references, so the text is never
/// larger than the frame by more than a factor.
pub(super) fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => json!({ "type": "boolean", "value": truth }),
        Value::Int(number) => json!({ "type": "int", "value": number }),
        Value::Long(number) => json!({ "type": "long", "value": number }),
        Value::Double(number) if number.is_finite() => json!({ "type": "double", "value": number }),
        Value::Double(number) => json!({ "type": "double", "value": number.to_string() }),
        Value::Date(millis) => {
            json!({ "type": "date", "value": crate::json::date(*millis) })
        }
        Value::String(text) => json!({ "type": "string", "value": text }),
        Value::Binary(bytes) => json!({ "type": "binary", "value": STANDARD.encode(bytes) }),
        Value::List(list) => json!({
            "type": list.type_name.as_deref().unwrap_or("list"),
            "items": list.items.iter().map(json).collect::<Json>(),
        }),
        Value::Map(map) => json!({
            "type": map.type_name.as_deref().unwrap_or("map"),
            "entries": map.entries.iter().map(|(key, value)| json!([json(key), json(value)])).collect::<Json>(),
        }),
        Value::Object(object) => json!({
            "type": "object",
            "class": object.class_name(),
            "fields": object.iter().map(|(name, value)| (name.to_owned(), json(value))).collect::<Json>(),
        }),
        Value::Ref(slot) => json!({ "type": "ref", "value": slot }),
    }
}

/// A frame: its id, its serialization, its length, and what it says.
pub(super) fn frame(frame: &Frame) -> Json {
    let pairs = |pairs: &[(String, Value)]| -> Json {
        pairs
            .iter()
            .map(|(key, value)| (key.clone(), json(value)))
            .collect()
    };
    let content = match &frame.content {
        Content::Request {
            two_way,
            dubbo_version,
            path,
            service,
            method,
            types,
            arguments,
            attachments,
        } => json!({
            "request": {
                "two_way": two_way, "dubbo_version": dubbo_version, "path": path, "service": service, "method": method, "types": types,
                "arguments": arguments.iter().map(json).collect::<Json>(), "attachments": pairs(attachments),
            }
        }),
        Content::Result {
            value,
            exception,
            attachments,
        } => json!({
            "response": { "status": 20, "exception": exception, "value": json(value), "attachments": pairs(attachments) }
        }),
        Content::Failure { status, name, text } => {
            json!({ "response": { "status": status, "name": name, "text": text } })
        }
        Content::Event {
            answer,
            two_way,
            data,
        } => json!({
            "event": { "answer": answer, "two_way": two_way, "data": json(data) }
        }),
        _ => Json::Null,
    };
    let mut whole =
        json!({ "id": frame.id, "serialization": frame.serialization, "bytes": frame.length });
    if let (Some(whole), Json::Object(content)) = (whole.as_object_mut(), content) {
        whole.extend(content);
    }
    whole
}
