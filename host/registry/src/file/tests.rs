//! Several registries over one directory, as processes have it. Times are printed; only loose bounds are asserted.

use std::fs;
use std::process::{Child, Command, Stdio};

use super::*;
use crate::conformance::{self, until_ports, url};

/// Within this a dead owner's entries must be gone from every list (goal 1 s).
const DEAD_WITHIN: Duration = Duration::from_secs(3);

async fn open(directory: &Path) -> FileRegistry {
    FileRegistry::open(directory).await.unwrap()
}

async fn ports(subscription: &mut Subscription) -> Vec<u16> {
    let list = tokio::time::timeout(DEAD_WITHIN, subscription.next()).await;
    let list = list.expect("a list in time").expect("a living registry");
    list.urls.iter().filter_map(Url::port).collect()
}

async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + DEAD_WITHIN;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn conforms() {
    let home = tempfile::tempdir().unwrap();
    let open = async || Arc::new(open(home.path()).await) as Arc<dyn Registry>;
    conformance::check("file", open).await;
}

#[tokio::test]
async fn a_consumer_may_be_there_first_and_the_directory_not_at_all() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("some/where");
    let consumer = open(&directory).await;
    let mut subscription = consumer.subscribe(&url("consumer://c/a.B")).await.unwrap();
    assert!(
        ports(&mut subscription).await.is_empty(),
        "an empty list says no provider"
    );
    let provider = open(&directory).await;
    provider.register(&url("dubbo://h:1/a.B")).await.unwrap();
    until_ports(&mut subscription, &[1], "provider came later").await;
}

#[tokio::test]
async fn entries_of_an_owner_that_died_are_gone() {
    let home = tempfile::tempdir().unwrap();
    let (consumer, provider) = (open(home.path()).await, open(home.path()).await);
    let mut subscription = consumer.subscribe(&url("consumer://c/a.B")).await.unwrap();
    for port in [1, 2] {
        let entry = url(&format!("dubbo://h:{port}/a.B"));
        provider.register(&entry).await.unwrap();
    }
    consumer.register(&url("dubbo://h:2/a.B")).await.unwrap();
    until_ports(&mut subscription, &[1, 2], "both").await;
    let died = Instant::now();
    provider.owner.die();
    assert_eq!(
        ports(&mut subscription).await,
        [2],
        "the other owner of 2 lives"
    );
    println!("lock freed to gone: {} ms", died.elapsed().as_millis());
    assert!(died.elapsed() < DEAD_WITHIN);
}

/// The environment variable that makes the next test the child of itself.
const CHILD: &str = "WUBBO_REGISTRY_TEST_CHILD";

/// Ends the child whatever becomes of the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn entries_of_a_killed_process_are_gone() {
    if let Some(directory) = std::env::var_os(CHILD) {
        let registry = open(Path::new(&directory)).await;
        registry.register(&url("dubbo://h:1/a.B")).await.unwrap();
        // Until it is killed; the bound is for a parent that died itself.
        tokio::time::sleep(Duration::from_secs(60)).await;
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let consumer = open(home.path()).await;
    let mut subscription = consumer.subscribe(&url("consumer://c/a.B")).await.unwrap();
    assert!(ports(&mut subscription).await.is_empty());
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "file::tests::entries_of_a_killed_process_are_gone",
        ])
        .env(CHILD, home.path())
        .stdout(Stdio::null())
        .spawn();
    let mut child = Killed(child.unwrap());
    assert_eq!(ports(&mut subscription).await, [1]);
    let killed = Instant::now();
    child.0.kill().unwrap();
    assert!(ports(&mut subscription).await.is_empty());
    println!("killed to gone: {} ms", killed.elapsed().as_millis());
    assert!(killed.elapsed() < DEAD_WITHIN);
    let folder = home.path().join("a.B/providers");
    assert_eq!(
        fs::read_dir(folder).unwrap().count(),
        0,
        "its file is removed"
    );
}

#[tokio::test]
async fn a_file_put_there_by_hand_lives_until_it_is_removed() {
    let home = tempfile::tempdir().unwrap();
    let consumer = open(home.path()).await;
    let mut subscription = consumer.subscribe(&url("consumer://c/a.B")).await.unwrap();
    assert!(ports(&mut subscription).await.is_empty());
    let folder = home.path().join("a.B/providers");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("java.url"), "dubbo://10.0.0.9:20880/a.B\n").unwrap();
    until_ports(&mut subscription, &[20880], "by hand").await;
    fs::write(folder.join("bad.url"), "nonsense").unwrap();
    let list = tokio::time::timeout(DEAD_WITHIN, subscription.next()).await;
    let list = list.unwrap().unwrap();
    assert_eq!((list.urls.len(), list.unreadable), (1, 1));
    fs::remove_file(folder.join("java.url")).unwrap();
    until_ports(&mut subscription, &[], "removed by hand").await;
}

#[tokio::test]
async fn a_directory_that_vanishes_keeps_the_lists_and_its_owner_brings_it_back() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("registry");
    let (consumer, provider) = (open(&directory).await, open(&directory).await);
    provider.register(&url("dubbo://h:1/a.B")).await.unwrap();
    let mut subscription = consumer.subscribe(&url("consumer://c/a.B")).await.unwrap();
    until_ports(&mut subscription, &[1], "before").await;
    // Renamed first, so that it vanishes at once; the owner must not be misled by its lock, which still exists.
    let gone = home.path().join("gone");
    fs::rename(&directory, &gone).unwrap();
    fs::remove_dir_all(&gone).unwrap();
    eventually("the owner has written its entry anew", || {
        let folder = directory.join("a.B/providers");
        fs::read_dir(folder).is_ok_and(|items| items.count() == 1)
    })
    .await;
    provider.register(&url("dubbo://h:2/a.B")).await.unwrap();
    // The very next list is the whole one: neither an empty list nor a part of it came between.
    assert_eq!(ports(&mut subscription).await, [1, 2]);
    assert!(consumer.is_available());
}

#[tokio::test]
async fn an_outage_is_not_available_and_says_nothing_to_subscribers() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("registry");
    fs::write(&directory, "a file").unwrap();
    let registry = open(&directory).await;
    assert!(!registry.is_available());
    let mut subscription = registry.subscribe(&url("consumer://c/a.B")).await.unwrap();
    let entry = url("dubbo://h:1/a.B");
    let error = registry.register(&entry).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Registry);
    fs::remove_file(&directory).unwrap();
    registry.register(&entry).await.unwrap();
    // Had the outage been told as an empty list, it would come first.
    assert_eq!(ports(&mut subscription).await, [1]);
    assert!(registry.is_available());
}

#[tokio::test]
async fn a_restarted_provider_is_listed_once() {
    let home = tempfile::tempdir().unwrap();
    let consumer = open(home.path()).await;
    let mut subscription = consumer.subscribe(&url("consumer://c/a.B")).await.unwrap();
    let entry = url("dubbo://h:1/a.B");
    let first = open(home.path()).await;
    first.register(&entry).await.unwrap();
    until_ports(&mut subscription, &[1], "first life").await;
    first.owner.die();
    let second = open(home.path()).await;
    second.register(&entry).await.unwrap();
    let folder = home.path().join("a.B/providers");
    eventually("the first life's file is removed", || {
        fs::read_dir(&folder).unwrap().count() == 1
    })
    .await;
    let mut late = consumer.subscribe(&url("consumer://c/a.B")).await.unwrap();
    assert_eq!(ports(&mut late).await, [1]);
}
