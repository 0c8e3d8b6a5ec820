//! The registries and config centers at servers against real ones: the same suite for ZooKeeper and for etcd, and what is peculiar
//! to each. Where a server is not installed its tests say so and are left out, except with `CI=true`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "tests fail by panicking and print what they measured"
)]

/// Runs tests that take a [`server::Kind`] against both.
macro_rules! on_both {
    (@ $module:ident, $kind:ident, $($test:ident),+) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(crate::server::Kind::$kind).await;
                }
            )+
        }
    };
    ($($test:ident),+ $(,)?) => {
        on_both!(@ zookeeper, Zookeeper, $($test),+);
        on_both!(@ etcd, Etcd, $($test),+);
    };
}

mod aborts;
mod alone;
mod certificates;
mod config_center;
#[path = "../../src/config/conformance.rs"]
mod config_conformance;
#[path = "../../src/conformance.rs"]
mod conformance;
mod coverage;
mod ensemble;
mod etcd_keys;
mod etcd_leases;
mod etcd_tls;
mod faults;
mod outages;
mod owners;
mod proxy;
mod raw;
mod rounds;
mod rows;
mod server;
mod sessions;
