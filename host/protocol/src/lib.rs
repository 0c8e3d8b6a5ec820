//! Wire protocols in both roles.
//!
//! The dubbo protocol: header, hessian2 bodies, events, one shared connection per address, many calls in flight; and its frames explained
//! to people ([`annotate`], [`describe`], [`reencode`]).
//!
//! It does not know services, filters, registries or routing: requests go to a [`Handler`](wubbo_core::Handler), calls come through an
//! [`Invoker`](wubbo_core::Invoker).

mod dubbo;

pub use dubbo::{
    Codec, Content, DubboConfig, DubboCounts, DubboProtocol, Frame, SslConfig, annotate, describe,
    descriptor, reencode,
};
