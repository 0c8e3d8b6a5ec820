//! Settings of a gateway that lie in the config center alone, as Dubbo's properties.

use std::time::Instant;

use tokio::runtime::Runtime;
use wubbo_core::ServiceKey;
use wubbo_tests::hosts::{EchoProvider, Gateway, wubbo};
use wubbo_tests::scratch::Scratch;

use super::{SERVICE, SOON, announced, consumer, until};
use crate::server::{Kind, free_port};

const KEY: &str = "dubbo.properties";
const GATEWAY: &str = "gateway: { listen: [\"dubbo://127.0.0.1:0\"], services: [\"org.wubbo.*\"] }";

fn yaml(center: &str) -> String {
    format!(
        "application: edge\nconfig_center: {{ address: \"{center}\", config_file: {KEY} }}\n{GATEWAY}\n"
    )
}

/// A gateway whose file names no registry and no reference, told both by `center`.
fn told_by(center: &str, registry: &str) {
    let provider = EchoProvider::start(&["--registry", registry, "--name", "one"]).unwrap();
    let everyone = format!(
        "# of every application\ndubbo.registry.address={registry}\ndubbo.consumer.timeout=9000\ndubbo.consumer.retries=many\n\
         dubbo.protocol.port=20880\ndubbo.metadata-report.password=s3cret\n"
    );
    let own = format!("dubbo.consumer.timeout = 2500\ndubbo.reference.{SERVICE}.retries: 0\n");
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let center = wubbo_registry::open_config(center).await.unwrap();
        for (group, text) in [("dubbo", &everyone), ("edge", &own)] {
            let put = center.replace(KEY, group, None, Some(text)).await;
            assert!(put.unwrap(), "{group}");
        }
    });

    let folder = Scratch::new("config-file").unwrap();
    let gateway = Gateway::start(&yaml(center), folder.path()).unwrap();
    runtime.block_on(async {
        let client = consumer("shop-web", &[]).await;
        let service = ServiceKey::new(SERVICE, "", "1.0.0");
        let stub = client.direct_stub(&service, gateway.url()).unwrap();
        until(&stub, "through the gateway", &["one"]).await;
    });
    // What it refers with is what it announces as a consumer.
    let entries = announced(registry, "edge", 1);
    assert_eq!(entries[0]["parameters"]["timeout"], "2500");
    assert_eq!(entries[0]["parameters"]["retries"], "0");
    let since = Instant::now();
    let told = [
        "taken=3 keys=[\"dubbo.registry.address\", \"dubbo.consumer.timeout\", \"dubbo.reference.org.wubbo.demo.EchoService.retries\"]",
        "passed_over=2 others=[\"dubbo.metadata-report.password\", \"dubbo.protocol.port\"]",
        "key=\"dubbo.consumer.retries\"",
    ];
    while !told.iter().all(|words| gateway.log().contains(words)) {
        assert!(since.elapsed() < SOON, "{}", gateway.log());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(!gateway.log().contains("s3cret"), "{}", gateway.log());
    assert_eq!(gateway.stop().unwrap(), 0);
    drop(provider);
}

#[test]
fn a_gateway_is_told_its_settings_by_files() {
    let folder = Scratch::new("config-center").unwrap();
    let at = |name: &str| format!("file:{}", folder.folder(name).unwrap().display());
    told_by(&at("rules"), &at("registry"));
}

#[test]
fn a_gateway_is_told_its_settings_by_zookeeper() {
    let Some(server) = Kind::Zookeeper.own() else {
        return;
    };
    let address = server.address("session=4000");
    told_by(&address, &address);
}

/// Whoever asks for settings gets no gateway without them.
#[test]
fn a_config_center_that_does_not_answer_ends_the_start() {
    let folder = Scratch::new("no-config-center").unwrap();
    let center = format!("zookeeper://127.0.0.1:{}?timeout=300", free_port());
    let file = folder.write("wubbo.yaml", yaml(&center)).unwrap();
    let (code, out, said) = wubbo(&["run", "-c", file.to_str().unwrap()]).unwrap();
    assert_eq!((code, out.as_str()), (Some(1), ""), "{said}");
    for words in [
        "config_center.config_file: dubbo.properties of group dubbo cannot be read",
        "bring the config center up, or start without config_file",
        "/dubbo/config/dubbo/dubbo.properties",
    ] {
        assert!(said.contains(words), "{said}");
    }
}
