//! `wubbo.yaml`: what an operator writes, read in two stages.
//!
//! Stage one is the tree as the file says it; stage two ([`Config`]) is typed, with defaults filled in and cross-checked. Every problem
//! of a file is reported at once, with its key, its value and what was expected, before anything is bound.

mod overlay;
mod problems;
mod properties;
mod section;
mod size;
mod yaml;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use wubbo_core::{Pattern, Url};
use wubbo_protocol::SslConfig;

pub use overlay::Overlaid;
pub use problems::{ConfigError, Problem};
pub use properties::{Malformed, Properties, parse_properties};
use section::Section;

use crate::busy_poll;
use crate::publish::{HOST_VARIABLE, PORT_VARIABLE, environment, port};
pub(crate) use size::duration as parse_duration;

/// How often a call may be repeated.
const RETRIES: RangeInclusive<usize> = 0..=100;
/// The fault tolerance that there is, by Dubbo's names.
const CLUSTERS: [&str; 1] = ["failover"];

/// A checked configuration of `wubbo run`.
#[derive(Clone, Debug)]
pub struct Config {
    /// `application`: the name under which this process appears to others. Mandatory.
    pub application: String,
    /// `registries`: addresses by name, such as `file:./registry`; relative ones are taken from the working directory.
    pub registries: BTreeMap<String, String>,
    /// `config_center`: where rules are followed. Default: nowhere.
    pub config_center: Option<ConfigCenter>,
    /// `plugins`.
    pub plugins: Plugins,
    /// `gateway`.
    pub gateway: Option<Gateway>,
    /// `references`: what a call is made with, by interface pattern; the first that matches in the file's order counts.
    pub references: Vec<Reference>,
    /// `ssl`: the certificates for listeners and providers whose URL says `ssl-enabled=true`; relative to the configuration file.
    pub ssl: SslConfig,
    /// `admin`.
    pub admin: Option<Admin>,
    /// `shutdown.timeout`: how long calls in flight may still take on SIGTERM. Default 10 s.
    pub drain: Duration,
    /// `threads`: worker threads. Default: one per core.
    pub threads: Option<usize>,
}

/// The `config_center` section.
#[derive(Clone, Debug)]
pub struct ConfigCenter {
    /// `address`: such as `file:./rules`.
    pub address: String,
    /// `config_file`: the key under which settings lie as Java properties, such as `dubbo.properties`. Default: none is read.
    pub config_file: Option<String>,
    /// `keys`: further keys to follow, of routers of your own; the keys of Dubbo's rules are followed by themselves. Default none.
    pub keys: Vec<String>,
}

/// The `plugins` section.
#[derive(Clone, Debug)]
pub struct Plugins {
    /// `dir`: the watched directory; relative to the configuration file. Default: none.
    pub dir: Option<PathBuf>,
    /// `builtins`: whether the linked policies are present. Default on.
    pub builtins: bool,
    /// `required`: identities (`filter/token`) that must be live before the host is ready. Default none.
    pub required: Vec<String>,
    /// `cache`: where compiled modules are kept; relative to the configuration file. Default: no cache.
    pub cache: Option<PathBuf>,
    /// `kept`: where generations are kept for a roll-back; relative to the configuration file. Default: `kept` in `cache`, where there is
    /// one; else none, and nothing can be rolled back.
    pub kept: Option<PathBuf>,
    /// Who compiles modules into `cache`: no key, the program that runs the gateway says it. Default: the gateway itself.
    pub compiler: Option<wubbo_plugin::Compiler>,
    /// `max`: how many plugins may be live. Default 32, 1 to 1024.
    pub max: usize,
    /// `memory_total`: bound of all instances' memory together. Default 1 GiB.
    pub memory_total_bytes: usize,
    /// `config`: configuration of linked plugins by identity, as a plugin's own YAML would hold it.
    pub config: BTreeMap<String, serde_json::Value>,
}

/// Which of the registries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// All that there are, those of the config center too.
    All,
    /// These.
    Named(Vec<String>),
}

/// The `gateway` section.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// `listen`: `dubbo://host:port[?token=..]`, one or more.
    pub listen: Vec<Url>,
    /// `services`: interface patterns that may be called through this gateway. Never empty: an open relay is refused.
    pub services: Vec<Pattern>,
    /// `upstream`: as a sidecar, the one provider that every call goes to, `dubbo://host:port[?token=..]`. Default: none, providers are
    /// found in the registries.
    pub upstream: Option<Url>,
    /// `registry`: the registries that providers are found in, whose lists are one. Default: all; none for a sidecar.
    pub registry: Chosen,
    /// `id`: this gateway's hop mark, 8 hexadecimal digits. Default: random per process.
    pub id: Option<String>,
    /// `references_max`: how many different services may be referred on demand. Default 1000, 1 to 100,000.
    pub references_max: usize,
    /// `busy_poll`: how long a worker stays awake for the next event of a call at most. Default 0 (not at all), up to 1 ms.
    pub busy_poll: Duration,
    /// `publish`: where the gateway announces itself, and how it is reached.
    pub publish: Publish,
}

