//! What a call costs over loopback: `cargo bench -p wubbo-protocol --bench loopback [-- SECONDS]`.
//!
//! The server is a process of its own on core 0, its load comes from core 1 (by `taskset`; without it nobody is pinned). CPU time is that of
//! all threads of a process, from `/proc/<pid>/task/*/schedstat`. Two loads: `raw` writes frames made beforehand and looks at no more than
//! the header of what comes back, so that the server is the bottleneck; `client` makes the same calls through an invoker.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use wubbo_core::{
    BoxFuture, Deadline, Handler, Invocation, Outcome, Payload, Protocol, RawStream, Request,
    RequestBody, ResultKind, RpcResult, ServiceKey, Url,
};
use wubbo_hessian2::{Encoder, Value};
use wubbo_protocol::{DubboConfig, DubboProtocol};

const INTERFACE: &str = "org.wubbo.demo.EchoService";
const HEADER_BYTES: usize = 16;
/// Connections and calls in flight on each (design section 10).
const SHAPES: [(usize, usize); 2] = [(1, 64), (16, 16)];

/// Answers `echo` with its argument, everything else with null.
#[derive(Debug)]
struct Echo;

impl Handler for Echo {
    fn handle(&self, request: Request) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            match (&*request.method, request.body) {
                ("echo", RequestBody::Raw(stream)) => {
                    Ok(RpcResult::new(ResultKind::Value(Payload::Raw(stream))))
                }
                _ => Ok(RpcResult::null()),
            }
        })
    }
}

#[derive(Clone, Copy)]
enum Call {
    Empty,
    Echo,
}

impl Call {
    fn method(self) -> &'static str {
        match self {
            Self::Empty => "touch",
            Self::Echo => "echo",
        }
    }

    fn descriptor(self) -> &'static str {
        match self {
            Self::Empty => "",
            Self::Echo => "Ljava/lang/String;",
        }
    }

    fn arguments(self) -> Vec<Value> {
        match self {
            Self::Empty => vec![],
            Self::Echo => vec![Value::from("x".repeat(128))],
        }
    }

    /// The request as Dubbo Java 3.3.6 sends it, id 0.
    fn frame(self) -> Vec<u8> {
        let mut body = BytesMut::new();
        let mut encoder = Encoder::new(&mut body);
        for text in [
            "2.0.2",
            INTERFACE,
            "1.0.0",
            self.method(),
            self.descriptor(),
        ] {
            encoder.write_str(text);
        }
        for argument in self.arguments() {
            encoder.write_value(&argument).expect("a string");
        }
        encoder.begin_map(None);
        let attachments = [
            ("path", INTERFACE),
            ("remote.application", "bench"),
            ("interface", INTERFACE),
            ("version", "1.0.0"),
            ("timeout", "30000"),
        ];
        for text in attachments
            .into_iter()
            .flat_map(|(key, value)| [key, value])
        {
            encoder.write_str(text);
        }
        encoder.end_map();
        let mut frame = vec![0xda, 0xbb, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        frame.extend_from_slice(&u32::try_from(body.len()).expect("small").to_be_bytes());
        frame.extend_from_slice(&body);
        frame
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *words {
        ["server"] => serve(),
        ["load", kind, call, connections, depth, address, seconds] => {
            let call = if call == "echo" {
                Call::Echo
            } else {
                Call::Empty
            };
            let shape = (
                connections.parse().expect("a number"),
                depth.parse().expect("a number"),
            );
            load(
                kind,
                call,
                shape,
                address.parse().expect("an address"),
                seconds.parse().expect("seconds"),
            );
        }
        [] => figures(3),
        [seconds, ..] => figures(seconds.parse().unwrap_or(3)),
    }
}

fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let protocol = DubboProtocol::new(DubboConfig::default());
        let url = Url::parse("dubbo://127.0.0.1:0").expect("a url");
        let listener = protocol
            .bind(&url, Arc::new(Echo))
            .await
            .expect("a free port");
        say(&listener.local_addr().to_string());
        // Until the parent goes away.
        let (gone, wait) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut rest = Vec::new();
            let _closed = std::io::stdin().read_to_end(&mut rest);
            gone.send(())
        });
        let _gone = wait.await;
    });
}

