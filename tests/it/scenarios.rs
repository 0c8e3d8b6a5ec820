//! The seven outage scenarios of the registries (spec/50 section 4) and the deploy storm, on a real ZooKeeper and on a real etcd: with
//! scaled times, and at full length with `WUBBO_FULL=on`.
//!
//! Each writes down what happened, and what it measured beside what is promised. `cargo xtask scenarios` makes `scenarios-report.md` of
//! that. A measured time may be five times the promised one here, since these machines are noisy; the report shows the time itself.

/// Tells a scenario on both registries at one time, each on threads of its own.
macro_rules! on_both {
    ($($test:ident: $scenario:path;)+) => {
        $(
            #[test]
            fn $test() {
                std::thread::scope(|scope| {
                    for kind in [crate::server::Kind::Zookeeper, crate::server::Kind::Etcd] {
                        scope.spawn(move || crate::scenarios::scene::run($scenario(kind)));
                    }
                });
            }
        )+
    };
}

mod calls;
mod lists;
mod log;
mod outage;
mod providers;
mod restarts;
mod scene;
mod storm;
mod waiting;
mod witness;
