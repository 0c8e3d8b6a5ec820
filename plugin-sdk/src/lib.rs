//! What a wubbo plugin sees.

pub mod abi;
mod error;
#[cfg(not(target_arch = "wasm32"))]
mod manifest;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;

pub use error::{Error, ErrorKind, Result};
#[cfg(not(target_arch = "wasm32"))]
pub use manifest::{
    Access, BadManifest, Fail, Kind, Manifest, ManifestInterest, Side, Stage, WishedLimits,
};
