//! Providers, a running gateway that holds no linked policy, and a consumer that looks while one file comes and goes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use wubbo::{CallOptions, Client, RunningServer};
use wubbo_tests::artifacts;
use wubbo_tests::hosts::Gateway;
use wubbo_tests::plugin_files::put;
use wubbo_tests::scratch::Scratch;

use super::shop::{Provider, ShopApiClient};

/// A file is live within a quarter of a second; a machine that compiles at the same time is given time.
const LIVE_LIMIT: Duration = Duration::from_secs(20);

/// Everything that one recipe needs.
pub(super) struct Scene {
    folder: Scratch,
    gateway: Gateway,
    providers: Vec<RunningServer>,
    runtime: Runtime,
    shop: ShopApiClient,
}

impl Scene {
    /// Providers behind a gateway whose balancer has this name.
    pub(super) fn start(providers: &[Provider<'_>], balancer: &str) -> Self {
        let folder = Scratch::new("cookbook").unwrap();
        let plugins = folder.folder("plugins.d").unwrap();
        // A balancer that looks at weights; recipes that bring their own shadow nothing.
        let random = std::fs::read(artifacts::wasm("loadbalance-random")).unwrap();
        put(&plugins, "loadbalance-random.wasm", &random).unwrap();
        let registry = format!("file:{}", folder.join("registry").display());
        let runtime = Runtime::new().unwrap();
        let providers = runtime.block_on(async {
            let mut running = Vec::new();
            for provider in providers {
                running.push(provider.start(&registry).await);
            }
            running
        });
        let yaml = format!(
            "application: cookbook\nregistries: {{ main: {{ address: \"{registry}\" }} }}\nplugins: {{ dir: ./plugins.d, builtins: off }}\n\
             references: {{ \"com.shop.*\": {{ loadbalance: {balancer}, timeout: 10s }} }}\n\
             gateway: {{ listen: [\"dubbo://127.0.0.1:0\"], services: [\"com.shop.*\"] }}\nadmin: {{ listen: \"127.0.0.1:0\" }}\n"
        );
        let gateway = Gateway::start(&yaml, folder.path()).unwrap();
        let shop = runtime.block_on(async {
            let client = Client::builder("cookbook-test").parameter("retries", "0");
            let client = client.parameter("timeout", "10000").build().await.unwrap();
            client.direct(gateway.url()).unwrap()
        });
        Self {
            folder,
            gateway,
            providers,
            runtime,
            shop,
        }
    }

    /// Drops the recipe's wasm file in, with `yaml` beside it, and takes it away again. What `looks` must be false before, come true
    /// while the file is there, and be false again after; `meanwhile` is looked at while it is there.
    pub(super) fn comes_and_goes(
        &self,
        recipe: &str,
        yaml: &str,
        looks: impl Fn() -> bool,
        meanwhile: impl FnOnce(),
    ) {
        assert!(!looks(), "{recipe} has its effect before it is there");
        let module = std::fs::read(artifacts::wasm(recipe)).unwrap();
        let plugins = self.folder.join("plugins.d");
        put(&plugins, &format!("{recipe}.yaml"), yaml.as_bytes()).unwrap();
        put(&plugins, &format!("{recipe}.wasm"), &module).unwrap();
        let there = self.until(recipe, "there", &looks);
        meanwhile();
        for ending in ["wasm", "yaml"] {
            std::fs::remove_file(plugins.join(format!("{recipe}.{ending}"))).unwrap();
        }
        let gone = self.until(recipe, "gone", &|| !looks());
        println!(
            "{recipe}: seen by the consumer {} ms after the file came, gone {} ms after it went",
            there.as_millis(),
            gone.as_millis()
        );
        let log = self.gateway.log();
        assert!(!log.contains("panic"), "{log}");
    }

    fn until(&self, recipe: &str, what: &str, looks: &dyn Fn() -> bool) -> Duration {
        let since = Instant::now();
        while !looks() {
            let late = since.elapsed() > LIVE_LIMIT;
            let status = || self.gateway.get("/plugins").unwrap().body;
            assert!(!late, "{recipe} is not {what}: {}", status());
        }
        since.elapsed()
    }

    /// A call through the gateway.
    pub(super) fn call<T>(&self, call: impl AsyncFnOnce(&ShopApiClient) -> T) -> T {
        self.runtime.block_on(call(&self.shop))
    }

    /// Who answers so many calls of `whoami` that carry these attachments, one after the other; a failed call counts under its error.
    pub(super) fn ask(
        &self,
        calls: usize,
        attachments: &[(&str, &str)],
    ) -> BTreeMap<String, usize> {
        let mut options = CallOptions::new();
        for (key, value) in attachments {
            options = options.attachment((*key).to_owned(), (*value).to_owned());
        }
        let shop = self.shop.with(options);
        let mut answers = BTreeMap::new();
        for _ in 0..calls {
            let answer = self.runtime.block_on(shop.whoami());
            let name = answer.unwrap_or_else(|error| error.to_string());
            *answers.entry(name).or_default() += 1;
        }
        answers
    }

    /// `host:port` of a provider.
    pub(super) fn address(&self, provider: usize) -> String {
        let url = self.providers[provider].listening().next().unwrap();
        url.location().to_owned()
    }
}
