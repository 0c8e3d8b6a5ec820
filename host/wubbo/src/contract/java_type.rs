//! Which Java type a Rust type stands for.
//!
//! | Rust | Java | Rust | Java |
//! |---|---|---|---|
//! | `bool` | `boolean` | `String`, `str` | `java.lang.String` |
//! | `i8` `i16` `i32` `i64` | `byte` `short` `int` `long` | `Vec<T>`, `[T]` | `java.util.List` |
//! | `f32` `f64` | `float` `double` | `HashSet`, `BTreeSet` | `java.util.Set` |
//! | `char` | `char` | `HashMap`, `BTreeMap` | `java.util.Map` |
//! | `Option<i32>` ... | `java.lang.Integer` ... | `()` | `void` |
//! | `Value` | `java.lang.Object` | derived | the class of its serde name |
//! | `Binary` | `byte[]` | `Array<i32>`, `Array<User>` ... | `int[]`, `User[]` ... |
//! | `Date` | `java.util.Date` | `BigDecimal`, `BigInteger`, `Uuid` | `java.math.BigDecimal` ... |
//! | `TypedList<T>`, `TypedMap<K, V>` | `java.util.List`, `java.util.Map` | `hessian2::types::time::LocalDate` ... | `java.time.LocalDate` ... |
//!
//! Java's null is `None`; a type that is not an `Option` reads null as its empty value where it has one.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};

use wubbo_hessian2::{
    Array, BigDecimal, BigInteger, Binary, Date, TypedList, TypedMap, Uuid, Value,
    types::{
        lang::{Calendar, EnumSet, JavaClass, Locale},
        time,
    },
};

use super::JavaTypes;

/// A Rust type that stands for a Java type. Asked once per contract, at start.
#[diagnostic::on_unimplemented(
    message = "no Java type is known for `{Self}`",
    label = "not a Java type",
    note = "for an own type: #[derive(Serialize, Deserialize, JavaType)] #[serde(rename = \"the.java.Class\")]",
    note = "byte[] is `hessian2::Binary`, an array `hessian2::Array<T>`; unsigned integers have no Java counterpart"
)]
pub trait JavaType {
    /// The name as Java source has it: `int`, `java.lang.String`, `byte[]`.
    fn java_name() -> Cow<'static, str>;

    /// The name of the type that can be null: `java.lang.Integer` for `int`, the same for a class.
    fn boxed_name() -> Cow<'static, str> {
        Self::java_name()
    }

    /// Adds the classes that this type consists of, so that generic calls know them. None by default.
    fn declare(types: &mut JavaTypes) {
        let _ = types;
    }
}

macro_rules! java_types {
    ($($rust:ty => $java:literal $(, $boxed:literal)?;)*) => {
        $(impl JavaType for $rust {
            fn java_name() -> Cow<'static, str> {
                Cow::Borrowed($java)
            }

            $(fn boxed_name() -> Cow<'static, str> {
                Cow::Borrowed($boxed)
            })?
        })*
    };
}

java_types! {
    () => "void", "java.lang.Void";
    bool => "boolean", "java.lang.Boolean";
    i8 => "byte", "java.lang.Byte";
    i16 => "short", "java.lang.Short";
    i32 => "int", "java.lang.Integer";
    i64 => "long", "java.lang.Long";
    f32 => "float", "java.lang.Float";
    f64 => "double", "java.lang.Double";
    char => "char", "java.lang.Character";
    str => "java.lang.String";
    String => "java.lang.String";
    Value => "java.lang.Object";
    Binary => "byte[]";
    Date => "java.util.Date";
    Calendar => "java.util.Calendar";
    Locale => "java.util.Locale";
    JavaClass => "java.lang.Class";
    Uuid => "java.util.UUID";
    BigDecimal => "java.math.BigDecimal";
    BigInteger => "java.math.BigInteger";
    time::LocalDate => "java.time.LocalDate";
    time::LocalTime => "java.time.LocalTime";
    time::LocalDateTime => "java.time.LocalDateTime";
    time::Instant => "java.time.Instant";
    time::Duration => "java.time.Duration";
    time::Period => "java.time.Period";
    time::Year => "java.time.Year";
    time::YearMonth => "java.time.YearMonth";
    time::MonthDay => "java.time.MonthDay";
    time::ZoneOffset => "java.time.ZoneOffset";
    time::ZoneId => "java.time.ZoneId";
    time::OffsetTime => "java.time.OffsetTime";
    time::OffsetDateTime => "java.time.OffsetDateTime";
    time::ZonedDateTime => "java.time.ZonedDateTime";
    time::SqlDate => "java.sql.Date";
    time::SqlTime => "java.sql.Time";
    time::SqlTimestamp => "java.sql.Timestamp";
}

/// A collection: one Java name whatever the elements are, which are declared.
macro_rules! collections {
    ($([$($part:ident),+ $(; $free:ident)?] $rust:ty => $java:literal;)*) => {
        $(impl<$($part: JavaType,)+ $($free)?> JavaType for $rust {
            fn java_name() -> Cow<'static, str> {
                Cow::Borrowed($java)
            }

            fn declare(types: &mut JavaTypes) {
                $($part::declare(types);)+
            }
        })*
    };
}

collections! {
    [T] Vec<T> => "java.util.List";
    [T] [T] => "java.util.List";
    [T] TypedList<T> => "java.util.List";
    [T] EnumSet<T> => "java.util.EnumSet";
    [T] BTreeSet<T> => "java.util.Set";
    [T; S] HashSet<T, S> => "java.util.Set";
    [K, V] BTreeMap<K, V> => "java.util.Map";
    [K, V] TypedMap<K, V> => "java.util.Map";
    [K, V; S] HashMap<K, V, S> => "java.util.Map";
}

/// What stands for the type that it holds.
macro_rules! transparent {
    ($([$($lifetime:lifetime)?] $rust:ty;)*) => {
        $(impl<$($lifetime,)? T: JavaType + ?Sized> JavaType for $rust {
            fn java_name() -> Cow<'static, str> {
                T::java_name()
            }

            fn boxed_name() -> Cow<'static, str> {
                T::boxed_name()
            }

            fn declare(types: &mut JavaTypes) {
                T::declare(types);
            }
        })*
    };
}

transparent! {
    ['a] &'a T;
    [] Box<T>;
    [] Arc<T>;
    [] Rc<T>;
}

impl<T: JavaType + ToOwned + ?Sized> JavaType for Cow<'_, T> {
    fn java_name() -> Cow<'static, str> {
        T::java_name()
    }

    fn boxed_name() -> Cow<'static, str> {
        T::boxed_name()
    }

    fn declare(types: &mut JavaTypes) {
        T::declare(types);
    }
}

impl<T: JavaType> JavaType for Option<T> {
    fn java_name() -> Cow<'static, str> {
        T::boxed_name()
    }

    fn declare(types: &mut JavaTypes) {
        T::declare(types);
    }
}

impl<T: JavaType> JavaType for Array<T> {
    fn java_name() -> Cow<'static, str> {
        Cow::Owned(format!("{}[]", T::java_name()))
    }

    fn declare(types: &mut JavaTypes) {
        T::declare(types);
    }
}
