//! Scenarios 2.6 and 2.7: the registry goes away and returns, with the providers alive, or with all of them down as well.

use std::time::{Duration, Instant};

use wubbo::CallOptions;
use wubbo::core::ErrorKind;
use wubbo_tests::length::full;

use super::calls::{Calls, failed_at, whoami};
use super::lists::List;
use super::providers::{Local, Remote};
use super::scene::{Consumer, HOSTS, SOON, Scene, Session, length};
use super::witness;
use crate::server::Kind;

/// The report's load.
const RATE: u32 = 50;
/// The time of the report's calls.
const CALL_TIMEOUT: Duration = Duration::from_millis(500);

on_both! {
    scenario_2_6_f60_f101_f102_the_registry_goes_away_and_returns: registry_away;
    scenario_2_7_f103_everything_down_and_everything_back: all_down;
}

/// 2.6 (F-60, F-101, F-102), and then the same with a registry that returns empty.
async fn registry_away(kind: Kind) {
    let title = "the registry goes away and returns, providers stay";
    let Some(mut scene) = Scene::start(kind, "2.6", title).await else {
        return;
    };
    let consumer = scene.consumer().await;
    let stays = Local::start(&scene, HOSTS[0], "p1").await;
    let old = Remote::start(&scene, "127.0.0.2:0", "p2");
    let since = Instant::now();
    consumer
        .lists
        .wait("both are listed", since, |list| list.callable() == 2)
        .await;
    let calls = Calls::start(&consumer.service, RATE);

    let dead = old.location.clone();
    let new = outage(&mut scene, &consumer, &stays, old, &calls).await;
    let returned = Instant::now();
    scene.server.start();
    let answers = Instant::now();
    after_return(&scene, &consumer, answers).await;
    let listed = consumer
        .lists
        .wait("the new p2 is listed", returned, |list| {
            list.has(&new.location)
        })
        .await;
    let log = &scene.log;
    let late = (returned + listed).saturating_duration_since(answers);
    log.within(
        "F-102: from the registry's return until the replaced provider is listed",
        late,
        SOON * 3,
    );
    log.until("the old p2 left", async || !consumer.lists.now().has(&dead))
        .await;
    assert!(consumer.lists.now().has(&stays.location));

    let third = Remote::start(&scene, "127.0.0.2:0", "p3");
    let since = Instant::now();
    consumer
        .lists
        .wait("three are listed", since, |list| list.callable() == 3)
        .await;
    let third_at = third.location.clone();
    returns_empty(
        &mut scene,
        &consumer,
        [&stays.location, &new.location],
        third,
    )
    .await;
    let log = &scene.log;
    let seen = calls.stop().await;
    let failed = failed_at(&seen, &[&dead, &third_at]);
    log.figure(
        "calls in all (one attempt each)",
        format_args!(
            "{}, {failed} failed, all to providers that were killed",
            seen.len()
        ),
        "0 failed to living providers",
    );
    log.done();
}