/// The `gateway.publish` section.
#[derive(Clone, Debug)]
pub struct Publish {
    /// `registry`: the registries to announce `services` in. Default: all.
    pub registry: Chosen,
    /// `services`: service keys `[group/]interface[:version]` that are announced from the start. Default none.
    pub services: Vec<String>,
    /// `host`: under which host consumers reach the first listener. Default: the environment's `DUBBO_IP_TO_REGISTRY`; else the
    /// listener's, or, when that is every address of this machine, the one that leads to the registry.
    pub host: Option<String>,
    /// `port`: likewise. Default: the environment's `DUBBO_PORT_TO_REGISTRY`, else the listener's.
    pub port: Option<u16>,
}

/// One entry of `references`: URL parameters for the services that match.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The interface pattern.
    pub services: Pattern,
    /// Dubbo's keys: `timeout` (milliseconds in the URL), `retries`, `cluster`, `loadbalance`.
    pub parameters: Vec<(String, String)>,
}

/// The `admin` section.
#[derive(Clone, Debug)]
pub struct Admin {
    /// `listen`: `host:port` of the admin HTTP server.
    pub listen: String,
}

impl Config {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    /// The file cannot be read, is no YAML, or holds problems; all of them are listed.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(path, &error))?;
        Self::parse(path, &text)
    }

    /// Checks `text`, which came from `path`; relative paths inside are taken from there.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let tree = yaml::tree(path, text)?;
        let problems = problems::Problems::default();
        let base = path.parent().unwrap_or(Path::new(""));
        let root = Section::root(&tree, base, &problems);
        let config = check(&root, base);
        root.refuse_unknown();
        problems.into_result(path, config)
    }

    /// The names of the registries that are chosen.
    #[must_use]
    pub fn registry_names(&self, chosen: &Chosen) -> Vec<String> {
        match chosen {
            Chosen::All => self.registries.keys().cloned().collect(),
            Chosen::Named(names) => names.clone(),
        }
    }
}

fn check(root: &Section<'_>, base: &Path) -> Config {
    let registries = registries(root);
    let center = root.section("config_center");
    let config_center = root.has("config_center").then(|| config_center(&center));
    // What the config center names is known only when it was asked.
    let asked = config_center
        .as_ref()
        .and_then(|center| center.config_file.as_ref());
    let known = asked.is_none().then_some(&registries);
    let config = Config {
        application: root.text("application").unwrap_or_else(|| {
            root.missing(
                "application",
                "a name for this process, such as shop-gateway",
            );
            String::new()
        }),
        config_center,
        plugins: plugins(&root.section("plugins"), base),
        gateway: root
            .has("gateway")
            .then(|| gateway(&root.section("gateway"), known)),
        references: references(root),
        ssl: ssl(&root.section("ssl"), base),
        admin: root.has("admin").then(|| admin(&root.section("admin"))),
        drain: root
            .section("shutdown")
            .finish(|section| section.duration("timeout"))
            .unwrap_or(Duration::from_secs(10)),
        threads: root.number("threads", 1..=1024),
        registries,
    };
    if config.gateway.is_none() {
        root.missing("gateway", "a section with listen and services");
    }
    config
}

fn ssl(section: &Section<'_>, base: &Path) -> SslConfig {
    let path = |key| section.text(key).map(|path| base.join(path));
    section.finish(|_| SslConfig {
        server_key_cert_chain_path: path("server_key_cert_chain_path"),
        server_private_key_path: path("server_private_key_path"),
        server_trust_cert_collection_path: path("server_trust_cert_collection_path"),
        client_key_cert_chain_path: path("client_key_cert_chain_path"),
        client_private_key_path: path("client_private_key_path"),
        client_trust_cert_collection_path: path("client_trust_cert_collection_path"),
    })
}

fn registries(root: &Section<'_>) -> BTreeMap<String, String> {
    let mut registries = BTreeMap::new();
    for (name, section) in root.sections("registries") {
        let address = section.finish(|section| match section.text("address") {
            Some(address) => section.registry_address("address", &address),
            None => {
                section.missing("address", "a URL such as file:./registry");
                None
            }
        });
        // One whose address is wrong is named all the same; that problem is noted, and what it is named by shall not be another.
        registries.insert(name, address.unwrap_or_default());
    }
    registries
}

