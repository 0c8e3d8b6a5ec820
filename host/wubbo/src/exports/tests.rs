//! Services as registries and consumers see them while rules come and go.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use wubbo_core::{Registry, Subscription, Url};
use wubbo_macros::{interface, service};
use wubbo_registry::{MemoryConfigCenter, MemoryRegistry};

use crate::{Client, RunningServer, Server};

const SERVICE: &str = "org.apache.dubbogo.mockService";
/// Generous: a change takes milliseconds.
const SOON: Duration = Duration::from_secs(20);

struct Mock;

#[service(
    interface = "org.apache.dubbogo.mockService",
    group = "group",
    version = "1.0.0",
    crate = "crate"
)]
impl Mock {
    async fn get_user(&self) -> crate::Result<String> {
        Ok("user".to_owned())
    }
}

#[interface(
    interface = "org.apache.dubbogo.mockService",
    group = "group",
    version = "1.0.0",
    crate = "crate"
)]
trait MockService {
    async fn get_user(&self) -> crate::Result<String>;
}

/// A provider, and everything around it, under one name of this process.
struct Scene {
    name: &'static str,
    registry: MemoryRegistry,
    rules: MemoryConfigCenter,
    server: RunningServer,
    entries: Subscription,
}

impl Scene {
    async fn start(name: &'static str) -> Self {
        Self::of(name, &[]).await
    }

    /// With further parameters of its entry.
    async fn of(name: &'static str, parameters: &[(&str, &str)]) -> Self {
        let registry = MemoryRegistry::open(name);
        let rules = MemoryConfigCenter::open(name);
        let server = Server::new("test-application")
            .listen("dubbo://127.0.0.1:0")
            .registry(&format!("memory://{name}"))
            .config_center(&format!("memory://{name}"))
            .parameter("a", "a1")
            .parameter(".c", "c1");
        let set = |server: Server, (key, value): &(&str, &str)| server.parameter(key, value);
        let server = parameters.iter().fold(server, set);
        let server = server.service(Mock).start().await.unwrap();
        let consumer = format!("consumer://127.0.0.1/{SERVICE}?group=*&version=*");
        let entries = registry.subscribe(&consumer.parse().unwrap()).await;
        Self {
            name,
            registry,
            rules,
            server,
            entries: entries.unwrap(),
        }
    }

    /// Waits until the service has one entry, and that one pleases.
    async fn entry(&mut self, what: &str, pleases: impl Fn(&Url) -> bool) -> Url {
        let found = timeout(SOON, async {
            loop {
                let list = self.entries.next().await.unwrap();
                assert!(!list.urls.is_empty(), "{what}: an entry is always there");
                match &list.urls[..] {
                    [one] if pleases(one) => return one.clone(),
                    _ => {}
                }
            }
        });
        found.await.unwrap_or_else(|_| panic!("{what}"))
    }

    fn rule(&self, key: &str, scope: &str, parameters: &str) {
        let text = format!(
            "configVersion: '2.7.1'\nscope: {scope}\nkey: x\nconfigs:\n- type: general\n  addresses: [0.0.0.0]\n  \
             side: provider\n  parameters: {{{parameters}}}\n"
        );
        self.rules.publish(key, "dubbo", &text).unwrap();
    }
}

fn cluster_is<'a>(wanted: Option<&'a str>) -> impl Fn(&Url) -> bool + 'a {
    move |url| url.get("cluster") == wanted
}

