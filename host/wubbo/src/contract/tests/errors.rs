//! Exceptions on their way: typed, by name, from Java with causes and stacks; failures that are none.

use serde::{Deserialize, Serialize};
use wubbo_core::{ErrorKind, ResultKind};
use wubbo_hessian2::{List, Object, Value};
use wubbo_macros::JavaType;

use super::{
    call, client,
    demo::{DemoException, Echo, EchoServiceClient, User},
};
use crate::contract::{CallError, JavaException, Throwable};

fn echo() -> EchoServiceClient {
    client(Echo::default())
}

#[tokio::test]
async fn a_declared_exception_arrives_as_itself() {
    for message in ["boom", "", "出错了 😀"] {
        let error = echo().fail(message).await.unwrap_err();
        let exception = error.exception().unwrap();
        assert_eq!(
            (exception.class(), exception.message()),
            ("org.wubbo.demo.DemoException", Some(message))
        );
        assert!(exception.is::<DemoException>());
        assert_eq!(
            error.downcast(),
            Some(DemoException {
                message: message.to_owned()
            })
        );
        assert_eq!(error.kind(), None);
    }
    let error = echo().list_users(-1).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "org.wubbo.demo.DemoException: n out of range: -1"
    );
}

#[tokio::test]
async fn an_exception_by_name_arrives_with_its_class() {
    let error = echo().crash("boom").await.unwrap_err();
    assert_eq!(error.to_string(), "java.lang.IllegalStateException: boom");
    assert_eq!(error.downcast::<DemoException>(), None);
}

/// Java reads the message from `detailMessage`, whatever the field is called in Rust, and prints the stack trace.
#[tokio::test]
async fn an_exception_is_written_as_java_reads_it() {
    let result = call("fail", "Ljava/lang/String;", &[Value::from("boom")])
        .await
        .unwrap();
    let ResultKind::Exception(payload) = result.kind else {
        panic!("{:?}", result.kind)
    };
    let frame = Object::new(
        "java.lang.StackTraceElement",
        [
            ("declaringClass", Value::from("org.wubbo.demo.EchoService")),
            ("methodName", Value::from("fail")),
            ("fileName", Value::Null),
            ("lineNumber", Value::Int(-1)),
        ],
    );
    let stack = Value::List(List::typed(
        "[java.lang.StackTraceElement",
        vec![Value::Object(frame)],
    ));
    let expected = Object::new(
        "org.wubbo.demo.DemoException",
        [
            ("detailMessage", Value::from("boom")),
            ("stackTrace", stack),
        ],
    );
    assert_eq!(payload.to_value().unwrap(), Value::Object(expected));
}

#[test]
fn javas_own_causes_are_followed_and_its_self_cause_ends() {
    // A throwable of Java: fields of Throwable, one of its own, a cause that is its own cause.
    let cause = Object::new(
        "java.io.IOException",
        [
            ("cause", Value::Ref(1)),
            ("detailMessage", Value::from("refused")),
            ("stackTrace", Value::Null),
        ],
    );
    let value = Value::Object(Object::new(
        "org.wubbo.demo.DemoException",
        [
            ("code", Value::Int(7)),
            ("cause", Value::Object(cause)),
            ("detailMessage", Value::Null),
        ],
    ));
    let throwable = Throwable::from_value(value.clone());
    assert_eq!(
        (throwable.class(), throwable.message()),
        ("org.wubbo.demo.DemoException", None)
    );
    let cause = throwable.cause().unwrap();
    assert_eq!(
        (cause.class.as_str(), cause.message.as_deref()),
        ("java.io.IOException", Some("refused"))
    );
    assert_eq!(cause.cause, None);
    assert_eq!(throwable.value(), &value);
    // Null reads as an empty message.
    assert_eq!(
        throwable.downcast(),
        Some(DemoException {
            message: String::new()
        })
    );
}

#[test]
fn what_is_no_throwable_is_still_an_error() {
    let odd = [
        (Value::from("just text"), "java.lang.Throwable: just text"),
        (Value::Null, "java.lang.Throwable"),
        (
            Value::Object(Object::new("a.B", [("x", Value::Int(1))])),
            "a.B",
        ),
    ];
    for (value, expected) in odd {
        assert_eq!(Throwable::from_value(value).to_string(), expected);
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JavaType)]
#[serde(rename = "a.Coded", rename_all = "camelCase")]
#[java(exception, crate = "crate")]
struct Coded {
    error_code: i32,
    #[java(message)]
    why: Option<String>,
    message: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JavaType)]
#[serde(rename = "a.Detailed", rename_all = "camelCase")]
#[java(exception, crate = "crate")]
struct Detailed {
    detail_message: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JavaType)]
#[serde(rename = "a.Silent")]
#[java(exception, crate = "crate")]
struct Silent {}

#[test]
fn the_message_field_is_the_marked_one_then_detail_message_then_message() {
    assert_eq!(Coded::MESSAGE_FIELD, Some("why"));
    assert_eq!(Detailed::MESSAGE_FIELD, Some("detailMessage"));
    assert_eq!(DemoException::MESSAGE_FIELD, Some("message"));
    assert_eq!(Silent::MESSAGE_FIELD, None);

    fn there_and_back<T: JavaException + Clone + PartialEq + std::fmt::Debug>(
        exception: T,
        message: Option<&str>,
    ) {
        let error = CallError::from(exception.clone());
        assert_eq!(error.exception().unwrap().message(), message);
        assert_eq!(error.downcast(), Some(exception));
    }
    there_and_back(
        Coded {
            error_code: 7,
            why: Some("w".into()),
            message: "m".into(),
        },
        Some("w"),
    );
    there_and_back(
        Coded {
            error_code: 7,
            why: None,
            message: "m".into(),
        },
        None,
    );
    there_and_back(
        Detailed {
            detail_message: "d".into(),
        },
        Some("d"),
    );
    there_and_back(Silent {}, None);
}

#[tokio::test]
async fn a_result_of_another_type_is_the_clients_error_and_says_where() {
    let stub = super::stub(Echo::default());
    let contract = Echo::default();
    let contract = crate::contract::Service::contract(&contract);
    let add = contract.find("add", "II", 2).unwrap();
    let future = stub.call::<User, _>(contract, add, |arguments| {
        arguments.write("a", &1)?;
        arguments.write("b", &2)
    });
    let CallError::Framework(error) = future.await.unwrap_err() else {
        panic!("no exception was thrown")
    };
    assert_eq!(error.kind(), ErrorKind::ClientError);
    assert!(
        error
            .report()
            .starts_with("the result of add is not of the type that this client declares: "),
        "{}",
        error.report()
    );
}

#[tokio::test]
async fn an_argument_that_cannot_be_written_is_named() {
    let stub = super::stub(Echo::default());
    let contract = Echo::default();
    let contract = crate::contract::Service::contract(&contract);
    let add = contract.find("add", "II", 2).unwrap();
    let error = stub
        .call::<i32, _>(contract, add, |arguments| arguments.write("a", &u64::MAX))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::ClientError));
    assert_eq!(
        error.to_string(),
        "argument a of add cannot be written as hessian2"
    );
}
