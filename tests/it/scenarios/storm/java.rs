//! The same storm for a consumer of Dubbo Java 3.3.6 that is direct at the same ZooKeeper; its figures are not judged. Its calls are all
//! quick ones, so that fewer are in flight than ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wubbo_tests::java::{Counted, Line, Steady, installed};
use wubbo_tests::length::full;

use super::{Consumers, Gone, RATE, cycle};
use crate::scenarios::providers::Local;
use crate::scenarios::scene::{Scene, run};
use crate::server::Kind;

#[test]
fn deploy_storm_of_a_java_consumer_in_full() {
    if full() {
        run(storm());
    }
}

/// What the consumer counts until it is over.
fn count(steady: &Steady, over: &AtomicBool) -> Counted {
    let mut sum = Counted::default();
    while !over.load(Ordering::Relaxed) {
        sum.add(steady.next().unwrap());
    }
    // A call is counted when it ended: in its time-out of 10 s at the latest.
    sum.add(steady.during(Duration::from_secs(12)).unwrap());
    sum
}

async fn storm() {
    let title = "the same storm, a consumer of Dubbo Java 3.3.6";
    let Some(scene) = Scene::start(Kind::Zookeeper, "storm-java", title).await else {
        return;
    };
    let Some(java) = installed(Line::Dubbo3).unwrap() else {
        return;
    };
    let first = Local::for_java(&scene, "first").await;
    let address = scene.server.address("");
    let steady = java.steady(address.trim_end_matches('?'), "storm", 2 * RATE);
    let steady = steady.unwrap();
    while steady.next().unwrap().answered() == 0 {}
    scene.log.say("the Java consumer calls");
    let over = Arc::new(AtomicBool::new(false));
    let counting = std::thread::spawn({
        let over = Arc::clone(&over);
        move || count(&steady, &over)
    });
    let (gone, alive) = cycle(&scene, Consumers::Java).await;
    over.store(true, Ordering::Relaxed);
    figures(&scene, &gone, &counting.join().unwrap());
    drop((alive, first));
    scene.log.done();
}

fn figures(scene: &Scene, gone: &[Gone], counted: &Counted) {
    let log = &scene.log;
    let failed_at = |killed: bool| {
        let failures = counted.failures.iter().filter(|(text, _)| {
            let named = |gone: &&Gone| {
                let port = gone.location.rsplit(':').next().unwrap_or_default();
                text.contains(&format!(":{port}"))
            };
            let mut gone = gone.iter().filter(|gone| gone.killed == killed);
            gone.any(|gone| named(&gone))
        });
        failures.map(|(_, calls)| calls).sum::<u64>()
    };
    for (name, figure) in [
        ("calls", counted.calls),
        (
            "failed calls to those that were stopped in order",
            failed_at(false),
        ),
        ("failed calls to those that were killed", failed_at(true)),
        ("failed calls in all", counted.failed()),
        (
            "calls in flight at one time, at most",
            counted.in_flight_max,
        ),
    ] {
        log.figure(name, figure, "for comparison");
    }
    for (text, calls) in &counted.failures {
        let text = text.lines().next().unwrap_or_default();
        log.say(format_args!("{calls} times: {text}"));
    }
}
