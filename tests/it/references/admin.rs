//! What admin tools of Dubbo write into a registry and its config center, for Rust consumers and providers.

use std::sync::Arc;

use tokio::runtime::Runtime;
use wubbo_core::{Registry, ServiceKey, Url};
use wubbo_tests::hosts::EchoProvider;

use super::{SERVICE, SOON, consumer, listed, until};
use crate::server::Kind;

/// Dubbo's key of the service's override rules in the config center.
const OVERRIDES: &str = "org.wubbo.demo.EchoService:1.0.0:.configurators";

struct Scene {
    registry: Arc<dyn Registry>,
    address: String,
    one: EchoProvider,
    two: EchoProvider,
}

impl Scene {
    async fn start(address: String) -> Self {
        let provider = |name| {
            let at = ["--registry", &address, "--config-center", &address];
            EchoProvider::start(&[&at[..], &["--name", name]].concat()).unwrap()
        };
        Self {
            registry: wubbo_registry::open(&address).await.unwrap(),
            one: provider("one"),
            two: provider("two"),
            address,
        }
    }

    fn port(provider: &EchoProvider) -> u16 {
        Url::parse(provider.url()).unwrap().port().unwrap()
    }

    /// An entry as Dubbo 2.6's admin writes it: it stays when the admin goes.
    async fn put(&self, text: &str) -> Url {
        let url = format!("{text}&version=1.0.0&enabled=true&dynamic=false");
        let url = Url::parse(&url).unwrap();
        self.registry.register(&url).await.unwrap();
        url
    }

    /// Waits until the entry of `one` has this weight.
    fn weight_of_one(&self, step: &str, wanted: Option<&str>) {
        let since = std::time::Instant::now();
        let place = format!("127.0.0.1:{}", Self::port(&self.one));
        loop {
            let entries = listed(&self.address, "providers");
            let of_one: Vec<_> = entries
                .iter()
                .filter(|entry| entry["address"] == place.as_str())
                .collect();
            if let [entry] = &of_one[..]
                && entry["parameters"]["weight"].as_str() == wanted
            {
                return;
            }
            assert!(since.elapsed() < SOON, "{step}: {entries:?}");
        }
    }
}

fn obeyed(kind: Kind) {
    let Some(server) = kind.own() else {
        return;
    };
    Runtime::new().unwrap().block_on(async {
        let scene = Scene::start(server.address("session=4000")).await;
        let client = consumer("shop-web", std::slice::from_ref(&scene.address)).await;
        let stub = client.stub(&ServiceKey::new(SERVICE, "", "1.0.0")).await.unwrap();
        until(&stub, "both", &["one", "two"]).await;
        let (one, two) = (Scene::port(&scene.one), Scene::port(&scene.two));

        // Dubbo 2.6: a provider is switched off, and a route leads to another one.
        let off = format!("override://127.0.0.1:{one}/{SERVICE}?category=configurators&disabled=true");
        let off = scene.put(&off).await;
        until(&stub, "override: one is switched off", &["two"]).await;
        scene.registry.unregister(&off).await.unwrap();
        until(&stub, "override taken back", &["one", "two"]).await;
        let route = format!(
            "route://0.0.0.0/{SERVICE}?category=routers&router=condition&name=blue&force=true&priority=0&runtime=false\
             &rule=host+%3D+127.*+%3D%3E+port+%3D+{two}"
        );
        let route = scene.put(&route).await;
        until(&stub, "route: host = 127.* => port", &["two"]).await;
        scene.registry.unregister(&route).await.unwrap();
        until(&stub, "route taken back", &["one", "two"]).await;

        // The same for a provider, which announces itself anew.
        let weight = format!("override://127.0.0.1:{one}/{SERVICE}?category=configurators&weight=7");
        let weight = scene.put(&weight).await;
        scene.weight_of_one("override URL", Some("7"));
        scene.registry.unregister(&weight).await.unwrap();
        scene.weight_of_one("taken back", None);

        // Dubbo 2.7 and 3: a rule in the config center, as their admin writes it.
        let center = wubbo_registry::open_config(&scene.address).await.unwrap();
        let rule = format!(
            "configVersion: v2.7\nenabled: true\nscope: service\nkey: {SERVICE}:1.0.0\nconfigs:\n- addresses: ['127.0.0.1:{one}']\n  \
             enabled: true\n  side: provider\n  parameters:\n    weight: 9\n"
        );
        assert!(center.replace(OVERRIDES, "dubbo", None, Some(&rule)).await.unwrap());
        scene.weight_of_one("rule of the config center", Some("9"));
        until(&stub, "nobody was lost", &["one", "two"]).await;
    });
}

#[test]
fn what_admin_tools_write_is_obeyed_at_zookeeper() {
    obeyed(Kind::Zookeeper);
}

#[test]
fn what_admin_tools_write_is_obeyed_at_etcd() {
    obeyed(Kind::Etcd);
}
