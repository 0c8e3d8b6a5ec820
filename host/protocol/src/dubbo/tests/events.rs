//! Events, and what is answered to whom (spec/40 sections 3.4 and 3.10; frame vectors by their ids).

use super::*;
use crate::dubbo::header::Header;

const F_01_HEARTBEAT: &str = "dabbe2000000000000000001000000014e";
const F_02_HEARTBEAT_ANSWER: &str = "dabb22140000000000000001000000014e";
const F_03_BY_DUBBO_GO: &str = "dabb22140000000000000001000000024e4e";
const F_04_READ_ONLY: &str = "dabba2000000000000000002000000020152";
const F_05_NEGATIVE_ID: &str = "dabbe200ffffffffffffffff000000014e";
const F_12_NULL: &str = "dabb021400000000000000010000000192";

/// The next request of a consumer; its header.
async fn request(stream: &mut TcpStream) -> Header {
    let mut head = [0; HEADER_BYTES];
    stream.read_exact(&mut head).await.unwrap();
    let header = Header::parse(&head).unwrap();
    let mut body = vec![0; header.body_bytes];
    stream.read_exact(&mut body).await.unwrap();
    header
}

async fn answer(stream: &mut TcpStream, id: i64) {
    let frame = with_id(hex(F_12_NULL), id);
    stream.write_all(&frame).await.unwrap();
}

async fn peers() -> (TcpListener, DubboProtocol, Arc<dyn Invoker>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("dubbo://{}/a.B", listener.local_addr().unwrap());
    let protocol = DubboProtocol::new(DubboConfig::default());
    let invoker = protocol.refer(&Url::parse(&url).unwrap()).unwrap();
    (listener, protocol, invoker)
}

#[tokio::test]
async fn f_04_read_only_ends_new_calls_on_that_connection_and_no_other() {
    let (listener, protocol, invoker) = peers().await;
    let old = invoker.invoke(call("m", Value::Null, LONG));
    let provider = async {
        let (mut first, _) = listener.accept().await.unwrap();
        let owed = request(&mut first).await;
        // Dubbo Java 3.3.6 sends two (live-peer fact LJ-8).
        first
            .write_all(&hex(F_04_READ_ONLY).repeat(2))
            .await
            .unwrap();
        let (mut second, _) = listener.accept().await.unwrap();
        let new = request(&mut second).await;
        answer(&mut second, new.id).await;
        // What was asked before is still answered, after the new.
        answer(&mut first, owed.id).await;
        let mut rest = Vec::new();
        first.read_to_end(&mut rest).await.unwrap();
        rest
    };
    let new = async {
        eventually("the event was heard", || !invoker.is_available()).await;
        // Refused at once while the pause before the second connection lasts.
        loop {
            match new_call(&invoker).await {
                Err(error) if error.kind() == ErrorKind::Connect => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                done => return done,
            }
        }
    };
    let (old, new, rest) = tokio::join!(old, new, provider);
    assert_eq!((value(old), value(new)), (Value::Null, Value::Null));
    assert_eq!(
        rest,
        [],
        "the event is not answered, and no call came after it"
    );
    assert_eq!(protocol.counts().connections_made, 2);
}

async fn new_call(invoker: &Arc<dyn Invoker>) -> Outcome {
    invoker.invoke(call("m", Value::Null, LONG)).await
}

#[tokio::test]
async fn a_consumer_answers_heartbeats_and_refuses_calls_and_ignores_the_rest() {
    let (listener, _protocol, invoker) = peers().await;
    let calling = invoker.invoke(call("m", Value::Null, LONG));
    let provider = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let asked = request(&mut stream).await;
        let one_way_heartbeat = "dabba2000000000000000003000000014e";
        let unknown_event = "dabbe2000000000000000004000000020158";
        let callback = "dabbc20000000000000000050000000105";
        for frame in [
            F_05_NEGATIVE_ID,
            one_way_heartbeat,
            F_02_HEARTBEAT_ANSWER,
            F_03_BY_DUBBO_GO,
            unknown_event,
            callback,
        ] {
            stream.write_all(&hex(frame)).await.unwrap();
        }
        let mut answers = vec![0; 17 * 2 + HEADER_BYTES];
        stream.read_exact(&mut answers).await.unwrap();
        answer(&mut stream, asked.id).await;
        answers
    };
    let (outcome, answers) = tokio::join!(calling, provider);
    assert_eq!(value(outcome), Value::Null);
    let wanted = [
        "dabb2214ffffffffffffffff000000014e",
        "dabb22140000000000000004000000014e",
        // Status 70, since callbacks are not supported.
        "dabb02460000000000000005",
    ];
    let wanted = hex(&wanted.concat());
    assert_eq!(answers[..wanted.len()], wanted);
}

#[tokio::test]
async fn a_provider_answers_two_way_events_and_nothing_else() {
    let scene = scene(DubboConfig::default()).await;
    let cases = [
        ("40/F-01", F_01_HEARTBEAT, F_02_HEARTBEAT_ANSWER),
        (
            "40/F-05",
            F_05_NEGATIVE_ID,
            "dabb2214ffffffffffffffff000000014e",
        ),
        ("40/F-04", F_04_READ_ONLY, ""),
        (
            "one-way heartbeat",
            "dabba2000000000000000003000000014e",
            "",
        ),
        ("40/F-02 answer", F_02_HEARTBEAT_ANSWER, ""),
        ("40/F-12 answer", F_12_NULL, ""),
        ("40/X-10", "dabbe2000000000000000007000000020152", ""),
        (
            "unknown event",
            "dabbe2000000000000000004000000020158",
            "dabb22140000000000000004000000014e",
        ),
    ];
    for (id, sent, wanted) in cases {
        let (answer, closed) = raw(scene.listener.local_addr(), &hex(sent)).await;
        assert_eq!((answer, closed), (hex(wanted), false), "{id}");
    }
}

#[tokio::test]
async fn late_answers_are_counted_and_so_are_those_to_nobody() {
    let (listener, protocol, invoker) = peers().await;
    let late = invoker.invoke(call("m", Value::Null, Duration::from_millis(20)));
    let provider = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let asked = request(&mut stream).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        answer(&mut stream, asked.id).await;
        answer(&mut stream, 4711).await;
        let next = request(&mut stream).await;
        answer(&mut stream, next.id).await;
    };
    let calls = async {
        let error = late.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ServerTimeout);
        eventually("both were counted", || {
            protocol.counts().late_responses == 2
        })
        .await;
        value(new_call(&invoker).await)
    };
    let (answered, ()) = tokio::join!(calls, provider);
    assert_eq!(answered, Value::Null);
    assert_eq!(protocol.counts().connections_made, 1);
}
