//! Where providers are announced and found, and where rules are kept: the registries and config centers of wubbo, behind
//! [`wubbo_core::Registry`] and [`wubbo_core::ConfigCenter`].
//!
//! | address | registry | config center |
//! |---|---|---|
//! | `memory://name` | [`MemoryRegistry`]: shared by all who name it in this process | [`MemoryConfigCenter`]: likewise |
//! | `file:./dir`, `file:/dir`, `file:///dir` | [`FileRegistry`]: a watched directory, shared by the processes of one machine | [`FileConfigCenter`]: `<dir>/<group>/<key>` |
//! | `zookeeper://host:port?backup=..` | behind the feature `zookeeper`: what Dubbo itself uses most | likewise |
//! | `etcd://host:port?backup=..`, also `etcd3`, `etcdv3` | behind the feature `etcd` | likewise |
//!
//! [`open`] and [`open_config`] make one from its address. What it deliberately does not know: calls, protocols, policies,
//! and what a subscriber does with a list.

mod address;
mod board;
mod config;
#[cfg(feature = "etcd")]
mod etcd;
mod file;
#[cfg(any(feature = "etcd", feature = "zookeeper"))]
mod last_lists;
mod lookup;
mod matching;
mod memory;
#[cfg(any(feature = "etcd", feature = "zookeeper"))]
mod tree;
#[cfg(feature = "zookeeper")]
mod zookeeper;

#[cfg(test)]
mod conformance;

pub use address::{check, open};
pub use config::{FileConfigCenter, MemoryConfigCenter, check_config, open_config};
pub use file::FileRegistry;
pub use lookup::lookup;
pub use memory::MemoryRegistry;