#[tokio::test]
async fn rules_of_service_and_application_change_what_is_announced() {
    let mut scene = Scene::start("exports-rules").await;
    let first = scene.entry("the first entry", |_| true).await;
    assert_eq!(first.get("a"), Some("a1"), "V-PROTO-11");
    assert_eq!(first.get(".c"), None, "V-PROTO-11");
    assert_eq!(first.get("cluster"), None, "V-PROTO-04");

    // id, key, scope
    let cases = [
        (
            "V-PROTO-09",
            "group*org.apache.dubbogo.mockService:1.0.0.configurators",
            "general",
        ),
        (
            "V-PROTO-10",
            "test-application.configurators",
            "application",
        ),
    ];
    for (id, key, scope) in cases {
        scene.rule(key, scope, "cluster: mock1");
        scene.entry(id, cluster_is(Some("mock1"))).await;
        // A second change of the same rule takes effect, too (BUG-02 of spec/30).
        scene.rule(key, scope, "cluster: mock2");
        scene.entry(id, cluster_is(Some("mock2"))).await;
        scene.rules.remove(key, "dubbo").unwrap();
        let last = scene.entry(id, cluster_is(None)).await;
        assert_eq!(last, first, "{id}: as it was");
    }
    assert_eq!(scene.server.stop(Duration::from_secs(1)).await, 0);
    let list = timeout(SOON, scene.entries.next()).await.unwrap().unwrap();
    assert!(list.urls.is_empty(), "stopping takes the entry back");
}

/// V-PROTO-12: what an entry says of its own life makes no other export of it.
#[tokio::test]
async fn an_export_is_the_same_whatever_its_entry_says_of_its_life() {
    const KEY: &str = "group*org.apache.dubbogo.mockService:1.0.0.configurators";
    const MARKS: [(&str, &str); 2] = [("dynamic", "true"), ("enabled", "true")];
    let cases = [
        ("exports-plain", 0),
        ("exports-dynamic", 1),
        ("exports-enabled", 2),
    ];
    for (name, count) in cases {
        let mut scene = Scene::of(name, &MARKS[..count]).await;
        let first = scene.entry("the first entry", |_| true).await;
        let marks = MARKS.iter().filter(|(mark, _)| first.get(mark).is_some());
        assert_eq!(marks.count(), count, "{name}");
        scene.rule(KEY, "general", "x: '1'");
        let changed = scene.entry(name, |url| url.get("x").is_some()).await;
        let unmarked = |url: &Url| url.without_params(&["dynamic", "enabled"]);
        let wanted = unmarked(&first).with_param("x", "1");
        assert_eq!(unmarked(&changed).to_map(), wanted.to_map(), "{name}");
        assert_eq!(changed.location(), first.location(), "{name}");
        scene.rules.remove(KEY, "dubbo").unwrap();
        let last = scene.entry(name, |url| url.get("x").is_none()).await;
        assert_eq!(last, first, "{name}");
    }
}

#[tokio::test]
async fn override_urls_of_the_registry_change_what_is_announced() {
    let mut scene = Scene::start("exports-registry").await;
    scene.entry("the first entry", cluster_is(None)).await;
    let about = |url: &str| -> Url { url.parse().unwrap() };
    let ours = about(
        "override://0.0.0.0/org.apache.dubbogo.mockService?cluster=mock1&group=group&version=1.0.0",
    );
    let of_another_group =
        about("override://0.0.0.0/org.apache.dubbogo.mockService?cluster=mock2&version=1.0.0");
    let of_another_address = about(
        "override://10.9.9.9:1/org.apache.dubbogo.mockService?cluster=mock3&group=group&version=1.0.0",
    );
    for url in [&of_another_group, &of_another_address, &ours] {
        scene.registry.register(url).await.unwrap();
    }
    scene.entry("V-PROTO-08", cluster_is(Some("mock1"))).await;
    scene.registry.unregister(&ours).await.unwrap();
    scene.entry("taken back", cluster_is(None)).await;

    // V-DIR-07: a consumer obeys them too, those that were there first as well as those that come.
    let for_consumers = about(
        "override://0.0.0.0/org.apache.dubbogo.mockService?side=consumer&disabled=true&group=group&version=1.0.0",
    );
    scene.registry.register(&for_consumers).await.unwrap();
    let client = consumer(scene.name).await;
    let service: MockServiceClient = client.refer().await.unwrap();
    let refused = service.get_user().await.unwrap_err().to_string();
    assert!(refused.contains("1 skipped"), "{refused}");
    scene.registry.unregister(&for_consumers).await.unwrap();
    let found = timeout(SOON, async {
        while service.get_user().await.is_err() {
            sleep(Duration::from_millis(5)).await;
        }
    });
    found.await.expect("the provider is back");
}

