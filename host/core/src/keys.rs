//! Names that travel: attachment and URL keys, reserved methods, and the values that Dubbo fixes for them.
//! Each constant is named after Dubbo's key; the source is `CommonConstants` of Dubbo Java 3.3 unless a line says otherwise.

/// The service path; decides the lookup on the provider (attachment).
pub const PATH: &str = "path";
/// The service interface.
pub const INTERFACE: &str = "interface";
/// The service group; empty is no group.
pub const GROUP: &str = "group";
/// The service version; empty and `0.0.0` are the same.
pub const VERSION: &str = "version";
/// Milliseconds that the consumer waits, as decimal text.
pub const TIMEOUT: &str = "timeout";
/// The shared secret that a provider's URL carries and a call must present.
pub const TOKEN: &str = "token";
/// The kind of generic call; `true` for maps in place of objects.
pub const GENERIC: &str = "generic";
/// The protocol version in response attachments.
pub const DUBBO: &str = "dubbo";
/// The caller's application name.
pub const REMOTE_APPLICATION: &str = "remote.application";
/// `true` on a call whose answer comes later.
pub const ASYNC: &str = "async";
/// Application name in a URL.
pub const APPLICATION: &str = "application";
/// Kind of a registry entry: `providers`, `consumers`, `routers`, `configurators`.
pub const CATEGORY: &str = "category";
/// Name of the cluster strategy; default `failover`.
pub const CLUSTER: &str = "cluster";
/// Name of the load balancer; default `random`.
pub const LOADBALANCE: &str = "loadbalance";
/// Further attempts after the first; default 2.
pub const RETRIES: &str = "retries";
/// Static weight of a provider; default 100.
pub const WEIGHT: &str = "weight";
/// `true` in a registry's address: while somebody is available there, calls go there; default false.
pub const PREFERRED: &str = "preferred";
/// In a registry's address: where it is, such as a region. Default none.
pub const ZONE: &str = "zone";
/// The zone whose registry a call prefers: an attachment, or a parameter of the reference.
pub const REGISTRY_ZONE: &str = "registry_zone";
/// `true`: a call with a [`REGISTRY_ZONE`] goes nowhere else; default false.
pub const REGISTRY_ZONE_FORCE: &str = "registry_zone_force";
/// Tag: of a provider, what it has; of a call or consumer, what it wants.
pub const TAG: &str = "dubbo.tag";
/// Milliseconds since the epoch at which a provider started, as seen by a consumer after merging.
pub const REMOTE_TIMESTAMP: &str = "remote.timestamp";
/// Milliseconds since the epoch at which an entry was made.
pub const TIMESTAMP: &str = "timestamp";
/// How long a provider takes to reach its weight, counted from [`REMOTE_TIMESTAMP`]; a bare number is in the unit of that timestamp
/// (Dubbo Java milliseconds, dubbo-go seconds); default 10 minutes, 0 for none.
pub const WARMUP: &str = "warmup";
/// `true`: calls stay with the provider of the call before, as long as it is available; default false.
pub const STICKY: &str = "sticky";
/// `false` takes a provider out of play; default true.
pub const ENABLED: &str = "enabled";
/// `true` takes a provider out of play, as an operator's override does; default false.
pub const DISABLED: &str = "disabled";
/// Whose URL it is: `provider` or `consumer`.
pub const SIDE: &str = "side";
/// Largest frame body in bytes; default 8 MiB.
pub const PAYLOAD: &str = "payload";
/// TCP connections of a reference to each provider, which it then shares with nobody; default 0: one per address, shared by all.
pub const CONNECTIONS: &str = "connections";
/// `false`: connections are made when a provider becomes known; default true: by the first call.
pub const LAZY: &str = "lazy";
/// Connections that a listener accepts; 0 is no limit (Dubbo Java `accepts`).
pub const ACCEPTS: &str = "accepts";
/// `true`: TLS under the protocol.
pub const SSL_ENABLED: &str = "ssl-enabled";
/// Silence in milliseconds after which the other side is asked whether it is there.
pub const HEARTBEAT: &str = "heartbeat";
/// Serialization that a provider falls back to.
pub const SERIALIZATION: &str = "serialization";
/// Serializations that a provider prefers, best first (Dubbo Java 3.2.0).
pub const PREFER_SERIALIZATION: &str = "prefer.serialization";
/// Id of the gateway that registered an entry (ours, spec GW-2).
pub const WUBBO_GATEWAY: &str = "wubbo.gateway";
/// Application of the gateway that registered an entry (ours); the entry's own `application` is that of the providers behind it.
pub const WUBBO_GATEWAY_APPLICATION: &str = "wubbo.gateway.application";
/// Why a gateway does not serve a service that was attached to it (ours).
pub const WUBBO_REFUSED: &str = "wubbo.refused";
/// Comma list of the gateways that a call passed (ours, spec GW-2).
pub const WUBBO_VIA: &str = "wubbo.via";
/// Address of the consumer in front of the first gateway (ours, spec GW-3).
pub const WUBBO_CLIENT: &str = "wubbo.client";
/// Length of the request frame, added locally for services by a Java provider (live-peer fact LJ-17).
pub const INPUT: &str = "input";
/// Prefix of the attachments that describe callback arguments (spec GW-8).
pub const CALLBACK_ARG_PREFIX: &str = "sys_callback_arg-";

/// Generic call.
pub const METHOD_INVOKE: &str = "$invoke";
/// Generic call whose answer is awaited elsewhere.
pub const METHOD_INVOKE_ASYNC: &str = "$invokeAsync";
/// Echo test.
pub const METHOD_ECHO: &str = "$echo";

/// The protocol version that we send and answer with.
pub const DUBBO_PROTOCOL_VERSION: &str = "2.0.2";
/// Default of [`RETRIES`].
pub const DEFAULT_RETRIES: u32 = 2;
/// Default of [`WEIGHT`].
pub const DEFAULT_WEIGHT: u32 = 100;
/// Default of [`WARMUP`], milliseconds.
pub const DEFAULT_WARMUP_MS: u64 = 600_000;
/// Default of [`LOADBALANCE`].
pub const DEFAULT_LOADBALANCE: &str = "random";
/// Default call time-out of a consumer, milliseconds (Dubbo Java `DEFAULT_TIMEOUT`).
pub const DEFAULT_TIMEOUT_MS: u64 = 1000;
/// Default of [`PAYLOAD`].
pub const DEFAULT_PAYLOAD_BYTES: usize = 8 * 1024 * 1024;
/// Default port of the dubbo protocol.
pub const DEFAULT_PORT: u16 = 20880;
