//! A registry and config center with a gateway, and the commands that are typed.

use std::path::Path;

use wubbo_core::ConfigCenter;
use wubbo_tests::hosts::{Gateway, wubbo};
use wubbo_tests::java::LOOPBACK;
use wubbo_tests::scratch::Scratch;

pub(super) const SERVICE: &str = "org.wubbo.demo.EchoService:1.0.0";
pub(super) const GATEWAY: &str = "edge";
pub(super) const CONSUMER: &str = "wubbo-demo-consumer";
/// The nodes of others that attaching changes.
pub(super) const NODES: [(&str, &str); 2] = [
    (
        "DUBBO_SERVICEDISCOVERY_MIGRATION",
        "wubbo-demo-consumer.migration",
    ),
    (
        "dubbo",
        "org.wubbo.demo.EchoService:1.0.0:.condition-router",
    ),
];

/// What a node held, by its place in [`NODES`].
pub(super) type Texts = [Option<String>; 2];

/// Where everything is kept.
pub(super) struct Site {
    pub(super) address: String,
    /// What gateways publish as their host.
    host: Option<&'static str>,
    folders: Vec<Scratch>,
}

impl Site {
    pub(super) fn at(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            host: None,
            folders: Vec::new(),
        }
    }

    /// Of gateways that Java consumers find in a registry.
    pub(super) fn for_java(address: &str) -> Self {
        Self {
            host: Some(LOOPBACK),
            ..Self::at(address)
        }
    }

    /// Starts a gateway with these patterns of services.
    pub(super) fn gateway(&mut self, services: &str) -> Gateway {
        let folder = Scratch::new("gateway").unwrap();
        folder.folder("plugins.d").unwrap();
        let address = &self.address;
        let host = self
            .host
            .map(|host| format!(", publish: {{ host: \"{host}\" }}"));
        let host = host.unwrap_or_default();
        let yaml = format!(
            "application: {GATEWAY}\nregistries: {{ main: {{ address: \"{address}\" }} }}\n\
             config_center: {{ address: \"{address}\" }}\nplugins: {{ dir: ./plugins.d }}\n\
             gateway: {{ listen: [\"dubbo://127.0.0.1:0\"], services: [\"{services}\"]{host} }}\n\
             admin: {{ listen: \"127.0.0.1:0\" }}\n"
        );
        let gateway = Gateway::start(&yaml, folder.path()).unwrap();
        self.folders.push(folder);
        gateway
    }

    /// The folder of the gateway that was started as this one.
    pub(super) fn folder(&self, gateway: usize) -> &Path {
        self.folders[gateway].path()
    }

    /// Runs attach or detach with further arguments.
    pub(super) fn run(&self, command: &str, more: &[&str]) -> (Option<i32>, String, String) {
        let mut arguments = vec![command, SERVICE, "--registry", &self.address];
        arguments.extend(["--gateway", GATEWAY]);
        arguments.extend(more);
        wubbo(&arguments).unwrap()
    }

    /// Runs attach for the consumer with further arguments.
    pub(super) fn attach(&self, more: &[&str]) -> (Option<i32>, String, String) {
        let mut arguments = vec!["--consumer", CONSUMER];
        arguments.extend(more);
        self.run("attach", &arguments)
    }

    /// Runs it and sees that it did what it should.
    pub(super) fn attached(&self, gateways: usize) -> String {
        let (code, out, error) = self.attach(&["--gateways", &gateways.to_string()]);
        assert_eq!(code, Some(0), "{out}{error}");
        out
    }

    pub(super) fn detached(&self, pause: &str) {
        let (code, out, error) = self.run("detach", &["--pause", pause]);
        assert_eq!(code, Some(0), "{out}{error}");
        assert!(out.starts_with("detached"), "{out}{error}");
        assert_eq!(error, "", "nothing is left");
    }

    /// Does something with the config center.
    pub(super) fn center<T>(&self, work: impl AsyncFnOnce(&dyn ConfigCenter) -> T) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        runtime.block_on(async {
            let center = wubbo_registry::open_config(&self.address).await.unwrap();
            work(&*center).await
        })
    }

    /// What the nodes of others hold.
    pub(super) fn texts(&self) -> Texts {
        self.center(async |center| {
            let mut texts = Texts::default();
            for (text, (group, key)) in texts.iter_mut().zip(NODES) {
                let read = center.read(key, group).await.unwrap();
                *text = read.map(|read| read.to_string());
            }
            texts
        })
    }

    /// Puts a text in place of whatever is there.
    pub(super) fn put(&self, (group, key): (&str, &str), text: Option<&str>) {
        self.center(async |center| {
            let now = center.read(key, group).await.unwrap();
            let put = center.replace(key, group, now.as_deref(), text);
            assert!(put.await.unwrap());
        });
    }

    /// What is attached to the gateways.
    pub(super) fn record(&self) -> Option<String> {
        self.center(async |center| {
            let key = format!("{GATEWAY}.attached");
            let read = center.read(&key, "wubbo").await;
            read.unwrap().map(|text| text.to_string())
        })
    }
}
