//! Every method of the demo contract from the typed client to the typed service and back; options of a call.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use wubbo_core::{BoxFuture, Deadline, Invocation, Invoker, Outcome, RpcResult, Slot, Url, keys};
use wubbo_hessian2::{Binary, List, Map, Object, Value};

use super::{
    client,
    demo::{Echo, EchoService, EchoServiceClient, Sex, user},
    stub,
};
use crate::contract::{CallOptions, ResponseAttachments, Stub};

/// Keeps every call and answers null.
#[derive(Debug)]
struct Recorder {
    url: Url,
    calls: Mutex<Vec<Invocation>>,
}

impl Recorder {
    fn new(url: &str) -> Arc<Self> {
        Arc::new(Self {
            url: Url::parse(url).unwrap(),
            calls: Mutex::default(),
        })
    }
}

impl Invoker for Recorder {
    fn url(&self) -> &Url {
        &self.url
    }

    fn is_available(&self) -> bool {
        true
    }

    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Outcome> {
        self.calls.lock().unwrap().push(invocation);
        Box::pin(async { Ok(RpcResult::null()) })
    }
}

fn echo() -> EchoServiceClient {
    client(Echo {
        name: "p1".to_owned(),
    })
}

#[tokio::test]
async fn values_come_back_as_they_went() {
    let client = echo();
    assert_eq!(
        client
            .echo(Some("中😀".to_owned()))
            .await
            .unwrap()
            .as_deref(),
        Some("中😀")
    );
    assert_eq!(client.echo(None).await.unwrap(), None);
    assert_eq!(
        client.echo_bytes(Binary::from(vec![0, 255])).await.unwrap(),
        Binary::from(vec![0, 255])
    );
    assert_eq!(client.add(i32::MAX, 1).await.unwrap(), i32::MIN);
    assert_eq!(client.add_long(i64::MAX, 1).await.unwrap(), i64::MIN);
    assert!(client.negate(false).await.unwrap());
    assert_eq!(
        client.scale(1.5, 3.0).await.unwrap().to_bits(),
        4.5_f64.to_bits()
    );
    assert_eq!(client.get_user("7").await.unwrap(), user("7"));
    assert_eq!(client.list_users(2).await.unwrap(), [user("0"), user("1")]);
    assert!(client.save_user(&user("7")).await.unwrap());
    assert!(!client.save_user(&user("")).await.unwrap());
    assert_eq!(client.flip(Sex::Man).await.unwrap(), Sex::Woman);
    assert_eq!(client.whoami().await.unwrap(), "p1");
    client.touch().await.unwrap();
    let described = client
        .describe(HashMap::from([("a".to_owned(), Value::Null)]))
        .await
        .unwrap();
    assert_eq!(
        described,
        HashMap::from([
            ("a".to_owned(), Value::Null),
            ("size".to_owned(), Value::Int(1))
        ])
    );
}

#[tokio::test]
async fn any_value_passes_with_its_class_and_its_cycle() {
    let user = Object::new("a.B", [("self", Value::Ref(1)), ("name", Value::from("x"))]);
    let values = [
        Value::Null,
        Value::Long(1),
        Value::List(List::typed("java.util.HashSet", vec![Value::Object(user)])),
        Value::Map(Map::typed(
            "java.util.TreeMap",
            vec![(Value::Int(1), Value::Null)],
        )),
    ];
    for value in values {
        assert_eq!(echo().echo_object(&value).await.unwrap(), value);
        assert_eq!(echo().stub().echo(&value).await.unwrap(), value, "by $echo");
    }
}

/// The trait is for whoever wants to stand in for the client.
#[tokio::test]
async fn the_client_is_its_trait_and_its_futures_are_send() {
    async fn sum(service: &impl EchoService) -> i32 {
        service.add(1, 2).await.unwrap()
    }
    fn assert_send<T: Send>(future: T) -> T {
        future
    }
    assert_eq!(assert_send(sum(&echo())).await, 3);
}

#[tokio::test]
async fn a_service_sees_attachments_but_those_that_steer_the_call() {
    let response = ResponseAttachments::new();
    let steering = [
        keys::PATH,
        keys::INTERFACE,
        keys::GROUP,
        keys::VERSION,
        keys::TOKEN,
        keys::TIMEOUT,
        keys::ASYNC,
    ];
    let mut options = CallOptions::new()
        .attachment("user.a", "1")
        .attachment(keys::INPUT, "206")
        .capture(&response);
    for key in steering {
        options = options.attachment(key, "x");
    }
    let seen = echo().with(options).attachments().await.unwrap();
    let expected = [
        ("user.a", "1"),
        ("input", "206"),
        ("remote.application", "tests"),
    ];
    let expected: HashMap<_, _> = expected
        .map(|(key, value)| (key.to_owned(), Value::from(value)))
        .into();
    assert_eq!(seen, expected);
    assert_eq!(response.get("wubbo-demo").as_deref(), Some("1"));
}