/// The server is down; in the middle of it one provider dies and comes back elsewhere. Returns the new one.
async fn outage(
    scene: &mut Scene,
    consumer: &Consumer,
    stays: &Local,
    old: Remote,
    calls: &Calls,
) -> Remote {
    let outage = length(Duration::from_secs(6), Duration::from_secs(600));
    scene.server.stop();
    let log = &scene.log;
    let began = Instant::now();
    let attempts = scene.proxy.connections().0;
    log.say("the registry is killed");
    tokio::time::sleep(outage / 2).await;
    let seen = calls.since(began);
    assert_eq!(failed_at(&seen, &[]), 0);
    log.figure(
        "calls in the first half of the outage",
        format_args!("{}, 0 failed", seen.len()),
        "0 failed",
    );

    let location = old.location.clone();
    old.kill();
    log.say(format_args!("p2 at {location} is killed"));
    let address = format!("{}&check=false", scene.address(Session::Brief));
    let new = Remote::at(&address, "127.0.0.2:0", "p2 again");
    log.say(format_args!(
        "p2 is started again, without a registry, at {}",
        new.location
    ));
    tokio::time::sleep((began + outage).saturating_duration_since(Instant::now())).await;
    let seen = calls.since(began);
    let failed = failed_at(&seen, &[&location]);
    log.figure(
        "calls in the whole outage",
        format_args!("{}, {failed} failed, all to the killed p2", seen.len()),
        "0 failed to living providers",
    );
    let took = began.elapsed().as_secs_f64();
    let attempts = scene.proxy.connections().0 - attempts;
    let rate = attempts as f64 / took;
    log.figure(
        &format!("attempts to connect in {took:.0} s"),
        format_args!("{attempts}, {rate:.2} a second"),
        "about one a second, after three quick ones",
    );
    assert!(rate < 5.0 && attempts as f64 > took / 5.0, "{attempts}");
    assert!(!full() || (0.8..1.25).contains(&rate), "{rate}");
    let lists = consumer.lists.since(began);
    let whole = |list: &List| list.has(&stays.location) && list.has(&location);
    assert!(lists.len() == 1 && lists.iter().all(whole), "{lists:?}");
    log.figure("lists told during the outage", lists.len() - 1, "0");
    new
}

/// The server answers again, since `answers`: how fast is everybody back?
async fn after_return(scene: &Scene, consumer: &Consumer, answers: Instant) {
    let log = &scene.log;
    log.say("the registry answers again");
    log.until("the consumer's session is connected", async || {
        consumer.lists.is_connected()
    })
    .await;
    log.within(
        "from the registry's return to the session",
        answers.elapsed(),
        SOON * 2,
    );
}

/// The registry is killed again and returns without any data, while a third provider dies.
async fn returns_empty(scene: &mut Scene, consumer: &Consumer, living: [&str; 2], third: Remote) {
    scene.server.stop();
    let began = Instant::now();
    scene
        .log
        .say("the registry is killed and loses its data; p3 is killed");
    let dead = third.location.clone();
    third.kill();
    scene.server.wipe();
    scene.server.start();
    let answers = Instant::now();
    after_return(scene, consumer, answers).await;
    let connected = Instant::now();
    let log = &scene.log;
    log.until("both living providers are announced again", async || {
        living
            .iter()
            .all(|location| witness::entries_at(&scene.server, location) == 1)
    })
    .await;
    log.within(
        "from the return until their entries are back",
        answers.elapsed(),
        SOON * 5,
    );
    let gone = consumer
        .lists
        .wait("the dead one is let go", connected, |list| !list.has(&dead))
        .await;
    let session = Duration::from_millis(Session::Consumer.ms(scene.kind));
    log.within(
        "how long the entry that did not come back stayed",
        gone,
        session + SOON,
    );
    // The list comes before the session is seen to be connected, at most by a moment.
    assert!(gone > session / 2, "{gone:?}");
    let lists = consumer.lists.since(began);
    let whole = |list: &List| living.iter().all(|location| list.has(location));
    assert!(lists.iter().all(whole), "{lists:?}");
    log.figure(
        "lists without a living provider since the data was lost",
        format_args!("0 of {}", lists.len()),
        "0",
    );
    scene.session().await;
}

