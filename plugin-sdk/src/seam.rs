//! The one place where the two forms differ: what a hook's call and host are made of.
//!
//! As wasm they are the arena and the imports, known at compile time so that unused ones are left out of the module;
//! linked they are what the plugin host hands in, the traits of [`crate::native`]. Both have the same methods.

#[cfg(not(target_arch = "wasm32"))]
mod linked;
#[cfg(target_arch = "wasm32")]
mod wasm;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use linked::{
    CallRef, HostRef, RoutingRef, TableRef, UrlRef, as_call, functions, numbers, read, read_field,
    read_url, read_url_field,
};
#[cfg(target_arch = "wasm32")]
pub(crate) use wasm::{
    CallRef, GuestCall, GuestHost, GuestTable, GuestUrl, HostRef, RoutingRef, Slot, TableRef,
    UrlRef, as_call, functions, numbers, read, read_field, read_url, read_url_field,
};
