//! Override rules over the providers' URLs.

use std::sync::mpsc;

use tokio::sync::watch;
use wubbo_core::{Applies, Configurator, ConfiguratorEntry, ConfigureSide, Pattern};

use super::*;
use crate::explain;
use crate::testing::call;

type Configures = Box<dyn Fn(&Url) -> Option<Url> + Send + Sync>;

/// A configurator that does as `does`.
struct FakeConfigurator {
    name: &'static str,
    does: Configures,
}

impl std::fmt::Debug for FakeConfigurator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Configurator for FakeConfigurator {
    fn name(&self) -> &str {
        self.name
    }

    fn configure(&self, url: &Url, side: ConfigureSide) -> Option<Url> {
        assert_eq!(side, ConfigureSide::Consumer);
        (self.does)(url)
    }
}

fn entry(
    name: &'static str,
    does: impl Fn(&Url) -> Option<Url> + Send + Sync + 'static,
) -> ConfiguratorEntry {
    ConfiguratorEntry {
        configurator: Arc::new(FakeConfigurator {
            name,
            does: Box::new(does),
        }),
        order: 0,
        applies: Applies::default(),
        side: None,
    }
}

fn sets(name: &'static str, key: &'static str, value: &'static str) -> ConfiguratorEntry {
    entry(name, move |url| Some(url.with_param(key, value)))
}

fn set(configuration: u64, entries: Vec<ConfiguratorEntry>) -> Arc<PolicySet> {
    Arc::new(PolicySet::default().with_configurators(configuration, entries))
}

fn under(set: Arc<PolicySet>) -> DirectoryContext {
    let context = DirectoryContext::default();
    context.policies.publish(set);
    context
}

fn urls(directory: &RegistryDirectory) -> Vec<Url> {
    let list = directory.list();
    list.table
        .rows()
        .iter()
        .map(|row| row.url.clone())
        .collect()
}

async fn ready(directory: &RegistryDirectory) {
    assert!(directory.wait_ready(Duration::from_secs(5)).await);
}

#[tokio::test]
async fn a_time_out_of_a_rule_limits_attempts_and_that_of_a_consumer_does_not() {
    let context = under(set(1, vec![sets("t", "methods.find.timeout", "200")]));
    let (sender, directory) = directory(&Fake::healthy(), "timeout=70", context);
    announce(&sender, providers(1));
    ready(&directory).await;
    let list = directory.list();
    let limits = list.table.rows()[0].limits();
    assert_eq!(limits.of("find"), Some(Duration::from_millis(200)));
    assert_eq!(limits.of("save"), None);
}

#[tokio::test]
async fn a_rule_stands_above_consumer_and_provider_and_is_followed_when_it_changes() {
    let fake = Fake::healthy();
    let (told, configuration) = watch::channel(1);
    let context = DirectoryContext {
        configuration: configuration.into(),
        ..under(set(1, vec![]))
    };
    let policies: Arc<PolicySlot> = context.policies.clone();
    let (sender, directory) = directory(&fake, "cluster=mock&timeout=70", context);
    announce(
        &sender,
        vec![with(&providers(1)[0], "cluster=other&weight=5")],
    );
    ready(&directory).await;
    assert_eq!(urls(&directory)[0].get("cluster"), Some("mock"), "V-DIR-06");
    let before = directory.list();

    // The same configuration makes no new list.
    policies.publish(set(1, vec![sets("late", "cluster", "late")]));
    told.send_modify(|told| *told += 1);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(directory.list().table.version(), before.table.version());

    policies.publish(set(2, vec![sets("over", "cluster", "mock1")]));
    told.send_modify(|told| *told += 1);
    until("the rule is followed", || {
        urls(&directory)[0].get("cluster") == Some("mock1")
    })
    .await;
    let after = directory.list();
    assert_eq!(after.invokers.len(), 1, "V-DIR-07, OVR-16");
    assert!(after.table.version() > before.table.version());
    assert!(Arc::ptr_eq(
        &before.table.rows()[0].statistics,
        &after.table.rows()[0].statistics
    ));
    assert_eq!(after.invokers[0].url().get("cluster"), Some("mock1"));

    // A rule that changes nothing keeps the connection.
    policies.publish(set(3, vec![sets("over", "cluster", "mock1")]));
    told.send_modify(|told| *told += 1);
    until("the third list", || {
        directory.list().table.version() > after.table.version()
    })
    .await;
    assert!(Arc::ptr_eq(
        &after.invokers[0],
        &directory.list().invokers[0]
    ));

    policies.publish(set(4, vec![]));
    told.send_modify(|told| *told += 1);
    until("the rule is gone", || {
        urls(&directory)[0].get("cluster") == Some("mock")
    })
    .await;
}

