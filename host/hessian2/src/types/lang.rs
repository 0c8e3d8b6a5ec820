//! `Class`, `Locale`, `Calendar` and `EnumSet`.

use serde::{Deserialize, Serialize};

use super::{Array, Date};

/// `java.lang.Class`, by name. Treat it as opaque: nothing is loaded.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename = "java.lang.Class")]
pub struct JavaClass {
    /// `java.lang.String`; `int` and the like for primitive types.
    pub name: String,
}

/// `java.util.Locale`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename = "com.alibaba.com.caucho.hessian.io.LocaleHandle")]
pub struct Locale {
    /// Language and country: `zh_CN`.
    pub value: String,
}

/// `java.util.Calendar`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "com.alibaba.com.caucho.hessian.io.CalendarHandle")]
pub struct Calendar {
    /// The point in time.
    pub date: Date,
    /// Class of the calendar; none for `GregorianCalendar`.
    #[serde(rename = "type")]
    pub class: Option<JavaClass>,
}

/// `java.util.EnumSet`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "com.alibaba.com.caucho.hessian.io.EnumSetHandler")]
#[serde(bound(serialize = "E: Serialize", deserialize = "E: Deserialize<'de>"))]
pub struct EnumSet<E> {
    /// The constants.
    pub objects: Array<E>,
    /// The enum's class.
    #[serde(rename = "type")]
    pub class: JavaClass,
}

impl<E> EnumSet<E> {
    /// A set of constants of the enum class `class`.
    pub fn new(class: &str, constants: Vec<E>) -> Self {
        Self {
            objects: Array::of("object", constants),
            class: JavaClass {
                name: class.to_owned(),
            },
        }
    }
}