fn load(kind: &str, call: Call, shape: (usize, usize), address: SocketAddr, seconds: f64) {
    let (calls, stop) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let time = Duration::from_secs_f64(seconds);
    if kind == "raw" {
        let frame = Arc::new(call.frame());
        let threads: Vec<_> = (0..shape.0)
            .map(|_| {
                let (calls, stop, frame) = (calls.clone(), stop.clone(), frame.clone());
                std::thread::spawn(move || raw(address, &frame, shape.1, &calls, &stop))
            })
            .collect();
        measure(time, &calls);
        stop.store(true, Ordering::Relaxed);
        threads
            .into_iter()
            .for_each(|thread| thread.join().expect("no panic"));
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..shape.0 {
            let protocol = DubboProtocol::new(DubboConfig::default());
            let url =
                Url::parse(&format!("dubbo://{address}/{INTERFACE}?version=1.0.0")).expect("a url");
            let invoker = protocol.refer(&url).expect("an invoker");
            for _ in 0..shape.1 {
                let (invoker, calls, stop, url) =
                    (invoker.clone(), calls.clone(), stop.clone(), url.clone());
                callers.spawn(async move {
                    let arguments = RawStream::encode(&call.arguments()).expect("a string");
                    while !stop.load(Ordering::Relaxed) {
                        let mut request =
                            Request::new(ServiceKey::new(INTERFACE, "", "1.0.0"), call.method());
                        request.descriptor = call.descriptor().into();
                        request.body = RequestBody::Raw(arguments.clone());
                        request.deadline = Some(Deadline::after(Duration::from_secs(30)));
                        invoker
                            .invoke(Invocation::new(request, url.clone()))
                            .await
                            .expect("an answer");
                        calls.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        }
        let counted = calls.clone();
        tokio::task::spawn_blocking(move || measure(time, &counted))
            .await
            .expect("no panic");
        stop.store(true, Ordering::Relaxed);
        while callers.join_next().await.is_some() {}
    });
}

/// Keeps `depth` calls in flight on one connection.
fn raw(address: SocketAddr, frame: &[u8], depth: usize, calls: &AtomicU64, stop: &AtomicBool) {
    let mut stream = TcpStream::connect(address).expect("the server");
    stream.set_nodelay(true).expect("TCP_NODELAY");
    stream
        .write_all(&frame.repeat(depth))
        .expect("the server reads");
    let mut input = BytesMut::new();
    let mut chunk = vec![0; 256 * 1024];
    let frames = frame.repeat(depth);
    while !stop.load(Ordering::Relaxed) {
        let length = stream.read(&mut chunk).expect("the server answers");
        assert!(length > 0, "closed by the server");
        input.extend_from_slice(&chunk[..length]);
        let mut done = 0;
        while input.len() >= HEADER_BYTES {
            assert_eq!(input[3], 20, "status");
            let body = u32::from_be_bytes([input[12], input[13], input[14], input[15]]) as usize;
            if input.len() < HEADER_BYTES + body {
                break;
            }
            input.advance(HEADER_BYTES + body);
            done += 1;
        }
        calls.fetch_add(done as u64, Ordering::Relaxed);
        stream
            .write_all(&frames[..done * frame.len()])
            .expect("the server reads");
    }
}

/// Says when the measured time starts and ends, and how many calls were made in it.
fn measure(time: Duration, calls: &AtomicU64) {
    std::thread::sleep(time / 4);
    say("start");
    let (since, before) = (Instant::now(), calls.load(Ordering::Relaxed));
    std::thread::sleep(time);
    let made = calls.load(Ordering::Relaxed) - before;
    say(&format!("{made} {}", since.elapsed().as_nanos()));
    // Our CPU time is read before we go.
    let mut word = String::new();
    let _parent_gone = std::io::stdin().read_line(&mut word);
}

fn figures(seconds: u32) {
    let mut table =
        String::from("load    call   shape   calls/s   server us/call   load us/call\n");
    for kind in ["raw", "client"] {
        for call in ["empty", "echo"] {
            for (connections, depth) in SHAPES {
                let mut server = child(0, &["server"]);
                let address = line(&mut server);
                let (connections, depth, seconds) = (
                    connections.to_string(),
                    depth.to_string(),
                    seconds.to_string(),
                );
                let mut load = child(
                    1,
                    &["load", kind, call, &connections, &depth, &address, &seconds],
                );
                let mut output = BufReader::new(load.stdout.take().expect("piped"));
                next_line(&mut output);
                let before = (cpu_ns(server.id()), cpu_ns(load.id()));
                let result = next_line(&mut output);
                let after = (cpu_ns(server.id()), cpu_ns(load.id()));
                let (made, elapsed) = result.split_once(' ').expect("two numbers");
                let (made, elapsed): (f64, f64) =
                    (made.parse().expect("calls"), elapsed.parse().expect("ns"));
                let per_call = |before: u64, after: u64| (after - before) as f64 / made / 1000.0;
                writeln!(
                    table,
                    "{kind:<7} {call:<6} {connections:>2} x {depth:<2} {:>9.0} {:>12.2} {:>14.2}",
                    made / elapsed * 1e9,
                    per_call(before.0, after.0),
                    per_call(before.1, after.1),
                )
                .expect("a string");
                for mut process in [load, server] {
                    drop(process.stdin.take());
                    process.wait().expect("ends");
                }
            }
        }
    }
    say(&table);
}

fn child(core: usize, arguments: &[&str]) -> Child {
    let program = std::env::current_exe().expect("our own path");
    let pinned = Command::new("taskset")
        .arg("-c")
        .arg(core.to_string())
        .arg(&program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    pinned.unwrap_or_else(|_| {
        let mut plain = Command::new(&program);
        plain
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts")
    })
}

fn line(child: &mut Child) -> String {
    next_line(&mut BufReader::new(child.stdout.as_mut().expect("piped")))
}

fn next_line(output: &mut impl BufRead) -> String {
    let mut line = String::new();
    output.read_line(&mut line).expect("a line");
    line.trim().to_owned()
}

/// CPU time of all threads of a process.
fn cpu_ns(pid: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs");
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
        .filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .sum()
}

fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}")
        .and_then(|()| stdout.flush())
        .expect("somebody reads");
}
