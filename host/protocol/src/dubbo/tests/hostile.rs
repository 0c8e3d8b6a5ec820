//! Peers that send garbage, claim too much, read nothing, or come in crowds.

use wubbo_hessian2::{Encoder, List};

use super::*;
use crate::dubbo::framing::{Frame, Framing};

#[tokio::test]
async fn bad_input_is_refused_and_others_are_unharmed() {
    let scene = scene(DubboConfig::default()).await;
    let address = scene.listener.local_addr();
    let garbage: Vec<u8> = (0..4096_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    // id, bytes, closed, start of the answer
    let cases: [(&str, Vec<u8>, bool, &str); 8] = [
        ("garbage", garbage, true, ""),
        ("X-12 hello", b"hello".to_vec(), true, ""),
        (
            "X-13 one magic byte",
            hex("dabce200000000000000000100000001"),
            true,
            "",
        ),
        (
            "negative length",
            hex("dabbc2000000000000000001ffffffff"),
            true,
            "",
        ),
        (
            "LJ-5 2 GiB length",
            hex("dabbc20000000000000000017fffffff"),
            false,
            "dabb02190000000000000001",
        ),
        (
            "X-5 unknown serialization, two-way",
            hex("dabbcf00000000000000000700000000"),
            false,
            "dabb02280000000000000007",
        ),
        (
            "X-8 garbage body",
            hex("dabbc20000000000000000090000000440404040"),
            false,
            "dabb02280000000000000009",
        ),
        (
            "F-01 heartbeat",
            hex("dabbe2000000000000000001000000014e"),
            false,
            "dabb22140000000000000001000000014e",
        ),
    ];
    for (id, bytes, closes, start) in cases {
        let (answer, closed) = raw(address, &bytes).await;
        assert_eq!(closed, closes, "{id}");
        assert!(answer.starts_with(&hex(start)), "{id}: {answer:02x?}");
        assert_eq!(
            value(
                scene
                    .invoker
                    .invoke(call("echo", Value::Int(7), LONG))
                    .await
            ),
            Value::Int(7),
            "{id}"
        );
    }
    assert_eq!(
        scene.protocol.counts().connections_made,
        1,
        "the good consumer kept its connection"
    );
}

#[tokio::test]
async fn a_frame_in_single_bytes_and_many_in_one_write_are_the_same() {
    let scene = scene(DubboConfig::default()).await;
    let heartbeat = hex("dabbe2000000000000000001000000014e");
    let mut stream = TcpStream::connect(scene.listener.local_addr())
        .await
        .unwrap();
    for byte in &heartbeat {
        stream.write_all(&[*byte]).await.unwrap();
    }
    stream.write_all(&heartbeat.repeat(3)).await.unwrap();
    let mut answer = vec![0; heartbeat.len() * 4];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, hex("dabb22140000000000000001000000014e").repeat(4));
}

/// The frame of a call that echoes `bytes` bytes.
fn echo(id: i64, bytes: usize) -> BytesMut {
    let mut request = Request::new(ServiceKey::new("a.B", "", "1.0"), "echo");
    request.descriptor = "[B".into();
    let argument = Value::Binary(vec![7; bytes].into());
    request.body = RequestBody::Values(vec![argument]);
    encode(id, &Invocation::new(request, Url::default()))
}

#[test]
fn a_claimed_length_takes_no_memory() {
    let header = hex("dabbc20000000000000000017fffffff");
    for payload in [8 * 1024 * 1024, 0] {
        let mut framing = Framing::new(payload);
        framing.buffer().extend_from_slice(&header);
        let next = framing.next();
        assert_eq!(
            matches!(next, Ok(Some(Frame::TooLarge(_)))),
            payload > 0,
            "{next:?}"
        );
        assert!(framing.capacity() <= 64 * 1024, "{}", framing.capacity());
    }
    // What is above the limit is passed over without being kept, and the next frame is found behind it.
    let mut framing = Framing::new(1024);
    let claimed = 10_000_000_usize;
    let mut large = header;
    large[12..].copy_from_slice(&u32::try_from(claimed).unwrap().to_be_bytes());
    framing.buffer().extend_from_slice(&large);
    assert!(matches!(framing.next(), Ok(Some(Frame::TooLarge(_)))));
    for _ in 0..claimed / 10_000 {
        framing.buffer().extend_from_slice(&[0xff; 10_000]);
        assert!(matches!(framing.next(), Ok(None)));
        assert!(framing.capacity() <= 256 * 1024, "{}", framing.capacity());
    }
    framing
        .buffer()
        .extend_from_slice(&hex("dabbe2000000000000000001000000014e"));
    assert!(matches!(framing.next(), Ok(Some(Frame::Whole(..)))));
}

