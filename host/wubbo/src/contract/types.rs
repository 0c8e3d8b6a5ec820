//! The classes that a contract mentions: what a generic call needs to turn maps into objects and back.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use wubbo_hessian2::{Class, Value};

/// Classes by name. Made with the contract, never changed after.
#[derive(Clone, Debug, Default)]
pub struct JavaTypes {
    shapes: BTreeMap<Arc<str>, Shape>,
}

/// What a class looks like.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// One constant per value.
    Enum(Arc<Class>),
    /// Fields; `types` has the Java type of each, as far as it is known.
    Struct {
        class: Arc<Class>,
        types: Vec<Option<Cow<'static, str>>>,
    },
}

impl JavaTypes {
    /// Adds an enum.
    pub fn add_enum(&mut self, class: &str) {
        self.shapes
            .entry(class.into())
            .or_insert_with(|| Shape::Enum(Class::new(class, ["name"])));
    }

    /// Adds a class with its fields and their Java types, `None` where the Rust type has none. `false` when the class was known
    /// already, whose parts need not be added again then.
    pub fn add_struct<const FIELDS: usize>(
        &mut self,
        class: &str,
        fields: [(&str, Option<Cow<'static, str>>); FIELDS],
    ) -> bool {
        if self.shapes.contains_key(class) {
            return false;
        }
        let (names, types): (Vec<&str>, Vec<_>) = fields.into_iter().unzip();
        self.shapes.insert(
            class.into(),
            Shape::Struct {
                class: Class::new(class, names),
                types,
            },
        );
        true
    }

    pub(crate) fn get(&self, class: &str) -> Option<&Shape> {
        self.shapes.get(class)
    }

    pub(crate) fn is_enum(&self, class: &str) -> bool {
        matches!(self.get(class), Some(Shape::Enum(_)))
    }
}

/// What Java puts into a field of this type that nobody sets.
pub(crate) fn initial_value(java_type: Option<&str>) -> Value {
    match java_type {
        Some("boolean") => Value::Bool(false),
        Some("byte" | "short" | "int") => Value::Int(0),
        Some("long") => Value::Long(0),
        Some("float" | "double") => Value::Double(0.0),
        _ => Value::Null,
    }
}
