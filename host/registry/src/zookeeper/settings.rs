//! From `zookeeper://user:password@h1:2181?backup=h2:2181&group=..` to what the registry needs to know.
//! The keys are those of Dubbo Java, so that an address can be copied from a Java application's configuration.

use std::path::PathBuf;
use std::time::Duration;

use wubbo_core::{Error, ErrorKind, Url, parse_duration};

use super::path::Root;

/// What an address is of.
pub(super) const REGISTRY: &str = "registry";
/// The other thing that an address may be of.
pub(super) const CONFIG_CENTER: &str = "config center";
/// Port of an address that names none.
const PORT: u16 = 2181;
/// Default of `session` (Dubbo Java `AbstractZookeeperClient.DEFAULT_SESSION_TIMEOUT_MS`). The server may grant less.
const SESSION: Duration = Duration::from_secs(60);
/// Default of `timeout`. Dubbo Java 2.7 waits as long; 3.x waits 30 s, which is longer than most orchestrators do.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What an address says.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) cluster: Cluster,
    /// Where Dubbo's tree begins (`group`).
    pub(super) root: Root,
    /// Where the config center's tree begins (`namespace`).
    pub(super) namespace: Root,
    /// How long an operation waits for the registry before it is given up or left to the background (`timeout`).
    pub(super) timeout: Duration,
    /// Whether a registration that cannot be made in time is an error (`check`).
    pub(super) check: bool,
    /// Only the parameters that consumers need are announced (`simplified`).
    pub(super) simplified: bool,
    /// What is announced beside them (`extra-keys`).
    pub(super) extra_keys: Vec<String>,
    /// Where the last lists are kept (`file`).
    pub(super) file: Option<PathBuf>,
}

/// Which servers, as whom, with which session: those who agree in this share a connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Cluster {
    /// `host:port`, comma-separated.
    pub(super) addresses: String,
    /// `user:password` for the scheme `digest`; empty for nobody.
    pub(super) identity: Identity,
    pub(super) session: Duration,
}

/// A secret that is not shown.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Identity(pub(super) String);

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "nobody" } else { "***" })
    }
}

/// Reads an address; `what` it is of is named in the error.
///
/// # Errors
/// [`ErrorKind::Config`] names the address and what is wrong with it.
pub(super) fn read(what: &str, text: &str) -> Result<(Url, Settings), Error> {
    let url = Url::parse_addresses(text).map_err(|error| {
        let message = format!("{what} address cannot be read");
        Error::with_source(ErrorKind::Config, message, error)
    })?;
    match settings(&url) {
        Ok(settings) => Ok((url, settings)),
        Err(cause) => {
            let message = format!("{what} {url:?}: {cause}");
            Err(Error::new(ErrorKind::Config, message))
        }
    }
}

fn settings(url: &Url) -> Result<Settings, String> {
    let mut addresses = Vec::new();
    for address in url.addresses() {
        addresses.push(checked(address)?);
    }
    if addresses.is_empty() {
        return Err("names no server; expected zookeeper://host:2181?backup=host2:2181".into());
    }
    let identity = match (url.username(), url.password()) {
        ("", "") => String::new(),
        (user, password) => format!("{user}:{password}"),
    };
    let session = ["session", "registry.timeout"]
        .iter()
        .find(|key| url.get(key).is_some());
    Ok(Settings {
        cluster: Cluster {
            addresses: addresses.join(","),
            identity: Identity(identity),
            session: session.map_or(Ok(SESSION), |key| duration(url, key, SESSION))?,
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

/// `address` with its port.
fn checked(address: &str) -> Result<String, String> {
    let wrong = |cause: &str| format!("server {address:?} {cause}");
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (address, ""),
    };
    if host.is_empty() || host.contains(['/', '?', '@']) {
        return Err(wrong("names no host"));
    }
    // Dubbo Java refuses it, too: it is what a provider binds to, never where a registry is.
    if host == "0.0.0.0" {
        return Err(wrong(
            "is no address to connect to; name the registry's host",
        ));
    }
    let port = match port {
        "" => PORT,
        text => text
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| wrong("has no port between 1 and 65535"))?,
    };
    Ok(format!("{host}:{port}"))
}

/// A duration of at least 1 ms, with a unit or in milliseconds.
fn duration(url: &Url, key: &str, default: Duration) -> Result<Duration, String> {
    let Some(text) = url.get(key) else {
        return Ok(default);
    };
    // A day is far above any use, and far below what the client's arithmetic takes.
    parse_duration(text)
        .filter(|read| (1..=86_400_000).contains(&read.as_millis()))
        .ok_or_else(|| format!("{key}={text} is no duration from 1 ms to 24 h, such as 5000 or 5s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_keys_of_dubbo_java() {
        let (_, plain) = read(REGISTRY, "zookeeper://h1").unwrap();
        assert_eq!(plain.cluster.addresses, "h1:2181");
        assert_eq!(plain.root.as_str(), "/dubbo");
        assert_eq!((plain.cluster.session, plain.timeout), (SESSION, TIMEOUT));
        assert!(plain.check && !plain.simplified);
        let full = "zookeeper://me:secret@h1:1,h2/org.apache.dubbo.registry.RegistryService?backup=h3:3,[::1]:4&group=shop&session=4000&timeout=2s&check=false&simplified=true&extra-keys=a, b&file=/x";
        let (url, full) = read(REGISTRY, full).unwrap();
        assert_eq!(full.cluster.addresses, "h1:1,h2:2181,h3:3,[::1]:4");
        assert_eq!(full.cluster.identity.0, "me:secret");
        assert_eq!(full.root.as_str(), "/shop");
        assert_eq!(full.cluster.session, Duration::from_secs(4));
        assert_eq!(full.timeout, Duration::from_secs(2));
        assert!(!full.check && full.simplified);
        assert_eq!(full.extra_keys, ["a", "b"]);
        assert_eq!(full.file, Some("/x".into()));
        assert!(!format!("{url:?} {:?}", full.cluster).contains("secret"));
        let (_, go) = read(REGISTRY, "zookeeper://h1?registry.timeout=10s").unwrap();
        assert_eq!(go.cluster.session, Duration::from_secs(10));
    }

    #[test]
    fn says_what_is_wrong_and_hides_the_password() {
        for (address, cause) in [
            ("zookeeper://", "names no server"),
            ("zookeeper://0.0.0.0:2181", "is no address to connect to"),
            ("zookeeper://h:0", "no port between 1 and 65535"),
            ("zookeeper://h:1?backup=:2", "names no host"),
            ("zookeeper://h:1?backup=h:x", "no port between 1 and 65535"),
            (
                "zookeeper://me:secret@h:1?session=soon",
                "session=soon is no duration",
            ),
            ("zookeeper://h:1?timeout=0", "timeout=0 is no duration"),
            (
                "zookeeper://h:1?session=99999999999999999",
                "is no duration",
            ),
            ("zookeeper://h:1?group=a//b", "is no path of ZooKeeper"),
        ] {
            let error = read(REGISTRY, address).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{address}");
            assert!(error.message().contains(cause), "{address}: {error}");
            assert!(!error.message().contains("secret"), "{error}");
        }
    }
}
