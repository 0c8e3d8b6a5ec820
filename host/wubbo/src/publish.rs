//! What this process announces about itself, and taking it back.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::net::UdpSocket;
use tokio::time::timeout;
use wubbo_core::{Error, ErrorKind, Registry, ServiceKey, Url, UrlBuilder, keys};

/// How long the name of a registry's host may take to be found before this machine counts as reached by loopback alone.
const NAME_MAX: Duration = Duration::from_secs(2);
/// Stands for the port of an address that names none: the way to a machine is the same for each.
const ANY_PORT: u16 = 9;
/// The version that entries of this runtime carry under `release`.
const RELEASE: &str = concat!("wubbo-", env!("CARGO_PKG_VERSION"));
/// Under which host and port consumers reach a process: variables of the environment that Dubbo Java reads, too.
pub(crate) const HOST_VARIABLE: &str = "DUBBO_IP_TO_REGISTRY";
pub(crate) const PORT_VARIABLE: &str = "DUBBO_PORT_TO_REGISTRY";
/// Whether a registry takes entries of this process (Dubbo Java `RegistryConfig.register`).
const REGISTER: &str = "register";
/// At which level (Dubbo Java `RegistryConstants.REGISTER_MODE_KEY`): `interface`, `instance`, `all`.
const REGISTER_MODE: &str = "register-mode";
const INSTANCE: &str = "instance";
/// The methods of an interface, with commas between them.
pub(crate) const METHODS: &str = "methods";

/// The URL under which a provider of `service` at `listen` is announced. It names hessian2 as the serialization, which every consumer
/// then writes (spec/70 section 1).
pub(crate) fn provider_url(listen: &Url, service: &ServiceKey, application: &str) -> UrlBuilder {
    let mut builder = listen
        .to_builder()
        .path(service.interface())
        .param(keys::INTERFACE, service.interface())
        .param(keys::APPLICATION, application)
        .param(keys::CATEGORY, "providers")
        .param(keys::SIDE, "provider")
        .param(keys::SERIALIZATION, "hessian2")
        .param(keys::PREFER_SERIALIZATION, "hessian2")
        .params(process());
    for (key, value) in [
        (keys::GROUP, service.group()),
        (keys::VERSION, service.version()),
    ] {
        if !value.is_empty() {
            builder = builder.param(key, value);
        }
    }
    builder
}

/// The URL under which the consumer `reference` of a service with these methods is announced; `None` when it, or the registry, says that
/// it is not to be. As with a generic reference of Dubbo Java, who does not know the methods names none.
pub(crate) fn consumer_url(reference: &Url, registry: &Url, methods: Option<&str>) -> Option<Url> {
    let wanted = registry.get_bool(REGISTER, true)
        && registry.get(REGISTER_MODE) != Some(INSTANCE)
        && reference.get_bool(REGISTER, true);
    let url = reference.without_params_prefixed(".");
    let own = [
        (keys::CATEGORY, "consumers"),
        ("check", "false"),
        (keys::SIDE, "consumer"),
    ];
    let methods = methods.map(|names| (METHODS, names));
    let entry = url.to_builder().params(own).params(methods);
    wanted.then(|| entry.params(process()).build())
}

/// What every entry says about this process.
fn process() -> [(&'static str, String); 4] {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = since_epoch.unwrap_or_default().as_millis();
    [
        (keys::DUBBO, keys::DUBBO_PROTOCOL_VERSION.to_owned()),
        ("release", RELEASE.to_owned()),
        ("pid", std::process::id().to_string()),
        (keys::TIMESTAMP, now.to_string()),
    ]
}

/// Where consumers reach `listen`: what the operator says of host and port counts first. A listener on every address is announced
/// at the one from which `registry` is reached.
pub(crate) async fn reached_at(
    listen: &Url,
    host: Option<&str>,
    port: Option<u16>,
    registry: &Url,
) -> Url {
    let url = match (host, listen.host().parse::<IpAddr>()) {
        (Some(host), _) => listen.with_host(host),
        (None, Ok(address)) if address.is_unspecified() => {
            listen.with_host(&own_address(registry).await.to_string())
        }
        (None, _) => listen.clone(),
    };
    match port {
        Some(port) => url.with_port(port),
        None => url,
    }
}

/// A variable of the environment; an empty one is none.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// The port of a [`PORT_VARIABLE`].
///
/// # Errors
/// [`ErrorKind::Config`]: it is none.
pub(crate) fn port(text: &str) -> Result<u16, Error> {
    let port = text.parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| {
        let message = format!("{PORT_VARIABLE}={text} is no port from 1 to 65535");
        Error::new(ErrorKind::Config, message)
    })
}

