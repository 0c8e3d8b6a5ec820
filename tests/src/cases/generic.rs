//! Generic calls and Dubbo's echo test.

use wubbo_hessian2::Value;

use super::values::{binary, map, user, user_map};
use super::{Call, Form, GENERIC_SERVICE, List};

pub(super) fn add(list: &mut List) {
    invoked(list);
    failing(list);
    let call = generic("getUser", Some(vec!["java.lang.String"]), vec!["7".into()]);
    list.add("generic/async-getUser", call.form(Form::GenericAsync));
    for (id, value) in [
        ("OK", "OK".into()),
        ("1", Value::Int(1)),
        ("null", Value::Null),
        ("User", user("7")),
    ] {
        let call = Call::new("$echo", vec![value]).form(Form::Echo);
        list.add(format!("$echo/{id}"), call);
    }
}

fn invoked(list: &mut List) {
    let mut invoke = |id: &str, method: &'static str, argument: Value| {
        let call = generic(
            method,
            Some(super::types_of(method).to_vec()),
            vec![argument],
        );
        list.add(format!("generic/{id}"), call);
    };
    invoke("echo", "echo", "hello".into());
    invoke("echo-null", "echo", Value::Null);
    invoke("getUser", "getUser", "7".into());
    invoke("listUsers", "listUsers", Value::Int(2));
    invoke("saveUser", "saveUser", user_map("7"));
    invoke("saveUser-empty-id", "saveUser", user_map(""));
    invoke("echoObject-user-map", "echoObject", user_map("7"));
    invoke("echoBytes", "echoBytes", binary([1, 2, 3]));
    invoke("flip", "flip", "MAN".into());
    invoke("describe", "describe", map(vec![("a", Value::Int(1))]));
    let call = generic(
        "add",
        Some(vec!["int", "int"]),
        vec![Value::Int(1), Value::Int(2)],
    );
    list.add("generic/add", call);
    list.add("generic/touch", generic("touch", Some(vec![]), vec![]));
    list.add("generic/null-types", generic("whoami", None, vec![]));
}

fn failing(list: &mut List) {
    let mut invoke = |id: &str, method: &'static str, parameter: &'static str, argument: Value| {
        let call = generic(method, Some(vec![parameter]), vec![argument]);
        list.add(format!("generic/{id}"), call);
    };
    invoke("fail", "fail", "java.lang.String", "boom".into());
    invoke("crash", "crash", "java.lang.String", "boom".into());
    invoke("listUsers-out-of-range", "listUsers", "int", Value::Int(-1));
    invoke("unknown-method", "nope", "java.lang.String", "x".into());
    invoke("wrong-types", "echo", "int", Value::Int(1));
}

fn generic(method: &'static str, types: Option<Vec<&'static str>>, arguments: Vec<Value>) -> Call {
    Call {
        types,
        java_interface: GENERIC_SERVICE,
        ..Call::new(method, arguments).form(Form::Generic)
    }
}
