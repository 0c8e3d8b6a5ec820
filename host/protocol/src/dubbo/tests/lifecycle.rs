//! How calls and connections end.

use tokio::time::timeout;

use super::*;

#[derive(Debug, Default)]
struct Slow {
    started: AtomicUsize,
    ended: AtomicUsize,
}

impl Handler for Slow {
    fn handle(&self, _: Request) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            self.started.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(200)).await;
            self.ended.fetch_add(1, Ordering::SeqCst);
            Ok(RpcResult::null())
        })
    }
}

fn one_way() -> Invocation {
    let mut request = Request::new(ServiceKey::new("a.B", "", ""), "m");
    request.one_way = true;
    Invocation::new(request, Url::default())
}

async fn nobody_answers() -> (TcpListener, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("dubbo://{}/a.B?timeout=200", listener.local_addr().unwrap());
    (listener, Url::parse(&url).unwrap())
}

#[tokio::test]
async fn a_one_way_call_runs_to_its_end_when_its_consumer_is_gone() {
    let protocol = DubboProtocol::new(DubboConfig::default());
    let handler = Arc::new(Slow::default());
    let url = Url::parse("dubbo://127.0.0.1:0/a.B").unwrap();
    let listener = protocol.bind(&url, handler.clone()).await.unwrap();
    let frame = encode(1, &one_way());
    let mut stream = TcpStream::connect(listener.local_addr()).await.unwrap();
    stream.write_all(&frame).await.unwrap();
    eventually("started", || handler.started.load(Ordering::SeqCst) == 1).await;
    drop(stream);
    eventually("ended", || handler.ended.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn a_one_way_call_is_written_before_it_is_reported_done() {
    let (listener, url) = nobody_answers().await;
    let protocol = DubboProtocol::new(DubboConfig::default());
    let invoker = protocol.refer(&url).unwrap();
    let (done, accepted) = tokio::join!(invoker.invoke(one_way()), listener.accept());
    done.unwrap();
    drop(invoker);
    let mut received = Vec::new();
    let _closed = accepted.unwrap().0.read_to_end(&mut received).await;
    assert!(received.len() > 16, "{} bytes arrived", received.len());
}

#[tokio::test]
async fn a_call_without_a_deadline_waits_as_long_as_its_url_says() {
    let (_listener, url) = nobody_answers().await;
    let protocol = DubboProtocol::new(DubboConfig::default());
    let invoker = protocol.refer(&url).unwrap();
    let request = Request::new(ServiceKey::new("a.B", "", ""), "m");
    let call = invoker.invoke(Invocation::new(request, url.clone()));
    assert!(
        timeout(Duration::from_secs(2), call).await.is_ok(),
        "it still waits"
    );
}

#[tokio::test]
async fn a_provider_that_closes_what_it_accepts_is_left_alone_for_longer_and_longer() {
    let (listener, url) = nobody_answers().await;
    let protocol = DubboProtocol::new(DubboConfig::default());
    let invoker = protocol.refer(&url).unwrap();
    let mut accepted = 0;
    let accepting = async {
        loop {
            drop(listener.accept().await.unwrap());
            accepted += 1;
        }
    };
    let calling = async {
        let _refused = invoker.invoke(one_way()).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    };
    tokio::select! { () = accepting => {}, () = calling => {} }
    assert!(accepted <= 7, "{accepted} connections in 2 s");
}

#[tokio::test]
async fn an_address_that_failed_is_not_available_before_it_is_connected_again() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    // Its queue takes one; who comes later waits.
    let full = socket.listen(0).unwrap();
    let address = full.local_addr().unwrap();
    let _queued = TcpStream::connect(address).await.unwrap();
    let protocol = DubboProtocol::new(DubboConfig {
        connect_timeout: Duration::from_millis(200),
        ..DubboConfig::default()
    });
    let url = Url::parse(&format!("dubbo://{address}/a.B")).unwrap();
    let invoker = protocol.refer(&url).unwrap();
    assert!(
        invoker.is_available(),
        "nothing speaks against a first attempt"
    );
    invoker.invoke(one_way()).await.unwrap_err();
    // Several further attempts fall into this time.
    for _ in 0..100 {
        assert!(!invoker.is_available(), "a call would be drawn to it");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_drain_waits_until_the_last_answer_is_written() {
    let scene = scene(DubboConfig::default()).await;
    let mut stream = TcpStream::connect(scene.listener.local_addr())
        .await
        .unwrap();
    // More than the system buffers, so that the provider has something left to write.
    let mut request = Request::new(ServiceKey::new("a.B", "", ""), "echo");
    request.descriptor = "[B".into();
    request.body = RequestBody::Values(vec![Value::Binary(vec![7; 7_000_000].into())]);
    let frame = encode(1, &Invocation::new(request, Url::default()));
    let (mut reader, mut writer) = stream.split();
    let calls = 4;
    let drained = async {
        eventually("a call is in flight", || scene.listener.in_flight() > 0).await;
        scene.listener.drain(LONG).await
    };
    let written = async {
        for _ in 0..calls {
            writer.write_all(&frame).await.unwrap();
        }
    };
    let read = async {
        let mut received = 0;
        let mut chunk = vec![0; 64 * 1024];
        while let Ok(length) = reader.read(&mut chunk).await
            && length > 0
        {
            received += length;
            // Slower than the provider can write.
            tokio::task::yield_now().await;
        }
        received
    };
    let (cut_off, (), received) = tokio::join!(drained, written, read);
    assert_eq!(cut_off, 0);
    assert!(received > 7_000_000, "{received}");
}

/// Answers after a while in which it holds its thread, and knows how many calls did so at once.
#[derive(Debug, Default)]
struct Busy {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Handler for Busy {
    fn handle(&self, _: Request) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(10));
            self.now.fetch_sub(1, Ordering::SeqCst);
            Ok(RpcResult::null())
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn long_calls_of_one_connection_share_the_threads() {
    let protocol = DubboProtocol::new(DubboConfig::default());
    let handler = Arc::new(Busy::default());
    let url = Url::parse("dubbo://127.0.0.1:0/a.B").unwrap();
    let listener = protocol.bind(&url, handler.clone()).await.unwrap();
    let mut stream = TcpStream::connect(listener.local_addr()).await.unwrap();
    let request = Request::new(ServiceKey::new("a.B", "", ""), "m");
    let frame = encode(1, &Invocation::new(request, Url::default()));
    let calls = 32;
    stream.write_all(&frame.repeat(calls)).await.unwrap();
    let mut answers = vec![0; (HEADER_BYTES + 15) * calls];
    stream.read_exact(&mut answers).await.unwrap();
    assert!(handler.most.load(Ordering::SeqCst) > 1);
}

#[tokio::test]
async fn a_call_that_was_written_in_part_was_not_sent_and_one_in_front_of_it_was() {
    // Reads exactly the first frame, then resets the connection with the rest unread.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("dubbo://{}/a.B", listener.local_addr().unwrap());
    let protocol = DubboProtocol::new(DubboConfig::default());
    let invoker = protocol.refer(&Url::parse(&url).unwrap()).unwrap();
    let small = invoker.invoke(call("echo", Value::Int(1), LONG));
    let large = Value::Binary(vec![7; 32_000_000].into());
    let mut request = Request::new(ServiceKey::new("a.B", "", ""), "echo");
    request.descriptor = "[B".into();
    request.body = RequestBody::Values(vec![large]);
    request.deadline = Some(Deadline::after(LONG));
    let limitless = Url::parse(&format!("{url}?payload=0")).unwrap();
    let invoker = protocol.refer(&limitless).unwrap();
    let large = async {
        // Behind the small one.
        tokio::task::yield_now().await;
        invoker
            .invoke(Invocation::new(request, limitless.clone()))
            .await
    };
    let peer = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut start = [0; 16];
        stream.read_exact(&mut start).await.unwrap();
        // The rest of the small frame and the start of the large one are in the socket.
        stream.readable().await.unwrap();
        drop(stream);
    };
    let (small, large, ()) = tokio::join!(small, large, peer);
    assert_eq!(small.unwrap_err().kind(), ErrorKind::ChannelInactive);
    assert_eq!(large.unwrap_err().kind(), ErrorKind::Connect);
}

#[tokio::test]
async fn a_wider_reference_widens_the_connection_of_all() {
    let answer = Ok(RpcResult::value(Value::from("x".repeat(5000))));
    let mut frame = BytesMut::new();
    let answering = crate::dubbo::response::Answering {
        id: 0,
        attachments: false,
        payload: 0,
    };
    answering.encode(&mut frame, &answer);
    let (_provider, address) = made_of_bytes(move |id| with_id(frame.to_vec(), id)).await;
    let protocol = DubboProtocol::new(DubboConfig::default());
    let refer = |payload: usize| {
        let url = format!("dubbo://{address}/a.B?payload={payload}");
        protocol.refer(&Url::parse(&url).unwrap()).unwrap()
    };
    let narrow = refer(1000);
    let error = narrow
        .invoke(call("echo", Value::Int(1), LONG))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ClientError);
    assert!(
        error.message().contains("Data length too large")
            && error.message().contains("max payload: 1000"),
        "{error}"
    );
    let _wide = refer(10_000);
    value(narrow.invoke(call("echo", Value::Int(1), LONG)).await);
    assert_eq!(protocol.counts().connections_made, 1);
}

#[tokio::test]
async fn silence_is_asked_about_and_then_ends_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("dubbo://{}/a.B", listener.local_addr().unwrap());
    let protocol = DubboProtocol::new(DubboConfig {
        heartbeat: Duration::from_millis(50),
        ..DubboConfig::default()
    });
    let invoker = protocol.refer(&Url::parse(&url).unwrap()).unwrap();
    let peer = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut received = Vec::new();
        let _reset = stream.read_to_end(&mut received).await;
        received
    };
    let (outcome, received) = tokio::join!(invoker.invoke(call("echo", Value::Int(1), LONG)), peer);
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ChannelInactive);
    assert!(error.message().contains("3 heartbeats"), "{error}");
    let heartbeats = received
        .windows(3)
        .filter(|bytes| *bytes == [0xda, 0xbb, 0xe2]);
    assert_eq!(heartbeats.count(), 3);
}

#[tokio::test]
async fn a_quiet_consumer_is_closed_after_the_idle_time_and_a_waiting_one_is_not() {
    let scene = scene(DubboConfig {
        idle: Duration::from_millis(200),
        ..DubboConfig::default()
    })
    .await;
    let mut quiet = TcpStream::connect(scene.listener.local_addr())
        .await
        .unwrap();
    let mut nothing = Vec::new();
    let waiting = scene.invoker.invoke(call("sleep", Value::Int(700), LONG));
    let (closed, outcome) = tokio::join!(timeout(LONG, quiet.read_to_end(&mut nothing)), waiting);
    assert_eq!(closed.unwrap().unwrap(), 0);
    assert_eq!(value(outcome), Value::Int(700));
}
