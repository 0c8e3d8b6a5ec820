//! Objects as maps and back, for generic calls (Dubbo Java `PojoUtils`). References are renumbered on the way: an enum
//! constant takes a slot, the string that stands for it does not.

use std::sync::Arc;

use wubbo_hessian2::{Class, List, Map, Object, Value};

use super::{
    JavaTypes,
    types::{Shape, initial_value},
};

/// The key under which a map says which object it stands for.
const CLASS: &str = "class";

/// Classes of the JDK and of Hessian's own handles, which stay what they are (Java: numbers, dates, `java.time`).
const KEPT: [&str; 4] = [
    "java.",
    "javax.",
    "com.alibaba.com.caucho.hessian.io.",
    "com.caucho.hessian.io.",
];

/// A result for a generic caller: objects become maps with `class`, enums strings.
pub(crate) fn generalize(types: &JavaTypes, value: Value) -> Value {
    Walk {
        types,
        moved: Vec::new(),
        next: 0,
    }
    .generalize(value)
}

/// The arguments of a generic caller for the service: maps of a class that the contract knows become objects, with every field
/// of the class, and strings enums where an enum is wanted. `declared` are the parameters' Java types. The values are the items
/// of one list, whose slot is 0; the results are a stream of their own.
pub(crate) fn realize<'name>(
    types: &JavaTypes,
    arguments: Vec<Value>,
    declared: impl Iterator<Item = &'name str>,
) -> Vec<Value> {
    let mut walk = Walk {
        types,
        moved: vec![Moved::Away],
        next: 0,
    };
    arguments
        .into_iter()
        .zip(declared)
        .map(|(argument, declared)| walk.realize(argument, Some(declared)))
        .collect()
}

/// Adds `by` to every reference.
pub(crate) fn shift(value: &mut Value, by: u32) {
    match value {
        Value::Ref(slot) => *slot = slot.saturating_add(by),
        Value::List(list) => list.items.iter_mut().for_each(|item| shift(item, by)),
        Value::Object(object) => object.fields.iter_mut().for_each(|field| shift(field, by)),
        Value::Map(map) => {
            for (key, value) in &mut map.entries {
                shift(key, by);
                shift(value, by);
            }
        }
        _ => {}
    }
}

/// Where the value of an old slot went.
#[derive(Clone)]
enum Moved {
    Slot(u32),
    /// An enum constant that became its name.
    Name(Arc<str>),
    /// It has no place in the new stream.
    Away,
}

/// One pass over the values of a stream, in the order of their slots. Depth is bounded by the decoder that made the values.
struct Walk<'types> {
    types: &'types JavaTypes,
    /// By old slot.
    moved: Vec<Moved>,
    /// The next new slot.
    next: u32,
}

