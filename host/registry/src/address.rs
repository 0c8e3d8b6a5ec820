//! From the address in a configuration to a registry.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wubbo_core::{Error, ErrorKind, Registry, Url, keys};

#[cfg(feature = "etcd")]
use crate::etcd::Etcd;
#[cfg(any(feature = "etcd", feature = "zookeeper"))]
use crate::tree::TreeRegistry;
#[cfg(feature = "zookeeper")]
use crate::zookeeper::Zookeeper;
use crate::{FileRegistry, MemoryRegistry};

/// What an address is of, in error messages.
const WHAT: &str = "registry";

/// What calls choose by among several registries: all that an address without a server may say besides its name.
const CHOICE: [&str; 3] = [keys::PREFERRED, keys::ZONE, keys::WEIGHT];

/// What an address means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Memory(String),
    File(PathBuf),
    Zookeeper(String),
    Etcd(String),
}

/// Opens the registry that `address` names. Relative directories are taken from the working directory.
/// Must be called on a tokio runtime, which then runs the registry's task.
///
/// # Errors
/// [`ErrorKind::Config`] for an address of no known form, [`ErrorKind::Registry`] when the registry cannot be started.
/// A registry that is out of reach now is no error: its lists come when it is back.
pub async fn open(address: &str) -> Result<Arc<dyn Registry>, Error> {
    let (bare, choice) = split(address);
    match parse(WHAT, bare)? {
        Address::Memory(name) => Ok(Arc::new(MemoryRegistry::open(&name).saying(choice))),
        Address::File(directory) => {
            let registry = FileRegistry::open(&directory).await?;
            Ok(Arc::new(registry.saying(choice)))
        }
        #[cfg(feature = "zookeeper")]
        Address::Zookeeper(address) => Ok(Arc::new(TreeRegistry::<Zookeeper>::open(&address)?)),
        #[cfg(feature = "etcd")]
        Address::Etcd(address) => Ok(Arc::new(TreeRegistry::<Etcd>::open(&address)?)),
        #[cfg(not(all(feature = "etcd", feature = "zookeeper")))]
        other => Err(other.missing(WHAT)),
    }
}

/// Whether [`open`] knows this form of address; nothing is opened.
///
/// # Errors
/// As [`open`], without what only trying tells.
pub fn check(address: &str) -> Result<(), Error> {
    match parse(WHAT, split(address).0)? {
        Address::Memory(_) | Address::File(_) => Ok(()),
        #[cfg(feature = "zookeeper")]
        Address::Zookeeper(address) => TreeRegistry::<Zookeeper>::check(&address),
        #[cfg(feature = "etcd")]
        Address::Etcd(address) => TreeRegistry::<Etcd>::check(&address),
        #[cfg(not(all(feature = "etcd", feature = "zookeeper")))]
        other => Err(other.missing(WHAT)),
    }
}

#[cfg(not(all(feature = "etcd", feature = "zookeeper")))]
impl Address {
    /// What to say when it is of a kind that was left out of this program.
    pub(crate) fn missing(&self, what: &str) -> Error {
        let feature = match self {
            Self::Etcd(_) => "etcd",
            _ => "zookeeper",
        };
        let message =
            format!("{what} {feature}: was not built in; build with the feature {feature}");
        Error::new(ErrorKind::Config, message)
    }
}

/// The address of a registry without a server and what it says of the choice among several; any other address stays whole.
fn split(address: &str) -> (&str, Vec<(&str, &str)>) {
    let is_bare = address.starts_with("memory:") || address.starts_with("file:");
    let parts = address.split_once('?').filter(|_| is_bare);
    let split = parts.and_then(|(bare, query)| {
        let said: Option<Vec<_>> = query.split('&').map(choice).collect();
        Some((bare, said?))
    });
    split.unwrap_or((address, Vec::new()))
}

/// One parameter of those that calls choose by.
fn choice(parameter: &str) -> Option<(&str, &str)> {
    let (key, value) = parameter.split_once('=')?;
    CHOICE.contains(&key).then_some((key, value))
}

