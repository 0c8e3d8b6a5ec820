//! `$invoke` in both roles. The expected values are those of a Dubbo Java 3.3.6 provider for a Java 3.3.6 generic consumer.

use wubbo_core::{ErrorKind, ResultKind, keys};
use wubbo_hessian2::{List, Map, Object, Value};

use super::{call_with, demo::Echo, stub};
use crate::contract::CallOptions;

fn map(entries: Vec<(&str, Value)>) -> Value {
    Value::Map(Map::new(
        entries
            .into_iter()
            .map(|(key, value)| (Value::from(key), value))
            .collect(),
    ))
}

fn texts(items: &[&str]) -> Value {
    Value::List(List::new(
        items.iter().map(|item| Value::from(*item)).collect(),
    ))
}

fn user_map(id: &str) -> Value {
    map(vec![
        ("class", Value::from("org.wubbo.demo.User")),
        ("id", Value::from(id)),
        ("name", Value::from("generic")),
        ("age", Value::Int(30)),
        ("sex", Value::from("WOMAN")),
        ("tags", texts(&["x"])),
    ])
}

/// A generalised user, keys sorted.
fn user_answer(id: &str) -> Value {
    map(vec![
        ("age", Value::Int(19)),
        ("class", Value::from("org.wubbo.demo.User")),
        ("id", Value::from(id)),
        ("name", Value::from(format!("name-{id}"))),
        ("scores", map(vec![("math", Value::Double(99.5))])),
        ("sex", Value::from("MAN")),
        ("tags", texts(&["a", "b"])),
        ("time", Value::Date(1_590_926_400_000)),
    ])
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Map(mut map) => {
            map.entries = map
                .entries
                .into_iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect();
            map.entries
                .sort_by(|(a, _), (b, _)| a.as_str().cmp(&b.as_str()));
            Value::Map(map)
        }
        Value::List(list) => Value::List(List {
            items: list.items.into_iter().map(sorted).collect(),
            ..list
        }),
        other => other,
    }
}

/// What Java makes of [`user_map`] on its way through the class: every field is there.
fn realized_user() -> Value {
    map(vec![
        ("age", Value::Int(30)),
        ("class", Value::from("org.wubbo.demo.User")),
        ("id", Value::from("7")),
        ("name", Value::from("generic")),
        ("scores", Value::Null),
        ("sex", Value::from("WOMAN")),
        ("tags", texts(&["x"])),
        ("time", Value::Null),
    ])
}

/// Method, types, arguments, answer with its keys sorted.
type Case = (
    &'static str,
    Option<&'static [&'static str]>,
    Vec<Value>,
    Value,
);

fn cases() -> Vec<Case> {
    let text = Some(&["java.lang.String"][..]);
    let user = Some(&["org.wubbo.demo.User"][..]);
    let bytes = || Value::Binary(vec![1, 2, 3].into());
    let two = Value::List(List::new(vec![user_answer("0"), user_answer("1")]));
    let (one, entry) = (Value::Int(1), ("a", Value::Int(1)));
    let described = map(vec![entry.clone(), ("size", one.clone())]);
    vec![
        (
            "add",
            Some(&["int", "int"]),
            vec![one, Value::Int(2)],
            Value::Int(3),
        ),
        (
            "echo",
            text,
            vec![Value::from("hello")],
            Value::from("hello"),
        ),
        ("echo", text, vec![Value::Null], Value::Null),
        ("getUser", text, vec![Value::from("7")], user_answer("7")),
        ("listUsers", Some(&["int"]), vec![Value::Int(2)], two),
        ("saveUser", user, vec![user_map("7")], Value::Bool(true)),
        ("saveUser", user, vec![user_map("")], Value::Bool(false)),
        (
            "echoObject",
            Some(&["java.lang.Object"]),
            vec![user_map("7")],
            realized_user(),
        ),
        ("echoBytes", Some(&["byte[]"]), vec![bytes()], bytes()),
        (
            "flip",
            Some(&["org.wubbo.demo.Sex"]),
            vec![Value::from("MAN")],
            Value::from("WOMAN"),
        ),
        (
            "describe",
            Some(&["java.util.Map"]),
            vec![map(vec![entry])],
            described,
        ),
        ("touch", Some(&[]), vec![], Value::Null),
        ("whoami", None, vec![], Value::from("p1")),
        (" getUser ", None, vec![Value::from("7")], user_answer("7")),
    ]
}

