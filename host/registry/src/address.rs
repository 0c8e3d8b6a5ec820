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

/// Keys of [`CHOICE`] with their values.
type Said<'a> = Vec<(&'a str, &'a str)>;

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
    let (address, choice) = read(address)?;
    match address {
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
    match read(address)?.0 {
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

/// What `address` names, and of a registry without a server what it says of the choice among several.
fn read(address: &str) -> Result<(Address, Said<'_>), Error> {
    let (bare, choice) = split(address);
    let named = parse(WHAT, bare)?;
    match &named {
        Address::Memory(_) | Address::File(_) => {
            for (key, value) in &choice {
                check_choice(address, key, value)?;
            }
        }
        // One that cannot be read is refused by its own kind.
        Address::Zookeeper(_) | Address::Etcd(_) => {
            if let Ok(url) = Url::parse_addresses(address) {
                let shown = format!("{url:?}");
                for key in CHOICE {
                    check_choice(&shown, key, url.get_or(key, ""))?;
                }
            }
        }
    }
    Ok((named, choice))
}

/// Refuses what would count as not said. Dubbo Java throws for a weight that is no number, though only at a call, and takes any
/// other word of `preferred` for false.
fn check_choice(address: &str, key: &str, value: &str) -> Result<(), Error> {
    let said = Url::default().with_param(key, value);
    let expected = match key {
        _ if value.is_empty() => return Ok(()),
        keys::WEIGHT if said.get_parsed::<u32>(key).is_err() => {
            "is no whole number from 0 to 4294967295"
        }
        keys::PREFERRED if said.get_bool(key, false) != said.get_bool(key, true) => {
            "is neither true nor false"
        }
        _ => return Ok(()),
    };
    let message = format!("{WHAT} {address}: {key}={value} {expected}");
    Err(Error::new(ErrorKind::Config, message))
}

/// The address of a registry without a server and what it says of the choice among several; any other address stays whole.
fn split(address: &str) -> (&str, Said<'_>) {
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

    fn is_built_in(address: &str) -> bool {
        match address.split_once(':').map(|(scheme, _)| scheme) {
            Some("zookeeper") => cfg!(feature = "zookeeper"),
            Some("etcd3") => cfg!(feature = "etcd"),
            _ => true,
        }
    }

    #[tokio::test]
    async fn a_choice_that_means_nothing_is_refused_by_key_and_value() {
        let weight = "is no whole number from 0 to 4294967295";
        let cases = [
            ("weight=heavy", Some(weight)),
            ("weight=-1", Some(weight)),
            ("weight=1.5", Some(weight)),
            ("weight=4294967296", Some(weight)),
            ("preferred=maybe", Some("is neither true nor false")),
            ("preferred=yes", Some("is neither true nor false")),
            ("weight=0", None),
            ("weight=4294967295", None),
            ("weight=", None),
            ("preferred=TRUE", None),
            ("preferred=false", None),
            ("preferred=", None),
            ("zone=-1", None),
        ];
        let schemes = [
            "memory://a",
            "file:./a",
            "zookeeper://me:secret@h",
            "etcd3://me:secret@h",
        ];
        for (address, (said, refused)) in schemes
            .iter()
            .flat_map(|address| cases.iter().map(move |case| (address, case)))
        {
            let address = format!("{address}?{said}");
            match refused {
                Some(expected) => {
                    let opened = open(&address).await.map(|_| ());
                    for result in [check(&address), opened] {
                        let error = result.unwrap_err();
                        assert_eq!(error.kind(), ErrorKind::Config, "{address}");
                        let words = format!("{said} {expected}");
                        assert!(error.message().ends_with(&words), "{address}: {error}");
                        assert!(!error.message().contains("secret"), "{error}");
                    }
                }
                // What was left out of this program is refused for that.
                None => assert!(
                    check(&address).is_ok() || !is_built_in(&address),
                    "{address}"
                ),
            }
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
