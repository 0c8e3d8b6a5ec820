//! What is full says so and does not grow, and what a URL may say about connections.

use super::*;

fn refer(scene: &Scene, parameters: &str) -> Arc<dyn Invoker> {
    let url = format!("dubbo://{}/a.B?{parameters}", scene.listener.local_addr());
    scene.protocol.refer(&Url::parse(&url).unwrap()).unwrap()
}

fn sleep_call(millis: i32) -> Invocation {
    call("sleep", Value::Int(millis), LONG)
}

#[tokio::test]
async fn connections_of_its_own_are_used_in_turn_and_shared_with_nobody() {
    let scene = scene(DubboConfig {
        in_flight_connection: 1,
        ..DubboConfig::default()
    })
    .await;
    let own = refer(&scene, "connections=3");
    value(scene.invoker.invoke(sleep_call(0)).await);
    // One call is in flight on each of the three, or the provider would refuse some.
    let (a, b, c) = tokio::join!(
        own.invoke(sleep_call(100)),
        own.invoke(sleep_call(100)),
        own.invoke(sleep_call(100))
    );
    for outcome in [a, b, c] {
        assert_eq!(value(outcome), Value::Int(100));
    }
    assert_eq!(scene.protocol.counts().connections_made, 4);
    let shared = refer(&scene, "connections=0");
    value(shared.invoke(sleep_call(0)).await);
    assert_eq!(scene.protocol.counts().connections_made, 4);
}

#[tokio::test]
async fn a_number_of_connections_that_is_none_is_refused_by_name() {
    let protocol = DubboProtocol::new(DubboConfig::default());
    for number in ["x", "-1", "16385"] {
        let url = format!("dubbo://127.0.0.1:1/a.B?connections={number}");
        let error = protocol.refer(&Url::parse(&url).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains("connections"), "{error}");
    }
}

#[tokio::test]
async fn one_connection_that_is_down_leaves_its_turn_to_the_others() {
    // Takes two connections, ends the first and answers nothing.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "dubbo://{}/a.B?connections=2&timeout=2000",
        listener.local_addr().unwrap()
    );
    let url = Url::parse(&url).unwrap();
    let protocol = DubboProtocol::new(DubboConfig::default());
    let invoker = protocol.refer(&url).unwrap();
    let one_way = || {
        let mut request = Request::new(ServiceKey::new("a.B", "", ""), "m");
        request.one_way = true;
        Invocation::new(request, url.clone())
    };
    let (first, accepted) = tokio::join!(invoker.invoke(one_way()), listener.accept());
    first.unwrap();
    let (second, kept) = tokio::join!(invoker.invoke(one_way()), listener.accept());
    second.unwrap();
    drop((accepted, listener));
    let _kept = kept.unwrap();
    let written = async {
        // Its end is noticed a moment later; until then a call on it fails.
        while protocol.counts().connections_failed == 0 {
            let _may_fail = invoker.invoke(one_way()).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for _ in 0..10 {
            invoker.invoke(one_way()).await.unwrap();
        }
    };
    tokio::time::timeout(LONG, written).await.unwrap();
    assert!(invoker.is_available());
}

#[tokio::test]
async fn a_connection_is_made_by_the_first_call_or_at_once_if_asked_for() {
    let scene = scene(DubboConfig::default()).await;
    let lazy = refer(&scene, "connections=1");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(scene.protocol.counts().connections_made, 0);
    let _eager = refer(&scene, "connections=2&lazy=false");
    eventually("both were made", || {
        scene.protocol.counts().connections_made == 2
    })
    .await;
    value(lazy.invoke(sleep_call(0)).await);
    assert_eq!(scene.protocol.counts().connections_made, 3);
}

#[tokio::test]
async fn calls_that_wait_for_answers_are_bounded() {
    let scene = scene(DubboConfig {
        pending_max: 5,
        ..DubboConfig::default()
    })
    .await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let invoker = scene.invoker.clone();
        calls.spawn(async move { invoker.invoke(sleep_call(100)).await });
    }
    let mut refused = 0;
    while let Some(done) = calls.join_next().await {
        if let Err(error) = done.unwrap() {
            // It never left, so it may be tried elsewhere.
            assert_eq!(error.kind(), ErrorKind::Connect);
            assert!(error.message().contains("5 calls wait"), "{error}");
            refused += 1;
        }
    }
    assert_eq!(refused, 15);
    value(scene.invoker.invoke(sleep_call(0)).await);
}

#[tokio::test]
async fn bytes_in_flight_are_bounded_and_what_waits_is_read_later() {
    let size = 200_000;
    let scene = scene(DubboConfig {
        in_flight_bytes: size,
        ..DubboConfig::default()
    })
    .await;
    // Each has room for itself alone, so that the provider takes them one after the other, or two when a read brought both.
    let calls = 6;
    let mut request = Request::new(ServiceKey::new("a.B", "", ""), "sleep");
    request.descriptor = "ILjava/lang/Object;".into();
    let ballast = Value::Binary(vec![7; size].into());
    request.body = RequestBody::Values(vec![Value::Int(50), ballast]);
    let frame = encode(1, &Invocation::new(request, Url::default()));
    let mut stream = TcpStream::connect(scene.listener.local_addr())
        .await
        .unwrap();
    let (mut reader, mut writer) = stream.split();
    let frames = frame.repeat(calls);
    let write = async {
        writer.write_all(&frames).await.unwrap();
    };
    let mut answers = vec![0; (HEADER_BYTES + 15) * calls];
    let read = async {
        reader.read_exact(&mut answers).await.unwrap();
    };
    let mut most = 0;
    let look = async {
        loop {
            most = most.max(scene.listener.in_flight());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let done = async { tokio::join!(write, read) };
    tokio::select! { _ = done => {}, () = look => {} }
    assert!((1..=2).contains(&most), "{most} at once");
}

#[tokio::test]
async fn a_listener_takes_as_many_connections_as_its_url_accepts() {
    let protocol = DubboProtocol::new(DubboConfig::default());
    let url = Url::parse("dubbo://127.0.0.1:0/a.B?accepts=1&heartbeat=100").unwrap();
    let listener = protocol
        .bind(&url, Arc::new(Echo::default()))
        .await
        .unwrap();
    let mut first = TcpStream::connect(listener.local_addr()).await.unwrap();
    first
        .write_all(&hex("dabbe2000000000000000001000000014e"))
        .await
        .unwrap();
    let mut answer = [0; 17];
    first.read_exact(&mut answer).await.unwrap();
    let (_, closed) = raw(listener.local_addr(), &[]).await;
    assert!(closed, "one is all it accepts");
    // Three heartbeats of silence end the first.
    let ended = first.read(&mut answer);
    assert_eq!(tokio::time::timeout(LONG, ended).await.unwrap().unwrap(), 0);
}
