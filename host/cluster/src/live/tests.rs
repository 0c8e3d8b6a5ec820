//! Directories: what calls see of a changing list, and what policies have seen before.

use std::time::Duration;

use tokio::sync::watch;
use wubbo_core::{Directory, Subscription, Url};

use super::*;
use crate::testing::{Fake, SERVICE, announce, providers, reference};
use crate::{DirectoryContext, RegistryDirectory};

#[tokio::test]
async fn a_directory_follows_its_registry_and_keeps_what_stays() {
    let (sender, receiver) = watch::channel(None);
    let registry = Url::parse("memory://test").unwrap();
    let subscription = Subscription::new(receiver, ());
    let directory = RegistryDirectory::new(
        reference("timeout=70"),
        &registry,
        &Fake::healthy().protocols(),
        true,
        DirectoryContext::default(),
        subscription,
    );
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
    let changed = async {
        while directory.list().invokers.len() != 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), changed)
        .await
        .unwrap();
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
}