#[test]
fn a_large_frame_takes_its_buffer_with_it() {
    let mut framing = Framing::new(0);
    framing.buffer().extend_from_slice(&echo(1, 4_000_000));
    let Ok(Some(Frame::Whole(_, body))) = framing.next() else {
        panic!("a frame")
    };
    assert!(body.len() > 4_000_000);
    assert!(framing.capacity() <= 64 * 1024, "{}", framing.capacity());
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_not_read_from_and_closed() {
    let config = DubboConfig {
        idle: Duration::from_millis(500),
        ..DubboConfig::default()
    };
    let scene = scene(config).await;
    let mut stream = TcpStream::connect(scene.listener.local_addr())
        .await
        .unwrap();
    let frame = echo(1, 64 * 1024);
    // What the system buffers on both sides of loopback is some megabytes.
    let bound = 64 * 1024 * 1024;
    let mut sent = 0;
    let closed = async {
        while sent < bound {
            if stream.write_all(&frame).await.is_err() {
                return;
            }
            sent += frame.len();
        }
    };
    tokio::time::timeout(LONG, closed).await.unwrap();
    assert!(sent < bound, "{sent} bytes were taken");
    eventually("its calls ended", || scene.listener.in_flight() == 0).await;
    value(
        scene
            .invoker
            .invoke(call("echo", Value::Int(1), LONG))
            .await,
    );
}

#[tokio::test]
async fn a_provider_that_does_not_read_is_sent_no_more_than_the_queue_holds() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let protocol = DubboProtocol::new(DubboConfig {
        write_queue_bytes: 1024 * 1024,
        ..DubboConfig::default()
    });
    let url = format!("dubbo://{}/a.B", listener.local_addr().unwrap());
    let invoker = protocol.refer(&Url::parse(&url).unwrap()).unwrap();
    let _connection = tokio::join!(
        invoker.invoke(call("echo", Value::Int(1), Duration::from_millis(50))),
        async { listener.accept().await.unwrap() }
    );
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let invoker = invoker.clone();
        let argument = Value::Binary(vec![7; 1024 * 1024].into());
        calls.spawn(async move {
            let time = Duration::from_millis(500);
            invoker.invoke(call("echo", argument, time)).await
        });
    }
    let mut refused = 0;
    while let Some(done) = calls.join_next().await {
        let error = done.unwrap().unwrap_err();
        if error.kind() == ErrorKind::Connect {
            assert!(error.message().contains("does not read"), "{error}");
            refused += 1;
        }
    }
    assert!(refused > 0);
}

#[tokio::test]
async fn more_connections_than_allowed_are_closed_and_places_come_back() {
    let scene = scene(DubboConfig {
        connections_max: 2,
        ..DubboConfig::default()
    })
    .await;
    let heartbeat = hex("dabbe2000000000000000001000000014e");
    let address = scene.listener.local_addr();
    let connect = async || {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut answer = [0; 17];
        // A peer that closes may do so before or after it could be written to.
        let _closed = stream.write_all(&heartbeat).await;
        let answered = stream.read_exact(&mut answer).await.is_ok();
        answered.then_some(stream)
    };
    let first = connect().await.unwrap();
    let _second = connect().await.unwrap();
    assert!(connect().await.is_none());
    drop(first);
    let back = async { while connect().await.is_none() {} };
    tokio::time::timeout(LONG, back).await.unwrap();
}

