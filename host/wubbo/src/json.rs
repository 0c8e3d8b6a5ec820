//! Arguments from JSON, and results to JSON, as `wubbo call` and `wubbo decode` write them (spec/60).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map as JsonMap, Value as Json};
use wubbo_hessian2::{List, Map, Object, Value};

/// The Java type that an argument without `--types` is taken for.
pub(crate) fn infer(json: &Json) -> String {
    match json {
        Json::Null => "java.lang.Object".into(),
        Json::Bool(_) => "boolean".into(),
        Json::String(_) => "java.lang.String".into(),
        Json::Number(number)
            if number
                .as_i64()
                .is_some_and(|whole| i32::try_from(whole).is_ok()) =>
        {
            "int".into()
        }
        Json::Number(number) if number.as_i64().is_some() => "long".into(),
        Json::Number(_) => "double".into(),
        Json::Array(_) => "java.util.List".into(),
        Json::Object(map) => match map.get("class") {
            Some(Json::String(class)) => class.clone(),
            _ => "java.util.Map".into(),
        },
    }
}

/// The value of Java type `java` that `json` stands for.
pub(crate) fn to_value(json: &Json, java: &str) -> Result<Value, String> {
    let wrong = || format!("{json} is no {java}");
    Ok(match (java, json) {
        ("boolean" | "java.lang.Boolean", Json::Bool(truth)) => Value::Bool(*truth),
        ("byte" | "java.lang.Byte", Json::Number(_)) => {
            Value::Int(whole::<i8>(json).ok_or_else(wrong)?.into())
        }
        ("short" | "java.lang.Short", Json::Number(_)) => {
            Value::Int(whole::<i16>(json).ok_or_else(wrong)?.into())
        }
        ("int" | "java.lang.Integer", Json::Number(_)) => {
            Value::Int(whole(json).ok_or_else(wrong)?)
        }
        ("long" | "java.lang.Long", Json::Number(_)) => Value::Long(whole(json).ok_or_else(wrong)?),
        ("float" | "java.lang.Float" | "double" | "java.lang.Double", Json::Number(number)) => {
            Value::Double(number.as_f64().ok_or_else(wrong)?)
        }
        ("char" | "java.lang.Character", Json::String(text))
            if text.encode_utf16().count() == 1 =>
        {
            text.as_str().into()
        }
        ("java.lang.String" | "java.lang.CharSequence", Json::String(text)) => text.as_str().into(),
        ("java.util.Date", Json::String(text)) => Value::Date(
            text.parse::<jiff::Timestamp>()
                .map_err(|error| format!("{json}: {error}"))?
                .as_millisecond(),
        ),
        ("java.util.Date", Json::Number(_)) => Value::Date(whole(json).ok_or_else(wrong)?),
        ("byte[]" | "[B", Json::String(text)) => Value::Binary(
            STANDARD
                .decode(text)
                .map_err(|error| format!("{json} as base64: {error}"))?
                .into(),
        ),
        ("java.math.BigDecimal", Json::String(text)) => text_object(java, text.clone()),
        ("java.math.BigDecimal", Json::Number(number)) => text_object(java, number.to_string()),
        ("java.util.UUID", Json::String(text)) => text_object(java, text.clone()),
        ("java.util.List" | "java.util.Collection" | "java.util.ArrayList", Json::Array(items)) => {
            Value::List(List::new(inferred_items(items)?))
        }
        ("java.util.Set", Json::Array(items)) => {
            Value::List(List::typed("java.util.HashSet", inferred_items(items)?))
        }
        (_, Json::Array(items)) => array(java, items)?.ok_or_else(wrong)?,
        ("java.util.Map" | "java.util.HashMap", Json::Object(map)) => {
            Value::Map(Map::new(entries(map)?))
        }
        ("java.lang.Object", Json::Null) => Value::Null,
        ("java.lang.Object", json) => to_value(json, &infer(json))?,
        (_, Json::Object(map)) => object(java, map)?,
        (class, Json::String(constant)) if class.contains('.') && !class.starts_with("java.") => {
            Value::Object(Object::new(
                class,
                [("name", Value::from(constant.as_str()))],
            ))
        }
        (class, Json::Null)
            if class.contains('.') || class.ends_with("[]") || class.starts_with('[') =>
        {
            Value::Null
        }
        _ => return Err(wrong()),
    })
}

