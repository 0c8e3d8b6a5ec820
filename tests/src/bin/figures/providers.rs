//! What a call costs a provider, beside the peers' providers and the server that does least.

use wubbo_tests::process::Error;

use crate::calls::{CALLS, Call, LOADS, Load, MANY};
use crate::floor;
use crate::peers::{Peer, Peers};
use crate::server::{Server, number};

/// The core of the server that is measured. The others stand by on it, idle.
const CORE: u32 = 0;
/// What part of the peers' CPU time a call may cost.
const JAVA_GOAL: f64 = 1.0 / 4.0;
const GO_GOAL: f64 = 1.0 / 6.0;
/// A part of the warm-up, after which its calls are counted.
const WARM_UP: [&str; 4] = ["--duration", "2s", "--warm-up", "10ms"];

/// Prints the table, a line as soon as it is measured.
pub(crate) fn table(peers: &Peers) -> Result<(), Error> {
    let own = Server::own(CORE, "echo-provider", &["--listen", "dubbo://127.0.0.1:0"])?;
    let java = peers.java.as_ref().map(warmed).transpose()?;
    let go = peers.go.as_ref().map(warmed).transpose()?;
    println!(
        "\n{:18} {:>8} {:>10} {:>8} {:>8} {:>11} {:>6} {:>5} {:>15} {:>6} {:>5}",
        "provider",
        "load",
        "calls/s",
        "CPU us",
        "header",
        "Java 3.3.6",
        "ours/",
        "goal",
        "dubbo-go 1.5.9",
        "ours/",
        "goal"
    );
    for call in CALLS {
        let floor = floor::start(CORE, &own, &call)?;
        for load in LOADS {
            let (ours, rate) = cell(&own, &call, load)?;
            let (least, _) = cell(&floor, &call, load)?;
            let java = beside(java.as_ref(), &call, load, ours, JAVA_GOAL)?;
            let go = beside(go.as_ref(), &call, load, ours, GO_GOAL)?;
            println!(
                "{:18} {:>8} {rate:>10.0} {ours:>8.2} {least:>8.2} {:>11} {} {:>15} {}",
                call.name,
                load.name(),
                java.0,
                java.1,
                go.0,
                go.1
            );
        }
    }
    Ok(())
}

/// A peer's provider that was called enough for its compilers to be done.
fn warmed(peer: &Peer) -> Result<Server, Error> {
    println!("warming {}: {} of each call", peer.name, peer.warm_up);
    let server = peer.serve(CORE)?;
    for call in CALLS {
        let argument = call.argument();
        let mut calls = 0.0;
        while calls < peer.warm_up {
            let figures =
                server.bench_for(call.method, argument.as_deref(), &MANY.flags(), &WARM_UP)?;
            calls += number(&figures, "calls");
        }
    }
    Ok(server)
}

/// Microseconds of CPU time per call, and calls per second.
fn cell(server: &Server, call: &Call, load: Load) -> Result<(f64, f64), Error> {
    let figures = server.bench(call.method, call.argument().as_deref(), &load.flags())?;
    Ok((
        number(&figures, "server_cpu_us_per_call"),
        number(&figures, "calls_per_second"),
    ))
}

/// A peer's time, and ours as a part of it beside the goal.
fn beside(
    peer: Option<&Server>,
    call: &Call,
    load: Load,
    ours: f64,
    goal: f64,
) -> Result<(String, String), Error> {
    let Some(peer) = peer else {
        return Ok(("-".to_owned(), format!("{:>6} {goal:>5.2}", "-")));
    };
    let (theirs, _) = cell(peer, call, load)?;
    Ok((
        format!("{theirs:.2}"),
        format!("{:>6.2} {goal:>5.2}", ours / theirs),
    ))
}
