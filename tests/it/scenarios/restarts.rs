//! Scenarios 2.4 and 2.5: providers leave, die and come back.

use std::time::{Duration, Instant};

use super::calls::{Calls, failed_at};
use super::providers::{Local, Remote};
use super::scene::{Consumer, HOSTS, SERVICE, SOON, Scene, Session};
use super::witness;
use crate::server::Kind;

/// The report's load.
const RATE: u32 = 50;
/// Long enough for some calls.
const SOME_CALLS: Duration = Duration::from_millis(300);

on_both! {
    scenario_2_4_f99_one_of_two_providers_stops_or_is_killed: one_of_two_stops;
    scenario_2_5_f96_f100_the_last_provider_restarts: last_restarts;
}

/// 2.4 (F-99), first in order, then by SIGKILL.
async fn one_of_two_stops(kind: Kind) {
    let title = "one of two providers stops";
    let Some(scene) = Scene::start(kind, "2.4", title).await else {
        return;
    };
    let log = &scene.log;
    let consumer = scene.consumer().await;
    let lists = &consumer.lists;
    let stays = Local::start(&scene, HOSTS[0], "p1").await;
    let began = Instant::now();
    lists
        .wait("the first is listed", began, |list| {
            list.has(&stays.location)
        })
        .await;
    let began = Instant::now();

    let leaves = Remote::start(&scene, "127.0.0.2:0", "p2");
    let location = leaves.location.clone();
    lists
        .wait("both are listed", began, |list| list.callable() == 2)
        .await;
    let calls = Calls::start(&consumer.service, RATE);
    tokio::time::sleep(SOME_CALLS).await;
    log.say("p2 is told to stop");
    let since = Instant::now();
    leaves.stop();
    let gone = lists
        .wait("p2 left", since, |list| !list.has(&location))
        .await;
    log.within("from its stop until it left the list", gone, SOON);
    tokio::time::sleep(SOME_CALLS).await;
    let seen = calls.stop().await;
    assert_eq!(failed_at(&seen, &[]), 0);
    log.figure(
        "calls while it stopped in order",
        format_args!("{}, 0 failed", seen.len()),
        "0 failed",
    );

    let killed = Remote::start(&scene, "127.0.0.2:0", "p3");
    let location = killed.location.clone();
    let since = Instant::now();
    lists
        .wait("p3 is listed", since, |list| list.has(&location))
        .await;
    let calls = Calls::start(&consumer.service, RATE);
    tokio::time::sleep(SOME_CALLS).await;
    log.say("p3 is killed");
    let since = Instant::now();
    killed.kill();
    let gone = lists
        .wait("p3 left", since, |list| !list.has(&location))
        .await;
    let session = Duration::from_millis(Session::Brief.ms(kind));
    log.within(
        "from its death until it left the list",
        gone,
        session + SOON,
    );
    tokio::time::sleep(SOME_CALLS).await;
    let seen = calls.stop().await;
    let failed = failed_at(&seen, &[&location]);
    log.figure(
        "calls around the SIGKILL (one attempt each)",
        format_args!("{}, {failed} failed, all to it", seen.len()),
        "failed only to it",
    );
    let all = lists.since(began);
    assert!(all.iter().all(|list| list.has(&stays.location)));
    log.figure(
        "lists without the provider that stays",
        format_args!("0 of {}", all.len()),
        "0",
    );
    stays.stop().await;
    log.done();
}

/// 2.5 (F-96, F-100).
async fn last_restarts(kind: Kind) {
    let title = "the last provider restarts";
    let Some(scene) = Scene::start(kind, "2.5", title).await else {
        return;
    };
    let log = &scene.log;
    let consumer = scene.consumer().await;
    let lists = &consumer.lists;
    let first = Remote::start(&scene, "127.0.0.3:0", "p1");
    let location = first.location.clone();
    consumer.first_answer(Instant::now()).await;
    let since = Instant::now();
    first.stop();
    log.say("the only provider has stopped");
    lists
        .wait("nobody is listed", since, |list| list.urls.is_empty())
        .await;
    consumer.nobody_at_all(log).await;

    // The same host and port, another process and time.
    let second = Remote::start(&scene, &location, "p1 again");
    let ready = Instant::now();
    assert_eq!(consumer.first_answer(ready).await.1, "p1 again");
    log.within("from \"ready\" to the first answer", ready.elapsed(), SOON);
    let before = lists.now();

    log.say("it is killed, and started again before its session ends");
    second.kill();
    let third = Remote::start(&scene, &location, "p1 the third");
    let ready = Instant::now();
    assert_eq!(consumer.first_answer(ready).await.1, "p1 the third");
    log.within(
        "from \"ready\" to the first answer, killed before",
        ready.elapsed(),
        SOON,
    );
    let session = Duration::from_millis(Session::Brief.ms(kind));
    let left = lists
        .wait("one entry is left", ready, |list| {
            list.urls.len() == 1 && list.urls != before.urls
        })
        .await;
    log.within("until the new entry alone is listed", left, session + SOON);
    let pid = format!("pid={}", third.pid());
    assert!(
        lists.now().urls.concat().contains(&pid),
        "{:?}",
        lists.now()
    );
    log.until("the server has one entry of its address", async || {
        witness::entries_at(&scene.server, &location) == 1
    })
    .await;
    third.stop();
    log.until("nobody is listed", async || lists.now().urls.is_empty())
        .await;
    identical_entry(&scene, &consumer).await;
    log.done();
}

/// B-04b: an entry that goes and comes back letter by letter.
async fn identical_entry(scene: &Scene, consumer: &Consumer) {
    let log = &scene.log;
    let unannounced = Local::at(HOSTS[1], "p2", None).await;
    let entry = format!(
        "dubbo://{}/{SERVICE}?interface={SERVICE}&pid=18864&side=provider&timestamp=1470908317562&version=1.0.0",
        unannounced.location
    );
    let entry = entry.parse().unwrap();
    let registry = wubbo_registry::open(&scene.address(Session::Foreign)).await;
    let registry = registry.unwrap();
    for time in ["first", "second", "third"] {
        let since = Instant::now();
        registry.register(&entry).await.unwrap();
        let listed = consumer
            .lists
            .wait("it is listed", since, |list| list.urls.len() == 1)
            .await;
        log.within(
            &format!("the same entry for the {time} time, listed"),
            listed,
            SOON,
        );
        let (answered, _) = consumer.first_answer(since).await;
        log.within("answered", answered.saturating_sub(listed), SOON);
        let since = Instant::now();
        registry.unregister(&entry).await.unwrap();
        let gone = consumer
            .lists
            .wait("it is gone", since, |list| list.urls.is_empty())
            .await;
        log.within("gone", gone, SOON);
    }
}
