//! The linked form: the trait object that a factory makes of a policy, for each kind.

mod configurator;
mod filter;
mod loadbalance;
mod reads;
mod router;

pub use configurator::configurator_factory;
pub use filter::filter_factory;
pub use loadbalance::loadbalance_factory;
pub use router::router_factory;
