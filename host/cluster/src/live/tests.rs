//! Directories: what calls see of a changing list, and what policies have seen before.

mod configured;
mod delivered;
mod vectors;
mod warming;

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;
use wubbo_core::{Cluster, Directory, PolicySet, PolicySlot, Subscription, Url};

use super::*;
use crate::testing::{Fake, SERVICE, announce, providers, reference, with};
use crate::{DirectoryContext, Failover, RegistryDirectory, Retry, StaticDirectory};

type Announcer = watch::Sender<Option<Arc<Snapshot>>>;

/// A directory over announcements of the test.
fn directory(
    fake: &Arc<Fake>,
    parameters: &str,
    context: DirectoryContext,
) -> (Announcer, RegistryDirectory) {
    let (sender, receiver) = watch::channel(None);
    let registry = Url::parse("memory://test").unwrap();
    let directory = RegistryDirectory::new(
        reference(parameters),
        &fake.protocols(),
        true,
        context,
        Announcements::default().and(&registry, Subscription::new(receiver, ())),
    );
    (sender, directory)
}

/// Waits until `condition` holds; without a pause, so that a paused clock stands.
async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..100_000 {
        if condition() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{what}");
}

#[tokio::test]
async fn a_directory_follows_its_registry_and_keeps_what_stays() {
    let (sender, directory) =
        directory(&Fake::healthy(), "timeout=70", DirectoryContext::default());
    assert!(
        !directory.wait_ready(Duration::from_millis(1)).await,
        "no list yet"
    );

    let mut urls = providers(3);
    urls.push(Url::parse(&format!("tri://192.168.1.9:20000/{SERVICE}")).unwrap());
    urls.push(
        Url::parse(&format!(
            "dubbo://192.168.1.8:20000/{SERVICE}?wubbo.gateway=0a1b2c3d"
        ))
        .unwrap(),
    );
    announce(&sender, urls);
    assert!(directory.wait_ready(Duration::from_secs(5)).await);
    let before = directory.list();
    assert_eq!(
        (before.invokers.len(), before.skipped),
        (3, 2),
        "DIR-03, GW-2 and protocols not spoken"
    );
    assert!(
        before
            .table
            .rows()
            .iter()
            .all(|row| row.url.get("timeout") == Some("70"))
    );

    announce(&sender, providers(2));
    until("the second list", || directory.list().invokers.len() == 2).await;
    let after = directory.list();
    assert!(
        Arc::ptr_eq(&before.invokers[0], &after.invokers[0]),
        "the connection of a provider that stays is kept"
    );
    assert!(Arc::ptr_eq(
        &before.table.rows()[0].statistics,
        &after.table.rows()[0].statistics
    ));
    assert!(after.table.version() > before.table.version());

    drop(sender);
    tokio::task::yield_now().await;
    assert_eq!(
        directory.list().invokers.len(),
        2,
        "an outage keeps the last list"
    );
    assert!(directory.wait_ready(Duration::ZERO).await);
}

#[tokio::test]
async fn direct_providers_are_listed_and_nobody_is_not_available() {
    // id, providers, unavailable ones, whether a cluster over them is available
    let cases = [
        ("DIR-03, CL-24", 10, 0, true),
        ("DIR-05", 0, 0, false),
        ("one of three", 3, 1, true),
        ("all of three", 3, 3, false),
    ];
    for (id, count, unavailable, available) in cases {
        let (fake, urls) = (Fake::healthy(), providers(count));
        let away = urls.iter().take(unavailable);
        let away = away.map(|url| url.location().to_owned());
        fake.unavailable.lock().unwrap().extend(away);
        let context = DirectoryContext::default();
        let fixed = StaticDirectory::new(reference(""), &urls, &fake.protocols(), context);
        assert!(fixed.wait_ready(Duration::from_secs(5)).await);
        let fixed = Arc::new(fixed);
        let cluster = Failover::new(Retry::Retryable).join(fixed.clone());
        assert_eq!(fixed.list().invokers.len(), count, "{id}");
        assert_eq!(cluster.is_available(), available, "{id}");
    }
}

#[tokio::test]
async fn a_provider_is_known_by_its_address_and_service() {
    let (sender, directory) = directory(&Fake::healthy(), "", DirectoryContext::default());
    let announced = |path: &str| Url::parse(&format!("dubbo://127.0.0.1:20000/{path}")).unwrap();
    let mut urls: Vec<Url> = ["TEST0", "TEST1", "TEST2"].map(announced).into();
    urls.push(urls[0].clone());
    urls.push(with(&urls[1], "weight=5"));
    urls.push(Url::parse("empty://127.0.0.1:20000/TEST4").unwrap());
    announce(&sender, urls);
    assert!(directory.wait_ready(Duration::from_secs(5)).await);
    let list = directory.list();
    assert_eq!((list.invokers.len(), list.skipped), (3, 0), "V-DIR-01");

    // V-DIR-10: what only the reference says is no part of it.
    let (sender, directory) =
        self::directory(&Fake::healthy(), "group=g", DirectoryContext::default());
    announce(&sender, providers(2));
    assert!(directory.wait_ready(Duration::from_secs(5)).await);
    announce(&sender, providers(1));
    until("one is removed", || directory.list().invokers.len() == 1).await;
    announce(&sender, vec![]);
    until("an empty list says nobody", || {
        directory.list().invokers.is_empty()
    })
    .await;
    assert_ne!(directory.list().table.token(), 0);
}