/// 2.7 (F-103).
async fn all_down(kind: Kind) {
    let title = "providers and registry down, then all of them back";
    let Some(mut scene) = Scene::start(kind, "2.7", title).await else {
        return;
    };
    let consumer = scene.consumer().await;
    let first = Remote::start(&scene, "127.0.0.1:0", "p1");
    let second = Remote::start(&scene, "127.0.0.2:0", "p2");
    let since = Instant::now();
    consumer
        .lists
        .wait("both are listed", since, |list| list.callable() == 2)
        .await;
    hangs(&scene, &consumer, &second).await;
    second.kill();

    scene.server.stop();
    scene.log.say("the registry is killed");
    first.kill();
    scene.log.say("the last provider is killed");
    let down = length(Duration::from_secs(2), Duration::from_secs(60));
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    while began.elapsed() < down {
        let call = whoami(&consumer.service).await;
        assert!(call.outcome.is_err(), "{call:?}");
        slowest = slowest.max(call.took);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    scene
        .log
        .within("the slowest failure while all are down", slowest, SOON);
    assert!(
        !consumer.lists.now().urls.is_empty(),
        "an outage says nothing"
    );

    scene.server.start();
    let answers = Instant::now();
    after_return(&scene, &consumer, answers).await;
    let log = &scene.log;
    let ended = consumer
        .lists
        .wait("nobody is listed", answers, |list| list.urls.is_empty())
        .await;
    log.say(format_args!(
        "the last dead entry left {:.1} s after the return",
        ended.as_secs_f64()
    ));
    consumer.nobody_at_all(log).await;
    back(&scene, &consumer).await;
    log.done();
}

/// A provider that is dead and still listed: calls to it end with their time.
async fn hangs(scene: &Scene, consumer: &Consumer, second: &Remote) {
    let log = &scene.log;
    let since = Instant::now();
    second.freeze();
    log.say("p2 is stopped in its tracks, its sockets open");
    let timeout = CallOptions::new().timeout(CALL_TIMEOUT);
    let stub = consumer.service.with(timeout);
    let late = loop {
        let call = whoami(&stub).await;
        match call.outcome {
            // Of p1, or of p2 before the signal took effect.
            Ok(_) => {}
            Err(failure) if failure.text.contains(&second.location) => {
                break (call.took, failure);
            }
            // A machine that stood still for so long.
            Err(failure) => log.say(format_args!("p1 was late: {}", failure.text)),
        }
        assert!(
            since.elapsed() < Duration::from_secs(40),
            "p2 is never called"
        );
    };
    assert_eq!(late.1.kind, Some(ErrorKind::ServerTimeout), "{:?}", late.1);
    let over = late.0.saturating_sub(CALL_TIMEOUT);
    log.figure(
        "how long after its 500 ms a call to it ended (Dubbo's time-out)",
        format_args!("{:.1} ms", over.as_secs_f64() * 1e3),
        "at most 5 ms on a machine that has time",
    );
    assert!(over < SOON, "{over:?}");
    assert!(
        late.0 + Duration::from_millis(5) >= CALL_TIMEOUT,
        "{late:?}"
    );
    let gone = consumer
        .lists
        .wait("p2 left", since, |list| !list.has(&second.location))
        .await;
    let session = Duration::from_millis(Session::Brief.ms(scene.kind));
    log.within("from its stop until it left the list", gone, session + SOON);
}

/// The first provider comes into an empty directory, the second beside the first: the two ways in which a consumer finds one.
async fn back(scene: &Scene, consumer: &Consumer) {
    let log = &scene.log;
    let lists = &consumer.lists;
    let mut locals = Vec::new();
    for (count, host) in (1..).zip(HOSTS) {
        let name = format!("p{count} is back");
        let since = Instant::now();
        let provider = Local::start(scene, host, &name).await;
        let listed = lists
            .wait("it is listed", since, |list| list.callable() == count)
            .await;
        log.within(
            &format!("from the start of p{count} to the consumer's list"),
            listed,
            SOON,
        );
        while consumer.first_answer(since).await.1 != name {}
        let answered = since.elapsed().saturating_sub(listed);
        log.within("from there to its first answer", answered, SOON);
        locals.push(provider);
    }
    let mut urls = lists.now().urls;
    urls.dedup();
    assert_eq!(urls.len(), 2, "{urls:?}");
    log.figure("entries in the list, without duplicates", urls.len(), "2");
    log.figure(
        "the consumer's only session at the server",
        scene.session().await,
        "one",
    );
}
