//! Where each number stands in the inputs that the host writes (ABI.md sections 5 and 6).
//!
//! Constants are offsets from the start of the arena; the width stands in the doc line.

/// Mark in an entry: there is no such value.
pub const ENTRY_ABSENT: u32 = 0xffff_ffff;
/// Mark in an entry: it did not fit the arena, ask with `get`.
pub const ENTRY_LAZY: u32 = 0xffff_fffe;
/// Length of one entry: u32 offset, u32 length.
pub const ENTRY_BYTES: usize = 8;

/// Input of `on_request`, `on_response`, `route` and `select` (ABI.md 5.1).
pub mod call {
    /// u16: length of the header; guests add it.
    pub const HEADER_BYTES: usize = 0;
    /// u16: see [`flags`].
    pub const FLAGS: usize = 2;
    /// u32: number of entries.
    pub const ENTRIES: usize = 4;
    /// u64: names the service within the process; 0: none.
    pub const SERVICE_TOKEN: usize = 8;
    /// u32: number of the try, from 0.
    pub const ATTEMPT: usize = 16;
    /// u32.
    pub const ARGUMENT_COUNT: usize = 20;
    /// u64: set by `on_request` of the same call.
    pub const SCRATCH: usize = 24;
    /// u32.
    pub const SCRATCH_OFFSET: usize = 32;
    /// u32.
    pub const SCRATCH_LEN: usize = 36;
    /// u8: see [`outcome`].
    pub const OUTCOME: usize = 40;
    /// u8: Dubbo's status byte.
    pub const STATUS: usize = 41;
    /// u8: code of Dubbo's `RpcException`, see [`super::error_code`].
    pub const ERROR_CODE: usize = 42;
    /// u32: rows of the provider table.
    pub const ROWS: usize = 44;
    /// u64.
    pub const TABLE_VERSION: usize = 48;
    /// u32: offset of the candidates, a multiple of 8.
    pub const BITMAP_OFFSET: usize = 56;
    /// u32: set bits.
    pub const CANDIDATES: usize = 60;
    /// u32: changes with any weight.
    pub const WEIGHTS_EPOCH: usize = 64;
    /// Length of the header in this minor version.
    pub const SIZE: usize = 72;

    /// Bits of [`FLAGS`].
    pub mod flags {
        /// Runs on the provider's side.
        pub const PROVIDER: u16 = 1;
        /// Runs once per attempt.
        pub const ATTEMPT_STAGE: u16 = 1 << 1;
        /// Nobody waits for the answer.
        pub const ONE_WAY: u16 = 1 << 2;
        /// `note` is listened to.
        pub const EXPLAIN: u16 = 1 << 3;
        /// Weights differ by method.
        pub const METHOD_WEIGHTS: u16 = 1 << 4;
        /// The caller went away before there was a result.
        pub const CANCELLED: u16 = 1 << 5;
    }

    /// Values of [`OUTCOME`].
    pub mod outcome {
        /// The service answered a value.
        pub const VALUE: u8 = 0;
        /// The service answered null.
        pub const NULL: u8 = 1;
        /// The service threw a business exception.
        pub const EXCEPTION: u8 = 2;
        /// The framework failed.
        pub const ERROR: u8 = 3;
    }
}

/// Codes of Dubbo's `RpcException` (Java 3.3: `org.apache.dubbo.rpc.RpcException`).
pub mod error_code {
    /// `UNKNOWN_EXCEPTION`.
    pub const UNKNOWN: u8 = 0;
    /// `NETWORK_EXCEPTION`.
    pub const NETWORK: u8 = 1;
    /// `TIMEOUT_EXCEPTION`.
    pub const TIMEOUT: u8 = 2;
    /// `BIZ_EXCEPTION`.
    pub const BIZ: u8 = 3;
    /// `FORBIDDEN_EXCEPTION`.
    pub const FORBIDDEN: u8 = 4;
    /// `SERIALIZATION_EXCEPTION`.
    pub const SERIALIZATION: u8 = 5;
    /// `NO_INVOKER_AVAILABLE_AFTER_FILTER`.
    pub const NO_INVOKER: u8 = 6;
    /// `LIMIT_EXCEEDED_EXCEPTION`.
    pub const LIMIT_EXCEEDED: u8 = 7;
    /// `TIMEOUT_TERMINATE`.
    pub const TIMEOUT_TERMINATE: u8 = 8;
    /// The greatest code of this version.
    pub const LAST: u8 = TIMEOUT_TERMINATE;
}

