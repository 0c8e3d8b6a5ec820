//! Where rules are kept: the config centers, behind [`wubbo_core::ConfigCenter`].

mod file;
mod memory;
mod texts;

#[cfg(test)]
mod conformance;

use std::sync::Arc;

use wubbo_core::{ConfigCenter, Error, ErrorKind};

pub use file::FileConfigCenter;
pub use memory::MemoryConfigCenter;

use crate::address::{Address, parse};
#[cfg(feature = "etcd")]
use crate::etcd::Etcd;
#[cfg(any(feature = "etcd", feature = "zookeeper"))]
use crate::tree::TreeConfigCenter;
#[cfg(feature = "zookeeper")]
use crate::zookeeper::Zookeeper;

/// What an address is of, in error messages.
const WHAT: &str = "config center";
/// Longest text under one key; it is also what a ZooKeeper sends at most, as it is shipped.
pub(crate) const TEXT_BYTES_MAX: u64 = 1024 * 1024;

/// # Errors
/// [`ErrorKind::Config`] for a text that is too long to be written.
pub(crate) fn check_length(key: &str, text: &str) -> Result<(), Error> {
    if text.len() as u64 <= TEXT_BYTES_MAX {
        return Ok(());
    }
    let message = format!(
        "config center: the text of {key} has {} bytes, at most {TEXT_BYTES_MAX} are taken",
        text.len()
    );
    Err(Error::new(ErrorKind::Config, message))
}

/// Opens the config center that `address` names, in the forms of [`crate::open`]. Relative directories are taken from the working
/// directory. Must be called on a tokio runtime, which then runs the config center's task.
///
/// # Errors
/// [`wubbo_core::ErrorKind::Config`] for an address of no known form, [`wubbo_core::ErrorKind::Registry`] when the config center
/// cannot be started. One that is out of reach now is no error: its texts come when it is back.
pub async fn open_config(address: &str) -> Result<Arc<dyn ConfigCenter>, Error> {
    match parse(WHAT, address)? {
        Address::Memory(name) => Ok(Arc::new(MemoryConfigCenter::open(&name))),
        Address::File(directory) => Ok(Arc::new(FileConfigCenter::open(&directory).await?)),
        #[cfg(feature = "zookeeper")]
        Address::Zookeeper(address) => Ok(Arc::new(TreeConfigCenter::<Zookeeper>::open(&address)?)),
        #[cfg(feature = "etcd")]
        Address::Etcd(address) => Ok(Arc::new(TreeConfigCenter::<Etcd>::open(&address)?)),
        #[cfg(not(all(feature = "etcd", feature = "zookeeper")))]
        other => Err(other.missing(WHAT)),
    }
}

/// Whether [`open_config`] knows this form of address; nothing is opened.
///
/// # Errors
/// As [`open_config`], without what only trying tells.
pub fn check_config(address: &str) -> Result<(), Error> {
    match parse(WHAT, address)? {
        Address::Memory(_) | Address::File(_) => Ok(()),
        #[cfg(feature = "zookeeper")]
        Address::Zookeeper(address) => TreeConfigCenter::<Zookeeper>::check(&address),
        #[cfg(feature = "etcd")]
        Address::Etcd(address) => TreeConfigCenter::<Etcd>::check(&address),
        #[cfg(not(all(feature = "etcd", feature = "zookeeper")))]
        other => Err(other.missing(WHAT)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn opens_both_kinds() {
        let home = tempfile::tempdir().unwrap();
        let file = format!("file:{}", home.path().display());
        for address in ["memory:config-address", &file] {
            check_config(address).unwrap();
            let center = open_config(address).await.unwrap();
            let subscription = center.subscribe("a.tag-router", "dubbo").await.unwrap();
            assert_eq!(subscription.current(), None, "{address}");
        }
    }

    #[test]
    fn refuses_what_it_does_not_know_and_says_what_it_is_of() {
        for address in ["apollo://me:secret@h:1", "demo", "file:"] {
            let error = check_config(address).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{address}");
            assert!(error.message().starts_with("config center "), "{error}");
            assert!(!error.message().contains("secret"), "{error}");
        }
    }
}
