//! Where things lie in Dubbo's tree, byte for byte as Dubbo Java 2.7 and 3.x write it (`ZookeeperRegistry`):
//! `/<group>/<encoded interface>/<category>/<encoded URL>`.

use wubbo_core::{Url, keys};

pub(super) use crate::matching::PROVIDERS;
use crate::matching::category;

/// The categories behind `category=*`, in Dubbo's order.
const CATEGORIES: [&str; 4] = ["providers", "consumers", "routers", "configurators"];
/// Stands for every interface or category in a subscription.
pub(super) const ANY: &str = "*";
/// Longest path that is sent. The server refuses a request of 1 MiB (`jute.maxbuffer`) by closing the connection, which would
/// hit everything else on it.
const PATH_BYTES_MAX: usize = 512 * 1024;

/// The node under which everything of one registry group lies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Root {
    /// Without a slash at its end; empty for the root of the whole tree.
    path: String,
}

impl Root {
    /// The root of `group`, with or without its leading slash.
    ///
    /// # Errors
    /// What makes it no path that ZooKeeper takes.
    pub(super) fn new(group: &str) -> Result<Self, String> {
        let group = group.trim_matches('/');
        if group.is_empty() {
            return Ok(Self {
                path: String::new(),
            });
        }
        if group.split('/').all(is_segment) {
            let path = format!("/{group}");
            return Ok(Self { path });
        }
        Err(format!(
            "root {group:?} (group, namespace) is no path of ZooKeeper; expected a name such as dubbo"
        ))
    }

    pub(super) fn as_str(&self) -> &str {
        if self.path.is_empty() {
            "/"
        } else {
            &self.path
        }
    }

    /// The directory of one interface's entries of one category.
    pub(super) fn directory(&self, interface: &str, category: &str) -> String {
        self.child(&encode(interface), category)
    }

    /// The path of a node two levels under the root, by the names of both.
    pub(super) fn child(&self, first: &str, second: &str) -> String {
        format!("{}/{first}/{second}", self.path)
    }

    /// The directory and the name of the node that announces `url`.
    ///
    /// # Errors
    /// What makes it impossible.
    pub(super) fn entry(&self, url: &Url) -> Result<(String, String), String> {
        let (interface, category) = (url.service(), category(url));
        if interface.is_empty() {
            return Err("names no interface".into());
        }
        if interface == ANY || !is_name(category) || category.contains(',') {
            return Err(format!(
                "cannot be announced for interface {interface:?} in category {category:?}"
            ));
        }
        let (directory, name) = (self.directory(interface, category), node(url));
        if directory.len() + name.len() > PATH_BYTES_MAX {
            return Err(format!(
                "makes a path of more than {PATH_BYTES_MAX} bytes; simplified=true at the registry leaves most parameters out"
            ));
        }
        Ok((directory, name))
    }
}

/// What a consumer is subscribed to: the categories that it asks for, each by its name.
pub(super) fn categories(consumer: &Url) -> Vec<String> {
    let asked = consumer.get_or(keys::CATEGORY, PROVIDERS);
    let is_any = |name: &str| name == ANY || name.starts_with('-');
    if asked.split(',').map(str::trim).any(is_any) {
        return CATEGORIES.map(str::to_owned).to_vec();
    }
    let mut categories: Vec<String> = Vec::new();
    for name in asked.split(',').map(str::trim) {
        if is_name(name) && !categories.iter().any(|known| known == name) {
            categories.push(name.to_owned());
        }
    }
    categories
}

/// The interface whose node under the root is called `name`; `None` for what cannot be one.
pub(super) fn interface(name: &str) -> Option<String> {
    let url = Url::parse(&format!("{PROVIDERS}://0.0.0.0/{name}")).ok()?;
    let interface = url.service();
    (!interface.is_empty()).then(|| interface.to_owned())
}

/// The URL that the node `name` announces in the directory of `interface` and `category`.
///
/// # Errors
/// Why it announces nothing, for the log.
pub(super) fn read(name: &str, interface: &str, category: &str) -> Result<Url, String> {
    let url = Url::parse(name).map_err(|error| error.to_string())?;
    if url.protocol().is_empty() || url.host().is_empty() {
        return Err("names no protocol and host".into());
    }
    if url.service() != interface && url.service() != ANY {
        let found = url.service();
        return Err(format!("names interface {found:?}"));
    }
    match url.get(keys::CATEGORY) {
        None if category != PROVIDERS => Ok(url.with_param(keys::CATEGORY, category)),
        _ => Ok(url),
    }
}

