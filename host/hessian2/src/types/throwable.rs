//! Java exceptions: reading any of them, writing one that Java accepts.

use serde::{Deserialize, Serialize};

use crate::{
    document::Resolver,
    value::{List, Object, Value},
};

/// Causes that are followed; a chain is rarely longer than five.
const CAUSES: usize = 64;

/// An exception, of whatever class. Any object with a field `detailMessage` is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Throwable {
    /// Java class name.
    pub class: String,
    /// Message; Java allows none.
    pub message: Option<String>,
    /// Frames, innermost first.
    pub stack: Vec<StackTraceElement>,
    /// Cause. A throwable without one names itself as its cause on the wire; here that is `None`.
    pub cause: Option<Box<Throwable>>,
}

/// A frame of a Java stack. Each part may be null on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename = "java.lang.StackTraceElement",
    rename_all = "camelCase",
    default
)]
pub struct StackTraceElement {
    /// Class of the method.
    pub declaring_class: Option<String>,
    /// Method.
    pub method_name: Option<String>,
    /// Source file.
    pub file_name: Option<String>,
    /// Line in the file; -1 when unknown, -2 in native code.
    pub line_number: i32,
}

impl Throwable {
    /// An exception of this class with this message.
    pub fn new(class: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            class: class.into(),
            message: Some(message.into()),
            ..Self::default()
        }
    }

    /// Reads `value`, one of the values that `resolver` numbered; `None` when it is no throwable.
    pub fn read<'v>(value: &'v Value, resolver: &Resolver<'v>) -> Option<Self> {
        let mut chain = Vec::new();
        let mut seen: Vec<&Value> = Vec::new();
        let mut next = resolver.follow(value);
        while let Some(value) = next.take() {
            let Some(object) = value
                .as_object()
                .filter(|object| object.get("detailMessage").is_some())
            else {
                break;
            };
            if chain.len() >= CAUSES || seen.iter().any(|known| std::ptr::eq(*known, value)) {
                break;
            }
            seen.push(value);
            chain.push(one(object, resolver));
            next = object.get("cause").and_then(|cause| resolver.follow(cause));
        }
        chain.into_iter().rev().reduce(|cause, throwable| Self {
            cause: Some(Box::new(cause)),
            ..throwable
        })
    }

    /// The object that Java reads as this exception, a document of its own. Fields that are left out keep what the
    /// class's constructor gives them.
    pub fn to_value(&self) -> Value {
        let mut fields = vec![(
            "detailMessage",
            self.message.clone().map_or(Value::Null, Value::String),
        )];
        if !self.stack.is_empty() {
            let frames = self.stack.iter().map(StackTraceElement::to_value).collect();
            fields.push((
                "stackTrace",
                Value::List(List::typed("[java.lang.StackTraceElement", frames)),
            ));
        }
        if let Some(cause) = &self.cause {
            fields.push(("cause", cause.to_value()));
        }
        Value::Object(Object::new(&self.class, fields))
    }
}

impl StackTraceElement {
    fn to_value(&self) -> Value {
        let text = |part: &Option<String>| part.clone().map_or(Value::Null, Value::String);
        Value::Object(Object::new(
            "java.lang.StackTraceElement",
            [
                ("declaringClass", text(&self.declaring_class)),
                ("methodName", text(&self.method_name)),
                ("fileName", text(&self.file_name)),
                ("lineNumber", Value::Int(self.line_number)),
            ],
        ))
    }

    fn read(object: &Object) -> Self {
        let text = |name| object.get(name).and_then(Value::as_str).map(str::to_owned);
        let line = object.get("lineNumber").and_then(Value::as_i64);
        Self {
            declaring_class: text("declaringClass"),
            method_name: text("methodName"),
            file_name: text("fileName"),
            line_number: line.and_then(|line| i32::try_from(line).ok()).unwrap_or(-1),
        }
    }
}

/// A throwable without its cause.
fn one<'v>(object: &'v Object, resolver: &Resolver<'v>) -> Throwable {
    let stack = object
        .get("stackTrace")
        .and_then(|stack| resolver.follow(stack))
        .and_then(Value::as_list);
    let frames = stack.map(|stack| &*stack.items).unwrap_or_default();
    let frame = |value| {
        resolver
            .follow(value)
            .and_then(Value::as_object)
            .map(StackTraceElement::read)
    };
    Throwable {
        class: object.class_name().to_owned(),
        message: object
            .get("detailMessage")
            .and_then(Value::as_str)
            .map(str::to_owned),
        stack: frames.iter().filter_map(frame).collect(),
        cause: None,
    }
}