fn whole<T: TryFrom<i64>>(json: &Json) -> Option<T> {
    T::try_from(json.as_i64()?).ok()
}

fn text_object(class: &str, text: String) -> Value {
    Value::Object(Object::new(class, [("value", Value::String(text))]))
}

fn inferred_items(items: &[Json]) -> Result<Vec<Value>, String> {
    items
        .iter()
        .map(|item| to_value(item, &infer(item)))
        .collect()
}

fn entries(map: &JsonMap<String, Json>) -> Result<Vec<(Value, Value)>, String> {
    map.iter()
        .map(|(key, item)| Ok((Value::from(key.as_str()), to_value(item, &infer(item))?)))
        .collect()
}

fn object(class: &str, map: &JsonMap<String, Json>) -> Result<Value, String> {
    let fields: Result<Vec<(&str, Value)>, String> = map
        .iter()
        .filter(|(key, _)| *key != "class")
        .map(|(key, item)| Ok((key.as_str(), to_value(item, &infer(item))?)))
        .collect();
    Ok(Value::Object(Object::new(class, fields?)))
}

/// `int[]`, `[I`, `java.lang.String[]`, `[Ljava.lang.String;`; `None` when `java` is no array.
fn array(java: &str, items: &[Json]) -> Result<Option<Value>, String> {
    let Some(element) = element_type(java) else {
        return Ok(None);
    };
    let values: Result<Vec<Value>, String> =
        items.iter().map(|item| to_value(item, &element)).collect();
    Ok(Some(Value::List(List::typed(
        &wire_array_type(&element),
        values?,
    ))))
}

fn element_type(java: &str) -> Option<String> {
    if let Some(element) = java.strip_suffix("[]") {
        return Some(element.to_owned());
    }
    let element = java.strip_prefix('[')?;
    Some(match element {
        "Z" => "boolean".into(),
        "S" => "short".into(),
        "I" => "int".into(),
        "J" => "long".into(),
        "F" => "float".into(),
        "D" => "double".into(),
        nested if nested.starts_with('[') => nested.to_owned(),
        class => class
            .strip_prefix('L')?
            .strip_suffix(';')?
            .replace('/', "."),
    })
}

fn wire_array_type(element: &str) -> String {
    match element {
        "java.lang.String" => "[string".into(),
        "java.lang.Object" => "[object".into(),
        "java.util.Date" => "[date".into(),
        other => match element_type(other) {
            Some(inner) => format!("[{}", wire_array_type(&inner)),
            None => format!("[{other}"),
        },
    }
}

/// How many JSON values a result may become; sharing is written out, so a small frame can stand for a huge text.
const VALUES_MAX: usize = 1 << 20;

/// `value` as JSON: an enum is its name, a date RFC 3339 with milliseconds, a `byte[]` base64, an object has `class` first. What is shared
/// is written out; a value inside itself is `{"$ref": slot}`.
pub(crate) fn to_json(value: &Value) -> Json {
    let mut slots = Vec::new();
    collect(value, &mut slots);
    Writer {
        slots,
        open: Vec::new(),
        left: VALUES_MAX,
    }
    .write(value)
}

fn collect<'v>(value: &'v Value, slots: &mut Vec<&'v Value>) {
    if value.takes_slot() {
        slots.push(value);
    }
    for child in value.children() {
        collect(child, slots);
    }
}

struct Writer<'v> {
    slots: Vec<&'v Value>,
    open: Vec<*const Value>,
    left: usize,
}

impl<'v> Writer<'v> {
    fn write(&mut self, value: &'v Value) -> Json {
        let Some(left) = self.left.checked_sub(1) else {
            return Json::from("... too large to write out");
        };
        self.left = left;
        match value {
            Value::Null => Json::Null,
            Value::Bool(truth) => Json::from(*truth),
            Value::Int(number) => Json::from(*number),
            Value::Long(number) => Json::from(*number),
            Value::Double(number) => serde_json::Number::from_f64(*number)
                .map_or_else(|| Json::from(number.to_string()), Json::Number),
            Value::Date(millis) => Json::from(date(*millis)),
            Value::String(text) => Json::from(text.as_str()),
            Value::Binary(bytes) => Json::from(STANDARD.encode(bytes)),
            Value::Ref(slot) => match self.slots.get(*slot as usize).copied() {
                Some(target) if !self.open.contains(&std::ptr::from_ref(target)) => {
                    self.write(target)
                }
                _ => serde_json::json!({ "$ref": slot }),
            },
            container => {
                self.open.push(std::ptr::from_ref(container));
                let json = self.container(container);
                self.open.pop();
                json
            }
        }
    }

