//! The words of Dubbo, as types and traits: what a call is, what stands in its way and who answers it.
//!
//! Nothing here does IO and nothing here knows wasmtime, a wire format or a registry client: the crates above this floor
//! implement the traits, [`Chain`] and the types in between are what they agree on.
//!
//! A call, consumer or gateway side: call filters (once) -> [`Cluster`] -> [`Directory`] -> [`Router`]s -> [`LoadBalance`] ->
//! attempt filters (once per attempt) -> [`Invoker`] of a [`Protocol`]. Provider side: [`Protocol`] listener -> [`Handler`] ->
//! provider filters -> service.
//!
//! Words of our own, beside Dubbo's: a **slot** ([`Slot`]) is a place whose content is swapped in one store; a
//! **policy set** ([`PolicySet`]) is every plugin generation and rule that one call sees; **candidates** ([`Candidates`]) are the
//! provider indices still in play.

mod attachments;
mod body;
mod chain;
mod cluster;
mod config_center;
mod configurator;
mod deadline;
mod error;
mod filter;
mod invocation;
mod invoker;
pub mod keys;
mod load_balance;
mod pattern;
mod policy;
mod protocol;
mod providers;
mod registry;
mod result;
mod router;
mod rules;
mod slot;
mod statistics;
mod tables;
mod tasks;
mod url;

pub use attachments::{AttachmentValue, Attachments, Entry};
pub use body::{Payload, RawStream, RequestBody};
pub use chain::Chain;
pub use cluster::{Cluster, Directory, ListedRegistry, ProviderList};
pub use config_center::{ConfigCenter, ConfigSubscription};
pub use configurator::{Configurator, ConfigureSide};
pub use deadline::Deadline;
pub use error::{Error, ErrorKind, Status};
pub use filter::{Filter, Flow, Hooks, Scratch};
pub use invocation::{Invocation, Request};
pub use invoker::{BoxFuture, Handler, Invoker};
pub use load_balance::{Choice, LoadBalance};
pub use pattern::{Applies, Pattern};
pub use policy::{ConfiguratorEntry, FilterEntry, PolicySet, PolicySlot, RouterEntry, Stage};
pub use protocol::{Listener, Protocol};
pub use providers::{
    AttemptLimits, Candidates, MethodColumn, ProviderGroup, ProviderRow, ProviderTable, Refreshed,
};
pub use registry::{Registry, Snapshot, Subscription, registry_name};
pub use result::{Outcome, ResultKind, RpcResult};
pub use router::{Router, Routing};
pub use rules::{
    Rule, RuleKey, RuleScope, RuleSet, registered_route_key, registered_rule_key, rule_keys,
    tag_rule_key,
};
pub use slot::Slot;
pub use statistics::{CallEnd, CallStatistics, Counting, EndpointStatistics, MethodNames};
pub use tables::{Remark, Remarks, TableSink};
pub use tasks::Tasks;
pub use url::{
    Role, ServiceKey, ServiceKeyParts, ServiceKeyRef, Url, UrlBuilder, UrlError, UrlErrorKind,
    is_any_or_several, is_match_category, parse_duration, sort_urls,
};