#[tokio::test]
async fn response_attachments_come_with_exceptions_and_are_of_the_last_call() {
    let response = ResponseAttachments::new();
    let client = echo().with(CallOptions::new().capture(&response));
    client.fail("x").await.unwrap_err();
    assert_eq!(response.get("wubbo-demo").as_deref(), Some("failed"));
    client.touch().await.unwrap();
    assert!(response.all().is_empty());
}

#[tokio::test]
async fn options_do_not_stick_to_the_client_they_came_from() {
    let client = echo();
    client
        .with(CallOptions::new().attachment("user.once", "1"))
        .attachments()
        .await
        .unwrap();
    assert!(
        !client
            .attachments()
            .await
            .unwrap()
            .contains_key("user.once")
    );
}

#[tokio::test(start_paused = true)]
async fn the_deadline_comes_from_the_options_else_from_the_reference() {
    let recorder = Recorder::new("dubbo://h/a.B?timeout=2s&methods.slow.timeout=9000");
    let stub = Stub::new(recorder.clone(), Arc::new(Slot::new(Default::default())));
    stub.invoke("quick", &[], vec![]).await.unwrap();
    stub.invoke("slow", &[], vec![]).await.unwrap();
    stub.with(
        CallOptions::new()
            .timeout(Duration::from_millis(7))
            .one_way(),
    )
    .invoke("slow", &[], vec![])
    .await
    .unwrap();
    let expected = [(2000, false), (9000, false), (7, true)]
        .map(|(ms, one_way)| (Some(Duration::from_millis(ms)), one_way));
    let seen = |call: &Invocation| {
        (
            call.deadline().map(Deadline::remaining),
            call.request().one_way,
        )
    };
    assert_eq!(
        recorder
            .calls
            .lock()
            .unwrap()
            .iter()
            .map(seen)
            .collect::<Vec<_>>(),
        expected
    );
}

#[tokio::test]
async fn dynamic_calls_need_types_only() {
    let stub = stub(Echo::default());
    let cases = [
        (
            "add",
            vec!["int", "int"],
            vec![Value::Int(1), Value::Int(2)],
            Value::Int(3),
        ),
        (
            "echo",
            vec!["java.lang.String"],
            vec![Value::Null],
            Value::Null,
        ),
        (
            "pick",
            vec!["int"],
            vec![Value::Int(1)],
            Value::from("int 1"),
        ),
        (
            "pick",
            vec!["java.lang.Object"],
            vec![Value::from("t")],
            Value::from("object t"),
        ),
        ("touch", vec![], vec![], Value::Null),
    ];
    for (method, types, arguments, expected) in cases {
        assert_eq!(
            stub.invoke(method, &types, arguments).await.unwrap(),
            expected,
            "{method}"
        );
    }
    let error = stub
        .invoke("add", &["int", "no type"], vec![])
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"no type\" is no Java type, such as int or java.lang.String"
    );
}

/// Each argument is a document of its own; in the frame they share one numbering, after the list they are in for `$invoke`.
#[tokio::test]
async fn references_inside_dynamic_arguments_are_renumbered() {
    let recorder = Recorder::new("dubbo://h/a.B");
    let stub = Stub::new(recorder.clone(), Arc::new(Slot::new(Default::default())));
    let cyclic = |slot| Value::List(List::new(vec![Value::Ref(slot)]));
    let map = |slot| {
        Value::Map(Map::new(vec![
            (Value::from("k"), cyclic(slot)),
            (Value::from("l"), Value::Ref(slot)),
        ]))
    };
    let object = "java.lang.Object";
    stub.invoke("m", &[object, object], vec![cyclic(0), map(1)])
        .await
        .unwrap();
    stub.generic_invoke("m", Some(&[object, object]), vec![cyclic(0), map(1)])
        .await
        .unwrap();

    let bodies: Vec<_> = recorder
        .calls
        .lock()
        .unwrap()
        .iter()
        .map(|call| call.body().to_values().unwrap())
        .collect();
    assert_eq!(bodies[0], [cyclic(0), map(2)]);
    // Slots: 0 types, 1 arguments, 2 the first argument, 3 the map, 4 the list in it.
    let types = Value::List(List::typed(
        "[string",
        vec![Value::from(object), Value::from(object)],
    ));
    let arguments = Value::List(List::typed("[object", vec![cyclic(2), map(4)]));
    assert_eq!(bodies[1], [Value::from("m"), types, arguments]);
    let call = &recorder.calls.lock().unwrap()[1];
    assert_eq!(call.method(), "$invoke");
    assert_eq!(
        &*call.request().descriptor,
        "Ljava/lang/String;[Ljava/lang/String;[Ljava/lang/Object;"
    );
    assert_eq!(call.attachments().get(keys::GENERIC), Some("true"));
}