    fn container(&mut self, value: &'v Value) -> Json {
        match value {
            Value::List(list) => list.items.iter().map(|item| self.write(item)).collect(),
            Value::Map(map) => map
                .entries
                .iter()
                .map(|(key, item)| (self.key(key), self.write(item)))
                .collect(),
            Value::Object(object) => {
                match (object.fields.as_slice(), object.class.fields.as_slice()) {
                    ([Value::String(constant)], [field]) if &**field == "name" => {
                        Json::from(constant.as_str())
                    }
                    _ => {
                        let class = ("class".to_owned(), Json::from(object.class_name()));
                        let fields = object
                            .iter()
                            .map(|(name, item)| (name.to_owned(), self.write(item)));
                        std::iter::once(class).chain(fields).collect()
                    }
                }
            }
            _ => Json::Null,
        }
    }

    fn key(&mut self, key: &'v Value) -> String {
        match self.write(key) {
            Json::String(text) => text,
            other => other.to_string(),
        }
    }
}

pub(super) fn date(millis: i64) -> String {
    match jiff::Timestamp::from_millisecond(millis) {
        Ok(timestamp) => timestamp.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        Err(_) => format!("{millis} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_inferred_as_the_command_line_says() {
        let cases = [
            (r#""x""#, "java.lang.String"),
            ("1", "int"),
            ("2147483648", "long"),
            ("-2147483648", "int"),
            ("1.5", "double"),
            ("true", "boolean"),
            ("[1]", "java.util.List"),
            (r#"{"a":1}"#, "java.util.Map"),
            (r#"{"class":"a.B","x":1}"#, "a.B"),
        ];
        for (text, expected) in cases {
            let json: Json = serde_json::from_str(text).expect("JSON");
            assert_eq!(infer(&json), expected, "{text}");
        }
    }

    #[test]
    fn arguments_survive_the_way_to_a_value_and_back() {
        let cases = [
            (r#""x""#, "java.lang.String"),
            ("7", "int"),
            ("7", "long"),
            ("1.5", "double"),
            (r#""2020-05-31T12:00:00.000Z""#, "java.util.Date"),
            (r#""AQID""#, "byte[]"),
            ("[1,2]", "int[]"),
            (r#"["a"]"#, "[Ljava.lang.String;"),
            ("[[1],[2]]", "int[][]"),
            (r#"{"class":"a.B","x":1,"y":[null]}"#, "a.B"),
            (r#"{"k":{"n":2.5}}"#, "java.util.Map"),
            (r#""MAN""#, "org.wubbo.demo.Sex"),
            ("null", "java.lang.String"),
        ];
        for (text, java) in cases {
            let json: Json = serde_json::from_str(text).expect("JSON");
            let value =
                to_value(&json, java).unwrap_or_else(|error| panic!("{text} as {java}: {error}"));
            assert_eq!(to_json(&value), json, "{text} as {java}");
        }
    }

    #[test]
    fn arguments_of_another_type_are_refused_by_name() {
        for (text, java) in [
            ("1.5", "int"),
            ("300", "byte"),
            (r#""x""#, "int"),
            ("null", "int"),
            (r#""ab""#, "char"),
        ] {
            let json: Json = serde_json::from_str(text).expect("JSON");
            assert!(
                to_value(&json, java).is_err_and(|error| error.contains(java)),
                "{text} as {java}"
            );
        }
    }

    #[test]
    fn cycles_and_bombs_end() {
        let cycle = Value::List(List::new(vec![Value::Ref(0)]));
        assert_eq!(to_json(&cycle).to_string(), r#"[{"$ref":0}]"#);
        // Each list holds the one before twice: 2^40 values if written out.
        let mut items = vec![Value::List(List::new(vec![Value::Null]))];
        for slot in 1..40 {
            items.push(Value::List(List::new(vec![
                Value::Ref(slot),
                Value::Ref(slot),
            ])));
        }
        assert!(
            to_json(&Value::List(List::new(items)))
                .to_string()
                .contains("too large")
        );
    }
}