/// A request body with `write` in the place of its attachments.
fn with_attachments(argument: &Value, write: impl FnOnce(&mut Encoder<'_>)) -> Bytes {
    let mut bytes = BytesMut::new();
    let mut encoder = Encoder::new(&mut bytes);
    for text in ["2.0.2", "p", "", "m", "Ljava/lang/Object;"] {
        encoder.write_str(text);
    }
    encoder.write_value(argument).unwrap();
    encoder.begin_map(None);
    write(&mut encoder);
    encoder.end_map();
    bytes.freeze()
}

/// Reading is quadratic in the number of entries, so the number is bounded.
#[test]
fn too_many_attachments_are_refused() {
    let many = |count: usize| {
        with_attachments(&Value::Null, |encoder| {
            for key in 0..count {
                encoder.write_str(&format!("{key:x}"));
                encoder.write_str("");
            }
        })
    };
    assert_eq!(decode(&many(1000), true).unwrap().attachments.len(), 1000);
    let error = decode(&many(100_000), true).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadRequest);
    assert_eq!(
        error.report(),
        "Fail to decode request due to: more than 1000 attachments"
    );
}

#[test]
fn attachments_that_repeat_a_large_argument_are_refused() {
    let numbers = |count: usize| Value::List(List::new(vec![Value::Int(1); count]));
    let repeated = |count: usize, times: usize| {
        with_attachments(&numbers(count), |encoder| {
            for key in 0..times {
                encoder.write_str(&key.to_string());
                encoder.write_value(&Value::Ref(0)).unwrap();
            }
        })
    };
    assert_eq!(
        decode(&repeated(1000, 3), true).unwrap().attachments.len(),
        3
    );
    let error = decode(&repeated(60_000, 500), true).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadRequest);
    assert!(error.report().contains("values"), "{}", error.report());
}

#[test]
fn a_time_out_of_ages_is_a_time_out() {
    for time in [
        "9223372036854775807",
        "99999999999999999999",
        "-1",
        "0",
        "x",
    ] {
        let body = with_attachments(&Value::Null, |encoder| {
            encoder.write_str("timeout");
            encoder.write_str(time);
        });
        let request = decode(&body, true).unwrap();
        assert_eq!(
            request.deadline.is_some(),
            time == "9223372036854775807",
            "{time}"
        );
    }
}

#[test]
fn a_connection_remembers_a_bounded_number_of_heads() {
    let mut heads = Heads::default();
    let mut call = |method: &str| {
        let request = Request::new(ServiceKey::new("a.B", "", "1.0"), method);
        let body = body(&encode(1, &Invocation::new(request, Url::default())));
        let read = request::decode(&body, true, &mut heads).unwrap().request;
        assert_eq!(&*read.method, method);
        heads.len()
    };
    for number in 0..1000 {
        assert!(call(&format!("method{number}")) <= 16);
    }
    // One that is too long is read every time.
    let known = call("method999");
    assert_eq!(call(&"m".repeat(2000)), known);
}

/// Java 3.2 refuses in the serialization that it prefers (23 is fastjson2), whatever it was asked in.
#[tokio::test]
async fn an_answer_that_cannot_be_read_keeps_the_status_of_a_refusal() {
    let kinds = [
        (20, ErrorKind::ClientError),
        (40, ErrorKind::BadRequest),
        (100, ErrorKind::ThreadPoolExhausted),
        (77, ErrorKind::ClientError),
    ];
    for (status, kind) in kinds {
        let mut frame = hex("dabb17000000000000000000000000014e");
        frame[3] = status;
        let (_provider, address) = made_of_bytes(move |id| with_id(frame.clone(), id)).await;
        let protocol = DubboProtocol::new(DubboConfig::default());
        let url = Url::parse(&format!("dubbo://{address}/a.B")).unwrap();
        let invoker = protocol.refer(&url).unwrap();
        let outcome = invoker.invoke(call("echo", Value::Int(7), LONG)).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}: {error}");
        let text = format!("answered in serialization 23 with status {status}, only hessian2 (2)");
        assert!(error.message().contains(&text), "{error}");
    }
}
