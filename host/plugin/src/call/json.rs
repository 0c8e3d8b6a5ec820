//! Between Dubbo's values and JSON, for plugins that read or write bodies as JSON (ABI.md 6.1 and 8.1).

use serde_json::{Map as JsonMap, Number, Value as Json};
use wubbo_hessian2::{List, Map, Resolver, Value};
use wubbo_plugin_sdk::ErrorKind;
use wubbo_plugin_sdk::native::HostResult;

/// Values that one JSON text may hold: shared parts are written out where they are used, so a small body could grow without end.
const NODES_MAX: usize = 100_000;
/// Nesting of one JSON text.
const DEPTH_MAX: usize = 256;

/// Writes values of one stream as JSON.
pub(crate) struct Writer<'v> {
    resolver: &'v Resolver<'v>,
    open: Vec<u32>,
    nodes: usize,
}

impl<'v> Writer<'v> {
    pub(crate) fn new(resolver: &'v Resolver<'v>) -> Self {
        Self {
            resolver,
            open: Vec::new(),
            nodes: 0,
        }
    }

    /// The JSON of one value. A date is its milliseconds, bytes are base64, a part that contains itself is null there.
    pub(crate) fn value(&mut self, value: &'v Value) -> HostResult<Json> {
        self.nodes += 1;
        if self.nodes > NODES_MAX || self.open.len() > DEPTH_MAX {
            return Err(ErrorKind::TooLarge);
        }
        let target = self.resolver.follow(value).ok_or(ErrorKind::NotReadable)?;
        let slot = if target.takes_slot() {
            self.resolver.slot_of(target)
        } else {
            None
        };
        if let Some(slot) = slot {
            if self.open.contains(&slot) {
                return Ok(Json::Null);
            }
            self.open.push(slot);
        }
        let json = self.content(target);
        if slot.is_some() {
            self.open.pop();
        }
        json
    }

    fn content(&mut self, value: &'v Value) -> HostResult<Json> {
        Ok(match value {
            Value::Null | Value::Ref(_) => Json::Null,
            Value::Bool(truth) => Json::Bool(*truth),
            Value::Int(number) => Json::from(*number),
            Value::Long(number) | Value::Date(number) => Json::from(*number),
            Value::Double(number) => Number::from_f64(*number).map_or(Json::Null, Json::Number),
            Value::String(text) => Json::String(text.clone()),
            Value::Binary(bytes) => Json::String(base64(bytes)),
            Value::List(list) => {
                let items: HostResult<Vec<Json>> =
                    list.items.iter().map(|item| self.value(item)).collect();
                Json::Array(items?)
            }
            Value::Map(map) => {
                let mut object = JsonMap::new();
                for (key, item) in &map.entries {
                    object.insert(self.key(key)?, self.value(item)?);
                }
                Json::Object(object)
            }
            Value::Object(thing) => {
                let mut object = JsonMap::new();
                for (name, item) in thing.iter() {
                    object.insert(name.to_owned(), self.value(item)?);
                }
                Json::Object(object)
            }
        })
    }

    fn key(&mut self, key: &'v Value) -> HostResult<String> {
        Ok(match self.value(key)? {
            Json::String(text) => text,
            other => other.to_string(),
        })
    }
}

/// The value that a JSON text says: int, or long when it needs more than 32 bits; untyped lists and maps.
pub(crate) fn from_text(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().map(from_json)
}

fn from_json(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(truth),
        Json::String(text) => Value::String(text),
        Json::Number(number) => match number.as_i64() {
            Some(long) => i32::try_from(long).map_or(Value::Long(long), Value::Int),
            None => Value::Double(number.as_f64().unwrap_or_default()),
        },
        Json::Array(items) => Value::List(List::new(items.into_iter().map(from_json).collect())),
        Json::Object(fields) => {
            let entry = |(key, value)| (Value::String(key), from_json(value));
            Value::Map(Map::new(fields.into_iter().map(entry).collect()))
        }
    }
}

/// Standard base64 with padding (RFC 4648 section 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |place: usize| u32::from(chunk.get(place).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let letter = ALPHABET.get((group >> (18 - 6 * place) & 63) as usize);
            let letter = letter.filter(|_| place <= chunk.len()).unwrap_or(&b'=');
            text.push(char::from(*letter));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use wubbo_hessian2::Object;

    fn json(values: &[Value]) -> HostResult<Json> {
        Writer::new(&Resolver::new(values)).value(&values[0])
    }

    #[test]
    fn every_kind_of_value_has_a_json() {
        let user = Object::new(
            "a.User",
            [
                ("id", Value::from("7")),
                ("age", Value::Int(3)),
                ("self", Value::Ref(0)),
            ],
        );
        assert_eq!(
            json(&[user.into()]).unwrap().to_string(),
            r#"{"id":"7","age":3,"self":null}"#
        );
        let map = Map::new(vec![
            (Value::Int(1), Value::Long(1 << 40)),
            (Value::from("d"), Value::Double(f64::NAN)),
        ]);
        assert_eq!(
            json(&[map.into()]).unwrap().to_string(),
            r#"{"1":1099511627776,"d":null}"#
        );
        let list = List::new(vec![
            Value::Binary(bytes::Bytes::from_static(b"ab")),
            Value::Bool(true),
            Value::Date(5),
        ]);
        assert_eq!(
            json(&[list.into()]).unwrap().to_string(),
            r#"["YWI=",true,5]"#
        );
    }

    #[test]
    fn shared_parts_cannot_grow_without_end() {
        // Each level holds the level below twice: 2^40 leaves from 40 lists.
        let mut value = Value::List(List::new(vec![Value::Int(1)]));
        for depth in (1..40).rev() {
            value = Value::List(List::new(vec![value, Value::Ref(depth)]));
        }
        assert_eq!(json(&[value]), Err(ErrorKind::TooLarge));
    }

    #[test]
    fn numbers_get_the_smallest_type_that_holds_them() {
        assert_eq!(from_text("2147483647"), Some(Value::Int(i32::MAX)));
        assert_eq!(from_text("2147483648"), Some(Value::Long(1 << 31)));
        assert_eq!(from_text("1.5"), Some(Value::Double(1.5)));
        assert_eq!(
            from_text(r#"{"a":[null,"x"]}"#),
            Some(
                Map::new(vec![(
                    "a".into(),
                    List::new(vec![Value::Null, "x".into()]).into()
                )])
                .into()
            )
        );
        assert_eq!(from_text("{"), None);
    }

    #[test]
    fn base64_pads() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