/// Dubbo's status bytes that a plugin may meet or give (Dubbo: `Response`).
pub mod status {
    /// Success.
    pub const OK: u8 = 20;
    /// Client side timeout.
    pub const CLIENT_TIMEOUT: u8 = 30;
    /// Server side timeout.
    pub const SERVER_TIMEOUT: u8 = 31;
    /// Connection closed with requests in flight.
    pub const CHANNEL_INACTIVE: u8 = 35;
    /// The server could not decode the request.
    pub const BAD_REQUEST: u8 = 40;
    /// The server could not encode the response.
    pub const BAD_RESPONSE: u8 = 50;
    /// Service not found.
    pub const SERVICE_NOT_FOUND: u8 = 60;
    /// Failure of the framework while serving; what a refusing filter gives.
    pub const SERVICE_ERROR: u8 = 70;
    /// Internal server error.
    pub const SERVER_ERROR: u8 = 80;
    /// Internal client error.
    pub const CLIENT_ERROR: u8 = 90;
    /// Overload; may be tried elsewhere.
    pub const SERVER_THREADPOOL_EXHAUSTED: u8 = 100;
}

/// Ids of the space `field` (ABI.md 5.5).
pub mod field {
    /// Names in the order of their ids, which start at 1.
    pub const NAMES: &[&str] = &[
        "service",
        "method",
        "group",
        "version",
        "service_key",
        "types",
        "remote_address",
        "local_address",
        "path",
        "exception_class",
        "error_message",
        "dubbo_version",
        "protocol",
        "address",
        "host",
        "port",
    ];
    /// Interface name.
    pub const SERVICE: u16 = 1;
    /// Method name.
    pub const METHOD: u16 = 2;
    /// Service group.
    pub const GROUP: u16 = 3;
    /// Service version.
    pub const VERSION: u16 = 4;
    /// `[group/]interface[:version]`.
    pub const SERVICE_KEY: u16 = 5;
    /// Parameter descriptor of the wire.
    pub const TYPES: u16 = 6;
    /// `ip:port` of the peer.
    pub const REMOTE_ADDRESS: u16 = 7;
    /// `ip:port` of our end.
    pub const LOCAL_ADDRESS: u16 = 8;
    /// Service path.
    pub const PATH: u16 = 9;
    /// Java class of the exception.
    pub const EXCEPTION_CLASS: u16 = 10;
    /// Text of the exception or error.
    pub const ERROR_MESSAGE: u16 = 11;
    /// The caller's protocol version.
    pub const DUBBO_VERSION: u16 = 12;
    /// Protocol of the URL.
    pub const PROTOCOL: u16 = 13;
    /// `ip:port` of the provider.
    pub const ADDRESS: u16 = 14;
    /// Host of the URL; in calls the consumer's host.
    pub const HOST: u16 = 15;
    /// Port of the URL.
    pub const PORT: u16 = 16;

    /// The name of a field id; `None` if this version does not know it.
    #[must_use]
    pub fn name(id: u16) -> Option<&'static str> {
        NAMES.get(usize::from(id).checked_sub(1)?).copied()
    }

    /// The id of a field name, 0 if there is none.
    #[must_use]
    pub fn id(name: &str) -> u16 {
        let place = NAMES.iter().position(|known| *known == name);
        place
            .and_then(|place| u16::try_from(place + 1).ok())
            .unwrap_or(0)
    }
}

