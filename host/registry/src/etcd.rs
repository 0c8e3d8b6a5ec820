//! etcd as a registry server, in the layout of Dubbo Java's `etcd3` registry: an entry is a key under our lease, its value the
//! lease's number; parents are keys without a lease. A list is read at a revision and watched from the next one.

mod connector;
mod hash;
mod live;
mod refusal;
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
