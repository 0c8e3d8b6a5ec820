//! What a kind of registry server must supply; everything else is the same for all of them.

use std::fmt;
use std::time::Duration;

use wubbo_core::BoxFuture;

use super::link::Connector;
use super::node::Node;
use super::settings::Cluster;

/// A kind of registry server.
pub(crate) trait Backend: fmt::Debug + Send + Sync + Sized + 'static {
    /// Its name in messages, such as `ZooKeeper`.
    const NAME: &'static str;
    /// Port of an address that names none.
    const PORT: u16;
    /// How long entries outlive a process that dies, unless `session` says it.
    const SESSION: Duration;
    /// The keys of `session`; the first one that is there counts.
    const SESSION_KEYS: &'static [&'static str];
    /// Whether it can be spoken to under TLS.
    const TLS: bool;

    /// One living connection.
    type Live: Live;

    /// What makes the connections to `cluster`.
    fn connector(cluster: Cluster) -> impl Connector<Live = Self::Live>;

    /// The session to ask for when the address asks for `session`.
    fn session(session: Duration) -> Duration;
}

/// One living connection. Every operation ends: a server that does not answer in time has lost the connection.
pub(crate) trait Live: fmt::Debug + Clone + Send + Sync + 'static {
    /// Counts the sessions: a new number means that everything of the former one is gone or will go.
    fn epoch(&self) -> u64;

    /// How long the server keeps what belongs to a session that it does not hear of.
    fn session(&self) -> Duration;

    /// Makes `node` ours, and gives what tells of its end. `claim` takes it from another session, too: so does Dubbo, since it can
    /// only be what a former life of this process left behind. It is done once per announcement; two processes that announce the
    /// same would otherwise fight for ever.
    fn make(
        &self,
        node: &Node,
        claim: bool,
    ) -> impl Future<Output = Result<Changed, Trouble>> + Send;

    /// Removes `node` if it is ours. It is not there afterwards, or somebody else's.
    fn remove(&self, node: &Node) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// The names in `directory`; none when it does not exist.
    fn names(&self, directory: &str) -> impl Future<Output = Reading<Vec<String>>> + Send;

    /// The names of the interfaces under `root`.
    fn interfaces(&self, root: &str) -> impl Future<Output = Reading<Vec<String>>> + Send;

    /// The text at `path`; `None` when there is none.
    fn bytes(&self, path: &str) -> impl Future<Output = Reading<Option<Vec<u8>>>> + Send;

    /// The text at `path` as the cluster has it now, with its version.
    fn bytes_now(
        &self,
        path: &str,
    ) -> impl Future<Output = Result<Option<(Vec<u8>, i64)>, Trouble>> + Send;

    /// Puts `to` at `path`, or removes what is there, if its version is still `version` (`None`: nothing is there). Answers whether
    /// it was.
    fn write(
        &self,
        path: &str,
        version: Option<i64>,
        to: Option<&[u8]>,
    ) -> impl Future<Output = Result<bool, Trouble>> + Send;
}

/// What was found, and what tells of its next change: nothing can change in between unseen.
pub(crate) type Reading<T> = Result<(T, Changed), Trouble>;

/// Ready at the next change, or when no change can be told any more.
pub(crate) type Changed = BoxFuture<'static, Result<(), Trouble>>;

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The connection, and not what was asked for.
    Connection,
    /// The server does not want it.
    Refused {
        error: String,
        /// What an operator can do.
        remedy: &'static str,
    },
}
