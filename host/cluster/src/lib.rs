//! Many providers that look like one: directories, the choice of a provider, and what happens when an attempt fails.
//!
//! The way of a call: [`Failover`] takes the directory's list once per attempt, the routers narrow it, the balancer chooses among the
//! candidates, the attempt filters run around the chosen provider's invoker. [`explain`] goes the same way and writes it down.

mod announcements;
mod build;
mod choose;
mod configure;
mod context;
mod directory;
mod explain;
mod failover;
mod fixed;
mod groups;
mod live;
mod refusal;
mod registries;
mod scope;

#[cfg(test)]
mod testing;

pub use announcements::Announcements;
pub use configure::configure;
pub use context::{ConfigurationWatch, DirectoryContext};
pub use directory::RegistryDirectory;
pub use explain::{
    Answer, BalancerStep, ExplainedProvider, Explanation, PassedOver, Round, RouterStep, ScopeStep,
    explain,
};
pub use failover::{Failover, Retry};
pub use fixed::StaticDirectory;
