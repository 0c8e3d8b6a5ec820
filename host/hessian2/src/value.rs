//! A Hessian value as a document.
//!
//! The document owns its parts and is a tree; sharing and cycles are said by [`Value::Ref`], which names a slot. Slots
//! are taken by lists, maps and objects in the order in which they start, counted from the start of the stream.

mod serde_form;

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;

use crate::tag::Kind;

/// Any Hessian 2.0 value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// Java `boolean`.
    Bool(bool),
    /// Java `byte`, `short` and `int`.
    Int(i32),
    /// Java `long`.
    Long(i64),
    /// Java `float` and `double`.
    Double(f64),
    /// `java.util.Date`: milliseconds since the epoch, UTC.
    Date(i64),
    /// `java.lang.String`, and `char`.
    String(String),
    /// `byte[]`.
    Binary(Bytes),
    /// List, set or array. Takes a slot.
    List(List),
    /// Map. Takes a slot.
    Map(Map),
    /// Object, enum constants and throwables included. Takes a slot.
    Object(Object),
    /// The list, map or object at this slot, counted from the start of the stream.
    Ref(u32),
}

/// A list, a set or an array.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct List {
    /// Type as the wire has it: `[int`, `[java.lang.Integer`, `java.util.HashSet`; `None` for an untyped list.
    pub type_name: Option<Arc<str>>,
    /// The elements.
    pub items: Vec<Value>,
}

/// A map. Entries keep their order; keys may be any value and may repeat.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    /// Class of the map (`java.util.TreeMap`); `None` for the untyped form, which Java uses for `HashMap`.
    pub type_name: Option<Arc<str>>,
    /// The entries, in the order of the stream.
    pub entries: Vec<(Value, Value)>,
}

/// An object: a class and one value per field of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// The class, shared by all instances of one stream.
    pub class: Arc<Class>,
    /// Values in the order of [`Class::fields`], and as many.
    pub fields: Vec<Value>,
}

/// A class definition: a name and the fields that its instances carry, in the order of the wire.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Class {
    /// Java class name, `org.wubbo.demo.User`.
    pub name: Arc<str>,
    /// Field names.
    pub fields: Vec<Arc<str>>,
}

impl Class {
    /// A class of this name with these fields.
    pub fn new<N: AsRef<str>>(name: &str, fields: impl IntoIterator<Item = N>) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            fields: fields
                .into_iter()
                .map(|field| Arc::from(field.as_ref()))
                .collect(),
        })
    }
}

impl Object {
    /// An object from its class name and named fields.
    pub fn new<N: AsRef<str>>(class: &str, fields: impl IntoIterator<Item = (N, Value)>) -> Self {
        let (names, values): (Vec<N>, Vec<Value>) = fields.into_iter().unzip();
        Self {
            class: Class::new(class, names),
            fields: values,
        }
    }

    /// Name of the class.
    pub fn class_name(&self) -> &str {
        &self.class.name
    }

    /// Value of the field `name`; the first one when the class repeats it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let position = self
            .class
            .fields
            .iter()
            .position(|field| &**field == name)?;
        self.fields.get(position)
    }

    /// The field `name` for changing it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let position = self
            .class
            .fields
            .iter()
            .position(|field| &**field == name)?;
        self.fields.get_mut(position)
    }

    /// Names and values, in the order of the class.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.class
            .fields
            .iter()
            .map(|name| &**name)
            .zip(&self.fields)
    }
}

impl List {
    /// An untyped list.
    pub fn new(items: Vec<Value>) -> Self {
        Self {
            type_name: None,
            items,
        }
    }

    /// A list of the type `type_name`: `[int`, `java.util.HashSet`.
    pub fn typed(type_name: &str, items: Vec<Value>) -> Self {
        Self {
            type_name: Some(type_name.into()),
            items,
        }
    }
}

impl Map {
    /// An untyped map.
    pub fn new(entries: Vec<(Value, Value)>) -> Self {
        Self {
            type_name: None,
            entries,
        }
    }

    /// A map of the class `type_name`.
    pub fn typed(type_name: &str, entries: Vec<(Value, Value)>) -> Self {
        Self {
            type_name: Some(type_name.into()),
            entries,
        }
    }

    /// Value of the last entry whose key is the string `key`, as a `java.util.Map` built from the entries has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries
            .iter()
            .rev()
            .find(|(name, _)| name.as_str() == Some(key))
            .map(|(_, value)| value)
    }
}

impl Value {
    /// Kind of this value.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Bool,
            Value::Int(_) => Kind::Int,
            Value::Long(_) => Kind::Long,
            Value::Double(_) => Kind::Double,
            Value::Date(_) => Kind::Date,
            Value::String(_) => Kind::String,
            Value::Binary(_) => Kind::Binary,
            Value::List(_) => Kind::List,
            Value::Map(_) => Kind::Map,
            Value::Object(_) => Kind::Object,
            Value::Ref(_) => Kind::Ref,
        }
    }

    /// Whether this value takes a slot: a list, a map or an object.
    pub fn takes_slot(&self) -> bool {
        matches!(self, Value::List(_) | Value::Map(_) | Value::Object(_))
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number of an int or long.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(i64::from(*number)),
            Value::Long(number) => Some(*number),
            _ => None,
        }
    }

    /// The number of an int, long or double.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Int(number) => Some(f64::from(*number)),
            #[allow(
                clippy::cast_precision_loss,
                reason = "Java's own widening of long to double rounds the same way"
            )]
            Value::Long(number) => Some(*number as f64),
            Value::Double(number) => Some(*number),
            _ => None,
        }
    }

    /// The truth of a bool.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The list.
    pub fn as_list(&self) -> Option<&List> {
        match self {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The map.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The values directly inside this one, in the order of the wire: elements; key, value, key, value; fields.
    pub fn children(&self) -> Children<'_> {
        match self {
            Value::List(list) => Children::Values(list.items.iter()),
            Value::Map(map) => Children::Entries {
                entries: map.entries.iter(),
                value: None,
            },
            Value::Object(object) => Children::Values(object.fields.iter()),
            _ => Children::Values([].iter()),
        }
    }
}

/// Iterator of [`Value::children`].
#[derive(Clone, Debug)]
pub enum Children<'v> {
    /// Elements of a list or fields of an object.
    Values(std::slice::Iter<'v, Value>),
    /// Keys and values of a map, one after the other.
    Entries {
        /// Entries not begun yet.
        entries: std::slice::Iter<'v, (Value, Value)>,
        /// Value of the entry whose key was the last item.
        value: Option<&'v Value>,
    },
}

impl<'v> Iterator for Children<'v> {
    type Item = &'v Value;

    fn next(&mut self) -> Option<&'v Value> {
        match self {
            Children::Values(values) => values.next(),
            Children::Entries { entries, value } => value.take().or_else(|| {
                let (key, second) = entries.next()?;
                *value = Some(second);
                Some(key)
            }),
        }
    }
}

macro_rules! from {
    ($($source:ty => $variant:ident),* $(,)?) => {
        $(impl From<$source> for Value {
            fn from(value: $source) -> Self {
                Value::$variant(value.into())
            }
        })*
    };
}

from! {
    bool => Bool, i8 => Int, i16 => Int, i32 => Int, u8 => Int, u16 => Int, i64 => Long, u32 => Long,
    f64 => Double, &str => String, String => String, Cow<'_, str> => String, Bytes => Binary,
    List => List, Map => Map, Object => Object,
}