fn config_center(section: &Section<'_>) -> ConfigCenter {
    section.finish(|section| ConfigCenter {
        address: match section.text("address") {
            Some(address) => {
                section.config_address("address", &address);
                address
            }
            None => {
                section.missing("address", "a URL such as file:./rules");
                String::new()
            }
        },
        config_file: section.text("config_file"),
        keys: section.texts("keys"),
    })
}

fn plugins(section: &Section<'_>, base: &Path) -> Plugins {
    section.finish(|section| {
        let cache = section.text("cache").map(|dir| base.join(dir));
        let kept = section.text("kept").map(|dir| base.join(dir));
        Plugins {
            dir: section.text("dir").map(|dir| base.join(dir)),
            builtins: section.switch("builtins").unwrap_or(true),
            required: section.texts("required"),
            compiler: None,
            kept: kept.or_else(|| Some(cache.as_ref()?.join("kept"))),
            cache,
            max: section.number("max", 1..=1024).unwrap_or(32),
            memory_total_bytes: section.size("memory_total").unwrap_or(1 << 30),
            config: section.trees("config"),
        }
    })
}

fn gateway(section: &Section<'_>, registries: Option<&BTreeMap<String, String>>) -> Gateway {
    section.finish(|section| {
        let listen: Vec<Url> =
            section.texts("listen").iter().filter_map(|text| section.dubbo_address("listen", text, "a listen URL such as dubbo://127.0.0.1:20880")).collect();
        if listen.is_empty() && !section.has("listen") {
            section.missing("listen", "a list such as [\"dubbo://127.0.0.1:20880\"]");
        }
        let services: Vec<Pattern> = section.texts("services").into_iter().map(Pattern::new).collect();
        if services.is_empty() {
            section.missing("services", "the interfaces that may be called, such as [\"com.shop.*\"]; an open relay is refused");
        }
        let upstream = section.text("upstream");
        Gateway {
            listen,
            services,
            registry: match upstream {
                Some(_) => Chosen::Named(Vec::new()),
                None => section.registry_names("registry", registries),
            },
            upstream: upstream.and_then(|text| section.dubbo_address("upstream", &text, "the provider's URL such as dubbo://127.0.0.1:20881")),
            id: section.text("id").filter(|id| section.check_id("id", id)),
            references_max: section.number("references_max", 1..=100_000).unwrap_or(1000),
            busy_poll: section.duration_up_to("busy_poll", busy_poll::LONGEST).unwrap_or_default(),
            publish: publish(&section.section("publish"), registries),
        }
    })
}

fn publish(section: &Section<'_>, registries: Option<&BTreeMap<String, String>>) -> Publish {
    section.finish(|section| {
        let services = section.texts("services");
        let registry = if services.is_empty() {
            Chosen::Named(Vec::new())
        } else {
            section.registry_names("registry", registries)
        };
        let told = |key| {
            let read = port(&environment(PORT_VARIABLE)?).ok();
            if read.is_none() {
                let wanted =
                    format!("a port from 1 to 65535 in the environment variable {PORT_VARIABLE}");
                section.missing(key, &wanted);
            }
            read
        };
        Publish {
            registry,
            services,
            host: section.text("host").or_else(|| environment(HOST_VARIABLE)),
            port: match section.number("port", 1..=65_535) {
                Some(port) => u16::try_from(port).ok(),
                None => told("port"),
            },
        }
    })
}

fn references(root: &Section<'_>) -> Vec<Reference> {
    root.sections("references")
        .into_iter()
        .map(|(pattern, section)| Reference {
            services: Pattern::new(pattern),
            parameters: section.finish(|section| {
                let mut parameters = Vec::new();
                if let Some(timeout) = section.duration("timeout") {
                    parameters.push(("timeout".to_owned(), timeout.as_millis().to_string()));
                }
                if let Some(retries) = section.number("retries", RETRIES) {
                    parameters.push(("retries".to_owned(), retries.to_string()));
                }
                if let Some(cluster) = section.one_of("cluster", &CLUSTERS) {
                    parameters.push(("cluster".to_owned(), cluster));
                }
                if let Some(register) = section.switch("register") {
                    parameters.push(("register".to_owned(), register.to_string()));
                }
                // Any name: a balancer of one's own may come as a file, later than this.
                if let Some(balancer) = section.text("loadbalance") {
                    parameters.push(("loadbalance".to_owned(), balancer));
                }
                parameters
            }),
        })
        .collect()
}

fn admin(section: &Section<'_>) -> Admin {
    section.finish(|section| Admin {
        listen: section.text("listen").unwrap_or_else(|| {
            section.missing("listen", "host:port, such as 127.0.0.1:9090");
            String::new()
        }),
    })
}

#[cfg(test)]
mod tests;
