//! Consumers over a real ZooKeeper and a real etcd: how fast many references start, what is announced of them, several registries at
//! once, what admin tools of Dubbo write for them, and settings that lie in a config center.

mod admin;
mod config_file;
mod several;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use wubbo::Client;
use wubbo::contract::Stub;
use wubbo_core::{ServiceKey, Url};
use wubbo_tests::hosts::{EchoProvider, Gateway, wubbo};
use wubbo_tests::scratch::Scratch;

use crate::server::{Kind, Server};

const SERVICE: &str = "org.wubbo.demo.EchoService";
/// A change is live within milliseconds; a machine that compiles at the same time is given time.
const SOON: Duration = Duration::from_secs(40);
/// What the start of 200 references may take, and what is asserted: five times it, of which a busy machine needs some.
const PROMISED: Duration = Duration::from_secs(1);
const REFERENCES: usize = 200;

/// A consumer over these registries.
pub(crate) async fn consumer(application: &str, registries: &[String]) -> Client {
    let builder = Client::builder(application).parameter("retries", "0");
    let at = |builder: wubbo::ClientBuilder, address: &String| builder.registry(address);
    registries.iter().fold(builder, at).build().await.unwrap()
}

/// Who answers `whoami`, of 40 calls; a failure by its text.
async fn answers(stub: &Stub) -> BTreeSet<String> {
    let mut answers = BTreeSet::new();
    for _ in 0..40 {
        answers.insert(match stub.invoke("whoami", &[], vec![]).await {
            Ok(value) => value.as_str().unwrap_or_default().to_owned(),
            Err(error) => error.to_string(),
        });
    }
    answers
}

