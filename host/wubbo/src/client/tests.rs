//! What consumers announce, where they find providers, and which rules of registries they obey.

use std::collections::BTreeSet;

use tokio::time::{Duration, sleep, timeout};
use wubbo_core::{Directory as _, Registry as _, Subscription};
use wubbo_hessian2::Value;
use wubbo_macros::{interface, service};
use wubbo_registry::MemoryRegistry;

use super::*;
use crate::contract::CallError;
use crate::{RunningServer, Server};

const SERVICE: &str = "org.wubbo.test.Named";
/// Generous: a change takes milliseconds.
const SOON: Duration = Duration::from_secs(20);

struct Called(&'static str);

#[service(interface = "org.wubbo.test.Named", version = "1.0.0", crate = "crate")]
impl Called {
    async fn name(&self) -> crate::Result<String> {
        Ok(self.0.to_owned())
    }
}

struct Grouped(&'static str);

#[service(
    interface = "org.wubbo.test.Named",
    group = "blue",
    version = "1.0.0",
    crate = "crate"
)]
impl Grouped {
    async fn name(&self) -> crate::Result<String> {
        Ok(self.0.to_owned())
    }
}

#[interface(interface = "org.wubbo.test.Named", version = "1.0.0", crate = "crate")]
trait Named {
    async fn name(&self) -> crate::Result<String>;
}

/// A provider of this name at these registries.
async fn provider(name: &'static str, registries: &[&str]) -> RunningServer {
    let server = Server::new("named").listen("dubbo://127.0.0.1:0");
    let at = |server: Server, registry: &&str| server.registry(&format!("memory://{registry}"));
    let server = registries.iter().fold(server, at);
    server.service(Called(name)).start().await.unwrap()
}

fn port(server: &RunningServer) -> u16 {
    server.listening().next().and_then(Url::port).unwrap()
}

async fn consumer(registries: &[&str], parameters: &[(&str, &str)]) -> Client {
    let builder = Client::builder("shop-web").parameter("retries", "0");
    let at = |client: ClientBuilder, name: &&str| client.registry(&format!("memory://{name}"));
    let builder = registries.iter().fold(builder, at);
    let set = |client: ClientBuilder, (key, value): &(&str, &str)| client.parameter(key, value);
    parameters.iter().fold(builder, set).build().await.unwrap()
}

/// Who answers, until these do and nobody else.
async fn answers(service: &NamedClient, wanted: &[&str]) {
    let wanted: BTreeSet<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
    let mut last = BTreeSet::new();
    let found = timeout(SOON, async {
        while last != wanted {
            last.clear();
            // Of two that are chosen at random, each is among so many answers.
            for _ in 0..60 {
                last.insert(
                    service
                        .name()
                        .await
                        .unwrap_or_else(|error| error.to_string()),
                );
            }
            sleep(Duration::from_millis(5)).await;
        }
    });
    let found = found.await.is_ok();
    assert!(found, "{wanted:?} are expected, {last:?} answer");
}

/// The consumers' entries that a registry holds.
async fn entries(registry: &MemoryRegistry) -> Subscription {
    of(registry, "consumers").await
}

async fn of(registry: &MemoryRegistry, category: &str) -> Subscription {
    let admin = format!("consumer://h/{SERVICE}?category={category}&group=*&version=*");
    registry.subscribe(&admin.parse().unwrap()).await.unwrap()
}

async fn until(entries: &mut Subscription, what: &str, count: usize) -> Vec<Url> {
    let found = timeout(SOON, async {
        loop {
            let list = entries.next().await.unwrap();
            if list.urls.len() == count {
                return list.urls.clone();
            }
        }
    });
    found.await.unwrap_or_else(|_| panic!("{what}"))
}

#[tokio::test]
async fn a_consumer_is_announced_as_long_as_there_is_a_client() {
    let registry = MemoryRegistry::open("client-entries");
    let _provider = provider("a", &["client-entries"]).await;
    let mut entries = entries(&registry).await;
    let client = consumer(&["client-entries"], &[(".own", "1")]).await;
    assert!(
        until(&mut entries, "nothing is referred yet", 0)
            .await
            .is_empty()
    );

    let service: NamedClient = client.refer().await.unwrap();
    let again: NamedClient = client.refer().await.unwrap();
    let announced = until(&mut entries, "one for the service", 1).await;
    let pid = std::process::id().to_string();
    for (key, value) in [
        ("application", Some("shop-web")),
        ("category", Some("consumers")),
        ("check", Some("false")),
        ("dubbo", Some("2.0.2")),
        ("interface", Some(SERVICE)),
        ("methods", Some("name")),
        ("pid", Some(&*pid)),
        ("retries", Some("0")),
        ("side", Some("consumer")),
        ("version", Some("1.0.0")),
        (".own", None),
    ] {
        assert_eq!(announced[0].get(key), value, "{key}");
    }
    let text = announced[0].to_full_string();
    let head = format!("consumer://127.0.0.1/{SERVICE}?");
    assert!(text.starts_with(&head), "{text}");
    assert!(
        announced[0].get_int("timestamp", 0) > 1_500_000_000_000,
        "milliseconds: {text}"
    );
    assert!(
        announced[0]
            .get("release")
            .is_some_and(|release| release.starts_with("wubbo-"))
    );

    drop((client, again));
    assert_eq!(service.name().await.unwrap(), "a");
    drop(service);
    until(&mut entries, "with the last client it goes", 0).await;

    // A process that is about to end takes it back by itself.
    let client = consumer(&["client-entries"], &[]).await;
    let service: NamedClient = client.refer().await.unwrap();
    until(&mut entries, "another one", 1).await;
    client.withdraw().await;
    until(&mut entries, "taken back", 0).await;
    assert_eq!(service.name().await.unwrap(), "a", "calls go on");
}

