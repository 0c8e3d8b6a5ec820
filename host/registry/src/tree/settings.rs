//! From `zookeeper://user:password@h1:2181?backup=h2:2181&group=..` and its like to what the registry needs to know.
//! The keys are those of Dubbo Java, so that an address can be copied from a Java application's configuration.

use std::path::PathBuf;
use std::time::Duration;

use wubbo_core::{Error, ErrorKind, Url, keys, parse_duration};

use super::backend::Backend;
use super::path::Root;
use super::tls::Tls;

/// What an address is of.
pub(crate) const REGISTRY: &str = "registry";
/// The other thing that an address may be of.
pub(crate) const CONFIG_CENTER: &str = "config center";
/// Default of `timeout`. Dubbo Java 2.7 waits as long; 3.x waits 30 s, which is longer than most orchestrators do.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What an address says.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) cluster: Cluster,
    /// Where Dubbo's tree begins (`group`).
    pub(crate) root: Root,
    /// Where the config center's tree begins (`namespace`).
    pub(crate) namespace: Root,
    /// How long an operation waits for the registry before it is given up or left to the background (`timeout`).
    pub(crate) timeout: Duration,
    /// Whether a registration that cannot be made in time is an error (`check`).
    pub(crate) check: bool,
    /// Only the parameters that consumers need are announced (`simplified`).
    pub(crate) simplified: bool,
    /// What is announced beside them (`extra-keys`).
    pub(crate) extra_keys: Vec<String>,
    /// Where the last lists are kept (`file`).
    pub(crate) file: Option<PathBuf>,
}

/// Which servers, as whom, with which session: those who agree in this share a connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Cluster {
    /// `host:port`, comma-separated.
    pub(crate) addresses: String,
    /// `user:password`; empty for nobody.
    pub(crate) identity: Identity,
    pub(crate) session: Duration,
    /// Certificates, where the servers are spoken to under TLS.
    pub(crate) tls: Option<Tls>,
}

/// A secret that is not shown.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Identity(pub(crate) String);

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "nobody" } else { "***" })
    }
}

/// Reads an address; `what` it is of is named in the error.
///
/// # Errors
/// [`ErrorKind::Config`] names the address and what is wrong with it.
pub(crate) fn read<B: Backend>(what: &str, text: &str) -> Result<(Url, Settings), Error> {
    let url = Url::parse_addresses(text).map_err(|error| {
        let message = format!("{what} address cannot be read");
        Error::with_source(ErrorKind::Config, message, error)
    })?;
    match settings::<B>(&url) {
        Ok(settings) => Ok((url, settings)),
        Err(cause) => {
            let message = format!("{what} {url:?}: {cause}");
            Err(Error::new(ErrorKind::Config, message))
        }
    }
}

fn settings<B: Backend>(url: &Url) -> Result<Settings, String> {
    let mut addresses = Vec::new();
    for address in url.addresses() {
        addresses.push(checked::<B>(address)?);
    }
    if addresses.is_empty() {
        let (scheme, port) = (url.protocol(), B::PORT);
        return Err(format!(
            "names no server; expected {scheme}://host:{port}?backup=host2:{port}"
        ));
    }
    if url.get_bool("anyhost", false) {
        return Err(any_host(url.host()));
    }
    let identity = match (url.username(), url.password()) {
        ("", "") => String::new(),
        (user, password) => format!("{user}:{password}"),
    };
    let session = B::SESSION_KEYS.iter().find(|key| url.get(key).is_some());
    let session = match session {
        Some(key) => B::session(duration(url, key, B::SESSION)?),
        None => B::SESSION,
    };
    Ok(Settings {
        cluster: Cluster {
            addresses: addresses.join(","),
            identity: Identity(identity),
            session,
            tls: tls::<B>(url)?,
        },
        root: Root::new(url.get_or("group", "dubbo"))?,
        namespace: Root::new(url.get_or("namespace", "dubbo"))?,
        timeout: duration(url, "timeout", TIMEOUT)?,
        check: url.get_bool("check", true),
        simplified: url.get_bool("simplified", false),
        extra_keys: url
            .get_or("extra-keys", "")
            .split(',')
            .map(str::trim)
            .filter(|key| !key.is_empty())
            .map(str::to_owned)
            .collect(),
        file: url.get("file").map(PathBuf::from),
    })
}

fn tls<B: Backend>(url: &Url) -> Result<Option<Tls>, String> {
    match Tls::of(url)? {
        Some(_) if !B::TLS => Err(format!(
            "{} is spoken to in the clear only, {} cannot be kept",
            B::NAME,
            keys::SSL_ENABLED
        )),
        tls => Ok(tls),
    }
}

/// `address` with its port.
fn checked<B: Backend>(address: &str) -> Result<String, String> {
    let wrong = |cause: &str| format!("server {address:?} {cause}");
    if address.starts_with("https://") {
        let plain = format!("ask for TLS by {}=true", keys::SSL_ENABLED);
        return Err(wrong(&plain));
    }
    // Dubbo Java takes it before the address of an etcd server.
    let address = address.strip_prefix("http://").unwrap_or(address);
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (address, ""),
    };
    if host.is_empty() || host.contains(['/', '?', '@']) {
        return Err(wrong("names no host"));
    }
    // Dubbo Java refuses it, too: it is what a provider binds to, never where a registry is.
    if host == "0.0.0.0" {
        return Err(any_host(host));
    }
    let port = match port {
        "" => B::PORT,
        text => text
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| wrong("has no port between 1 and 65535"))?,
    };
    Ok(format!("{host}:{port}"))
}

/// In Dubbo Java's words, and what to do about it.
fn any_host(host: &str) -> String {
    format!(
        "registry address is invalid, actual: '{host}'; it is no address to connect to, name the registry's host"
    )
}

/// A duration of at least 1 ms, with a unit or in milliseconds.
fn duration(url: &Url, key: &str, default: Duration) -> Result<Duration, String> {
    let Some(text) = url.get(key) else {
        return Ok(default);
    };
    // A day is far above any use, and far below what the client's arithmetic takes.
    parse_duration(text.trim())
        .filter(|read| (1..=86_400_000).contains(&read.as_millis()))
        .ok_or_else(|| format!("{key}={text} is no duration from 1 ms to 24 h, such as 5000 or 5s"))
}