/// Waits until these answer and nobody else.
pub(crate) async fn until(stub: &Stub, step: &str, wanted: &[&str]) {
    let wanted: BTreeSet<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
    let since = Instant::now();
    loop {
        let answers = answers(stub).await;
        if answers == wanted {
            return;
        }
        assert!(since.elapsed() < SOON, "{step}: {answers:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What `wubbo registry ls` shows of a category.
fn listed(address: &str, category: &str) -> Vec<Json> {
    let arguments = ["registry", "ls", "--category", category, "--json"];
    let more = ["--timeout", "20s", "--registry", address];
    let (code, out, error) = wubbo(&[&arguments[..], &more].concat()).unwrap();
    assert_eq!(code, Some(0), "{out}{error}");
    let all: Json = serde_json::from_str(&out).unwrap();
    all["entries"].as_array().unwrap().clone()
}

/// Waits until so many consumers of `application` are announced.
pub(crate) fn announced(address: &str, application: &str, count: usize) -> Vec<Json> {
    let since = Instant::now();
    loop {
        let mut entries = listed(address, "consumers");
        entries.retain(|entry| entry["application"] == application);
        if entries.len() == count {
            return entries;
        }
        assert!(
            since.elapsed() < SOON,
            "{} entries in place of {count}: {entries:?}",
            entries.len()
        );
    }
}

fn many_references(kind: Kind) {
    let Some(server) = kind.own() else {
        return;
    };
    // Another session time-out is another connection, as of another process.
    let (theirs, ours) = (
        server.address("session=4000"),
        server.address("session=3000"),
    );
    let service = |number: usize| format!("com.shop.Service{number}");
    Runtime::new().unwrap().block_on(async {
        let providers = wubbo_registry::open(&theirs).await.unwrap();
        let mut registrations = JoinSet::new();
        for number in 0..REFERENCES {
            let (providers, interface) = (providers.clone(), service(number));
            registrations.spawn(async move {
                let url = format!("dubbo://127.0.0.1:9/{interface}?application=shop&methods=x");
                providers
                    .register(&Url::parse(&url).unwrap())
                    .await
                    .unwrap();
            });
        }
        registrations.join_all().await;
        let before = sessions(&server);

        let since = Instant::now();
        let client = Arc::new(consumer("shop-web", std::slice::from_ref(&ours)).await);
        let mut references = JoinSet::new();
        for number in 0..REFERENCES {
            let (client, interface) = (client.clone(), service(number));
            references.spawn(async move {
                let stub = client
                    .stub(&ServiceKey::new(interface.as_str(), "", ""))
                    .await;
                let stub = stub.unwrap();
                assert!(stub.is_available(), "{interface} has its provider");
                stub
            });
        }
        let stubs = references.join_all().await;
        let took = since.elapsed();
        println!(
            "{}: {REFERENCES} references were ready after {} ms (promised: {} ms)",
            kind.name(),
            took.as_millis(),
            PROMISED.as_millis()
        );
        assert!(took < PROMISED * 5, "{took:?}");
        assert_eq!(sessions(&server), before + 1, "one session for all of it");

        let entries = announced(&ours, "shop-web", REFERENCES);
        let services: BTreeSet<&str> = entries
            .iter()
            .filter_map(|entry| entry["interface"].as_str())
            .collect();
        assert_eq!(services.len(), REFERENCES, "one for each");
        client.withdraw().await;
        announced(&ours, "shop-web", 0);
        drop(stubs);
    });
}

/// Sessions that there are now, or, of etcd, that there ever were.
fn sessions(server: &Server) -> usize {
    match server.kind {
        Kind::Zookeeper => {
            let connections = server.ask("cons").unwrap();
            let with_session = connections.lines().filter(|line| line.contains("sid=0x"));
            with_session.count()
        }
        Kind::Etcd => {
            let metrics = server.ask("GET /metrics HTTP/1.0\r\n\r\n").unwrap();
            let name = "etcd_debugging_lease_granted_total ";
            let count = metrics.lines().find_map(|line| line.strip_prefix(name));
            count.unwrap().trim().parse::<f64>().unwrap() as usize
        }
    }
}

#[test]
fn two_hundred_references_start_at_zookeeper() {
    many_references(Kind::Zookeeper);
}

#[test]
fn two_hundred_references_start_at_etcd() {
    many_references(Kind::Etcd);
}

/// What a gateway refers is announced in its name, and goes when it stops.
fn gateway_entries(kind: Kind) {
    let Some(server) = kind.own() else {
        return;
    };
    let address = server.address("session=4000");
    let provider = EchoProvider::start(&["--registry", &address, "--name", "one"]).unwrap();
    let folder = Scratch::new("gateway-entries").unwrap();
    let yaml = |more: &str| {
        format!(
            "application: edge\nregistries: {{ main: {{ address: \"{address}\" }} }}\n{more}\
             gateway: {{ listen: [\"dubbo://127.0.0.1:0\"], services: [\"org.wubbo.*\"] }}\n"
        )
    };
    let through = |gateway: &Gateway| {
        Runtime::new().unwrap().block_on(async {
            let client = consumer("shop-web", &[]).await;
            let service = ServiceKey::new(SERVICE, "", "1.0.0");
            let stub = client.direct_stub(&service, gateway.url()).unwrap();
            until(&stub, "through the gateway", &["one"]).await;
        });
    };
    let gateway = Gateway::start(&yaml(""), folder.path()).unwrap();
    through(&gateway);
    let entries = announced(&address, "edge", 1);
    assert_eq!(entries[0]["service"], format!("{SERVICE}:1.0.0"));
    assert_eq!(entries[0]["parameters"]["side"], "consumer");
    assert_eq!(gateway.stop().unwrap(), 0);
    // Taken back, not left to the session, which outlives the process by seconds.
    let left = listed(&address, "consumers");
    assert_eq!(left, Vec::<Json>::new());

    let silent = yaml("references: { \"org.*\": { register: off } }\n");
    let gateway = Gateway::start(&silent, folder.path()).unwrap();
    through(&gateway);
    assert_eq!(listed(&address, "consumers"), Vec::<Json>::new());
    assert_eq!(gateway.stop().unwrap(), 0);
    assert_eq!(provider.stop().unwrap(), 0);
}

#[test]
fn a_gateway_is_announced_as_a_consumer_at_zookeeper() {
    gateway_entries(Kind::Zookeeper);
}

#[test]
fn a_gateway_is_announced_as_a_consumer_at_etcd() {
    gateway_entries(Kind::Etcd);
}
