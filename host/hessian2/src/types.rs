//! Rust types for the Java types that serde's model has no word for. Each file holds one family.
//!
//! | Rust | Java |
//! |---|---|
//! | [`Date`], [`Binary`] | `java.util.Date`, `byte[]` |
//! | [`Array`], [`TypedList`], [`TypedMap`] | arrays, collections and maps of a class that matters |
//! | [`BigDecimal`], [`BigInteger`], [`Uuid`] | the classes of these names |
//! | [`time`] | `java.time` and `java.sql` |
//! | [`lang`] | `Class`, `Locale`, `Calendar`, `EnumSet` |
//! | [`Throwable`] | exceptions |

mod array;
mod big_decimal;
mod big_integer;
mod binary;
mod date;
pub mod lang;
mod throwable;
pub mod time;
mod typed;
mod uuid;

pub use self::{
    array::Array,
    big_decimal::BigDecimal,
    big_integer::BigInteger,
    binary::Binary,
    date::Date,
    throwable::{StackTraceElement, Throwable},
    typed::{TypedList, TypedMap},
    uuid::Uuid,
};
