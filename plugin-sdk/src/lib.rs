//! What a wubbo plugin sees.
//!
//! A policy implements [`Filter`], [`Router`], [`LoadBalance`] or [`Configurator`] and carries `#[wubbo_plugin(..)]`; the
//! same source is linked into a host or compiled to a sandboxed wasm module that is swapped while traffic runs.
//! The crate knows the words of ABI.md and nothing of the host: no transport, no async, no wasm engine.
//!
//! ```
//! use wubbo_plugin_sdk::{Filter, Flow, NoConfig, Request, Result, wubbo_plugin};
//!
//! struct Hello;
//!
//! #[wubbo_plugin(kind = filter, name = "hello", fail = open)]
//! impl Filter for Hello {
//!     type Config = NoConfig;
//!
//!     fn new(_config: NoConfig) -> Result<Self> {
//!         Ok(Self)
//!     }
//!
//!     fn on_request(&mut self, request: &mut Request<'_>) -> Result<Flow> {
//!         request.set_attachment("hello", "world")?;
//!         Ok(Flow::Continue)
//!     }
//! }
//! ```

// The attribute writes paths that start with this crate's name.
#[cfg(test)]
extern crate self as wubbo_plugin_sdk;

pub mod abi;
mod address;
mod call;
mod candidates;
mod configurator;
mod error;
mod filter;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod guest;
mod host;
#[cfg(not(target_arch = "wasm32"))]
mod linked;
mod loadbalance;
#[cfg(test)]
mod macro_tests;
#[cfg(not(target_arch = "wasm32"))]
mod manifest;
pub mod native;
mod per_method;
mod providers;
mod router;
mod rule;
mod running;
mod seam;
mod service;
mod setup;
mod tables;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod url;
#[cfg(feature = "yaml")]
pub mod yaml;

pub use abi::commands::Value;
pub use abi::interest::{Hook, Space};
pub use abi::keys::{Key, typed as keys};
pub use abi::{error_code, field, status};
pub use address::Addresses;
pub use call::{Cell, Flow, Outcome, Reply, Request, Response, Routing};
pub use candidates::{Candidates, Rows};
pub use configurator::Configurator;
pub use error::{Error, ErrorKind, Result};
pub use filter::Filter;
pub use host::{Host, Metric, State};
#[cfg(not(target_arch = "wasm32"))]
pub use linked::{configurator_factory, filter_factory, loadbalance_factory, router_factory};
pub use loadbalance::LoadBalance;
#[cfg(not(target_arch = "wasm32"))]
pub use manifest::{
    Access, BadManifest, Fail, Kind, Manifest, ManifestInterest, Side, Stage, WishedLimits,
};
pub use native::{Expect, Level};
pub use per_method::PerMethod;
pub use providers::{Column, Providers};
pub use router::Router;
pub use rule::{Rule, Scope};
pub use service::service_key;
pub use setup::{Declared, NoConfig, Setup};
pub use url::ConfiguredUrl;
pub use wubbo_plugin_sdk_macros::wubbo_plugin;
