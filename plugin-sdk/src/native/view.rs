//! What a linked policy looks at: a call, an attempt, a list of providers, a URL.

use super::{Form, HostFunctions, HostResult, Part};
use crate::abi::interest::Space;
use std::borrow::Cow;

/// The numbers of a call, as in the header of ABI.md 5.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scalars {
    /// Bits of [`crate::abi::call::flags`].
    pub flags: u16,
    /// Names the service within the process; 0: none.
    pub service_token: u64,
    /// Number of the try, from 0.
    pub attempt: u32,
    /// Number of arguments.
    pub argument_count: u32,
    /// `on_response`: what `on_request` of this call set.
    pub scratch: u64,
    /// `on_response`: [`crate::abi::call::outcome`].
    pub outcome: u8,
    /// `on_response`: Dubbo's status byte.
    pub status: u8,
    /// `on_response`: code of Dubbo's `RpcException`.
    pub error_code: u8,
}

/// One call as a hook sees it. It does not change while the hook runs: what the plugin stages is applied afterwards.
pub trait HostCall {
    /// What the host does besides the call; here the access log is open.
    fn functions(&self) -> &dyn HostFunctions;

    /// The call's numbers.
    fn scalars(&self) -> Scalars;

    /// `on_response`: the blob that `on_request` of this call set; else empty.
    fn scratch_blob(&self) -> &[u8];

    /// The text under a key of a space; `None` if there is none. An empty URL parameter counts as none.
    ///
    /// # Errors
    /// `NotAllowed` (space in this hook), `BadArgument` (unknown field), `TooLarge` (key).
    fn get(&self, space: Space, key: &str) -> HostResult<Option<Cow<'_, str>>>;

    /// Visits all pairs of the space `Attachment`, `Url` or `Response` in the call's order.
    ///
    /// # Errors
    /// `NotAllowed`, `BadArgument`.
    fn list(&self, space: Space, each: &mut dyn FnMut(&str, &str)) -> HostResult<()>;

    /// One of `abi::names::NUMBER_*`.
    ///
    /// # Errors
    /// `Absent`, `NotAllowed`, `BadArgument`.
    fn number(&self, what: u32) -> HostResult<u64>;

    /// A value of the body, whole (`path` empty) or at a path.
    ///
    /// # Errors
    /// `Absent`, `BadArgument`, `NotGranted`, `NotAllowed`, `NotReadable`, `WrongType`, `TooLarge`.
    fn body(&self, part: Part, form: Form, path: &str) -> HostResult<Vec<u8>>;
}

/// One attempt as a router or balancer sees it: a [`HostCall`] and the providers' numbers.
pub trait HostRouting: HostCall {
    /// The version of the table that the candidates are indices of; the policy has seen it.
    fn table_version(&self) -> u64;

    /// Rows of that table.
    fn rows(&self) -> u32;

    /// Changes when any weight of the table changed.
    fn weights_epoch(&self) -> u32;

    /// One of `abi::names::CELL_*` of one row, for the service and method of this call.
    ///
    /// # Errors
    /// `BadArgument`: row or number unknown.
    fn cell(&self, row: u32, what: u32) -> HostResult<i64>;

    /// The same for all rows, appended to `out`.
    ///
    /// # Errors
    /// `BadArgument`: number unknown.
    fn column(&self, what: u32, out: &mut Vec<i64>) -> HostResult<()>;

    /// Why a row (`None`: the whole list) was kept or dropped; ignored unless the call is explained.
    ///
    /// # Errors
    /// `BadArgument`: no such row.
    fn note(&self, row: Option<u32>, text: &str) -> HostResult<()>;
}

/// A list of providers as a policy reads it, off the call path.
pub trait HostTable {
    /// What the host does besides.
    fn functions(&self) -> &dyn HostFunctions;

    /// Names the service within the process; never 0.
    fn service_token(&self) -> u64;

    /// Which list of that service; grows.
    fn version(&self) -> u64;

    /// `[group/]interface[:version]`.
    fn service(&self) -> &str;

    /// Number of providers.
    fn rows(&self) -> u32;

    /// Changes when any weight changed.
    fn weights_epoch(&self) -> u32;

    /// Whether this is a list that the policy has, with other weights.
    fn only_weights(&self) -> bool;

    /// A parameter (space `Url`) or field (`address`, `host`, `port`, `protocol`) of a provider. An empty parameter counts as none.
    ///
    /// # Errors
    /// `BadArgument`: row, space or field unknown.
    fn get(&self, row: u32, space: Space, key: &str) -> HostResult<Option<Cow<'_, str>>>;
}

/// A URL that a configurator may change.
pub trait HostUrl {
    /// What the host does besides.
    fn functions(&self) -> &dyn HostFunctions;

    /// Whether it is the URL of a service that this process exports; else of a provider as a consumer sees it.
    fn is_provider_side(&self) -> bool;

    /// Names the service within the process; 0: the host has none.
    fn service_token(&self) -> u64;

    /// A parameter (space `Url`) or a field.
    ///
    /// # Errors
    /// `NotAllowed` (space), `BadArgument` (unknown field), `TooLarge` (key).
    fn get(&self, space: Space, key: &str) -> HostResult<Option<Cow<'_, str>>>;

    /// Visits all parameters, in the URL's order.
    ///
    /// # Errors
    /// The host cannot tell now.
    fn list(&self, each: &mut dyn FnMut(&str, &str)) -> HostResult<()>;
}
