//! Entries of several owners, and several servers.

use std::time::Duration;

use crate::conformance::until_ports;
use crate::raw::{Life, Raw, eventually};
use crate::rounds::{open, registered};
use crate::server::{Kind, address, free_port};
use crate::sessions::{entry, silent, subscribed};

/// F-23: what a former life left is replaced; two who announce the same do not fight, and the second steps in for the first.
async fn a_node_of_another_session_is_replaced_once(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let directory = "/owner/a.B/providers";
    let former = Raw::to(server).await;
    let former = former
        .make(
            &format!("{directory}/dubbo%3A%2F%2Fh%3A1%2Fa.B"),
            Life::Session,
        )
        .await;
    let other = Raw::to(server).await;
    let one = open(&server.address("group=owner&session=4000")).await;
    one.register(&entry(1)).await.unwrap();
    let (_, first) = other.only_child(directory).await;
    assert_ne!(first.owner, former);
    let two = open(&server.address("group=owner&session=3990")).await;
    two.register(&entry(1)).await.unwrap();
    let (_, second) = other.only_child(directory).await;
    assert_ne!(first.owner, second.owner);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (path, still) = other.only_child(directory).await;
    assert_eq!(second.made, still.made, "they fight");
    drop(two);
    eventually("the first steps in", async || {
        let stat = other.stat(&path).await;
        stat.is_some_and(|stat| stat.owner == first.owner)
    })
    .await;
    other.delete(&path).await;
    eventually("deleted by mistake, made again", async || {
        other.stat(&path).await.is_some()
    })
    .await;
}

/// V-ZK-10, 001-T9: nodes that the server numbers have the paths that every client expects. By intent nothing of ours makes any; who finds
/// them where interfaces and entries lie passes over them, and leaves them to their maker.
#[tokio::test]
async fn numbered_nodes_of_others_are_no_entries() {
    let Some(server) = Kind::Zookeeper.own() else {
        return;
    };
    let other = Raw::to(&server).await;
    let root = "/test1/test2/test3";
    let numbered = other.make_numbered(root, b"test").await;
    assert_eq!(numbered, format!("{root}/0000000000"));
    let stat = other.stat(&numbered).await.unwrap();
    assert!(stat.value == b"test" && stat.owner != 0, "{stat:?}");

    let registry = open(&server.address("group=test1/test2/test3&session=4000")).await;
    let mut subscription = subscribed(&registry).await;
    registered(&registry, &entry(1)).await;
    until_ports(&mut subscription, &[1], "ours").await;
    let directory = format!("{root}/a.B/providers");
    let among = other.make_numbered(&directory, b"test").await;
    registered(&registry, &entry(2)).await;
    until_ports(&mut subscription, &[1, 2], "ours again").await;
    registry.unregister(&entry(1)).await.unwrap();
    registry.unregister(&entry(2)).await.unwrap();
    until_ports(&mut subscription, &[], "none of ours").await;
    assert_eq!(other.only_child(&directory).await.0, among);
    let mut names = other.children(root).await;
    names.sort();
    assert_eq!(names, ["0000000000", "a.B"]);
}

/// The identity of the address owns what it makes; who lacks it is told what to do and stops nobody.
#[tokio::test]
async fn a_password_keeps_others_out() {
    let Some(server) = Kind::Zookeeper.shared() else {
        return;
    };
    let address = format!(
        "zookeeper://me:secret@127.0.0.1:{}?group=secret&session=4000",
        server.port
    );
    let ours = open(&address).await;
    ours.register(&entry(1)).await.unwrap();
    let mut subscription = subscribed(&ours).await;
    until_ports(&mut subscription, &[1], "with the password").await;
    let stranger = open(&server.address("group=secret&session=4000")).await;
    let error = stranger.register(&entry(2)).await.unwrap_err();
    assert!(
        error.message().contains("not authorized") && error.message().contains("user:password@"),
        "{error}"
    );
    let mut refused = subscribed(&stranger).await;
    silent(&mut refused, Duration::from_millis(300)).await;
    assert!(!format!("{ours:?}").contains("secret@"), "{ours:?}");
}

/// F-17, F-37, 002-T21: any of the servers will do.
async fn dead_servers_of_a_cluster_are_passed_over(kind: Kind) {
    let Some(server) = kind.shared() else { return };
    let [one, two] = [free_port(), free_port()];
    let further = format!("127.0.0.1:{two},127.0.0.1:{}", server.port);
    let address = address(
        kind,
        one,
        &format!("backup={further}&group=backup&session=4000"),
    );
    let registry = open(&address).await;
    registered(&registry, &entry(1)).await;
    assert!(registry.is_available());
}

on_both!(
    a_node_of_another_session_is_replaced_once,
    dead_servers_of_a_cluster_are_passed_over,
);
