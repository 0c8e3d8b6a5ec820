//! ZooKeeper as a registry server: an entry is an ephemeral node without data, a watch tells of one change.

mod connector;
mod live;
mod watch;

use std::time::Duration;

use self::connector::ZookeeperConnector;
use self::live::ZookeeperLive;
use crate::tree::backend::Backend;
use crate::tree::link::Connector;
use crate::tree::settings::Cluster;

/// The kind of server.
#[derive(Debug)]
pub(crate) struct Zookeeper;

impl Backend for Zookeeper {
    const NAME: &'static str = "ZooKeeper";
    const PORT: u16 = 2181;
    /// Dubbo Java `AbstractZookeeperClient.DEFAULT_SESSION_TIMEOUT_MS`. The server may grant less.
    const SESSION: Duration = Duration::from_secs(60);
    const SESSION_KEYS: &'static [&'static str] = &["session", "registry.timeout"];
    const TLS: bool = false;

    type Live = ZookeeperLive;

    fn connector(cluster: Cluster) -> impl Connector<Live = ZookeeperLive> {
        ZookeeperConnector::new(cluster)
    }

    fn session(session: Duration) -> Duration {
        session
    }
}

#[cfg(test)]
mod tests {
    use wubbo_core::ErrorKind;

    use super::*;
    use crate::tree::settings::{REGISTRY, read};

    /// V-BASE-11, V-BASE-12, 002-T25: a list of servers, or one.
    #[test]
    fn reads_the_keys_of_dubbo_java() {
        let (_, plain) = read::<Zookeeper>(REGISTRY, "zookeeper://h1").unwrap();
        assert_eq!(plain.cluster.addresses, "h1:2181");
        let (_, list) =
            read::<Zookeeper>(REGISTRY, "zookeeper://127.0.0.2:2181,128.0.0.1:2181").unwrap();
        assert_eq!(list.cluster.addresses, "127.0.0.2:2181,128.0.0.1:2181");
        assert_eq!(plain.root.as_str(), "/dubbo");
        assert_eq!(
            (plain.cluster.session, plain.timeout),
            (Zookeeper::SESSION, Duration::from_secs(5))
        );
        assert!(plain.check && !plain.simplified);
        let full = "zookeeper://me:secret@h1:1,h2/org.apache.dubbo.registry.RegistryService?backup=h3:3,[::1]:4&group=shop&session=4000&timeout=2s&check=false&simplified=true&extra-keys=a, b&file=/x";
        let (url, full) = read::<Zookeeper>(REGISTRY, full).unwrap();
        assert_eq!(full.cluster.addresses, "h1:1,h2:2181,h3:3,[::1]:4");
        assert_eq!(full.cluster.identity.0, "me:secret");
        assert_eq!(full.root.as_str(), "/shop");
        assert_eq!(full.cluster.session, Duration::from_secs(4));
        assert_eq!(full.timeout, Duration::from_secs(2));
        assert!(!full.check && full.simplified);
        assert_eq!(full.extra_keys, ["a", "b"]);
        assert_eq!(full.file, Some("/x".into()));
        assert!(!format!("{url:?} {:?}", full.cluster).contains("secret"));
        // As dubbo-go writes it, and with the blank of 002-T25.
        for text in ["registry.timeout=10s", "session=%2010000"] {
            let (_, go) = read::<Zookeeper>(REGISTRY, &format!("zookeeper://h1?{text}")).unwrap();
            assert_eq!(go.cluster.session, Duration::from_secs(10), "{text}");
        }
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
                "zookeeper://h:1?ssl-enabled=true",
                "ZooKeeper is spoken to in the clear only",
            ),
            (
                "zookeeper://h:1?session=99999999999999999",
                "is no duration",
            ),
            ("zookeeper://h:1?group=a//b", "is no path of a node"),
        ] {
            let error = read::<Zookeeper>(REGISTRY, address).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{address}");
            assert!(error.message().contains(cause), "{address}: {error}");
            assert!(!error.message().contains("secret"), "{error}");
        }
    }
}
