//! When a server is asked again, by a clock that jumps: what a made-up server was asked, and how long after the last time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use wubbo_core::Tasks;

use super::backend::{Changed, Live, Reading, Trouble};
use super::follow::{Follower, follow};
use super::link::{Connector, Failure, Link, Users, keep};
use super::node::{self, Node};
use super::registrar::{Goal, Reached};

/// The instants at which something was asked.
#[derive(Debug, Clone, Default)]
struct Asked(Arc<Mutex<Vec<Instant>>>);

impl Asked {
    fn note(&self) {
        self.0.lock().unwrap().push(Instant::now());
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Seconds from each to the next one.
    fn gaps(&self) -> Vec<f64> {
        let asked = self.0.lock().unwrap();
        let pairs = asked.windows(2);
        pairs.map(|two| (two[1] - two[0]).as_secs_f64()).collect()
    }
}

/// Each gap is as long as expected, give or take `part` of it and a burst of 50 ms.
#[track_caller]
fn check(found: &[f64], expected: &[f64], part: f64) {
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        let differs = (found - expected).abs();
        assert!(differs <= expected * part + 0.06, "{found} for {expected}");
    }
}

/// A server that does what it is told to, one thing after the other, and then falls silent.
#[derive(Debug, Clone, Default)]
struct Server {
    asked: Asked,
    answers: Arc<Mutex<VecDeque<Result<(), Trouble>>>>,
}

impl Server {
    fn says(answers: impl IntoIterator<Item = Result<(), Trouble>>) -> Self {
        let server = Self::default();
        server.answers.lock().unwrap().extend(answers);
        server
    }

    async fn answer<T>(&self, value: T) -> Result<T, Trouble> {
        let answer = self.answers.lock().unwrap().pop_front();
        self.asked.note();
        match answer {
            Some(answer) => answer.map(|()| value),
            None => std::future::pending().await,
        }
    }
}

fn refused() -> Result<(), Trouble> {
    Err(Trouble::Refused {
        error: "not you".to_owned(),
        remedy: "ask somebody else",
    })
}

/// A change after one second.
fn soon() -> Changed {
    Box::pin(async {
        sleep(Duration::from_secs(1)).await;
        Ok(())
    })
}

impl Live for Server {
    fn epoch(&self) -> u64 {
        1
    }

    fn session(&self) -> Duration {
        Duration::from_secs(30)
    }

    async fn make(&self, _node: &Node, _claim: bool) -> Result<Changed, Trouble> {
        self.answer(soon()).await
    }

    async fn remove(&self, _node: &Node) -> Result<(), Trouble> {
        self.answer(()).await
    }

    async fn names(&self, _directory: &str) -> Reading<Vec<String>> {
        self.answer((Vec::new(), soon())).await
    }

    async fn interfaces(&self, root: &str) -> Reading<Vec<String>> {
        self.names(root).await
    }

    async fn bytes(&self, _path: &str) -> Reading<Option<Vec<u8>>> {
        self.answer((None, soon())).await
    }

    async fn bytes_now(&self, _path: &str) -> Result<Option<(Vec<u8>, i64)>, Trouble> {
        self.answer(None).await
    }

    async fn write(
        &self,
        _path: &str,
        _version: Option<i64>,
        _to: Option<&[u8]>,
    ) -> Result<bool, Trouble> {
        self.answer(true).await
    }
}

/// What becomes of an attempt to connect.
enum Attempt {
    Fails,
    Expired,
    /// A connection that lives so long.
    Lives(Duration),
}

struct Script {
    asked: Asked,
    attempts: VecDeque<Attempt>,
}

impl Connector for Script {
    type Live = Server;
    type Connection = Duration;

    async fn connect(&mut self) -> Result<Duration, Failure> {
        self.asked.note();
        match self.attempts.pop_front() {
            Some(Attempt::Fails) => Err(Failure::Unreachable("it is down".to_owned())),
            Some(Attempt::Expired) => Err(Failure::Expired),
            Some(Attempt::Lives(life)) => Ok(life),
            None => std::future::pending().await,
        }
    }

    async fn serve(&mut self, life: Duration, users: &Users<Server>) {
        users.show(Server::default());
        sleep(life).await;
        users.hide();
    }
}

/// Keeps a link by `attempts`; it ends with the tasks.
fn scripted(attempts: impl IntoIterator<Item = Attempt>) -> (Link<Server>, Asked, Tasks) {
    let (users, link) = Link::pair("made up".to_owned());
    let asked = Asked::default();
    let tasks = Tasks::new("test");
    let script = Script {
        asked: asked.clone(),
        attempts: attempts.into_iter().collect(),
    };
    tasks.spawn(keep(script, users));
    (link, asked, tasks)
}

