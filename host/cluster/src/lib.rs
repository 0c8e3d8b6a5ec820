//! Many providers that look like one: directories, the choice of a provider, and what happens when an attempt fails.
//!
//! The way of a call: [`Failover`] takes the directory's list once per attempt, the pick chooses among the candidates, the attempt
//! filters run around the chosen provider's invoker.

mod build;
mod directory;
mod failover;
mod fixed;
mod pick;
mod refusal;

pub use directory::RegistryDirectory;
pub use failover::{Failover, Retry};
pub use fixed::StaticDirectory;
