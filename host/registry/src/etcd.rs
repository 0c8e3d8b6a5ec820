//! etcd as a registry server, in the layout of Dubbo Java's `etcd3` registry: an entry is a key under our lease, its value the
//! lease's number; parents are keys without a lease. A list is read at a revision and watched from the next one.

mod connector;
mod hash;
mod live;
mod refusal;
mod tls;
mod watches;

use std::time::Duration;

use self::connector::EtcdConnector;
use self::live::EtcdLive;
use crate::tree::backend::Backend;
use crate::tree::link::Connector;
use crate::tree::settings::Cluster;

/// The kind of server.
#[derive(Debug)]
pub(crate) struct Etcd;

impl Backend for Etcd {
    const NAME: &'static str = "etcd";
    const PORT: u16 = 2379;
    /// Dubbo Java `EtcdClient`: half of its default session.
    const SESSION: Duration = Duration::from_secs(30);
    const SESSION_KEYS: &'static [&'static str] = &["session"];
    const TLS: bool = true;

    type Live = EtcdLive;

    fn connector(cluster: Cluster) -> impl Connector<Live = EtcdLive> {
        EtcdConnector::new(cluster)
    }

    /// Whole seconds, as leases have; less than one is none, as in Dubbo Java.
    fn session(session: Duration) -> Duration {
        match session.as_secs() {
            0 => Self::SESSION,
            seconds => Duration::from_secs(seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::settings::{REGISTRY, read};
    use crate::tree::tls::Tls;

    /// F-36, F-42, F-37, F-38, F-39.
    #[test]
    fn reads_the_keys_of_dubbo_java() {
        let read = |address: &str| read::<Etcd>(REGISTRY, address).map(|(_, read)| read);
        for (session, seconds) in [
            ("", 30),
            ("?session=15000", 15),
            ("?session=500", 30),
            ("?session=1999", 1),
        ] {
            let cluster = read(&format!("etcd3://h1{session}")).unwrap().cluster;
            assert_eq!(cluster.session.as_secs(), seconds, "{session}");
        }
        let full = read("etcdv3://me:secret@h1/org.apache.dubbo.registry.RegistryService?backup=h2:22379,http://h3&group=/abc").unwrap();
        assert_eq!(full.cluster.addresses, "h1:2379,h2:22379,h3:2379");
        assert_eq!(full.cluster.identity.0, "me:secret");
        assert_eq!(full.root.as_str(), "/abc");
        assert_eq!(read("etcd://h1?group=abc").unwrap().root.as_str(), "/abc");
        let files = "client-key-cert-chain-path=/own.pem&client-private-key-path=/own.key";
        let secure = read(&format!("etcd://h1?ssl-enabled=true&{files}")).unwrap();
        let own = Some(("/own.pem".into(), "/own.key".into()));
        let tls = Tls { trusted: None, own };
        assert_eq!((secure.cluster.tls, full.cluster.tls), (Some(tls), None));
        for (address, cause) in [
            (
                "etcd://h1?client-private-key-path=/k",
                "counts with ssl-enabled=true only",
            ),
            (
                "etcd://h1?ssl-enabled=true&client-private-key-path=/k",
                "are needed together",
            ),
            (
                "etcd://h1?backup=https://h2",
                "ask for TLS by ssl-enabled=true",
            ),
        ] {
            let error = read(address).unwrap_err();
            assert!(error.message().contains(cause), "{address}: {error}");
        }
        for address in ["etcd3://0.0.0.0:2379", "etcd3://h1?anyhost=true"] {
            let error = read(address).unwrap_err();
            let host = if address.contains("h1") {
                "h1"
            } else {
                "0.0.0.0"
            };
            let text = format!("registry address is invalid, actual: '{host}'");
            assert!(error.message().contains(&text), "{error}");
        }
    }
}
