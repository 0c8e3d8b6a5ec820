//! Types of the JDK that are one value for a Java program: `{"text":class,"value":toString}`, dates, and `EnumSet`.

use serde_json::{Value as Json, json};
use wubbo_hessian2::{BigInteger, Object, Resolver, Value, from_slice, to_bytes};

use super::{classes, time};

/// hessian-lite replaces some types by handles, whose names begin so.
const HANDLES: &str = "com.alibaba.com.caucho.hessian.io.";

/// The canonical form of an object that is such a value.
pub(super) fn leaf<'v>(object: &'v Object, resolver: &Resolver<'v>) -> Option<Json> {
    let class = object.class_name();
    if let Some(handle) = class.strip_prefix(HANDLES) {
        if let Some(handle) = handle.strip_prefix("java8.") {
            return time::leaf(handle, object, resolver);
        }
        return handle_leaf(handle, object, resolver);
    }
    match class {
        "java.sql.Date" | "java.sql.Time" | "java.sql.Timestamp" => {
            Some(date(class, object, "value"))
        }
        "java.math.BigDecimal" | "java.util.UUID" | "java.io.File" => {
            text(class, string(object, "value")?)
        }
        "java.math.BigInteger" => text(class, &big_integer(object)?),
        "java.lang.Class" => text(class, string(object, "name")?),
        "java.util.concurrent.atomic.AtomicLong" => {
            text(class, &object.get("value")?.as_i64()?.to_string())
        }
        "java.lang.StringBuilder" => text(class, &string_builder(object)?),
        _ => None,
    }
}

fn handle_leaf<'v>(handle: &str, object: &'v Object, resolver: &Resolver<'v>) -> Option<Json> {
    match handle {
        "LocaleHandle" => text("java.util.Locale", string(object, "value")?),
        "CalendarHandle" => {
            let named = class_of(object.get("type"), resolver);
            Some(date(
                named.unwrap_or("java.util.GregorianCalendar"),
                object,
                "date",
            ))
        }
        "EnumSetHandler" => enum_set(object, resolver),
        _ => None,
    }
}

pub(super) fn text(class: &str, value: &str) -> Option<Json> {
    Some(json!({"text": class, "value": value}))
}

fn date(class: &str, object: &Object, field: &str) -> Json {
    let ms = match object.get(field) {
        Some(Value::Date(ms)) => Some(*ms),
        _ => None,
    };
    json!({"class": class, "date": ms})
}

fn string<'o>(object: &'o Object, field: &str) -> Option<&'o str> {
    object.get(field)?.as_str()
}

/// The name that an object of `java.lang.Class` stands for.
fn class_of<'v>(value: Option<&'v Value>, resolver: &Resolver<'v>) -> Option<&'v str> {
    let object = resolver.follow(value?)?.as_object()?;
    string(object, "name")
}

/// The words are in an array inside the object, so the object is a document of its own.
fn big_integer(object: &Object) -> Option<String> {
    let bytes = to_bytes(&Value::Object(object.clone())).ok()?;
    from_slice::<BigInteger>(&bytes)
        .ok()
        .map(|number| number.to_string())
}

/// One byte per character when `coder` is 0, two in little-endian order when it is 1 (JDK 9 and later).
fn string_builder(object: &Object) -> Option<String> {
    let Value::Binary(bytes) = object.get("value")? else {
        return None;
    };
    let count = usize::try_from(object.get("count")?.as_i64()?).ok()?;
    let units: Vec<u16> = match object.get("coder")?.as_i64()? {
        0 => bytes.iter().map(|byte| u16::from(*byte)).collect(),
        _ => bytes
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect(),
    };
    String::from_utf16(units.get(..count)?).ok()
}

/// Its class says how many constants the enum has: `RegularEnumSet` up to 64.
fn enum_set<'v>(object: &'v Object, resolver: &Resolver<'v>) -> Option<Json> {
    let objects = resolver.follow(object.get("objects")?)?.as_list()?;
    let mut items = Vec::new();
    for item in &objects.items {
        let constant = resolver.follow(item)?.as_object()?;
        let class = constant.class_name();
        let known = classes::ENUMS.contains(&class);
        known.then(|| items.push(json!({"enum": class, "name": string(constant, "name")})))?;
    }
    items.sort_by_cached_key(Json::to_string);
    Some(json!({"items": items, "set": "java.util.RegularEnumSet"}))
}