#[tokio::test]
async fn who_does_not_know_the_methods_names_none() {
    let registry = MemoryRegistry::open("client-generic");
    let _provider = provider("a", &["client-generic"]).await;
    let mut entries = entries(&registry).await;
    let client = consumer(&["client-generic"], &[]).await;
    let service = NamedClient::contract().service_key();
    let _stub = client.stub(service).await.unwrap();
    let announced = until(&mut entries, "one without a contract", 1).await;
    assert_eq!(announced[0].first("methods"), None);
}

#[tokio::test]
async fn who_does_not_want_to_be_announced_is_not() {
    let registry = MemoryRegistry::open("client-silent");
    let _provider = provider("a", &["client-silent"]).await;
    let mut entries = entries(&registry).await;
    let silent = consumer(&["client-silent"], &[("register", "false")]).await;
    let service: NamedClient = silent.refer().await.unwrap();
    assert_eq!(service.name().await.unwrap(), "a");
    let other = consumer(&["client-silent"], &[]).await;
    let _service: NamedClient = other.refer().await.unwrap();
    let announced = until(&mut entries, "that of the other one", 1).await;
    assert_eq!(announced[0].get("register"), None);
}

#[tokio::test]
async fn the_lists_of_several_registries_are_one() {
    let both = ["client-north", "client-south"];
    let north = provider("north", &both[..1]).await;
    let south = provider("south", &both[1..]).await;
    let everywhere = provider("everywhere", &both).await;
    let client = consumer(&both, &[]).await;
    let service: NamedClient = client.refer().await.unwrap();
    answers(&service, &["north", "south", "everywhere"]).await;

    let references = client.inside.references.as_ref().unwrap();
    let known = references
        .known(NamedClient::contract().service_key())
        .unwrap();
    let reference = references.get(&known, None).await.unwrap();
    let count = || reference.directory().list().invokers.len();
    assert_eq!(count(), 3, "one that both registries hold is one");
    for name in both {
        let mut entries = entries(&MemoryRegistry::open(name)).await;
        until(&mut entries, "V-PROTO-02: announced at each", 1).await;
    }

    // One registry that has nobody left takes nothing from the other.
    north.stop(Duration::ZERO).await;
    answers(&service, &["south", "everywhere"]).await;
    everywhere.stop(Duration::ZERO).await;
    answers(&service, &["south"]).await;
    assert_eq!(count(), 1);
    drop(south);
}

#[tokio::test]
async fn routes_of_a_registry_are_obeyed_also_when_the_client_itself_is_gone() {
    let registry = MemoryRegistry::open("client-routes");
    let one = provider("one", &["client-routes"]).await;
    let two = provider("two", &["client-routes"]).await;
    let route = |server: &RunningServer, parameters: &str| -> Url {
        let rule = format!("%3D%3E+port+%3D+{}", port(server));
        let url = format!(
            "route://0.0.0.0/{SERVICE}?category=routers&router=condition&rule={rule}&version=1.0.0{parameters}"
        );
        url.parse().unwrap()
    };
    // What was there first counts from the first call.
    let (to_one, to_two) = (route(&one, "&force=true"), route(&two, ""));
    registry.register(&to_one).await.unwrap();
    let client = consumer(&["client-routes"], &[]).await;
    let service: NamedClient = client.refer().await.unwrap();
    for _ in 0..50 {
        assert_eq!(service.name().await.unwrap(), "one");
    }
    drop(client);
    registry.unregister(&to_one).await.unwrap();
    answers(&service, &["one", "two"]).await;
    registry.register(&to_two).await.unwrap();
    answers(&service, &["two"]).await;

    // One that makes no sense takes no other with it; of another version it is not ours.
    let nonsense = to_two.with_param("rule", "a => b => c = = d");
    let of_others = route(&one, "&force=true").with_param("version", "2.0.0");
    for url in [&nonsense, &of_others] {
        registry.register(url).await.unwrap();
    }
    registry.unregister(&to_two).await.unwrap();
    answers(&service, &["one", "two"]).await;
}

