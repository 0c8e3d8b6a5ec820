//! Wire protocols in both roles.
//!
//! The dubbo protocol: header, hessian2 bodies, events, one shared connection per address, many calls in flight.

mod dubbo;

pub use dubbo::{
    Content, DubboConfig, DubboCounts, DubboProtocol, Frame, annotate, describe, descriptor,
};