/// Reads an address; `what` it is of is named in the error.
pub(crate) fn parse(what: &str, address: &str) -> Result<Address, Error> {
    let unknown = |cause: &str| {
        let text =
            Url::parse(address).map_or_else(|_| address.to_owned(), |url| format!("{url:?}"));
        let message = format!(
            "{what} {text}: {cause}; known are memory://name, file:./directory, zookeeper://host:port and etcd://host:port"
        );
        Err(Error::new(ErrorKind::Config, message))
    };
    let Some((scheme, rest)) = address.split_once(':') else {
        return unknown("has no scheme");
    };
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    match scheme {
        "memory" if rest.contains(['/', '?', '#']) => unknown("is not a plain name"),
        "memory" => Ok(Address::Memory(rest.to_owned())),
        "file" if rest.is_empty() => unknown("names no directory"),
        "file" if rest.contains(['?', '#']) => unknown("takes no parameters"),
        "file" => Ok(Address::File(Path::new(rest).to_owned())),
        "zookeeper" => Ok(Address::Zookeeper(address.to_owned())),
        // Dubbo Java's name, dubbo-go's, and the short one.
        "etcd3" | "etcdv3" | "etcd" => Ok(Address::Etcd(address.to_owned())),
        _ => unknown("is of no kind that was built in"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        for (text, expected) in [
            ("memory://demo", Address::Memory("demo".into())),
            ("memory:demo", Address::Memory("demo".into())),
            ("memory:", Address::Memory(String::new())),
            ("file:./registry", Address::File("./registry".into())),
            ("file://./registry", Address::File("./registry".into())),
            ("file:registry", Address::File("registry".into())),
            ("file:/srv/registry", Address::File("/srv/registry".into())),
            (
                "file:///srv/registry",
                Address::File("/srv/registry".into()),
            ),
            ("zookeeper://h", Address::Zookeeper("zookeeper://h".into())),
            ("etcd://h", Address::Etcd("etcd://h".into())),
            ("etcd3://h", Address::Etcd("etcd3://h".into())),
            ("etcdv3://h", Address::Etcd("etcdv3://h".into())),
        ] {
            assert_eq!(parse(WHAT, text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_it_does_not_know_and_hides_the_password() {
        for (text, cause) in [
            ("demo", "has no scheme"),
            ("file:", "names no directory"),
            ("file:./a?b=c", "takes no parameters"),
            ("memory://a/b", "is not a plain name"),
            ("consul://me:secret@h:1", "is of no kind that was built in"),
        ] {
            let error = parse(WHAT, text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert!(error.message().contains(cause), "{text}: {error}");
            assert!(!error.message().contains("secret"), "{error}");
        }
    }

    #[tokio::test]
    async fn opens_both_kinds() {
        let home = tempfile::tempdir().unwrap();
        let file = open(&format!("file:{}", home.path().display()))
            .await
            .unwrap();
        assert_eq!(file.url().protocol(), "file");
        let memory = open("memory://address-test?zone=east&weight=7")
            .await
            .unwrap();
        assert_eq!(memory.url().host(), "address-test");
        assert_eq!(memory.url().get_or(keys::ZONE, ""), "east");
        assert_eq!(memory.url().get_or(keys::WEIGHT, ""), "7");
        let file = open(&format!("file:{}?preferred=true", home.path().display()))
            .await
            .unwrap();
        assert!(file.url().get_bool(keys::PREFERRED, false));
        for address in ["memory://a?zone=east&colour=red", "file:./a?weight"] {
            assert_eq!(check(address).unwrap_err().kind(), ErrorKind::Config);
        }
    }

    /// What was left out says how it is put in; what was built in says what is wrong with the address.
    #[test]
    fn says_what_is_missing() {
        for (scheme, built_in) in [
            ("zookeeper", cfg!(feature = "zookeeper")),
            ("etcd", cfg!(feature = "etcd")),
        ] {
            let error = check(&format!("{scheme}://h:0")).unwrap_err();
            let expected = match built_in {
                true => "has no port".to_owned(),
                false => format!("was not built in; build with the feature {scheme}"),
            };
            assert!(error.message().contains(&expected), "{error}");
        }
    }
}