#[tokio::test]
async fn objects_come_and_go_as_maps() {
    let stub = stub(Echo {
        name: "p1".to_owned(),
    });
    for (method, types, arguments, expected) in cases() {
        let answer = stub.generic_invoke(method, types, arguments).await;
        let answer = answer.unwrap_or_else(|error| panic!("{method}: {error:?}"));
        assert_eq!(sorted(answer), expected, "{method}");
    }
}

#[tokio::test]
async fn lj_16_exceptions_are_wrapped() {
    let cases = [
        (
            "fail",
            vec!["java.lang.String"],
            Value::from("boom"),
            "org.wubbo.demo.DemoException",
            "boom",
        ),
        (
            "crash",
            vec!["java.lang.String"],
            Value::from("boom"),
            "java.lang.IllegalStateException",
            "boom",
        ),
        (
            "listUsers",
            vec!["int"],
            Value::Int(-1),
            "org.wubbo.demo.DemoException",
            "n out of range: -1",
        ),
    ];
    for (method, types, argument, class, message) in cases {
        let error = stub(Echo::default())
            .generic_invoke(method, Some(&types), vec![argument])
            .await
            .unwrap_err();
        let exception = error.exception().unwrap();
        assert_eq!(
            exception.class(),
            "com.alibaba.dubbo.rpc.service.GenericException"
        );
        let object = exception.value().as_object().unwrap();
        assert_eq!(object.get("exceptionClass"), Some(&Value::from(class)));
        assert_eq!(object.get("exceptionMessage"), Some(&Value::from(message)));
        assert_eq!(
            exception.message(),
            Some(&*format!(
                "{class}: {message}\n{class}: {message}\n\tat org.wubbo.demo.EchoService.{method}(Unknown Source)\n"
            ))
        );
    }
}

#[tokio::test]
async fn lj_6_a_method_that_is_not_there_is_a_service_error() {
    let service = "org.wubbo.demo.EchoService";
    let cases = [
        (
            (
                "nope",
                Some(vec!["java.lang.String"]),
                vec![Value::from("x")],
            ),
            format!("No such method nope in class interface {service}: nope(java.lang.String)"),
        ),
        (
            ("echo", Some(vec!["int"]), vec![Value::Int(1)]),
            format!(
                "No such method echo in class interface {service}: echo(int); there is echo(java.lang.String)"
            ),
        ),
        (
            ("pick", None, vec![Value::Int(1)]),
            format!(
                "No such method pick in class interface {service}: pick(..); there is pick(int), pick(java.lang.Object)"
            ),
        ),
        (
            ("add", Some(vec!["int"]), vec![]),
            "GenericFilter#invoke args.length != types.length, please check your params".to_owned(),
        ),
    ];
    for ((method, types, arguments), expected) in cases {
        let error = stub(Echo::default())
            .generic_invoke(method, types.as_deref(), arguments)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), Some(ErrorKind::ServiceError), "{method}");
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn lg_3_a_name_alone_is_answered_by_null() {
    for method in ["echo", "getUser", "add"] {
        let result = call_with(
            keys::METHOD_INVOKE,
            "",
            &[Value::from(method), Value::Null, Value::Null],
            &[],
        )
        .await
        .unwrap();
        assert_eq!(result.kind, ResultKind::Null, "{method}");
    }
}

