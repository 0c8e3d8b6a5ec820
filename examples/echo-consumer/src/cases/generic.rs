//! `$invoke`, `$invokeAsync`, `$echo`: what every Dubbo provider answers, whatever its interface.
//!
//! A generic caller knows no class: an object is a map with the key `class`, an enum its name, an exception a `GenericException`.

use anyhow::{Context, ensure};
use wubbo::hessian2::{List, Map, Value};

use super::users::{expected, value_of};
use crate::case::{Cases, Outcome};
use crate::check::{exception, same, same_value};
use crate::contract::EchoServiceClient;

const STRING: &str = "java.lang.String";
const USER: &str = "org.wubbo.demo.User";

pub(super) fn add(cases: &mut Cases) {
    let two = || vec![Value::Int(1), Value::Int(2)];
    let plain = [
        ("add", "add", vec!["int", "int"], two(), Value::Int(3)),
        (
            "echo-null",
            "echo",
            vec![STRING],
            vec![Value::Null],
            Value::Null,
        ),
        (
            "flip",
            "flip",
            vec!["org.wubbo.demo.Sex"],
            vec![Value::from("MAN")],
            Value::from("WOMAN"),
        ),
        (
            "saveUser",
            "saveUser",
            vec![USER],
            vec![user_map("7")],
            Value::Bool(true),
        ),
        (
            "saveUser-empty-id",
            "saveUser",
            vec![USER],
            vec![user_map("")],
            Value::Bool(false),
        ),
        ("touch", "touch", vec![], vec![], Value::Null),
    ];
    for (id, method, types, arguments, wanted) in plain {
        cases.add(format!("$invoke/{id}"), move |service| {
            let (types, arguments, wanted) = (types.clone(), arguments.clone(), wanted.clone());
            async move {
                let answer = service
                    .stub()
                    .generic_invoke(method, Some(&types), arguments)
                    .await?;
                same(&answer, &wanted)
            }
        });
    }
    cases.add("$invoke/getUser", get_user);
    cases.add("$invoke/describe", describe);
    cases.add("$invoke/fail", |service| {
        failing(service, "fail", "org.wubbo.demo.DemoException")
    });
    cases.add("$invoke/crash", |service| {
        failing(service, "crash", "java.lang.IllegalStateException")
    });
    cases.add("$invokeAsync/add", invoke_async);
    let echoed = [
        ("text", Value::from("OK")),
        ("int", Value::Int(1)),
        ("null", Value::Null),
        ("user", value_of(&expected("7"))),
    ];
    for (id, value) in echoed {
        cases.add(format!("$echo/{id}"), move |service| {
            let value = value.clone();
            async move { same_value(&service.stub().echo(&value).await?, &value) }
        });
    }
}

/// An object comes as a map with its class and its fields.
async fn get_user(service: EchoServiceClient) -> Outcome {
    let arguments = vec![Value::from("7")];
    let answer = service
        .stub()
        .generic_invoke("getUser", Some(&[STRING]), arguments)
        .await?;
    let user = answer.as_map().context("no map")?;
    let tags = List::new(vec![Value::from("a"), Value::from("b")]);
    for (key, wanted) in [
        ("class", Value::from(USER)),
        ("id", Value::from("7")),
        ("name", Value::from("name-7")),
        ("age", Value::Int(19)),
        ("time", Value::Date(1_590_926_400_000)),
        ("sex", Value::from("MAN")),
        ("tags", Value::List(tags)),
    ] {
        same(&user.get(key), &Some(&wanted)).context(key)?;
    }
    Ok(())
}

async fn describe(service: EchoServiceClient) -> Outcome {
    let map = Map::new(vec![(Value::from("a"), Value::Int(5))]);
    let arguments = vec![Value::Map(map)];
    let answer = service
        .stub()
        .generic_invoke("describe", Some(&["java.util.Map"]), arguments)
        .await?;
    let answer = answer.as_map().context("no map")?;
    same(&answer.get("a"), &Some(&Value::Int(5)))?;
    same(&answer.get("size"), &Some(&Value::Int(1)))
}

/// An exception names the class and message of the one that was thrown.
async fn failing(service: EchoServiceClient, method: &'static str, class: &'static str) -> Outcome {
    let arguments = vec![Value::from("boom")];
    let result = service
        .stub()
        .generic_invoke(method, Some(&[STRING]), arguments)
        .await;
    let exception = exception(result)?;
    let name = exception.class();
    ensure!(
        name.ends_with(".GenericException"),
        "not a GenericException: {name}"
    );
    let object = exception.value().as_object().context("no object")?;
    same(&object.get("exceptionClass"), &Some(&Value::from(class)))?;
    same(&object.get("exceptionMessage"), &Some(&Value::from("boom")))
}

/// The same call by the other name.
async fn invoke_async(service: EchoServiceClient) -> Outcome {
    let types = List::typed("[string", vec![Value::from("int"), Value::from("int")]);
    let arguments = List::typed("[object", vec![Value::Int(1), Value::Int(2)]);
    let answer = service
        .with(wubbo::CallOptions::new().attachment("generic", "true"))
        .stub()
        .invoke(
            "$invokeAsync",
            &[STRING, "java.lang.String[]", "java.lang.Object[]"],
            vec![
                Value::from("add"),
                Value::List(types),
                Value::List(arguments),
            ],
        )
        .await?;
    same(&answer, &Value::Int(3))
}

fn user_map(id: &str) -> Value {
    let tags = List::new(vec![Value::from("x")]);
    let entries = [
        ("class", Value::from(USER)),
        ("id", Value::from(id)),
        ("name", Value::from("generic")),
        ("age", Value::Int(30)),
        ("sex", Value::from("WOMAN")),
        ("tags", Value::List(tags)),
    ];
    Value::Map(Map::new(
        entries.map(|(key, value)| (Value::from(key), value)).into(),
    ))
}
