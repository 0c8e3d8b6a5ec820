//! A value as JSON that keeps what JSON does not know: which number it was, the class of a list, a reference.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use wubbo_hessian2::Value;

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
            json!({ "type": "date", "value": super::super::json::date(*millis) })
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
