//! Java exceptions: read from a peer, made here, and as Rust types of their own.

use std::{fmt, slice};

use serde::{Serialize, de::DeserializeOwned};
use wubbo_hessian2::{
    Class, Object, Resolver, Throwable as Parts, Value, from_slice, to_bytes,
    types::StackTraceElement,
};

use super::JavaType;

/// The field of `java.lang.Throwable` with the message.
const DETAIL_MESSAGE: &str = "detailMessage";
const STACK_TRACE: &str = "stackTrace";
/// The class of a thing that was thrown and is no throwable.
const THROWABLE: &str = "java.lang.Throwable";

/// A Rust type that stands for a Java exception; made by `#[derive(JavaType)] #[java(exception)]`. It turns into an error by `?` or
/// `.into()`.
pub trait JavaException: JavaType + Serialize + DeserializeOwned {
    /// The serde name of the field that holds the message, if there is one. On the wire it is `detailMessage`.
    const MESSAGE_FIELD: Option<&'static str>;
}

/// An exception that a service threw.
#[derive(Clone, PartialEq)]
pub struct Throwable(Box<Inner>);

#[derive(Clone, PartialEq)]
struct Inner {
    parts: Parts,
    value: Value,
}

impl Throwable {
    /// An exception of the Java class `class`, which the caller should have, with its message.
    #[must_use]
    pub fn new(class: &str, message: Option<&str>) -> Self {
        let parts = Parts {
            class: class.to_owned(),
            message: message.map(str::to_owned),
            ..Parts::default()
        };
        let value = parts.to_value();
        Self(Box::new(Inner { parts, value }))
    }

    /// An exception that is written with all fields of `exception`.
    pub(crate) fn from_typed<T: JavaException>(exception: &T) -> Self {
        let written = to_bytes(exception).and_then(|bytes| from_slice(&bytes));
        match written {
            Ok(Value::Object(mut object)) => {
                if let Some(field) = T::MESSAGE_FIELD {
                    rename_field(&mut object, field, DETAIL_MESSAGE);
                }
                Self::from_value(Value::Object(object))
            }
            // The caller gets the class at least, and why it gets no more.
            Ok(_) => Self::new(
                &T::java_name(),
                Some("the exception is not written as an object"),
            ),
            Err(error) => Self::new(
                &T::java_name(),
                Some(&format!("the exception cannot be written: {error}")),
            ),
        }
    }

    /// Reads a throwable, a document of its own. What has no `detailMessage` has no message; what is no object becomes a
    /// `java.lang.Throwable`.
    #[must_use]
    pub fn from_value(value: Value) -> Self {
        let parts = Parts::read(&value, &Resolver::new(slice::from_ref(&value)));
        let class = || {
            value
                .as_object()
                .map_or(THROWABLE, Object::class_name)
                .to_owned()
        };
        let parts = parts.unwrap_or_else(|| Parts {
            class: class(),
            message: value.as_str().map(str::to_owned),
            ..Parts::default()
        });
        Self(Box::new(Inner { parts, value }))
    }

    /// The Java class.
    #[must_use]
    pub fn class(&self) -> &str {
        &self.0.parts.class
    }

    /// The message, if it has one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.0.parts.message.as_deref()
    }

    /// What caused it, if that is known.
    #[must_use]
    pub fn cause(&self) -> Option<&Parts> {
        self.0.parts.cause.as_deref()
    }

    /// The stack trace, innermost call first.
    #[must_use]
    pub fn stack(&self) -> &[StackTraceElement] {
        &self.0.parts.stack
    }

    /// The object with all its fields.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0.value
    }

    /// Whether it is of the class of `T`; a subclass is not.
    #[must_use]
    pub fn is<T: JavaException>(&self) -> bool {
        self.class() == T::java_name()
    }

    /// The exception as `T`; `None` when it is of another class or lacks a field of `T`.
    #[must_use]
    pub fn downcast<T: JavaException>(&self) -> Option<T> {
        let mut object = self.value().as_object().filter(|_| self.is::<T>())?.clone();
        if let Some(field) = T::MESSAGE_FIELD {
            rename_field(&mut object, DETAIL_MESSAGE, field);
        }
        from_slice(&to_bytes(&Value::Object(object)).ok()?).ok()
    }

    /// The object to write. An exception that was made here gets one line of stack trace, so that a Java caller sees where it
    /// comes from; one that passes through keeps its own.
    pub(crate) fn into_value(self, interface: &str, method: &str) -> Value {
        let Inner { parts, value } = *self.0;
        match value {
            Value::Object(object) if object.get(STACK_TRACE).is_some() => Value::Object(object),
            Value::Object(object) => Value::Object(with_stack(object, interface, method)),
            _ => parts.to_value(),
        }
    }
}

fn with_stack(mut object: Object, interface: &str, method: &str) -> Object {
    let line = StackTraceElement {
        declaring_class: Some(interface.to_owned()),
        method_name: Some(method.to_owned()),
        file_name: None,
        line_number: -1,
    };
    let trace = Parts {
        stack: vec![line],
        ..Parts::default()
    }
    .to_value();
    if let Some(trace) = trace
        .as_object()
        .and_then(|throwable| throwable.get(STACK_TRACE))
    {
        let fields = object
            .class
            .fields
            .iter()
            .map(|field| &**field)
            .chain([STACK_TRACE]);
        object.class = Class::new(&object.class.name, fields.collect::<Vec<_>>());
        object.fields.push(trace.clone());
    }
    object
}

fn rename_field(object: &mut Object, from: &str, to: &str) {
    if from == to || object.get(from).is_none() {
        return;
    }
    let fields = object
        .class
        .fields
        .iter()
        .map(|field| if &**field == from { to } else { field });
    object.class = Class::new(&object.class.name, fields.collect::<Vec<_>>());
}

/// Prints as Java does: `class: message`.
impl fmt::Display for Throwable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class())?;
        match self.message() {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Throwable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Throwable").field(&self.0.parts).finish()
    }
}

impl std::error::Error for Throwable {}
