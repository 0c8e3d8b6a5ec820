//! The parties: two providers in an inner registry, a gateway between it and an outer one, and the load that knows the outer one alone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::traffic;
use crate::artifacts;
use crate::hosts::{EchoProvider, Gateway};
use crate::load::Summary;
use crate::plugin_files;
use crate::process::{Error, Process, Read};
use crate::scratch::Scratch;

/// The policies that the gateway runs on instead of the built-ins.
pub(crate) const FIRST_PARTY: [&str; 8] = [
    "filter-accesslog",
    "filter-token",
    "filter-tagrequest",
    "filter-tps",
    "router-condition",
    "router-tag",
    "loadbalance-random",
    "configurator-override",
];
/// How long the load may take to say that it calls, and to end.
const LOAD_LIMIT: Duration = Duration::from_secs(30);

/// Everything that runs.
pub(crate) struct Stage {
    load: std::cell::RefCell<Option<Process>>,
    gateway: Gateway,
    providers: Vec<EchoProvider>,
    folder: Scratch,
}

impl Stage {
    pub(crate) fn start() -> Result<Self, Error> {
        let folder = Scratch::new("demo").map_err(|error| Error::new(&error.to_string()))?;
        let made = folder.folder("plugins.d").and_then(|plugins| {
            for name in FIRST_PARTY {
                plugin_files::put(
                    &plugins,
                    &format!("{name}.wasm"),
                    &std::fs::read(artifacts::wasm(name))?,
                )?;
            }
            Ok(())
        });
        made.map_err(|error| Error::new(&error.to_string()))?;
        let inner = format!("file:{}", folder.join("inner").display());
        let outer = format!("file:{}", folder.join("outer").display());
        let provider = |name| EchoProvider::start(&["--registry", &inner, "--name", name]);
        let providers = vec![provider("alpha")?, provider("beta")?];
        let gateway = Gateway::start(&configuration(&inner, &outer), folder.path())?;
        let load = traffic::spawn(&outer).map_err(|error| Error::new(&error.to_string()))?;
        let stage = Self {
            load: std::cell::RefCell::new(Some(load)),
            gateway,
            providers,
            folder,
        };
        // The first report says that calls pass.
        stage.report()?;
        Ok(stage)
    }

    /// The plugin directory.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.folder.join("plugins.d")
    }

    /// The gateway's own word on its plugins.
    pub(crate) fn status(&self) -> Result<serde_json::Value, Error> {
        let response = self
            .gateway
            .get("/plugins")
            .map_err(|error| Error::new(&error.to_string()))?;
        serde_json::from_str(&response.body).map_err(|error| Error::new(&error.to_string()))
    }

    /// The load's next report.
    pub(crate) fn report(&self) -> Result<Summary, Error> {
        let load = self.load.borrow();
        let load = load
            .as_ref()
            .ok_or_else(|| Error::new("the load has ended"))?;
        match load.line(Instant::now() + LOAD_LIMIT) {
            Read::Line(line) => traffic::parse(&line),
            Read::End => Err(Error::new(&format!("the load ended: {}", load.log()))),
            Read::Late => Err(Error::new("the load did not report in time")),
        }
    }

    /// Stops the load; its last report.
    pub(crate) fn end_load(&self) -> Result<Summary, Error> {
        let Some(load) = self.load.borrow_mut().take() else {
            return Err(Error::new("the load has ended"));
        };
        traffic::finish(load, Instant::now() + LOAD_LIMIT)
    }

    /// What a reader can try while everything is up.
    pub(crate) fn what_next(&self) -> String {
        let wubbo = shown(&artifacts::binary("wubbo"));
        let url = format!(
            "{}/org.wubbo.demo.EchoService?version=1.0.0",
            self.gateway.url()
        );
        let admin = self.gateway.admin().unwrap_or_default();
        let hello = shown(&artifacts::wasm("hello-filter"));
        let plugins = self.plugins();
        format!(
            "everything stays up; Ctrl-C ends it. Try:\n  \
             {wubbo} call '{url}' whoami\n  \
             {wubbo} call '{url}' getUser '\"7\"'\n  \
             {wubbo} bench '{url}' echo '\"hello\"' --duration 5s\n  \
             cp {hello} {0}/        (a plugin goes live)\n  \
             rm {0}/hello-filter.wasm        (and goes)\n  \
             cargo xtask fixtures target/hostile && cp target/hostile/loop-in-request.wasm {0}/        (a guest that never returns)\n  \
             curl http://{admin}/plugins",
            plugins.display()
        )
    }

    /// Waits until the user ends the demo.
    pub(crate) fn wait_for_the_end(&self) -> Result<(), Error> {
        let failed = |error: std::io::Error| Error::new(&error.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        runtime.block_on(tokio::signal::ctrl_c()).map_err(failed)
    }

    /// Stops everything in order; every party must say that it ended well.
    pub(crate) fn end(self) -> Result<(), Error> {
        let mut codes = vec![("the gateway", self.gateway.stop()?)];
        for provider in self.providers {
            codes.push(("a provider", provider.stop()?));
        }
        match codes.iter().find(|(_, code)| *code != 0) {
            None => Ok(()),
            Some((party, code)) => Err(Error::new(&format!("{party} ended with exit code {code}"))),
        }
    }
}

fn configuration(inner: &str, outer: &str) -> String {
    format!(
        "application: demo-gateway\n\
         registries:\n  inner: {{ address: \"{inner}\" }}\n  outer: {{ address: \"{outer}\" }}\n\
         plugins: {{ dir: ./plugins.d, builtins: off, cache: ./cache, required: [filter/token, filter/accesslog, filter/tagrequest, router/condition, router/tag, loadbalance/random, configurator/override] }}\n\
         gateway:\n  listen: [\"dubbo://127.0.0.1:0\"]\n  services: [\"org.wubbo.demo.*\"]\n  registry: inner\n  \
         publish: {{ registry: outer, services: [\"org.wubbo.demo.EchoService:1.0.0\"] }}\n\
         admin: {{ listen: \"127.0.0.1:0\" }}\n"
    )
}

fn shown(path: &Path) -> String {
    path.strip_prefix(artifacts::root())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// The load as a process of its own.
pub(crate) fn load_command(registry: &str) -> Command {
    let mut command = Command::new(artifacts::built().join("demo"));
    command.args(["load", registry]);
    command
}
