//! The contract of a service: Java names and types on one side, Rust functions on the other.
//!
//! [`Service`] is what the `service` macro makes of an impl block, [`ServiceClient`] what `interface` makes of a trait; both can
//! be written by hand. [`dispatch`] answers a call by a service, [`Stub`] makes one. Arguments and results go between Rust types
//! and bytes through serde, without a document in between.

mod arguments;
mod client;
mod context;
mod definition;
mod dispatch;
mod error;
mod generic;
mod java_name;
mod java_type;
mod options;
mod service;
mod throwable;
mod types;

#[doc(hidden)]
pub mod macro_support;

pub use self::{
    arguments::{ArgumentWriter, Arguments},
    client::Stub,
    context::Context,
    definition::{Contract, MethodContract, ParameterContract},
    dispatch::dispatch,
    error::{CallError, Result, exception},
    java_type::JavaType,
    options::{CallOptions, ResponseAttachments},
    service::{Service, ServiceClient, ServiceResult},
    throwable::{JavaException, Throwable},
    types::JavaTypes,
};

#[cfg(feature = "cli")]
pub(crate) use client::descriptor;

#[cfg(test)]
mod tests;