/// Input of `on_providers` (ABI.md 6.5).
pub mod providers {
    /// u16: length of the header.
    pub const HEADER_BYTES: usize = 0;
    /// u16: 0 new list, 1 only weights changed.
    pub const REASON: usize = 2;
    /// u32.
    pub const ROWS: usize = 4;
    /// u64, never 0.
    pub const SERVICE_TOKEN: usize = 8;
    /// u64.
    pub const TABLE_VERSION: usize = 16;
    /// u32.
    pub const COLUMNS: usize = 24;
    /// u32: distinct texts.
    pub const WORDS: usize = 28;
    /// u32: offset of the service key.
    pub const SERVICE_OFFSET: usize = 32;
    /// u32.
    pub const SERVICE_LEN: usize = 36;
    /// u32.
    pub const WEIGHTS_EPOCH: usize = 40;
    /// u32: length of the section [`TABLE_WORDS`].
    pub const WORDS_BYTES: usize = 44;
    /// Length of the header in this minor version.
    pub const SIZE: usize = 48;
    /// [`REASON`]: a new list.
    pub const REASON_LIST: u16 = 0;
    /// [`REASON`]: only weights changed.
    pub const REASON_WEIGHTS: u16 = 1;
    /// Section number of the words, for the import `table`.
    pub const TABLE_WORDS: i32 = -1;
}

/// Input of `on_rule` (ABI.md 6.6).
pub mod rule {
    /// u16: length of the header.
    pub const HEADER_BYTES: usize = 0;
    /// u16: 0 service, 1 application.
    pub const SCOPE: usize = 2;
    /// u32: bit 0 [`REMOVED`].
    pub const FLAGS: usize = 4;
    /// u64.
    pub const RULE_VERSION: usize = 8;
    /// u32.
    pub const KEY_OFFSET: usize = 16;
    /// u32.
    pub const KEY_LEN: usize = 20;
    /// u32.
    pub const GROUP_OFFSET: usize = 24;
    /// u32.
    pub const GROUP_LEN: usize = 28;
    /// u32: length of the rule's text.
    pub const TEXT_LEN: usize = 32;
    /// Length of the header in this minor version.
    pub const SIZE: usize = 40;
    /// Bit of [`FLAGS`]: the rule was deleted.
    pub const REMOVED: u32 = 1;
    /// [`SCOPE`]: the rule is a service's.
    pub const SCOPE_SERVICE: u16 = 0;
    /// [`SCOPE`]: the rule is an application's.
    pub const SCOPE_APPLICATION: u16 = 1;
}

/// Input of `configure_url` (ABI.md 6.7).
pub mod configure {
    /// u16: length of the header.
    pub const HEADER_BYTES: usize = 0;
    /// u16: bit 0 [`PROVIDER`].
    pub const FLAGS: usize = 2;
    /// u32.
    pub const ENTRIES: usize = 4;
    /// u64, or 0.
    pub const SERVICE_TOKEN: usize = 8;
    /// Length of the header in this minor version.
    pub const SIZE: usize = 24;
    /// Bit of [`FLAGS`]: the URL of a service that the host exports.
    pub const PROVIDER: u16 = 1;
}

// The fixed part of every input fits the smallest arena (ABI.md 5.4): a build fails if a limit breaks that.
const _: () = {
    use super::limits::{ARENA_MIN, INTEREST_MAX, MESSAGE_MAX, ROWS_MAX, SCRATCH_MAX};
    let entries = INTEREST_MAX * ENTRY_BYTES;
    assert!(call::SIZE + entries + SCRATCH_MAX + ROWS_MAX / 8 + 8 <= ARENA_MIN);
    assert!(providers::SIZE + MESSAGE_MAX <= ARENA_MIN);
    assert!(rule::SIZE + 2 * MESSAGE_MAX <= ARENA_MIN);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_ids_are_places() {
        for (id, name) in [
            (field::SERVICE, "service"),
            (field::PORT, "port"),
            (field::ERROR_MESSAGE, "error_message"),
        ] {
            assert_eq!(field::name(id), Some(name));
            assert_eq!(field::id(name), id);
        }
        assert_eq!(field::name(0), None);
        assert_eq!(field::id("nothing"), 0);
    }
}
