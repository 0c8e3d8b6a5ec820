//! What a call costs a consumer, beside the peers' consumers of the same provider.

use std::time::{Duration, Instant};

use wubbo_tests::process::{Error, Process, Read, cpu_time};

use crate::calls::{CALLS, Call, ONE};
use crate::peers::{Peer, Peers};
use crate::server::{LOAD_CORE, Server, number};

/// Callers on one connection, each with one call in flight.
const CALLERS: &str = "64";
/// What part of the peers' CPU time a call may cost.
const JAVA_GOAL: f64 = 1.0 / 3.0;
const GO_GOAL: f64 = 1.0 / 20.0;
const MEASURED: Duration = Duration::from_secs(3);
/// A peer prints five lines a second.
const LINE_LIMIT: Duration = Duration::from_secs(60);

/// Prints the table, a line as soon as it is measured.
pub(crate) fn table(peers: &Peers) -> Result<(), Error> {
    let provider = Server::own(0, "echo-provider", &["--listen", "dubbo://127.0.0.1:0"])?;
    for peer in peers.all() {
        println!(
            "{} warms up with {} calls before each figure",
            peer.name, peer.warm_up
        );
    }
    println!(
        "\n{:18} {:>8} {:>8} {:>11} {:>6} {:>5} {:>15} {:>6} {:>5}",
        "consumer",
        "callers",
        "CPU us",
        "Java 3.3.6",
        "ours/",
        "goal",
        "dubbo-go 1.5.9",
        "ours/",
        "goal"
    );
    for call in CALLS {
        let figures = provider.bench(call.method, call.argument().as_deref(), &ONE.flags())?;
        let ours = number(&figures, "client_cpu_us_per_call");
        let java = beside(peers.java.as_ref(), &provider, &call, ours, JAVA_GOAL)?;
        let go = beside(peers.go.as_ref(), &provider, &call, ours, GO_GOAL)?;
        println!(
            "{:18} {CALLERS:>8} {ours:>8.2} {:>11} {} {:>15} {}",
            call.name, java.0, java.1, go.0, go.1
        );
    }
    Ok(())
}

/// A peer's time, and ours as a part of it beside the goal.
fn beside(
    peer: Option<&Peer>,
    provider: &Server,
    call: &Call,
    ours: f64,
    goal: f64,
) -> Result<(String, String), Error> {
    let Some(peer) = peer else {
        return Ok(("-".to_owned(), format!("{:>6} {goal:>5.2}", "-")));
    };
    let theirs = consumer(peer, provider, call).map_err(|error| error.of(peer.name))?;
    Ok((
        format!("{theirs:.2}"),
        format!("{:>6.2} {goal:>5.2}", ours / theirs),
    ))
}

/// Microseconds of CPU time per call of a peer's consumer, warmed.
fn consumer(peer: &Peer, provider: &Server, call: &Call) -> Result<f64, Error> {
    let command = peer.load(LOAD_CORE, &provider.url, call.method, CALLERS);
    let process = Process::start(command).map_err(|error| Error::new(&error.to_string()))?;
    while answered(&process)? < peer.warm_up {}
    let before = sample(&process)?;
    let since = Instant::now();
    while since.elapsed() < MEASURED {
        answered(&process)?;
    }
    let after = sample(&process)?;
    let calls = after.0 - before.0;
    if calls <= 0.0 {
        return Err(process.failure("no call was answered"));
    }
    Ok((after.1 - before.1).as_secs_f64() * 1e6 / calls)
}

/// Calls that were answered so far, and the CPU time that was used for them.
fn sample(process: &Process) -> Result<(f64, Duration), Error> {
    let calls = answered(process)?;
    let time = cpu_time(process.pid()).map_err(|error| Error::new(&error.to_string()))?;
    Ok((calls, time))
}

fn answered(process: &Process) -> Result<f64, Error> {
    match process.line(Instant::now() + LINE_LIMIT) {
        Read::Line(line) => line
            .parse()
            .map_err(|_| Error::new(&format!("it printed no number: {line}"))),
        Read::End | Read::Late => Err(Error::new(&format!("it ended: {}", process.log()))),
    }
}
