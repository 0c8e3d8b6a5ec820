//! Scalars inside a result that a hook replaces (ABI.md 6.1, `SET_RESULT`): what lies around them stays as it is, classes and shared
//! parts included, which a result written anew from JSON would lose.

use wubbo_core::{Outcome, Payload, ResultKind};
use wubbo_hessian2::{Resolver, Value};
use wubbo_plugin_sdk::ErrorKind;
use wubbo_plugin_sdk::abi::commands::{Batch, Command};

use super::apply::{BadAnswer, value};
use super::body::walk;

/// The result with the replaced scalars; `None`: there is none to replace.
pub(super) fn result(
    batch: &Batch<'_>,
    outcome: &Outcome,
) -> Result<Option<ResultKind>, BadAnswer> {
    let parts = batch.iter().filter_map(|command| match command {
        Command::SetResult(path, given) => Some((path, given)),
        _ => None,
    });
    let mut parts = parts.peekable();
    let Some(Ok(ResultKind::Value(payload))) = parts
        .peek()
        .map(|_| outcome.as_ref().map(|result| &result.kind))
    else {
        return Ok(None);
    };
    let mut whole = payload
        .to_value()
        .map_err(|error| format!("a result that cannot be read cannot be rewritten: {error}"))?;
    for (path, given) in parts {
        replace(&mut whole, path, value(given)?)?;
    }
    Ok(Some(ResultKind::Value(Payload::Value(whole))))
}

fn replace(whole: &mut Value, path: &str, new: Value) -> Result<(), BadAnswer> {
    if !is_scalar(&new) {
        return Err(format!("{path:?} of the result to become no scalar"));
    }
    let place: *const Value = {
        let values = std::slice::from_ref(&*whole);
        let resolver = Resolver::new(values);
        match walk(&resolver, &*whole, path) {
            Ok(old) if is_scalar(old) => old,
            Ok(_) => return Err(format!("{path:?} of the result, which is no scalar")),
            Err(ErrorKind::Absent) => return Ok(()),
            Err(_) => return Err(format!("{path:?}, which is no path into the result")),
        }
    };
    put(whole, place, &new);
    Ok(())
}

/// Neither a list, a map nor an object: nothing that others may refer to.
fn is_scalar(value: &Value) -> bool {
    !value.takes_slot() && !matches!(value, Value::Ref(_))
}

/// Puts `new` where the value at the address `place` is; whether it is in `value`. The address is only compared.
fn put(value: &mut Value, place: *const Value, new: &Value) -> bool {
    if std::ptr::eq(value, place) {
        *value = new.clone();
        return true;
    }
    match value {
        Value::List(list) => list.items.iter_mut().any(|item| put(item, place, new)),
        Value::Map(map) => map
            .entries
            .iter_mut()
            .any(|(key, item)| put(key, place, new) || put(item, place, new)),
        Value::Object(object) => object.fields.iter_mut().any(|item| put(item, place, new)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wubbo_hessian2::{List, Map, Object};

    /// A list of two orders, of which both refer to the same user.
    fn orders() -> Value {
        let user = Object::new("a.User", [("card", Value::from("4111")), ("age", 7.into())]);
        let tags = Map::new(vec![("k".into(), "v".into())]);
        let first = Object::new("a.Order", [("user", user.into()), ("tags", tags.into())]);
        let second = Object::new("a.Order", [("user", Value::Ref(2)), ("tags", Value::Null)]);
        List::new(vec![first.into(), second.into()]).into()
    }

    #[test]
    fn a_scalar_is_replaced_and_all_else_stays() {
        let mut whole = orders();
        for (path, new) in [
            ("[1].user.card", "*"),
            ("[0].tags.k", "*"),
            ("[1].tags", "t"),
        ] {
            replace(&mut whole, path, Value::from(new)).unwrap();
        }
        let text = format!("{:?}", orders());
        let changed = text.replace("4111", "*").replace("\"v\"", "\"*\"");
        let changed = changed.replace("Null", "String(\"t\")");
        assert_eq!(format!("{whole:?}"), changed);
        replace(&mut whole, "[0].user.age", Value::Null).unwrap();
        let list = whole.as_list().unwrap();
        let user = list.items[0].as_object().unwrap().get("user").unwrap();
        assert_eq!(user.as_object().unwrap().get("age"), Some(&Value::Null));
    }

    #[test]
    fn where_a_path_leads_nowhere_nothing_happens() {
        let mut whole = orders();
        for path in ["[2].user", "[0].nobody", "[0].user.card.digits", "user"] {
            replace(&mut whole, path, Value::from("*")).unwrap();
        }
        assert_eq!(whole, orders());
    }

    #[test]
    fn what_is_no_scalar_is_refused_by_name() {
        let list = || List::new(vec![]).into();
        for (path, new, words) in [
            ("[0].user", Value::Null, "which is no scalar"),
            ("[1].user", Value::Null, "which is no scalar"),
            ("[0].user.card", list(), "to become no scalar"),
            ("[0]user", Value::Null, "no path into the result"),
        ] {
            let refused = replace(&mut orders(), path, new).unwrap_err();
            assert!(refused.contains(words), "{path}: {refused}");
        }
    }
}