async fn consumer(name: &str) -> Client {
    Client::builder("test-consumer")
        .registry(&format!("memory://{name}"))
        .parameter("retries", "0")
        .build()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_rule_is_in_the_first_entry_and_in_every_call_and_no_call_fails() {
    const KEY: &str = "group*org.apache.dubbogo.mockService:1.0.0.configurators";
    let mut scene = Scene::start("exports-calls").await;
    let client = consumer(scene.name).await;
    let service: MockServiceClient = client.refer().await.unwrap();
    let url = scene.server.listening().next().unwrap().to_string();
    let stranger: MockServiceClient = client.direct(&url).unwrap();
    assert!(stranger.get_user().await.is_ok());

    // Each change is a new entry while calls run; none of them may fail.
    let mut calls = 0;
    for round in 0..20 {
        let parameters = format!("weight: {}", 10 + round);
        scene.rule(KEY, "general", &parameters);
        let changed = async {
            let weight = (10 + round).to_string();
            scene
                .entry("every change is announced", |url| {
                    url.get("weight") == Some(&weight)
                })
                .await
        };
        let calling = async {
            loop {
                service.get_user().await.unwrap();
                calls += 1;
            }
        };
        tokio::select! {
            _ = changed => {}
            () = calling => {}
        }
    }
    assert!(calls > 0, "calls ran while entries changed");

    // The provider's own filters see the URL as the rule wants it.
    scene.rule(KEY, "general", "token: secret");
    let token = |url: &Url| url.get("token") == Some("secret");
    scene.entry("the token is announced", token).await;
    let refused = timeout(SOON, async {
        while stranger.get_user().await.is_ok() {
            sleep(Duration::from_millis(5)).await;
        }
    });
    refused.await.expect("who has no token is refused");
    let presented = timeout(SOON, async {
        while service.get_user().await.is_err() {
            sleep(Duration::from_millis(5)).await;
        }
    });
    presented.await.expect("who reads the registry presents it");

    // A provider that starts under the rule announces itself so from the beginning.
    let mut second = Scene::start("exports-calls").await;
    let list = timeout(SOON, second.entries.next()).await.unwrap().unwrap();
    assert_eq!(list.urls.len(), 2);
    assert!(list.urls.iter().all(token));
}

#[tokio::test]
async fn a_listener_is_announced_where_consumers_reach_it() {
    let announced = async |name: &str, describe: fn(Server) -> Server| {
        let registry = format!("memory://{name}");
        let server = describe(Server::new("test-application").registry(&registry));
        let server = server.service(Mock).start().await.unwrap();
        let consumer = format!("consumer://127.0.0.1/{SERVICE}?group=*&version=*");
        let registry = MemoryRegistry::open(name);
        let mut entries = registry
            .subscribe(&consumer.parse().unwrap())
            .await
            .unwrap();
        let list = timeout(SOON, entries.next()).await.unwrap().unwrap();
        let listening: Vec<Url> = server.listening().cloned().collect();
        (list.urls.clone(), listening)
    };
    let (urls, listening) =
        announced("reached-1", |server| server.listen("dubbo://0.0.0.0:0")).await;
    assert_eq!((urls.len(), urls[0].host()), (1, "127.0.0.1"));
    assert_eq!(urls[0].port(), listening[0].port());

    let (mut urls, listening) = announced("reached-2", |server| {
        let server = server.listen("dubbo://0.0.0.0:0").publish_port(20880);
        server
            .listen("dubbo://127.0.0.1:0")
            .publish_host("10.9.9.9")
    })
    .await;
    urls.sort_by_key(|url| url.port() != Some(20880));
    assert_eq!(urls[0].location(), "10.9.9.9:20880");
    assert_eq!(urls[1].host(), "10.9.9.9");
    assert_eq!(urls[1].port(), listening[1].port(), "of the first alone");
}