/// F-10, V-BASE-08, 001-T16: dubbo-go waits 3 s longer each time, up to 45 s; we are back a second after the server is.
#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_is_asked_about_once_a_second() {
    let steady = Attempt::Lives(Duration::from_secs(10));
    let short = Attempt::Lives(Duration::from_millis(100));
    let attempts = (0..10).map(|_| Attempt::Fails);
    let further = [steady, Attempt::Fails, short, Attempt::Expired];
    let (_link, asked, _tasks) = scripted(attempts.chain(further));
    sleep(Duration::from_secs(60)).await;
    let down = [0.25, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    // After a life of 10 s at once, and from the shortest pause on; a short one is as good as none; a new session is begun at once.
    let later = [10.0, 0.25, 0.1 + 0.5, 0.0];
    check(&asked.gaps(), &[&down[..], &later[..]].concat(), 0.2);
}

/// F-25, F-58, 001-T6, V-ZK-11: one word for each change of the connection, in order, however many attempts lie between.
#[tokio::test(start_paused = true)]
async fn each_loss_and_each_return_is_told_once() {
    let lives = || Attempt::Lives(Duration::from_secs(5));
    let attempts = [lives(), Attempt::Fails, Attempt::Fails, lives()];
    let (mut link, _, _tasks) = scripted(attempts);
    assert!(!link.is_live());
    let mut told = Vec::new();
    for _ in 0..2 {
        link.live().await;
        told.push(link.is_live());
        link.lost().await;
        told.push(link.is_live());
    }
    assert_eq!(told, [true, false, true, false]);
    let silent = tokio::time::timeout(Duration::from_secs(60), link.lost()).await;
    assert!(silent.is_err());
}

/// Follows a node of no meaning.
struct Reader;

impl Follower<Server> for Reader {
    type Found = Vec<String>;

    fn path(&self) -> &str {
        "/dubbo/a.B/providers"
    }

    fn read(&self, live: &Server) -> impl Future<Output = Reading<Vec<String>>> + Send {
        live.names(self.path())
    }

    fn found(&mut self, _live: &Server, _found: Vec<String>) -> Option<Instant> {
        None
    }
}

/// F-09, V-BASE-09: what is refused is asked for after 3 s, 6 s and so on up to 30 s (F-94), and a reading starts that anew; an
/// answer that never came is asked for again after a second.
#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_read_is_asked_for_ever_less_often() {
    let eleven = (0..11).map(|_| refused());
    let further = [Ok(()), refused(), Err(Trouble::Connection), refused()];
    let server = Server::says(eleven.chain(further));
    let (users, link) = Link::pair("made up".to_owned());
    users.show(server.clone());
    let tasks = Tasks::new("test");
    tasks.spawn(follow(link, Reader));
    sleep(Duration::from_secs(300)).await;
    let refusals = [
        3.0, 6.0, 9.0, 12.0, 15.0, 18.0, 21.0, 24.0, 27.0, 30.0, 30.0,
    ];
    let later = [1.0, 3.0, 1.0, 6.0];
    check(
        &server.asked.gaps(),
        &[&refusals[..], &later[..]].concat(),
        0.1,
    );
}

/// F-96 for a lost connection: the next one is asked at once, whatever the last one refused.
#[tokio::test(start_paused = true)]
async fn another_connection_ends_the_pause() {
    let (users, link) = Link::pair("made up".to_owned());
    let server = Server::says((0..9).map(|_| refused()));
    users.show(server.clone());
    let tasks = Tasks::new("test");
    tasks.spawn(follow(link, Reader));
    sleep(Duration::from_secs(100)).await;
    let before = server.asked.count();
    users.hide();
    users.show(server.clone());
    sleep(Duration::from_millis(1)).await;
    assert_eq!(server.asked.count(), before + 1);
}

/// F-45, F-70: an entry that is refused is tried for ever (Dubbo Java gives up after 3 times), until it is there or not wanted any
/// more.
#[tokio::test(start_paused = true)]
async fn an_entry_is_tried_until_it_is_there_or_unwanted() {
    let (users, link) = Link::pair("made up".to_owned());
    let server = Server::says((0..40).map(|_| refused()).chain([Ok(()), refused()]));
    users.show(server.clone());
    let node = Node {
        directory: "/dubbo/a.B/providers".to_owned(),
        name: "x".to_owned(),
        further: Vec::new(),
        stays: false,
    };
    let (goal, goals) = watch::channel(Goal::Present);
    let (sender, mut reached) = watch::channel(Reached::Nothing);
    let tasks = Tasks::new("test");
    tasks.spawn(node::keep(link, Arc::new(node), goals, sender));
    let failed = reached
        .wait_for(|reached| *reached != Reached::Nothing)
        .await;
    let reason = "node in /dubbo/a.B/providers was refused: not you; ask somebody else";
    let expected = Reached::Failed(Goal::Present, reason.to_owned());
    assert_eq!(*failed.unwrap(), expected);
    let there = Reached::Goal(Goal::Present);
    reached.wait_for(|reached| *reached == there).await.unwrap();
    let gaps = server.asked.gaps();
    assert_eq!(gaps.len(), 40);
    check(&gaps[35..], &[30.0; 5], 0.1);
    // It vanishes and is refused; nobody waits for the pause to end once it is not wanted.
    sleep(Duration::from_secs(2)).await;
    assert_eq!(server.asked.count(), 42);
    server.answers.lock().unwrap().push_back(Ok(()));
    goal.send_replace(Goal::Absent);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(*reached.borrow(), Reached::Goal(Goal::Absent));
}