#[tokio::test]
async fn what_was_referred_and_exported_is_there_once_and_gone_in_the_end() {
    let both = ["client-first", "client-second"];
    let server = Server::new("named").listen("dubbo://127.0.0.1:0");
    let at = |server: Server, registry: &&str| server.registry(&format!("memory://{registry}"));
    let server = both.iter().fold(server, at);
    let server = server.service(Called("earlier")).service(Called("later"));
    let server = server.start().await.unwrap();
    let mut providers = Vec::new();
    for name in both {
        let mut entries = of(&MemoryRegistry::open(name), "providers").await;
        until(&mut entries, "V-PROTO-05: one at each; V-PROTO-06: once", 1).await;
        providers.push(entries);
    }

    let client = consumer(&both[..1], &[]).await;
    let nobody = client.stub(&ServiceKey::new("", "", "")).await;
    assert_eq!(nobody.unwrap_err().kind(), ErrorKind::Config, "V-DIR-02");
    let service: NamedClient = client.refer().await.unwrap();
    let references = client.inside.references.as_ref().unwrap();
    let known = references
        .known(NamedClient::contract().service_key())
        .unwrap();
    let reference = references.get(&known, None).await.unwrap();
    assert_eq!(
        reference.directory().registry(),
        "memory://client-first",
        "V-PROTO-01"
    );
    assert_eq!(service.name().await.unwrap(), "later");
    let again: NamedClient = client.refer().await.unwrap();
    let mut consumers = entries(&MemoryRegistry::open(both[0])).await;
    until(&mut consumers, "V-PROTO-03: once", 1).await;

    drop((client, service, again, reference, known));
    until(&mut consumers, "V-PROTO-07: no consumer", 0).await;
    server.stop(Duration::ZERO).await;
    for mut entries in providers {
        until(&mut entries, "V-PROTO-07: no provider", 0).await;
    }
}

#[tokio::test]
async fn a_call_says_why_its_addresses_cannot_be_called() {
    let client = Client::builder("shop-web").build().await.unwrap();
    let refused = async |urls: &str| {
        let service: NamedClient = client.direct(urls).unwrap();
        service.name().await.unwrap_err().to_string()
    };
    let one = refused("tri://10.0.0.1:50051").await;
    let words = "0 known, 1 skipped (tri://10.0.0.1:50051: tri is not spoken here, dubbo is), 0 routed away; put right what is skipped";
    assert!(one.contains(words), "{one}");
    let several = [
        "dubbo://10.0.0.1:20880?connections=many",
        "dubbo://10.0.0.2:20880?disabled=true",
        "rest://10.0.0.3:1",
        "rest://10.0.0.4:1",
        "rest://10.0.0.5:1",
    ];
    let several = refused(&several.join(";")).await;
    for words in [
        "5 skipped (dubbo://10.0.0.1:20880: ",
        "connections=many",
        " is wanted; dubbo://10.0.0.2:20880: taken out of play by disabled or enabled; ",
        "; rest://10.0.0.3:1: rest is not spoken here, dubbo is; and 2 more)",
    ] {
        assert!(several.contains(words), "{words}: {several}");
    }
    assert!(!several.contains("10.0.0.4"), "{several}");
}

/// Each provider is told its own group, or it would not know the service.
#[tokio::test]
async fn a_call_of_several_groups_goes_to_one_that_is_there() {
    const AT: &str = "client-groups";
    let server = Server::new("named").registry(&format!("memory://{AT}"));
    let server = server.listen("dubbo://127.0.0.1:0");
    let blue = server.service(Grouped("blue")).start().await.unwrap();
    let none = provider("none", &[AT]).await;
    let client = consumer(&[AT], &[]).await;
    let name = async |stub: &Stub| -> Result<String, CallError> {
        match stub.invoke("name", &[], Vec::new()).await? {
            Value::String(name) => Ok(name),
            other => panic!("{other:?}"),
        }
    };
    let stub = async |group: &str| {
        let service = ServiceKey::new(SERVICE, group, "1.0.0");
        client.stub(&service).await.unwrap()
    };
    let (listed, any, other) = (
        stub("green,blue").await,
        stub("*").await,
        stub("green,red").await,
    );
    for _ in 0..20 {
        assert_eq!(name(&listed).await.unwrap(), "blue");
        assert_eq!(name(&any).await.unwrap(), "none", "the first by name");
        assert!(name(&other).await.is_err());
    }
    none.stop(Duration::ZERO).await;
    let moved = timeout(SOON, async {
        while name(&any).await.ok().as_deref() != Some("blue") {
            sleep(Duration::from_millis(5)).await;
        }
    });
    moved.await.expect("the other group is there");
    blue.stop(Duration::ZERO).await;
}
