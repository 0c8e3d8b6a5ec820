//! A Hessian value as the canonical JSON of the Java peers: what a Java program holds after it read the value.
//!
//! The forms are those of `interop/java/README.md`; `Canonical.java` there writes the same ones. Two things that Java knows are
//! not in the bytes, and come from `classes.rs` in their place, so that every value compares exactly and none by half:
//! - the declared types of fields. A `short` travels as an int, a `float` as a double, a `char` as a string; a class of
//!   `org.wubbo` whose fields are listed there reads them back, and has the fields that the wire left out;
//! - what hessian-lite makes of a collection: an untyped list is an `ArrayList`, a class that it cannot construct
//!   (`Arrays$ArrayList`, `Collections$EmptyMap`) becomes an `ArrayList` or a `HashMap`.
//!
//! What nobody can tell is nobody's: a `Byte` inside a `List` is an `Integer` for Java too.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use serde_json::{Value as Json, json};
use wubbo_hessian2::{List, Map, Object, Resolver, Value};

mod classes;
mod jdk;
mod time;

use classes::Field;

/// The canonical form of a value that is a document of its own.
pub fn canonical(value: &Value) -> Json {
    let resolver = Resolver::new(slice::from_ref(value));
    Walk::new(&resolver).visit(value, "", "$")
}

/// The Java type name of the value that has this canonical form, as `getClass().getTypeName()` gives it; null for null.
pub fn class_name(canonical: &Json) -> Json {
    let fixed = match canonical {
        Json::Null => return Json::Null,
        Json::Bool(_) => "java.lang.Boolean",
        Json::String(_) => "java.lang.String",
        other => {
            let named = [
                "array",
                "list",
                "set",
                "map",
                "enum",
                "object",
                "throwable",
                "text",
            ];
            let own = named.iter().find_map(|form| other.get(form));
            if let Some(name) = own.or_else(|| other.get("class")) {
                return name.clone();
            }
            let forms = [
                ("byte", "java.lang.Byte"),
                ("short", "java.lang.Short"),
                ("int", "java.lang.Integer"),
                ("long", "java.lang.Long"),
                ("float", "java.lang.Float"),
                ("double", "java.lang.Double"),
                ("char", "java.lang.Character"),
                ("date", "java.util.Date"),
                ("bytes", "byte[]"),
            ];
            let found = forms.iter().find(|(form, _)| other.get(form).is_some());
            found.map_or("?", |(_, name)| name)
        }
    };
    fixed.into()
}

/// One walk over a document. Containers are known by their slots, as Java knows them by identity.
struct Walk<'r, 'v> {
    resolver: &'r Resolver<'v>,
    /// The path at which each slot was met first.
    seen: BTreeMap<u32, String>,
    /// Slots around the value that a key's walk is inside of: a map that is a key of itself must end.
    inside: BTreeSet<u32>,
}

impl<'r, 'v> Walk<'r, 'v> {
    fn new(resolver: &'r Resolver<'v>) -> Self {
        Self {
            resolver,
            seen: BTreeMap::new(),
            inside: BTreeSet::new(),
        }
    }

    /// `declared` is the type of the field or array element that holds the value, in words of Java or of the wire; empty
    /// when anything may be there.
    fn visit(&mut self, value: &'v Value, declared: &str, path: &str) -> Json {
        let Some(target) = self.resolver.follow(value) else {
            return json!({"dangling": format!("{value:?}")});
        };
        if let Some(scalar) = scalar(target, declared) {
            return scalar;
        }
        if let Value::Object(object) = target
            && let Some(form) = self.leaf(object)
        {
            return form;
        }
        let Some(slot) = self.resolver.slot_of(target) else {
            return json!({"without slot": format!("{target:?}")});
        };
        if let Some(first) = self.seen.get(&slot) {
            return json!({"$ref": first});
        }
        self.seen.insert(slot, path.to_owned());
        match target {
            Value::List(list) => self.list(list, path),
            Value::Map(map) => self.map(map, path),
            Value::Object(object) => self.object(object, path),
            _ => Json::Null,
        }
    }

    /// Objects that are one value for Java: enums, dates, and the JDK's types that print themselves.
    fn leaf(&self, object: &'v Object) -> Option<Json> {
        let class = object.class_name();
        if classes::ENUMS.contains(&class) {
            let name = object.get("name").and_then(Value::as_str);
            return Some(json!({"enum": class, "name": name}));
        }
        jdk::leaf(object, self.resolver)
    }

    fn list(&mut self, list: &'v List, path: &str) -> Json {
        let wire = list.type_name.as_deref();
        if let Some(element) = wire.and_then(|name| name.strip_prefix('[')) {
            let items = self.items(&list.items, element, path);
            return json!({"array": classes::array_name(element), "items": items});
        }
        let (form, class) = classes::collection(wire);
        if form == "set" && !classes::ORDERED_SETS.contains(&class) {
            return self.unordered(&list.items, class, path);
        }
        let items = self.items(&list.items, "", path);
        json!({form: class, "items": items})
    }

    fn items(&mut self, items: &'v [Value], declared: &str, path: &str) -> Vec<Json> {
        let each = items.iter().enumerate();
        each.map(|(index, item)| self.visit(item, declared, &format!("{path}[{index}]")))
            .collect()
    }

