//! Rows of the specification about a directory's life, its merge and what it leaves out.

use super::*;

fn announced(paths: &[&str]) -> Vec<Url> {
    let url = |path: &&str| Url::parse(&format!("dubbo://127.0.0.1:20000/{path}")).unwrap();
    paths.iter().map(url).collect()
}

#[tokio::test]
async fn a_directory_lists_until_it_is_dropped_and_then_keeps_nothing() {
    let (sender, directory) = directory(&Fake::healthy(), "", DirectoryContext::default());
    announce(&sender, announced(&["TEST0", "TEST1", "TEST2"]));
    assert!(directory.wait_ready(Duration::from_secs(5)).await);
    let directory = Arc::new(directory);
    let cluster = Failover::new(Retry::Retryable).join(directory.clone());
    assert_eq!(directory.list().invokers.len(), 3, "V-DIR-05");
    assert!(cluster.is_available(), "V-DIR-05");

    let providers: Vec<_> = directory
        .list()
        .invokers
        .iter()
        .map(Arc::downgrade)
        .collect();
    drop((cluster, directory));
    until("V-DIR-04: it subscribes no more", || sender.is_closed()).await;
    let held = || {
        providers
            .iter()
            .filter(|provider| provider.upgrade().is_some())
    };
    until("V-DIR-04: nobody can be called", || held().count() == 0).await;
}

#[tokio::test]
async fn a_provider_is_merged_with_the_reference_and_other_protocols_are_left_out() {
    let own = "cluster=random&retries=1&test3=1&methods.testMethod.retries=1";
    let (sender, directory) = directory(&Fake::healthy(), own, DirectoryContext::default());
    let theirs = "test2=1&cluster=roundrobin&retries=2&methods.testMethod.retries=2";
    let foreign = format!("jsonrpc://127.0.0.1:20001/{SERVICE}");
    announce(
        &sender,
        vec![
            with(&providers(1)[0], theirs),
            Url::parse(&foreign).unwrap(),
        ],
    );
    assert!(directory.wait_ready(Duration::from_secs(5)).await);
    let list = directory.list();
    assert_eq!((list.invokers.len(), list.skipped), (1, 1), "V-DIR-11");
    for (key, value) in [
        ("cluster", "random"),
        ("retries", "1"),
        ("test2", "1"),
        ("test3", "1"),
        // BUG-26: dubbo-go means to, and keeps the provider's 2.
        ("methods.testMethod.retries", "1"),
    ] {
        assert_eq!(
            list.table.rows()[0].url.get(key),
            Some(value),
            "V-DIR-09: {key}"
        );
    }
}
