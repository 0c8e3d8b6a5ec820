//! What a wubbo plugin sees.
//!
//! A policy implements [`Filter`] and carries `#[wubbo_plugin(..)]`; the same source is linked into a host or compiled
//! to a sandboxed wasm module that is swapped while traffic runs.
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
mod call;
mod error;
mod filter;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod guest;
mod host;
#[cfg(not(target_arch = "wasm32"))]
mod linked;
#[cfg(test)]
mod macro_tests;
#[cfg(not(target_arch = "wasm32"))]
mod manifest;
pub mod native;
mod seam;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
#[cfg(feature = "yaml")]
pub mod yaml;

pub use abi::commands::Value;
pub use abi::interest::{Hook, Space};
pub use abi::keys::{Key, typed as keys};
pub use abi::{error_code, field, status};
pub use call::{Flow, Outcome, Reply, Request, Response};
pub use error::{Error, ErrorKind, Result};
pub use filter::{Filter, NoConfig, Setup};
pub use host::{Host, Metric, State};
#[cfg(not(target_arch = "wasm32"))]
pub use linked::filter_factory;
#[cfg(not(target_arch = "wasm32"))]
pub use manifest::{
    Access, BadManifest, Fail, Kind, Manifest, ManifestInterest, Side, Stage, WishedLimits,
};
pub use native::{Expect, Level};
pub use wubbo_plugin_sdk_macros::wubbo_plugin;
