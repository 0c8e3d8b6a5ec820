//! `wubbo bench` against a server that stops answering for a while: an open loop must see it, a closed one cannot.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use wubbo_tests::artifacts;

/// When the server stalls, counted from its first call, and for how long.
const STALL_AT: Duration = Duration::from_millis(700);
const STALL: Duration = Duration::from_millis(600);

/// Calls per second and measured seconds of the open loop.
const RATE: u64 = 500;
const SECONDS: u64 = 2;

/// A latency that only the stall explains.
const LONG_US: u64 = 150_000;

/// What has the stall to itself: everybody waits for it.
#[derive(Default)]
struct Clock {
    first: OnceLock<Instant>,
    stalled: Mutex<bool>,
}

impl Clock {
    fn call(&self) {
        let first = *self.first.get_or_init(Instant::now);
        let mut stalled = self.stalled.lock().unwrap();
        if !*stalled && first.elapsed() >= STALL_AT {
            *stalled = true;
            thread::sleep(STALL);
        }
    }
}

/// Answers every call with null, except that it stalls once. Its threads end with their connections.
fn stalling() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let clock = Arc::new(Clock::default());
        // One connection a run.
        for stream in listener.incoming().take(1) {
            let clock = clock.clone();
            thread::spawn(move || serve(stream.unwrap(), &clock));
        }
    });
    address
}

fn serve(mut stream: TcpStream, clock: &Clock) {
    stream.set_nodelay(true).unwrap();
    let mut head = [0; 16];
    while stream.read_exact(&mut head).is_ok() {
        let length = u32::from_be_bytes(head[12..].try_into().unwrap());
        let mut body = vec![0; usize::try_from(length).unwrap()];
        if stream.read_exact(&mut body).is_err() {
            return;
        }
        clock.call();
        // 40/F-12: a null result, to this id.
        let mut answer = vec![0xda, 0xbb, 0x02, 20];
        answer.extend(&head[4..12]);
        answer.extend([0, 0, 0, 1, 0x92]);
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

fn bench(arguments: &[&str]) -> Json {
    let url = format!("dubbo://{}/org.wubbo.demo.EchoService", stalling());
    let output = Command::new(artifacts::binary("wubbo"))
        .args(["bench", &url, "touch", "--json", "--connections", "1"])
        .args(["--warm-up", "200ms", "--duration"])
        .arg(format!("{SECONDS}s"))
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Calls in the buckets above [`LONG_US`].
fn long(figures: &Json) -> u64 {
    let buckets = figures["histogram"].as_array().unwrap();
    let long = buckets
        .iter()
        .filter(|bucket| bucket["to_us"].as_u64().unwrap() > LONG_US * 2);
    long.map(|bucket| bucket["calls"].as_u64().unwrap()).sum()
}

#[test]
fn an_open_loop_counts_the_calls_that_a_stall_kept_from_being_sent() {
    let rate = RATE.to_string();
    let open = bench(&["--depth", "4", "--rate", &rate]);
    println!("open: {open}");
    assert_eq!(open["calls"], RATE * SECONDS, "every call that was due");
    assert_eq!(open["unsent"], 0);
    // 300 calls were due in the stall; two of three of them had to wait for longer than this.
    assert!(long(&open) >= 150, "{} calls saw the stall", long(&open));
    assert!(open["sent_late_us"]["max"].as_u64().unwrap() > LONG_US);

    // The negative control: the same stall, and the four callers that were in flight are all that notice.
    let closed = bench(&["--depth", "4"]);
    println!("closed: {closed}");
    assert_eq!(closed["loop"], "closed");
    assert!(closed["sent_late_us"].is_null());
    assert!((1..=4).contains(&long(&closed)), "{}", long(&closed));
    assert!(closed["latency_us"]["p99"].as_u64().unwrap() < LONG_US);
}