    /// A set without an order of its own: in the order of its elements' own JSON.
    fn unordered(&mut self, items: &'v [Value], class: &str, path: &str) -> Json {
        let mut keyed: Vec<_> = items.iter().map(|item| (self.key(item).1, item)).collect();
        keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
        let each = keyed.into_iter().enumerate();
        let items: Vec<Json> = each
            .map(|(index, (_, item))| self.visit(item, "", &format!("{path}[{index}]")))
            .collect();
        json!({"set": class, "items": items})
    }

    fn map(&mut self, map: &'v Map, path: &str) -> Json {
        let mut keyed = BTreeMap::new();
        for (key, item) in &map.entries {
            let (form, text) = self.key(key);
            // A later entry of the same key replaces the value.
            keyed.insert(text, (form, item));
        }
        let mut entries = Vec::new();
        for (text, (key, item)) in keyed {
            let item = self.visit(item, "", &format!("{path}{{{text}}}"));
            entries.push(json!([key, item]));
        }
        json!({"map": classes::map(map.type_name.as_deref()), "entries": entries})
    }

    /// A key stands for itself: what it shares with values beside it is not said.
    fn key(&self, value: &'v Value) -> (Json, String) {
        let mut own = Walk::new(self.resolver);
        own.inside.clone_from(&self.inside);
        let slot = self.resolver.slot_of(value);
        if slot.is_some_and(|slot| !own.inside.insert(slot)) {
            return (json!({"$ref": "key"}), "key".to_owned());
        }
        let form = own.visit(value, "", "$");
        let text = form.to_string();
        (form, text)
    }

    fn object(&mut self, object: &'v Object, path: &str) -> Json {
        let class = object.class_name();
        if object.get("detailMessage").is_some() {
            return self.throwable(object, path);
        }
        if !class.starts_with("org.wubbo.") {
            return json!({"unknown class": class});
        }
        let mut fields = BTreeMap::new();
        for (name, declared) in classes::fields(object) {
            let path = format!("{path}.{name}");
            let form = match object.get(name) {
                Some(value) => self.visit(value, declared, &path),
                None => classes::initial(declared),
            };
            fields.insert(name, form);
        }
        json!({"fields": fields, "object": class})
    }

    /// Message, cause and stack; a cause that is the throwable itself means none.
    fn throwable(&mut self, object: &'v Object, path: &str) -> Json {
        let itself = |value: &&Value| {
            let target = self.resolver.follow(value).and_then(Value::as_object);
            !target.is_some_and(|target| std::ptr::eq(target, object))
        };
        let cause = object.get("cause").filter(itself);
        let cause = cause.map(|cause| self.visit(cause, "", &format!("{path}.cause")));
        let field = |name| {
            object
                .get(name)
                .and_then(|value| self.resolver.follow(value))
        };
        let frames = field("stackTrace").and_then(Value::as_list);
        let stack: Vec<String> = frames
            .into_iter()
            .flat_map(|frames| &frames.items)
            .filter_map(|frame| self.resolver.follow(frame)?.as_object().map(frame_text))
            .collect();
        json!({
            "cause": cause,
            "message": field("detailMessage").and_then(Value::as_str),
            "stack": stack,
            "throwable": object.class_name(),
        })
    }
}

fn frame_text(frame: &Object) -> String {
    let text = |name| frame.get(name).and_then(Value::as_str).unwrap_or("null");
    let line = frame.get("lineNumber").and_then(Value::as_i64).unwrap_or(0);
    format!("{}.{}:{line}", text("declaringClass"), text("methodName"))
}

/// A value without parts, as the declared type gives it back; `None` for containers.
fn scalar(value: &Value, declared: &str) -> Option<Json> {
    Some(match (value, Field::of(declared)) {
        (Value::Null, _) => classes::initial(declared),
        (Value::Bool(truth), _) => json!(truth),
        (Value::Int(number), field) => integer(i64::from(*number), field, "int"),
        (Value::Long(number), field) => integer(*number, field, "long"),
        (Value::Double(number), Field::Float) => float(*number),
        (Value::Double(number), _) => double(*number),
        (Value::Date(ms), _) => json!({"date": ms}),
        (Value::String(text), Field::Char) => json!({"char": text}),
        (Value::String(text), _) => json!(text),
        (Value::Binary(bytes), _) => json!({"bytes": hex(bytes)}),
        (Value::List(_) | Value::Map(_) | Value::Object(_) | Value::Ref(_), _) => return None,
    })
}

fn integer(number: i64, field: Field, wire: &str) -> Json {
    match field {
        Field::Byte => json!({"byte": number}),
        Field::Short => json!({"short": number}),
        Field::Int => json!({"int": number}),
        Field::Long => json!({"long": number}),
        _ => json!({wire: number}),
    }
}

fn double(number: f64) -> Json {
    json!({"double": format!("{:016x}", number.to_bits())})
}

fn float(number: f64) -> Json {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the narrowing that Java does when it reads a float"
    )]
    let narrow = number as f32;
    json!({"float": format!("{:08x}", narrow.to_bits())})
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
