//! wubbo: a Dubbo-compatible RPC runtime whose policies are swapped while traffic runs.
//!
//! Three ways to use it, one engine behind all:
//!
//! - as a library: [`service`] on an impl and [`Server`], [`interface`] on a trait and [`Client`];
//! - as a gateway: `wubbo run -c wubbo.yaml` ([`assemble::assemble`] is the whole of it, top to bottom);
//! - for authors of policies: `wubbo-plugin-sdk`.
//!
//! The default features are light: linked policies only, no wasmtime, no command line. `wasm` adds the plugin directory, `cli`
//! everything that the `wubbo` binary is made of.

// The macros name this crate by its own name, here too.
extern crate self as wubbo;

mod access_log;
#[cfg(feature = "cli")]
mod attached;
mod builtins;
#[cfg(feature = "cli")]
mod busy_poll;
mod client;
mod consumers;
pub mod contract;
#[cfg(feature = "cli")]
mod explain;
mod exports;
#[cfg(feature = "cli")]
mod gateway;
#[cfg(feature = "cli")]
mod json;
pub mod metrics;
mod open_files;
mod publish;
#[cfg_attr(
    not(feature = "cli"),
    expect(dead_code, reason = "the gateway alone asks for some of it")
)]
mod references;
#[cfg(feature = "cli")]
mod registries;
mod rules;
mod server;
mod services;
mod shutdown;
mod steering;

#[cfg(feature = "cli")]
mod admin;
#[cfg(feature = "cli")]
pub mod assemble;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod config;
#[cfg(feature = "cli")]
mod config_file;

pub use client::{Client, ClientBuilder};
pub use contract::{
    CallError as Error, CallOptions, Context, ResponseAttachments, Result, Service, Throwable,
    exception,
};
pub use open_files::raise_open_files;
pub use server::{RunningServer, Server};
pub use wubbo_core as core;
pub use wubbo_hessian2 as hessian2;
pub use wubbo_macros::{JavaType, interface, service};
pub use wubbo_plugin::PluginsConfig;
pub use wubbo_protocol::SslConfig;
