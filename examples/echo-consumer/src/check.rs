//! What an answer is compared with, and how a difference is told.

use std::fmt::Debug;

use anyhow::{Context, bail, ensure};
use wubbo::Throwable;
use wubbo::hessian2::{List, Object, Value};

use crate::case::Outcome;
use crate::contract::{DemoException, Result};

/// How much of a value a failure shows, in characters.
const SHOWN_MAX: usize = 120;

/// The answer is `wanted`.
pub(crate) fn same<T: PartialEq + Debug>(answer: &T, wanted: &T) -> Outcome {
    ensure!(
        answer == wanted,
        "got {}, wanted {}",
        shown(answer),
        shown(wanted)
    );
    Ok(())
}

/// The answer is the document `wanted`. A peer chooses the order in which it writes the fields of a class, so that order is no difference.
pub(crate) fn same_value(answer: &Value, wanted: &Value) -> Outcome {
    same(&in_order(answer), &in_order(wanted))
}

/// The value with the fields of every object sorted by name.
fn in_order(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut fields: Vec<_> = object
                .iter()
                .map(|(name, field)| (name, in_order(field)))
                .collect();
            fields.sort_by_key(|(name, _)| *name);
            Value::Object(Object::new(object.class_name(), fields))
        }
        Value::List(list) => Value::List(List {
            type_name: list.type_name.clone(),
            items: list.items.iter().map(in_order).collect(),
        }),
        other => other.clone(),
    }
}

/// The call ended with an exception of exactly this class and with this message.
pub(crate) fn thrown<T: Debug>(result: Result<T>, class: &str, message: Option<&str>) -> Outcome {
    let exception = exception(result)?;
    same(&exception.class(), &class).context("class of the exception")?;
    same(&exception.message(), &message).context("message of the exception")
}

/// The call ended with the declared exception of the contract, which has a Rust type here.
pub(crate) fn declared<T: Debug>(result: Result<T>, message: Option<&str>) -> Outcome {
    let exception = exception(result)?;
    let exception: DemoException = exception
        .downcast()
        .with_context(|| format!("not a DemoException: {exception}"))?;
    same(&exception.message.as_deref(), &message).context("message of the DemoException")
}

/// The exception with which a call ended.
pub(crate) fn exception<T: Debug>(result: Result<T>) -> anyhow::Result<Throwable> {
    match result {
        Ok(value) => bail!("no exception but {}", shown(&value)),
        Err(wubbo::Error::Exception(exception)) => Ok(exception),
        Err(other) => Err(other).context("no exception of the service"),
    }
}

fn shown(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}..", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_and_cut() {
        assert!(same(&1, &1).is_ok());
        let told = same(&"x".repeat(1000), &String::new())
            .unwrap_err()
            .to_string();
        assert!(
            told.starts_with("got \"xxx") && told.ends_with("wanted \"\""),
            "{told}"
        );
        assert!(told.len() < 200, "{told}");
    }

    #[test]
    fn objects_are_the_same_in_any_order_of_fields() {
        let object = |fields: [(&str, i32); 2]| {
            let fields = fields.map(|(name, number)| (name, Value::Int(number)));
            Value::List(List::new(vec![Value::Object(Object::new("a.B", fields))]))
        };
        let wanted = object([("a", 1), ("b", 2)]);
        assert!(same_value(&object([("b", 2), ("a", 1)]), &wanted).is_ok());
        assert!(same_value(&object([("b", 1), ("a", 2)]), &wanted).is_err());
    }

    #[test]
    fn exceptions_are_told_apart_by_class_and_message() {
        let crash = || -> Result<()> { Err(wubbo::exception("a.Crash", "boom")) };
        assert!(thrown(crash(), "a.Crash", Some("boom")).is_ok());
        assert!(thrown(crash(), "a.Crash", None).is_err());
        assert!(thrown(crash(), "a.Other", Some("boom")).is_err());
        assert!(thrown(Ok(()), "a.Crash", Some("boom")).is_err());
        assert!(declared(crash(), Some("boom")).is_err());
        let message = Some("boom".to_owned());
        let demo = Err::<(), _>(DemoException { message }.into());
        assert!(declared(demo, Some("boom")).is_ok());
    }
}