impl Walk<'_> {
    /// The value that starts now takes an old slot and a new one.
    fn enter(&mut self) {
        self.moved.push(Moved::Slot(self.next));
        self.next = self.next.saturating_add(1);
    }

    fn follow(&self, slot: u32) -> Value {
        match self.moved.get(slot as usize) {
            Some(Moved::Slot(slot)) => Value::Ref(*slot),
            Some(Moved::Name(name)) => Value::from(&**name),
            Some(Moved::Away) | None => Value::Null,
        }
    }

    fn generalize(&mut self, value: Value) -> Value {
        match value {
            Value::Ref(slot) => self.follow(slot),
            Value::List(list) => {
                self.enter();
                let type_name = list.type_name.map(|name| {
                    if is_kept_array(&name) {
                        name
                    } else {
                        "[object".into()
                    }
                });
                Value::List(List {
                    type_name,
                    items: self.generalize_all(list.items),
                })
            }
            Value::Map(map) => {
                self.enter();
                let mut entries = Vec::with_capacity(map.entries.len());
                for (key, value) in map.entries {
                    entries.push((self.generalize(key), self.generalize(value)));
                }
                Value::Map(Map {
                    type_name: map.type_name,
                    entries,
                })
            }
            Value::Object(object) => self.generalize_object(object),
            scalar => scalar,
        }
    }

    fn generalize_all(&mut self, values: Vec<Value>) -> Vec<Value> {
        values
            .into_iter()
            .map(|value| self.generalize(value))
            .collect()
    }

    fn generalize_object(&mut self, object: Object) -> Value {
        let class = object.class.clone();
        if self.types.is_enum(&class.name)
            && let Some(name) = object.get("name").and_then(Value::as_str)
        {
            self.moved.push(Moved::Name(name.into()));
            return Value::from(name);
        }
        self.enter();
        let fields = self.generalize_all(object.fields);
        if KEPT.iter().any(|prefix| class.name.starts_with(prefix)) {
            return Value::Object(Object { class, fields });
        }
        let named = class
            .fields
            .iter()
            .map(|name| Value::from(&**name))
            .zip(fields);
        let entries = std::iter::once((Value::from(CLASS), Value::from(&*class.name))).chain(named);
        Value::Map(Map::new(entries.collect()))
    }

    fn realize(&mut self, value: Value, declared: Option<&str>) -> Value {
        match value {
            Value::Ref(slot) => self.follow(slot),
            Value::List(list) => {
                self.enter();
                let element = declared.and_then(|name| name.strip_suffix("[]"));
                let items = list
                    .items
                    .into_iter()
                    .map(|item| self.realize(item, element))
                    .collect();
                Value::List(List {
                    type_name: list.type_name,
                    items,
                })
            }
            Value::Object(object) => {
                self.enter();
                let fields = object
                    .fields
                    .into_iter()
                    .map(|field| self.realize(field, None))
                    .collect();
                Value::Object(Object {
                    class: object.class,
                    fields,
                })
            }
            Value::Map(map) => self.realize_map(map, declared),
            Value::String(name) => self.realize_text(name, declared),
            scalar => scalar,
        }
    }

    fn realize_text(&mut self, text: String, declared: Option<&str>) -> Value {
        match declared.and_then(|class| self.types.get(class)) {
            Some(Shape::Enum(class)) => {
                // A new slot without an old one.
                self.next = self.next.saturating_add(1);
                Value::Object(Object {
                    class: class.clone(),
                    fields: vec![Value::String(text)],
                })
            }
            _ => Value::String(text),
        }
    }

    fn realize_map(&mut self, map: Map, declared: Option<&str>) -> Value {
        self.enter();
        let named = map.get(CLASS).and_then(Value::as_str);
        let shape = named.or(declared).and_then(|class| self.types.get(class));
        match shape {
            Some(Shape::Struct { class, types }) => {
                let (class, types) = (class.clone(), types.clone());
                self.realize_object(map, class, &types)
            }
            _ => {
                let mut entries = Vec::with_capacity(map.entries.len());
                for (key, value) in map.entries {
                    entries.push((self.realize(key, None), self.realize(value, None)));
                }
                Value::Map(Map {
                    type_name: map.type_name,
                    entries,
                })
            }
        }
    }

    /// Fields come in the order of the map, so that slots stay in order; what the map lacks follows.
    fn realize_object(
        &mut self,
        map: Map,
        class: Arc<Class>,
        types: &[Option<std::borrow::Cow<'static, str>>],
    ) -> Value {
        let declared = |field: &str| {
            let place = class.fields.iter().position(|name| &**name == field)?;
            types.get(place).and_then(Option::as_deref)
        };
        let mut fields: Vec<(String, Value)> = Vec::with_capacity(class.fields.len());
        for (key, value) in map.entries {
            let name = key.as_str().unwrap_or_default().to_owned();
            let value = self.realize(value, declared(&name));
            // What the class does not have is left out, unless a later reference may mean it.
            if name != CLASS
                && (class.fields.iter().any(|field| **field == *name) || value.takes_slot())
            {
                fields.push((name, value));
            }
        }
        for (name, java_type) in class.fields.iter().zip(types) {
            if !fields.iter().any(|(field, _)| **field == **name) {
                fields.push((name.to_string(), initial_value(java_type.as_deref())));
            }
        }
        Value::Object(Object::new(&class.name, fields))
    }
}

/// Whether an array or collection type needs no classes of its own: everything but arrays of user classes.
fn is_kept_array(name: &str) -> bool {
    match name.strip_prefix('[') {
        Some(element) => {
            !element.contains('.') || KEPT.iter().any(|prefix| element.starts_with(prefix))
        }
        None => true,
    }
}
