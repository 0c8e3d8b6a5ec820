//! Which method a call means, and what is answered when it means none.

use wubbo_core::{ErrorKind, ResultKind};
use wubbo_hessian2::Value;

use super::call;

#[tokio::test]
async fn a_call_finds_its_method_by_types_else_by_the_number_of_arguments() {
    let text = || Value::from("t");
    let cases = [
        (
            "by types",
            "echo",
            "Ljava/lang/String;",
            vec![text()],
            text(),
        ),
        (
            "overload int",
            "pick",
            "I",
            vec![Value::Int(1)],
            Value::from("int 1"),
        ),
        (
            "overload Object",
            "pick",
            "Ljava/lang/Object;",
            vec![text()],
            Value::from("object t"),
        ),
        ("LG-1 null says V", "echo", "V", vec![text()], text()),
        (
            "LG-1 no semicolon",
            "echo",
            "Ljava/lang/String",
            vec![text()],
            text(),
        ),
        (
            "LG-1 value's own type",
            "echoObject",
            "Ljava/lang/String;",
            vec![text()],
            text(),
        ),
        (
            "LG-1 $echo",
            "$echo",
            "Ljava/lang/String;",
            vec![text()],
            text(),
        ),
        (
            "int for long widens",
            "addLong",
            "II",
            vec![Value::Int(1), Value::Int(2)],
            Value::Long(3),
        ),
    ];
    for (case, method, descriptor, arguments, expected) in cases {
        let result = call(method, descriptor, &arguments)
            .await
            .unwrap_or_else(|error| panic!("{case}: {}", error.report()));
        let ResultKind::Value(payload) = result.kind else {
            panic!("{case}: {:?}", result.kind)
        };
        assert_eq!(payload.to_value().unwrap(), expected, "{case}");
    }
}

#[tokio::test]
async fn nothing_and_null_have_the_null_form() {
    for (method, descriptor, arguments) in [
        ("touch", "", vec![]),
        ("echo", "Ljava/lang/String;", vec![Value::Null]),
        ("$echo", "", vec![Value::Null]),
    ] {
        let result = call(method, descriptor, &arguments).await.unwrap();
        assert_eq!(result.kind, ResultKind::Null, "{method}");
    }
}

#[tokio::test]
async fn a_call_that_cannot_be_understood_is_a_bad_request() {
    let service = "org.wubbo.demo.EchoService:1.0.0";
    let text = || Value::from("x");
    let cases = [
        (
            "LJ-6 unknown method",
            ("nope", "Ljava/lang/String;", vec![text()]),
            format!("Fail to decode request due to: no method nope(java.lang.String) in {service}"),
        ),
        (
            "LJ-6 wrong number",
            ("add", "I", vec![Value::Int(1)]),
            format!(
                "Fail to decode request due to: no method add(int) in {service}; there is add(int, int)"
            ),
        ),
        (
            "ambiguous overload",
            ("pick", "J", vec![Value::Long(1)]),
            format!(
                "Fail to decode request due to: no method pick(long) in {service}; there is pick(int), pick(java.lang.Object)"
            ),
        ),
        (
            "LJ-6 wrong types",
            (
                "add",
                "Ljava/lang/String;Ljava/lang/String;",
                vec![Value::from("1"), Value::from("2")],
            ),
            "Fail to decode request due to: argument a of add".to_owned(),
        ),
        (
            "out of range",
            ("add", "JJ", vec![Value::Long(1), Value::Long(1 << 40)]),
            "Fail to decode request due to: argument b of add".to_owned(),
        ),
        (
            "$echo of two",
            ("$echo", "", vec![text(), text()]),
            "Fail to decode request due to: $echo takes 1 argument, 2 came".to_owned(),
        ),
    ];
    for (case, (method, descriptor, arguments), expected) in cases {
        let error = call(method, descriptor, &arguments).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadRequest, "{case}");
        assert_eq!(error.to_string(), expected, "{case}");
    }
}

#[tokio::test]
async fn a_body_with_fewer_values_than_it_says_is_refused() {
    use std::sync::Arc;

    use wubbo_core::{Invocation, RawStream, Request, RequestBody, ServiceKey, Url};

    use crate::contract::{Service, dispatch};

    let service: Arc<dyn Service> = Arc::new(super::demo::Echo::default());
    let whole = RawStream::encode(&[Value::Int(1000), Value::Int(2000)]).unwrap();
    for length in 0..whole.bytes.len() {
        let mut request =
            Request::new(ServiceKey::new("org.wubbo.demo.EchoService", "", ""), "add");
        let stream = RawStream {
            bytes: whole.bytes.slice(..length),
            ..whole.clone()
        };
        request.body = RequestBody::Raw(stream);
        let error = dispatch(&service, Invocation::new(request, Url::default()))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadRequest, "cut at {length}");
    }
}