/// The name of the node that announces `url`: the whole URL encoded once by Java's `URLEncoder`, which keeps `*` and encodes `~`.
fn node(url: &Url) -> String {
    java(&url.to_encoded_string())
}

/// `text` as Java's `URLEncoder` writes it.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// From the character set of Go's encoder to that of Java's. A percent sign is itself encoded, so `%2A` can only be a star.
fn java(encoded: &str) -> String {
    encoded.replace("%2A", "*").replace('~', "%7E")
}

/// Whether `name` can be that of a node.
pub(super) fn is_name(name: &str) -> bool {
    is_segment(name) && !name.contains('/')
}

/// Whether ZooKeeper takes `name` as part of a path.
fn is_segment(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[track_caller]
    fn check(text: &str, directory: &str, name: &str) {
        let entry = Root::new("dubbo").unwrap().entry(&url(text)).unwrap();
        assert_eq!(entry, (directory.to_owned(), name.to_owned()), "{text}");
    }

    /// Vectors of spec 30 and 50 by their ids, without the parameters that a caller adds.
    #[test]
    fn writes_what_dubbo_java_writes() {
        // V-BASE-04, V-ZK-01, 001-T1: one encoding, parameters sorted.
        check(
            "dubbo://127.0.0.1:20000/com.ikurento.user.UserProvider?serviceid=soa.mock&pid=4242&ip=10.0.0.9&cluster=mock&anyhost=true",
            "/dubbo/com.ikurento.user.UserProvider/providers",
            "dubbo%3A%2F%2F127.0.0.1%3A20000%2Fcom.ikurento.user.UserProvider%3Fanyhost%3Dtrue%26cluster%3Dmock%26ip%3D10.0.0.9%26pid%3D4242%26serviceid%3Dsoa.mock",
        );
        // V-BASE-05, 001-T12: an inner class.
        check(
            "tri://h:1/io.grpc.examples.helloworld.GreeterGrpc$IGreeter",
            "/dubbo/io.grpc.examples.helloworld.GreeterGrpc%24IGreeter/providers",
            "tri%3A%2F%2Fh%3A1%2Fio.grpc.examples.helloworld.GreeterGrpc%24IGreeter",
        );
        // Spec 50 4.0: a path that is not the interface, methods as a comma list.
        check(
            "jsonrpc://116.211.15.192:30880/im.youni.iccs.status.api.StatusUpdateService2?anyhost=true&application=status-dubbo-p&default.threads=100&dubbo=2.5.3&interface=im.youni.iccs.status.api.StatusUpdateService&methods=logout,updateLocale,heartbeat,clearStatus,login0,login&pid=10324&revision=0.0.5&server=jetty&side=provider&timestamp=1470730434282",
            "/dubbo/im.youni.iccs.status.api.StatusUpdateService/providers",
            "jsonrpc%3A%2F%2F116.211.15.192%3A30880%2Fim.youni.iccs.status.api.StatusUpdateService2%3Fanyhost%3Dtrue%26application%3Dstatus-dubbo-p%26default.threads%3D100%26dubbo%3D2.5.3%26interface%3Dim.youni.iccs.status.api.StatusUpdateService%26methods%3Dlogout%2CupdateLocale%2Cheartbeat%2CclearStatus%2Clogin0%2Clogin%26pid%3D10324%26revision%3D0.0.5%26server%3Djetty%26side%3Dprovider%26timestamp%3D1470730434282",
        );
        // Spec 30 12.2: Java's encoder keeps the star and encodes the tilde.
        check(
            "override://0.0.0.0/a.B?category=configurators&version=*&note=~",
            "/dubbo/a.B/configurators",
            "override%3A%2F%2F0.0.0.0%2Fa.B%3Fcategory%3Dconfigurators%26note%3D%7E%26version%3D*",
        );
        check(
            "consumer://10.0.0.1/a.B",
            "/dubbo/a.B/consumers",
            "consumer%3A%2F%2F10.0.0.1%2Fa.B",
        );
    }

    /// V-BASE-03, F-08: what older and other writers left is read.
    #[test]
    fn reads_every_writers_form() {
        let go = "dubbo%3A%2F%2Fh%3A1%2FUserProvider%3Finterface%3Da.B%26methods%3Da%252Cb%26module%3Ddubbogo%2Bclient";
        let found = read(go, "a.B", PROVIDERS).unwrap();
        assert_eq!(
            (found.get("methods"), found.get("module")),
            (Some("a,b"), Some("dubbogo client"))
        );
        let java = "dubbo%3A%2F%2Fh%3A1%2Fa.B%3Fmethods%3Da%2Cb%26module%3Ddubbogo+client";
        assert_eq!(
            read(java, "a.B", PROVIDERS).unwrap().get("methods"),
            Some("a,b")
        );
        let consumer = "consumer%3A%2F%2F172.17.0.8%2FUserProvider%3Fcategory%3Dconsumers%26dubbo%3Ddubbogo-consumer-2.6.0%26protocol%3Ddubbo";
        let found = read(consumer, "UserProvider", "consumers").unwrap();
        assert_eq!(found.host(), "172.17.0.8");
        let rule = read("route%3A%2F%2F0.0.0.0%2Fa.B", "a.B", "routers").unwrap();
        assert_eq!(rule.get("category"), Some("routers"));
        for text in [
            "dubbo://h:1/a.B?x=%26%3D%25&y=a+b%2B*~&z=%E2%82%AC",
            "tri://[::1]:50051/a.B$C?methods=x%2Cy",
        ] {
            let url = url(text);
            let (_, name) = Root::new("dubbo").unwrap().entry(&url).unwrap();
            assert_eq!(read(&name, url.service(), PROVIDERS), Ok(url), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong_with_an_entry() {
        for (name, cause) in [
            ("hello", "scheme"),
            ("dubbo%3A%2F%2Fh%3A99999%2Fa.B", "port"),
            ("dubbo%3A%2F%2F%2Fa.B", "names no protocol and host"),
            ("dubbo%3A%2F%2Fh%3A1%2Fa.C", "names interface \"a.C\""),
            ("%FF%zz", ""),
        ] {
            let reason = read(name, "a.B", PROVIDERS).unwrap_err();
            assert!(reason.contains(cause), "{name}: {reason}");
        }
    }

    #[test]
    fn roots_and_what_cannot_be_one() {
        for (group, root) in [
            ("dubbo", "/dubbo"),
            ("/abc", "/abc"),
            ("a/b/", "/a/b"),
            ("/", "/"),
        ] {
            assert_eq!(Root::new(group).unwrap().as_str(), root);
        }
        assert_eq!(
            Root::new("/").unwrap().directory("a.B", "providers"),
            "/a.B/providers"
        );
        for group in ["a//b", "a/../b", ".", "a\u{7}"] {
            assert!(
                Root::new(group).unwrap_err().contains("expected a name"),
                "{group}"
            );
        }
    }

    #[test]
    fn refuses_what_cannot_be_announced() {
        let root = Root::new("dubbo").unwrap();
        let long = format!("dubbo://h:1/a.B?x={}", "y".repeat(PATH_BYTES_MAX));
        for (text, cause) in [
            ("dubbo://h:1", "names no interface"),
            ("dubbo://h:1/*", "cannot be announced"),
            ("dubbo://h:1/a.B?category=a,b", "cannot be announced"),
            ("dubbo://h:1/a.B?category=..", "cannot be announced"),
            (long.as_str(), "simplified=true"),
        ] {
            let reason = root.entry(&url(text)).unwrap_err();
            assert!(reason.contains(cause), "{reason}");
        }
    }

    #[test]
    fn categories_of_a_subscription() {
        let of = |text: &str| categories(&url(&format!("consumer://c/a.B{text}"))).join(" ");
        assert_eq!(of(""), "providers");
        assert_eq!(
            of("?category=providers, routers,routers,"),
            "providers routers"
        );
        assert_eq!(
            of("?category=*"),
            "providers consumers routers configurators"
        );
        assert_eq!(
            of("?category=-routers"),
            "providers consumers routers configurators"
        );
        assert_eq!(of("?category=../x"), "");
    }
}
