//! Calls over loopback, one listener and its consumers.

use super::*;

#[tokio::test]
async fn a_call_comes_back_with_its_value_and_attachments() {
    let scene = scene(DubboConfig::default()).await;
    let outcome = scene
        .invoker
        .invoke(call("echo", Value::from("hello"), LONG))
        .await;
    assert_eq!(
        outcome.as_ref().unwrap().attachments.get("seen"),
        Some("value")
    );
    assert_eq!(value(outcome), Value::from("hello"));
    assert_eq!(
        value(scene.invoker.invoke(call("echo", Value::Null, LONG)).await),
        Value::Null
    );
}

#[tokio::test]
async fn a_thousand_calls_share_one_connection_and_come_back_in_any_order() {
    let scene = scene(DubboConfig::default()).await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..1000_i32 {
        let invoker = scene.invoker.clone();
        // The later it was sent, the sooner it is answered.
        let method = if number % 10 == 0 { "sleep" } else { "echo" };
        let argument = if method == "sleep" {
            100 - number / 10
        } else {
            number
        };
        calls.spawn(async move {
            (
                argument,
                value(
                    invoker
                        .invoke(call(method, Value::Int(argument), LONG))
                        .await,
                ),
            )
        });
    }
    while let Some(done) = calls.join_next().await {
        let (argument, answer) = done.unwrap();
        assert_eq!(answer, Value::Int(argument));
    }
    assert_eq!(scene.protocol.counts().connections_made, 1);
}

#[tokio::test]
async fn a_one_way_call_is_not_answered() {
    let scene = scene(DubboConfig::default()).await;
    let mut request = Request::new(ServiceKey::new("a.B", "", ""), "echo");
    request.one_way = true;
    let outcome = scene
        .invoker
        .invoke(Invocation::new(request, Url::default()))
        .await;
    assert!(matches!(outcome.unwrap().kind, ResultKind::Null));
    value(
        scene
            .invoker
            .invoke(call("echo", Value::Int(1), LONG))
            .await,
    );
    assert_eq!(scene.handler.one_way.load(Ordering::Relaxed), 1);
    assert_eq!(scene.protocol.counts().late_responses, 0);
}

#[tokio::test]
async fn a_late_answer_is_dropped_and_the_connection_lives_on() {
    let scene = scene(DubboConfig::default()).await;
    let error = scene
        .invoker
        .invoke(call("sleep", Value::Int(200), Duration::from_millis(20)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerTimeout);
    let address = scene.listener.local_addr().to_string();
    assert!(
        error.message().contains(&address) && error.message().contains("sleep"),
        "{error}"
    );
    assert_eq!(
        value(
            scene
                .invoker
                .invoke(call("sleep", Value::Int(300), LONG))
                .await
        ),
        Value::Int(300)
    );
    assert_eq!(scene.protocol.counts().connections_made, 1);
}

#[tokio::test]
async fn errors_and_panics_reach_the_caller_with_their_status() {
    let scene = scene(DubboConfig::default()).await;
    let error = scene
        .invoker
        .invoke(call("nothing", Value::Null, LONG))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::BadRequest, "no method nothing")
    );
    let error = scene
        .invoker
        .invoke(call("panic", Value::Null, LONG))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerError);
    assert!(error.message().contains("on purpose"), "{error}");
    assert_eq!(
        value(
            scene
                .invoker
                .invoke(call("echo", Value::Int(1), LONG))
                .await
        ),
        Value::Int(1)
    );
}

#[tokio::test]
async fn nobody_there_is_told_by_address_and_found_when_it_comes_back() {
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let protocol = DubboProtocol::new(DubboConfig::default());
    let url = Url::parse(&format!("dubbo://{free}/a.B")).unwrap();
    let invoker = protocol.refer(&url).unwrap();
    let error = invoker
        .invoke(call("echo", Value::Int(1), LONG))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.message().contains(&free.to_string()), "{error}");
    assert!(!invoker.is_available());

    let _listener = protocol
        .bind(&url, Arc::new(Echo::default()))
        .await
        .unwrap();
    let back = async {
        while invoker
            .invoke(call("echo", Value::Int(1), LONG))
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LONG, back).await.unwrap();
}

#[tokio::test]
async fn a_provider_that_dies_fails_its_calls_at_once() {
    let scene = scene(DubboConfig::default()).await;
    let pending = call("sleep", Value::Int(60_000), Duration::from_secs(60));
    let invoker = scene.invoker.clone();
    let mut calling = tokio::task::JoinSet::new();
    calling.spawn(async move { invoker.invoke(pending).await });
    while scene.listener.in_flight() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(scene.listener);
    let error = tokio::time::timeout(LONG, calling.join_next())
        .await
        .unwrap()
        .unwrap()
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ChannelInactive, "{error}");
}

#[tokio::test]
async fn a_drain_ends_what_is_in_flight_and_takes_no_new_calls() {
    let scene = scene(DubboConfig::default()).await;
    let invoker = scene.invoker.clone();
    let mut calls = tokio::task::JoinSet::new();
    calls.spawn(async move { invoker.invoke(call("sleep", Value::Int(300), LONG)).await });
    while scene.listener.in_flight() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(scene.listener.drain(LONG).await, 0);
    assert_eq!(
        value(calls.join_next().await.unwrap().unwrap()),
        Value::Int(300)
    );
    assert!(
        !scene.invoker.is_available(),
        "the read-only event was heard"
    );
}

#[tokio::test]
async fn a_full_listener_says_so_and_does_not_grow() {
    let scene = scene(DubboConfig {
        in_flight_connection: 10,
        ..DubboConfig::default()
    })
    .await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let invoker = scene.invoker.clone();
        calls.spawn(async move { invoker.invoke(call("sleep", Value::Int(200), LONG)).await });
    }
    let mut refused = 0;
    while let Some(done) = calls.join_next().await {
        match done.unwrap() {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ThreadPoolExhausted);
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 20);
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let scene = scene(DubboConfig::default()).await;
    let url = Url::parse(&format!("dubbo://{}", scene.listener.local_addr())).unwrap();
    let error = scene
        .protocol
        .bind(&url, Arc::new(Echo::default()))
        .await
        .unwrap_err();
    assert!(
        error
            .message()
            .contains(&scene.listener.local_addr().to_string()),
        "{error}"
    );
}