#[tokio::test]
async fn configurators_run_in_order_where_they_apply() {
    let elsewhere = ConfiguratorEntry {
        applies: Applies {
            services: vec![Pattern::new("com.other.*")],
            methods: vec![],
        },
        ..sets("elsewhere", "elsewhere", "1")
    };
    let providers_side = ConfiguratorEntry {
        side: Some(ConfigureSide::Provider),
        ..sets("providers", "providers", "1")
    };
    let last = ConfiguratorEntry {
        order: 1,
        side: Some(ConfigureSide::Consumer),
        ..sets("a-last", "who", "last")
    };
    let entries = vec![
        last,
        sets("first", "who", "first"),
        elsewhere,
        providers_side,
    ];
    let (sender, directory) = directory(&Fake::healthy(), "", under(set(1, entries)));
    announce(&sender, providers(1));
    ready(&directory).await;
    let url = &urls(&directory)[0];
    assert_eq!(url.get("who"), Some("last"));
    assert_eq!((url.get("elsewhere"), url.get("providers")), (None, None));
}

#[tokio::test]
async fn a_configurator_sees_the_consumers_side_and_application() {
    let seen: Arc<Mutex<Vec<[Option<String>; 3]>>> = Arc::default();
    let looks = {
        let seen = seen.clone();
        entry("looks", move |url| {
            let read = |key| url.get(key).map(str::to_owned);
            let all = ["side", "application", "remote.application"].map(read);
            seen.lock().unwrap().push(all);
            None
        })
    };
    let (sender, directory) = directory(
        &Fake::healthy(),
        "application=shop",
        under(set(1, vec![looks])),
    );
    announce(
        &sender,
        vec![with(&providers(1)[0], "side=provider&application=stock")],
    );
    ready(&directory).await;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        *seen.lock().unwrap(),
        [[text("consumer"), text("shop"), text("stock")]]
    );
    let url = &urls(&directory)[0];
    let read = ["side", "application", "remote.application"].map(|key| url.get(key));
    assert_eq!(read, [Some("provider"), Some("stock"), Some("stock")]);
}

#[tokio::test]
async fn a_provider_that_a_rule_disables_is_not_called() {
    for (key, value) in [("disabled", "true"), ("enabled", "false")] {
        let rule = entry("off", move |url| {
            (url.host() == "192.168.1.2").then(|| url.with_param(key, value))
        });
        let (sender, directory) = directory(&Fake::healthy(), "", under(set(1, vec![rule])));
        announce(&sender, providers(3));
        ready(&directory).await;
        let hosts: Vec<String> = urls(&directory)
            .iter()
            .map(|url| url.host().into())
            .collect();
        assert_eq!(hosts, ["192.168.1.1", "192.168.1.3"], "{key}");
        let explained = explain(&call(), &directory);
        let why = "taken out of play by disabled or enabled";
        assert_eq!(explained.skipped, 1);
        assert!(explained.skipped_because[0].ends_with(why), "{explained:?}");
    }
}

#[tokio::test]
async fn a_configurator_that_panics_leaves_the_urls_as_they_are() {
    let panics = entry("panics", |_| panic!("on purpose"));
    let (sender, directory) = directory(
        &Fake::healthy(),
        "cluster=mock",
        under(set(1, vec![panics])),
    );
    announce(&sender, providers(2));
    ready(&directory).await;
    assert_eq!(urls(&directory)[1].get("cluster"), Some("mock"));
}

#[tokio::test]
async fn a_configurator_that_does_not_end_delays_the_list_and_no_more() {
    tokio::time::pause();
    let (begun, begins) = mpsc::channel();
    let (ends, end) = mpsc::channel::<()>();
    let end = Mutex::new(end);
    let slow = entry("slow", move |url| {
        begun.send(()).unwrap();
        let _ = end.lock().unwrap().recv();
        Some(url.with_param("cluster", "late"))
    });
    let (sender, directory) =
        directory(&Fake::healthy(), "cluster=mock", under(set(1, vec![slow])));
    announce(&sender, providers(1));
    until("it has begun", || begins.try_recv().is_ok()).await;
    tokio::time::advance(POLICY_LIMIT + Duration::from_millis(1)).await;
    until("the list", || directory.list().invokers.len() == 1).await;
    assert_eq!(urls(&directory)[0].get("cluster"), Some("mock"));
    drop(ends);
}