#[tokio::test]
async fn the_attachment_decides_the_form() {
    let arguments = [
        Value::from("flip"),
        texts(&["org.wubbo.demo.Sex"]),
        Value::List(List::new(vec![Value::from("MAN")])),
    ];
    for (form, expected) in [
        ("true", Some(Value::from("WOMAN"))),
        ("", Some(Value::from("WOMAN"))),
        (
            "raw.return",
            Some(Value::Object(Object::new(
                "org.wubbo.demo.Sex",
                [("name", Value::from("WOMAN"))],
            ))),
        ),
        ("bean", None),
    ] {
        let outcome = call_with(
            keys::METHOD_INVOKE_ASYNC,
            "",
            &arguments,
            &[(keys::GENERIC, form)],
        )
        .await;
        match (outcome, expected) {
            (Ok(result), Some(expected)) => {
                let ResultKind::Value(payload) = result.kind else {
                    panic!("{form}")
                };
                assert_eq!(payload.to_value().unwrap(), expected, "{form}");
            }
            (Err(error), None) => {
                assert_eq!(error.kind(), ErrorKind::ServiceError);
                assert_eq!(
                    error.to_string(),
                    "generic serialization [bean] is not supported; use true or raw.return"
                );
            }
            (outcome, _) => panic!("{form}: {outcome:?}"),
        }
    }
}

#[tokio::test]
async fn generic_calls_carry_attachments() {
    let stub = stub(Echo::default()).with(CallOptions::new().attachment("user.a", "1"));
    let seen = stub
        .generic_invoke("attachments", Some(&[]), vec![])
        .await
        .unwrap();
    let seen = seen.as_map().unwrap();
    assert_eq!(seen.get("user.a"), Some(&Value::from("1")));
}

/// Two users share one enum constant: in the list of maps both have the string, and later references still point where they did.
#[tokio::test]
async fn references_survive_the_change_of_form() {
    let shared = Value::List(List::new(vec![Value::from("t")]));
    let sex = || {
        Value::Object(Object::new(
            "org.wubbo.demo.Sex",
            [("name", Value::from("MAN"))],
        ))
    };
    // Slots: 0 list, 1 sex, 2 tags, 3 map.
    let value = Value::List(List::new(vec![
        sex(),
        Value::Ref(1),
        shared,
        map(vec![("k", Value::Ref(2))]),
        Value::Ref(3),
    ]));
    let echo = Echo::default();
    let types = crate::contract::Service::contract(&echo).types();
    let expected = Value::List(List::new(vec![
        Value::from("MAN"),
        Value::from("MAN"),
        texts(&["t"]),
        map(vec![("k", Value::Ref(1))]),
        Value::Ref(2),
    ]));
    assert_eq!(super::super::generic::generalize(types, value), expected);

    // And back: an enum that appears out of a string moves what follows by one. The items of slot 0 become arguments.
    let user = map(vec![
        ("class", Value::from("org.wubbo.demo.User")),
        ("sex", Value::from("MAN")),
        ("tags", texts(&["x"])),
    ]);
    let arguments = vec![user, Value::Ref(2), Value::Ref(1)];
    let declared = ["java.lang.Object", "java.util.List", "java.lang.Object"];
    let realized = super::super::generic::realize(types, arguments, declared.into_iter());
    assert_eq!(realized[1..], [Value::Ref(2), Value::Ref(0)]);
    let object = realized[0].as_object().unwrap();
    assert_eq!(object.get("sex"), Some(&sex()));
    assert_eq!(object.get("age"), Some(&Value::Int(0)));
}

#[test]
fn jdk_classes_stay_and_arrays_of_users_become_arrays_of_objects() {
    let echo = Echo::default();
    let types = crate::contract::Service::contract(&echo).types();
    let decimal = Value::Object(Object::new(
        "java.math.BigDecimal",
        [("value", Value::from("1.5"))],
    ));
    let user = || Object::new("a.User", [("id", Value::Int(1))]);
    let array = Value::List(List::typed("[a.User", vec![Value::Object(user())]));
    let as_map = map(vec![
        ("class", Value::from("a.User")),
        ("id", Value::Int(1)),
    ]);
    let cases = [
        (decimal.clone(), decimal),
        (array, Value::List(List::typed("[object", vec![as_map]))),
        (
            Value::List(List::typed("[int", vec![])),
            Value::List(List::typed("[int", vec![])),
        ),
        (
            Value::List(List::typed("java.util.HashSet", vec![])),
            Value::List(List::typed("java.util.HashSet", vec![])),
        ),
    ];
    for (value, expected) in cases {
        assert_eq!(super::super::generic::generalize(types, value), expected);
    }
}
