//! Dubbo's common keys by number: a plugin that names one of them saves the host a text.
//!
//! The list only grows (ABI.md 5.6); a key's number is its place in [`NAMES`] plus 1.

/// A key of an attachment or a parameter: any text, or one of the common ones of [`typed`], which cost the host less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'a> {
    id: u16,
    name: &'a str,
}

impl<'a> Key<'a> {
    /// Its number, 0 if it is given by text.
    #[must_use]
    pub const fn id(self) -> u16 {
        self.id
    }

    /// Its text.
    #[must_use]
    pub const fn name(self) -> &'a str {
        self.name
    }
}

impl<'a> From<&'a str> for Key<'a> {
    fn from(name: &'a str) -> Self {
        Self { id: 0, name }
    }
}

impl<'a> From<&'a String> for Key<'a> {
    fn from(name: &'a String) -> Self {
        Self { id: 0, name }
    }
}

macro_rules! interned {
    ($($name:ident = $id:literal, $text:literal;)*) => {
        $(
            #[doc = concat!("`", $text, "`, number ", stringify!($id), ".")]
            pub const $name: u16 = $id;
        )*

        /// All keys in the order of their numbers, which start at 1.
        pub const NAMES: &[&str] = &[$($text),*];

        /// The same keys with number and text together, as plugins pass them.
        pub mod typed {
            pub use super::Key;
            $(
                #[doc = concat!("`", $text, "`.")]
                pub const $name: Key<'static> = Key { id: $id, name: $text };
            )*
        }
    };
}

interned! {
    PATH = 1, "path";
    INTERFACE = 2, "interface";
    GROUP = 3, "group";
    VERSION = 4, "version";
    TIMEOUT = 5, "timeout";
    METHOD = 6, "method";
    METHODS = 7, "methods";
    APPLICATION = 8, "application";
    REMOTE_APPLICATION = 9, "remote.application";
    SIDE = 10, "side";
    TOKEN = 11, "token";
    ACCESSLOG = 12, "accesslog";
    DUBBO_TAG = 13, "dubbo.tag";
    DUBBO_FORCE_TAG = 14, "dubbo.force.tag";
    DUBBO = 15, "dubbo";
    ASYNC = 16, "async";
    ID = 17, "id";
    GENERIC = 18, "generic";
    INPUT = 19, "input";
    OUTPUT = 20, "output";
    LOCAL_ADDR = 21, "local-addr";
    REMOTE_ADDR = 22, "remote-addr";
    LOADBALANCE = 23, "loadbalance";
    CLUSTER = 24, "cluster";
    RETRIES = 25, "retries";
    STICKY = 26, "sticky";
    FORKS = 27, "forks";
    WEIGHT = 28, "weight";
    WARMUP = 29, "warmup";
    TIMESTAMP = 30, "timestamp";
    REMOTE_TIMESTAMP = 31, "remote.timestamp";
    HASH_NODES = 32, "hash.nodes";
    HASH_ARGUMENTS = 33, "hash.arguments";
    ZONE = 34, "zone";
    REGION = 35, "region";
    HOST = 36, "host";
    PORT = 37, "port";
    PROTOCOL = 38, "protocol";
    SERIALIZATION = 39, "serialization";
    PREFER_SERIALIZATION = 40, "prefer.serialization";
    RELEASE = 41, "release";
    ENVIRONMENT = 42, "environment";
    MODULE = 43, "module";
    OWNER = 44, "owner";
    ORGANIZATION = 45, "organization";
    PID = 46, "pid";
    CATEGORY = 47, "category";
    ENABLED = 48, "enabled";
    DYNAMIC = 49, "dynamic";
    PRIORITY = 50, "priority";
    FORCE = 51, "force";
    RUNTIME = 52, "runtime";
    RULE = 53, "rule";
    ROUTER = 54, "router";
    CONFIG_VERSION = 55, "configVersion";
    PROVIDER_ADDRESSES = 56, "providerAddresses";
    ACTIVES = 57, "actives";
    EXECUTES = 58, "executes";
    EXECUTE_LIMIT = 59, "execute.limit";
    TPS_LIMITER = 60, "tps.limiter";
    TPS_LIMIT_RATE = 61, "tps.limit.rate";
    TPS_LIMIT_INTERVAL = 62, "tps.limit.interval";
    TPS_LIMIT_STRATEGY = 63, "tps.limit.strategy";
    AUTH = 64, "auth";
    SIGNATURE = 65, "signature";
    CONSUMER = 66, "consumer";
    AK = 67, "ak";
    TRACEPARENT = 68, "traceparent";
    TRACESTATE = 69, "tracestate";
    WUBBO_VIA = 70, "wubbo.via";
    WUBBO_CLIENT = 71, "wubbo.client";
    WUBBO_GATEWAY = 72, "wubbo.gateway";
}

/// The text of an interned key; `None` for 0 and for numbers this version does not know.
#[must_use]
pub fn name(id: u16) -> Option<&'static str> {
    NAMES.get(usize::from(id).checked_sub(1)?).copied()
}

/// The number of a key's text, 0 if it has none. Linear: for load time, not for calls.
#[must_use]
pub fn id(text: &str) -> u16 {
    let place = NAMES.iter().position(|known| *known == text);
    place
        .and_then(|place| u16::try_from(place + 1).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places_and_texts_are_unique() {
        for (place, text) in NAMES.iter().enumerate() {
            assert_eq!(usize::from(id(text)), place + 1, "{text}");
            assert_eq!(name(u16::try_from(place + 1).unwrap()), Some(*text));
        }
        assert_eq!((typed::TOKEN.id(), typed::TOKEN.name()), (TOKEN, "token"));
        assert_eq!(Key::from("token").id(), 0);
        assert_eq!(name(TOKEN), Some("token"));
        assert_eq!(name(WUBBO_GATEWAY), Some("wubbo.gateway"));
        assert_eq!(name(0), None);
        assert_eq!(name(u16::MAX), None);
    }
}