/// The address of this machine on the way to `registry`; loopback when it is on this machine or there is no way. Nothing is sent.
pub(crate) async fn own_address(registry: &Url) -> IpAddr {
    let address = async {
        let port = match (registry.port(), registry.protocol()) {
            (Some(port), _) => port,
            (None, "file" | "memory") => return None,
            // Its default port is the registry's own affair; any leads there.
            (None, _) => ANY_PORT,
        };
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await.ok()?;
        socket.connect((registry.host(), port)).await.ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    let address = timeout(NAME_MAX, address).await.ok().flatten();
    address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// The entries of this process. They are taken back by [`Published::withdraw`]; a process that dies leaves that to its registries.
#[derive(Debug, Default)]
pub(crate) struct Published(Vec<(Arc<dyn Registry>, Url)>);

impl Published {
    /// Announces the provider `url` at `registry`, unless that one is told to take no entries (`register=false`).
    ///
    /// # Errors
    /// The registry cannot be written, or is to hold entries of whole applications alone (`register-mode=instance`).
    pub(crate) async fn announce(
        &mut self,
        registry: &Arc<dyn Registry>,
        url: Url,
    ) -> Result<(), Error> {
        let at = registry.url();
        if !at.get_bool(REGISTER, true) {
            return Ok(());
        }
        if at.get(REGISTER_MODE) == Some(INSTANCE) {
            let message = format!(
                "registry {at:?}: register-mode=instance announces applications in place of services, which is not spoken: \
                 leave it out, or say register=false"
            );
            return Err(Error::new(ErrorKind::Config, message));
        }
        registry.register(&url).await?;
        self.0.push((registry.clone(), url));
        Ok(())
    }

    /// Entries that were announced already.
    pub(crate) fn of(entries: Vec<(Arc<dyn Registry>, Url)>) -> Self {
        Self(entries)
    }

    /// Puts `url` in the place of the entries of the same service and address: first the new one is announced, then the old one
    /// taken back, so that there always is one. Whether every registry took it; if not, it is to be said again.
    pub(crate) async fn renew(&mut self, url: &Url) -> bool {
        let mut done = true;
        let same = |entry: &&mut (Arc<dyn Registry>, Url)| entry.1.key() == url.key();
        for (registry, entry) in self.0.iter_mut().filter(same) {
            if entry == url {
                continue;
            }
            let renewed = match registry.register(url).await {
                Ok(()) => registry.unregister(entry).await,
                refused => refused,
            };
            match renewed {
                Ok(()) => *entry = url.clone(),
                Err(error) => {
                    tracing::warn!(registry = %registry.url().location(), %error, "an entry cannot be made anew now");
                    done = false;
                }
            }
        }
        done
    }

    /// Takes every entry back; what a registry refuses is logged, since the process is ending.
    pub(crate) async fn withdraw(&mut self) {
        for (registry, url) in self.0.drain(..) {
            if let Err(error) = registry.unregister(&url).await {
                tracing::warn!(registry = %registry.url().location(), %error, "an entry could not be taken back");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_number_above_0() {
        assert_eq!(port("20880").unwrap(), 20880);
        for text in ["0", "65536", "http"] {
            let error = port(text).unwrap_err();
            let words = format!("DUBBO_PORT_TO_REGISTRY={text} is no port");
            assert!(error.message().starts_with(&words), "{error}");
        }
    }

    #[tokio::test]
    async fn a_listener_on_every_address_is_announced_at_a_real_one() {
        let url = |text| Url::parse(text).unwrap();
        let registry = url("zookeeper://127.0.0.1:2181");
        for (listen, host, port, expected) in [
            ("dubbo://10.0.0.1:20880", None, None, "10.0.0.1:20880"),
            ("dubbo://0.0.0.0:20880", None, None, "127.0.0.1:20880"),
            ("dubbo://[::]:20880", None, Some(7), "127.0.0.1:7"),
            ("dubbo://0.0.0.0:1", Some("edge.shop"), None, "edge.shop:1"),
            (
                "dubbo://10.0.0.1:1",
                Some("10.9.9.9"),
                Some(2),
                "10.9.9.9:2",
            ),
        ] {
            let reached = reached_at(&url(listen), host, port, &registry).await;
            assert_eq!(reached.location(), expected, "{listen}");
        }
        let nowhere = url("file:///registry");
        let reached = reached_at(&url("dubbo://0.0.0.0:1"), None, None, &nowhere).await;
        assert_eq!(reached.location(), "127.0.0.1:1");
    }
}
