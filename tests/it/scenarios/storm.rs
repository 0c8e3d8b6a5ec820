//! The deploy storm: providers come and go under load, half of them stopped in order and half by SIGKILL, for consumers that make one
//! attempt per call. In full a Java consumer of the same registry goes through the same, for comparison.

mod java;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use wubbo_tests::length::full;

use super::calls::{Ask, Call, Calls};
use super::lists::Lists;
use super::log::Log;
use super::providers::{Local, Remote};
use super::scene::{Consumer, HOSTS, SOON, Scene, length};
use crate::server::Kind;

/// How many are alive at one time.
const ALIVE: usize = 6;
/// Calls a second for a name, and as many that take a while.
const RATE: u32 = 100;
/// So that there always are calls in flight.
const SLEEP_MS: i64 = 30;

on_both! {
    deploy_storm: storm;
}

enum Provider {
    Local(Local),
    Remote(Remote),
}

/// A provider that left.
struct Gone {
    name: String,
    location: String,
    killed: bool,
    /// When it was told to stop, or killed, and when it was gone.
    at: Instant,
    done: Instant,
}

/// How many come and go, and for how long.
fn size() -> (usize, Duration) {
    let time = length(Duration::from_secs(8), Duration::from_secs(30));
    (if full() { 50 } else { 12 }, time)
}

/// For whom they come and go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Consumers {
    Ours,
    Java,
}

impl Consumers {
    /// Every second one is a process of its own.
    async fn provider(self, scene: &Scene, number: usize, name: &str) -> Provider {
        match (self, number % 2) {
            (Self::Ours, 0) => Provider::Local(Local::start(scene, HOSTS[0], name).await),
            (Self::Ours, _) => Provider::Remote(Remote::start(scene, "127.0.0.2:0", name)),
            (Self::Java, 0) => Provider::Local(Local::for_java(scene, name).await),
            (Self::Java, _) => Provider::Remote(Remote::for_java(scene, name)),
        }
    }
}

/// Lets providers come and go, evenly over the time.
async fn cycle(scene: &Scene, consumers: Consumers) -> (Vec<Gone>, VecDeque<(String, Provider)>) {
    let (count, time) = size();
    let (mut alive, mut gone) = (VecDeque::new(), Vec::new());
    let began = Instant::now();
    for number in 0..count + ALIVE {
        let name = format!("p{number}");
        let provider = consumers.provider(scene, number, &name).await;
        alive.push_back((name, provider));
        if alive.len() <= ALIVE {
            continue;
        }
        let (name, provider) = alive.pop_front().unwrap();
        gone.push(end(scene, name, provider).await);
        let due = began + time * u32::try_from(gone.len()).unwrap() / u32::try_from(count).unwrap();
        tokio::time::sleep(due.saturating_duration_since(Instant::now())).await;
    }
    scene.log.say(format_args!(
        "{count} came and went in {:.1} s",
        began.elapsed().as_secs_f64()
    ));
    (gone, alive)
}

async fn end(scene: &Scene, name: String, provider: Provider) -> Gone {
    let at = Instant::now();
    let (location, killed) = match provider {
        Provider::Local(local) => {
            let location = local.location.clone();
            local.stop().await;
            (location, false)
        }
        Provider::Remote(remote) => {
            let location = remote.location.clone();
            remote.kill();
            (location, true)
        }
    };
    let how = if killed { "killed" } else { "stopped" };
    scene.log.say(format_args!("{name} at {location} is {how}"));
    Gone {
        name,
        location,
        killed,
        at,
        done: Instant::now(),
    }
}

impl Gone {
    fn failed(&self, call: &Call) -> bool {
        let names = |text: &str| text.contains(&self.location);
        call.outcome.as_ref().is_err_and(|error| names(&error.text))
    }

    fn in_flight(&self, call: &Call) -> bool {
        call.began <= self.done && call.began + call.took >= self.at
    }

    /// How long after its entry had left the list a call went to it, if one did.
    fn called_late(&self, calls: &[Call], lists: &Lists) -> Option<Duration> {
        let left = lists.first(self.at, |list| !list.has(&self.location));
        let left = self.at + left.unwrap();
        let answered = |call: &Call| call.outcome.as_ref().is_ok_and(|by| *by == self.name);
        let to_it = calls
            .iter()
            .filter(|call| answered(call) || self.failed(call));
        let late = to_it.filter_map(|call| call.began.checked_duration_since(left));
        late.max()
    }
}

async fn storm(kind: Kind) {
    let title = "deploy storm, a wubbo consumer";
    let Some(scene) = Scene::start(kind, "storm", title).await else {
        return;
    };
    let log = &scene.log;
    let consumer = scene.consumer().await;
    let first = Local::start(&scene, HOSTS[0], "first").await;
    consumer.first_answer(Instant::now()).await;
    let names = Calls::start(&consumer.service, RATE);
    let sleeps = Calls::asking(Ask::Sleep(SLEEP_MS), &consumer.service, RATE);
    let (gone, alive) = cycle(&scene, Consumers::Ours).await;
    log.until("the dead have left the list", async || {
        let list = consumer.lists.now();
        gone.iter().all(|gone| !list.has(&gone.location))
    })
    .await;
    let mut calls = names.stop().await;
    calls.extend(sleeps.stop().await);
    judge(log, &consumer, &gone, &calls);
    scene.session().await;
    for (name, provider) in alive {
        end(&scene, name, provider).await;
    }
    first.stop().await;
    log.done();
}

fn judge(log: &Log, consumer: &Consumer, gone: &[Gone], calls: &[Call]) {
    let failed = calls.iter().filter(|call| call.outcome.is_err()).count();
    log.figure("calls", calls.len(), "");
    let (killed, stopped): (Vec<&Gone>, Vec<&Gone>) = gone.iter().partition(|gone| gone.killed);
    let of_stopped = |call: &&Call| stopped.iter().any(|gone| gone.failed(call));
    let to_stopped: Vec<&Call> = calls.iter().filter(of_stopped).collect();
    log.figure(
        &format!(
            "failed calls to the {} that were stopped in order",
            stopped.len()
        ),
        to_stopped.len(),
        "0",
    );
    assert!(to_stopped.is_empty(), "{to_stopped:?}");
    let (mut to_killed, mut in_flight, mut begun_later) = (0, 0, 0);
    for gone in &killed {
        let failed: Vec<&Call> = calls.iter().filter(|call| gone.failed(call)).collect();
        to_killed += failed.len();
        begun_later += failed.iter().filter(|call| !gone.in_flight(call)).count();
        in_flight += calls.iter().filter(|call| gone.in_flight(call)).count();
        // Nobody can know of a death before the machine has told.
        let told = gone.done + SOON * 5;
        assert!(failed.iter().all(|call| call.began <= told), "{failed:?}");
    }
    log.figure(
        &format!("failed calls to the {} that were killed", killed.len()),
        format_args!("{to_killed}, {begun_later} of them begun after the death"),
        &format!("at most the {in_flight} that were in flight at the kills, to whomever"),
    );
    assert!(to_killed <= in_flight, "{to_killed} of {in_flight}");
    assert_eq!(
        failed, to_killed,
        "a call failed that went to a living provider"
    );
    let late = gone
        .iter()
        .filter_map(|gone| gone.called_late(calls, &consumer.lists));
    log.within(
        "the latest call to a provider after its entry left",
        late.max().unwrap_or_default(),
        SOON,
    );
}
