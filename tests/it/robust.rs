//! What a peer may do to a provider and to a gateway in front of it. Each time a fresh consumer is answered soon, and memory stays
//! where it was.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use wubbo_hessian2::{Decoder, Value};
use wubbo_tests::hosts::{EchoProvider, Gateway};
use wubbo_tests::process::rss_kib;
use wubbo_tests::scratch::Scratch;
use wubbo_tests::wire::{Request, ask, place, read_response, values};

mod attacks;

/// The goal of a fresh call is 1 s; the tests allow five times that.
const FRESH_LIMIT: Duration = Duration::from_secs(5);
/// What a host may hold more than before, while an attack lasts and after it: an allocator keeps some of what it gave out.
const GROWN_MAX_KIB: u64 = 64 * 1024;

/// Who is attacked.
struct Victim<'a> {
    name: &'a str,
    address: &'a str,
    pid: u32,
}

impl Victim<'_> {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(FRESH_LIMIT * 4)).unwrap();
        stream.set_write_timeout(Some(FRESH_LIMIT * 4)).unwrap();
        stream
    }

    fn rss_kib(&self) -> u64 {
        rss_kib(self.pid).unwrap()
    }

    /// A call on a connection of its own is answered; in what time.
    fn fresh(&self) -> Duration {
        let since = Instant::now();
        let answer = ask(&mut self.connect(), &echo(&Value::from("fresh")), 1).unwrap();
        assert_eq!(answer.status, 20);
        assert!(answer.body.windows(6).any(|bytes| bytes == b"\x05fresh"));
        since.elapsed()
    }

    /// Runs an attack, and looks while what it returns, such as its connections, is still held.
    fn survives<T>(&self, attack: &str, run: impl FnOnce(&Self) -> T) {
        let before = self.rss_kib();
        let since = Instant::now();
        let held = run(self);
        let took = since.elapsed();
        let (fresh, during) = (self.fresh(), self.rss_kib());
        drop(held);
        // Time to notice that they are gone.
        thread::sleep(Duration::from_millis(100));
        let (again, after) = (self.fresh(), self.rss_kib());
        println!(
            "{:8} {attack:24} {:>5} ms; fresh call {:>5.1} and {:>5.1} ms; RSS {before} -> {during} -> {after} KiB",
            self.name,
            took.as_millis(),
            fresh.as_secs_f64() * 1e3,
            again.as_secs_f64() * 1e3,
        );
        assert!(fresh.max(again) < FRESH_LIMIT, "{attack}");
        let grown = during.max(after).saturating_sub(before);
        assert!(grown < GROWN_MAX_KIB, "{attack}: {grown} KiB more");
    }
}

/// `echoObject` with this argument.
fn echo(argument: &Value) -> Request<'static> {
    raw_echo(values(std::slice::from_ref(argument)))
}

/// `echoObject` with an argument of these bytes.
fn raw_echo(argument: Vec<u8>) -> Request<'static> {
    Request {
        method: "echoObject",
        descriptor: "Ljava/lang/Object;",
        arguments: argument,
        ..Request::default()
    }
}

fn attack_all(victim: &Victim<'_>) {
    for _ in 0..100 {
        victim.fresh();
    }
    victim.survives("byte at a time", attacks::byte_at_a_time);
    victim.survives("half-open connections", attacks::half_open);
    victim.survives("stalled frames", attacks::stalled_frames);
    victim.survives("huge claimed counts", attacks::huge_counts);
    victim.survives("deep nesting", attacks::deep);
    victim.survives("lists in themselves", attacks::lists_in_themselves);
    victim.survives("reset in the response", attacks::reset);
    victim.survives("a reader that never reads", attacks::never_reads);
}

#[test]
fn a_provider_survives_what_peers_may_do() {
    wubbo::raise_open_files();
    let provider = EchoProvider::start::<&str>(&[]).unwrap();
    attack_all(&Victim {
        name: "provider",
        address: place(provider.url()),
        pid: provider.pid(),
    });
    assert_eq!(provider.stop().unwrap(), 0);
}

#[test]
fn a_gateway_survives_what_peers_may_do() {
    wubbo::raise_open_files();
    let scratch = Scratch::new("robust").unwrap();
    let registry = format!("file:{}", scratch.join("registry").display());
    let provider = EchoProvider::start(&["--registry", &registry]).unwrap();
    let yaml = format!(
        "application: robust\nregistries: {{ main: {{ address: \"{registry}\" }} }}\n\
         gateway: {{ listen: [\"dubbo://127.0.0.1:0\"], services: [\"org.wubbo.*\"] }}\n"
    );
    let gateway = Gateway::start(&yaml, scratch.path()).unwrap();
    attack_all(&Victim {
        name: "gateway",
        address: place(gateway.url()),
        pid: gateway.pid(),
    });
    assert_eq!(gateway.stop().unwrap(), 0);
    assert_eq!(provider.stop().unwrap(), 0);
}
