//! Java arrays.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::typed::{deserialize_typed, serialize_typed};

/// A Java array: a list whose type is `[` and the type of the elements.
///
/// `byte[]` is [`Binary`](super::Binary) and `char[]` is a string; all others are arrays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array<T> {
    type_name: Arc<str>,
    items: Vec<T>,
}

impl<T> Array<T> {
    /// An array of a class, `org.wubbo.demo.User`, or of one of `boolean`, `short`, `int`, `long`, `float`, `double`,
    /// `string`, `object`, `date`, or of an array of these, `[int`.
    pub fn of(component: &str, items: Vec<T>) -> Self {
        Self {
            type_name: format!("[{component}").into(),
            items,
        }
    }

    /// Type of the elements, as [`of`](Self::of) takes it. `object` when a plain list was read.
    pub fn component(&self) -> &str {
        self.type_name.strip_prefix('[').unwrap_or(&self.type_name)
    }

    /// The elements.
    pub fn into_vec(self) -> Vec<T> {
        self.items
    }
}

impl<T> Deref for Array<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.items
    }
}

impl<T> DerefMut for Array<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.items
    }
}

macro_rules! arrays {
    ($($item:ty => $component:literal),* $(,)?) => {
        $(impl From<Vec<$item>> for Array<$item> {
            fn from(items: Vec<$item>) -> Self {
                Self::of($component, items)
            }
        })*
    };
}

arrays! {
    bool => "boolean", i16 => "short", i32 => "int", i64 => "long", f32 => "float", f64 => "double",
    String => "string", super::Date => "date", crate::Value => "object",
}

impl<T: Serialize> Serialize for Array<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_typed(serializer, Some(&self.type_name), &self.items)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Array<T> {
    /// Reads any list; a list that is no array reads as an array of objects.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (type_name, items) = deserialize_typed::<D, Vec<T>>(deserializer)?;
        let type_name = type_name
            .filter(|name| name.starts_with('['))
            .unwrap_or_else(|| "[object".into());
        Ok(Self { type_name, items })
    }
}
