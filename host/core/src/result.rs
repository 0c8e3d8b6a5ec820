//! What comes back from a call.

use std::sync::Arc;

use wubbo_hessian2::{Class, Object, Value};

use crate::{Attachments, Error, Payload};

/// What a call ends with: a result of the service, a business exception included, or a failure of everything around it.
pub type Outcome = Result<RpcResult, Error>;

/// Which of the three forms of a status-20 answer it is (spec/40 section 3.6).
#[derive(Clone, Debug, PartialEq)]
pub enum ResultKind {
    /// A value.
    Value(Payload),
    /// Null, or a method without a result.
    Null,
    /// An exception that the service threw; never retried.
    Exception(Payload),
}

/// The service's answer and the attachments that came with it.
#[derive(Clone, Debug)]
pub struct RpcResult {
    /// Value, null or exception.
    pub kind: ResultKind,
    /// The response attachments.
    pub attachments: Attachments,
}

impl RpcResult {
    /// An answer without attachments.
    #[must_use]
    pub fn new(kind: ResultKind) -> Self {
        Self {
            kind,
            attachments: Attachments::new(),
        }
    }

    /// The answer null.
    #[must_use]
    pub fn null() -> Self {
        Self::new(ResultKind::Null)
    }

    /// A value; [`Value::Null`] becomes [`ResultKind::Null`], as every Dubbo peer writes it.
    #[must_use]
    pub fn value(value: Value) -> Self {
        Self::new(match value {
            Value::Null => ResultKind::Null,
            value => ResultKind::Value(Payload::Value(value)),
        })
    }

    /// A Java exception of `class` that carries only its message; missing fields keep their defaults in Java (frame vector F-21).
    #[must_use]
    pub fn exception(class: &str, message: Option<&str>) -> Self {
        let class = Class {
            name: class.into(),
            fields: vec!["detailMessage".into()],
        };
        let message = message.map_or(Value::Null, |text| Value::String(text.to_owned()));
        let throwable = Object {
            class: Arc::new(class),
            fields: vec![message],
        };
        Self::new(ResultKind::Exception(Payload::Value(Value::Object(
            throwable,
        ))))
    }
}
