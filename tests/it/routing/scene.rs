//! Providers that tell their names, a gateway whose every policy is a wasm file, rules in a folder, and a consumer that counts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tokio::runtime::Runtime;
use wubbo::contract::Stub;
use wubbo::{CallOptions, Client};
use wubbo_core::ServiceKey;
use wubbo_tests::artifacts;
use wubbo_tests::hosts::{EchoProvider, Gateway};
use wubbo_tests::http;
use wubbo_tests::plugin_files::put;
use wubbo_tests::scratch::Scratch;

pub(super) const SERVICE: &str = "org.wubbo.demo.EchoService";
/// The application of the providers.
pub(super) const PROVIDERS: &str = "wubbo-demo-provider";
/// A rule is live within milliseconds; a machine that compiles at the same time is given time.
const LIVE_LIMIT: Duration = Duration::from_secs(20);

/// How often each provider answered.
pub(super) type Answers = BTreeMap<String, usize>;

/// Everything that one test needs.
pub(super) struct Scene {
    pub(super) folder: Scratch,
    pub(super) gateway: Gateway,
    pub(super) providers: Vec<EchoProvider>,
    pub(super) runtime: Runtime,
    pub(super) stub: Stub,
}

impl Scene {
    /// Providers by name and URL parameters, behind a gateway with these plugin crates; `references` is the YAML of the service's
    /// reference.
    pub(super) fn start(providers: &[(&str, &str)], plugins: &[&str], references: &str) -> Self {
        let folder = Scratch::new("routing").unwrap();
        let dir = folder.folder("plugins.d").unwrap();
        folder.folder("rules").unwrap();
        for name in plugins {
            let module = std::fs::read(artifacts::wasm(name)).unwrap();
            put(&dir, &format!("{name}.wasm"), &module).unwrap();
        }
        let registry = format!("file:{}", folder.join("registry").display());
        let provider = |(name, parameters): &(&str, &str)| {
            let listen = format!("dubbo://127.0.0.1:0?{parameters}");
            let arguments = ["--listen", &listen, "--registry", &registry, "--name", name];
            EchoProvider::start(&arguments).unwrap()
        };
        let providers: Vec<EchoProvider> = providers.iter().map(provider).collect();
        let yaml = format!(
            "application: routing\nregistries: {{ main: {{ address: \"{registry}\" }} }}\nconfig_center: {{ address: \"file:{}\" }}\n\
             plugins: {{ dir: ./plugins.d, builtins: off }}\nreferences: {{ \"org.wubbo.*\": {references} }}\n\
             gateway: {{ listen: [\"dubbo://127.0.0.1:0\"], services: [\"org.wubbo.*\"] }}\nadmin: {{ listen: \"127.0.0.1:0\" }}\n",
            folder.join("rules").display()
        );
        let gateway = Gateway::start(&yaml, folder.path()).unwrap();
        let runtime = Runtime::new().unwrap();
        let stub = runtime.block_on(async {
            let client = Client::builder("routing-test").parameter("retries", "0");
            let client = client.build().await.unwrap();
            let service = ServiceKey::new(SERVICE, "", "1.0.0");
            client.direct_stub(&service, gateway.url()).unwrap()
        });
        Self {
            folder,
            gateway,
            providers,
            runtime,
            stub,
        }
    }

    /// Who answers `calls` calls of `whoami` that carry these attachments, one after the other; a failed call is counted under its
    /// error's text.
    pub(super) fn ask(&self, calls: usize, attachments: &[(&str, &str)]) -> Answers {
        let mut options = CallOptions::new();
        for (key, value) in attachments {
            options = options.attachment((*key).to_owned(), (*value).to_owned());
        }
        let stub = self.stub.clone().with(options);
        let mut answers = Answers::new();
        self.runtime.block_on(async {
            for _ in 0..calls {
                let name = match stub.invoke("whoami", &[], vec![]).await {
                    Ok(value) => value.as_str().unwrap_or_default().to_owned(),
                    Err(error) => error.to_string(),
                };
                *answers.entry(name).or_default() += 1;
            }
        });
        answers
    }

    /// Writes a rule in one step.
    pub(super) fn rule(&self, key: &str, text: &str) {
        let group = self.folder.folder("rules/dubbo").unwrap();
        put(&group, key, text.as_bytes()).unwrap();
    }

    /// Takes a rule back.
    pub(super) fn no_rule(&self, key: &str) {
        std::fs::remove_file(self.folder.join("rules/dubbo").join(key)).unwrap();
    }

    /// `host:port` of the provider of that place.
    pub(super) fn address(&self, provider: usize) -> String {
        let url = self.providers[provider].url();
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest[..rest.find(['/', '?']).unwrap_or(rest.len())].to_owned()
    }

    /// Asks until the answers are as wanted, for a change that goes live by itself; how long it took.
    pub(super) fn until(
        &self,
        calls: usize,
        attachments: &[(&str, &str)],
        wanted: impl Fn(&Answers) -> bool,
    ) -> Duration {
        let since = Instant::now();
        loop {
            let answers = self.ask(calls, attachments);
            if wanted(&answers) {
                return since.elapsed();
            }
            let late = since.elapsed() > LIVE_LIMIT;
            assert!(!late, "{answers:?}\n{}", self.gateway.log());
        }
    }

    /// What the admin server says about a plugin.
    pub(super) fn plugin(&self, identity: &str) -> Json {
        let status: Json =
            serde_json::from_str(&self.gateway.get("/plugins").unwrap().body).unwrap();
        let plugins = status["plugins"].as_array().unwrap();
        let found = plugins.iter().find(|one| one["identity"] == identity);
        found.cloned().unwrap_or_default()
    }

    /// Waits until the status of a plugin is as wanted.
    pub(super) fn until_plugin(&self, identity: &str, wanted: impl Fn(&Json) -> bool) -> Json {
        let since = Instant::now();
        loop {
            let plugin = self.plugin(identity);
            if wanted(&plugin) {
                return plugin;
            }
            let late = since.elapsed() > LIVE_LIMIT;
            assert!(!late, "{plugin}\n{}", self.gateway.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// How the gateway would route a call of `whoami` with these attachments.
    pub(super) fn explain(&self, attachments: &[(&str, &str)]) -> Json {
        let attachments: BTreeMap<_, _> = attachments.iter().copied().collect();
        let question = serde_json::json!({
            "service": format!("{SERVICE}:1.0.0"), "method": "whoami", "attachments": attachments,
        });
        let admin = self.gateway.admin().unwrap();
        let answer = http::post(&admin, "/explain", &question.to_string()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// The plugin directory.
    pub(super) fn plugins(&self) -> PathBuf {
        self.folder.join("plugins.d")
    }
}

/// The names that answered.
pub(super) fn names(answers: &Answers) -> Vec<&str> {
    answers.keys().map(String::as_str).collect()
}
