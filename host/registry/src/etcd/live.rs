//! What etcd is asked over one connection.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use etcd_client::{
    Compare, CompareOp, Error, GetOptions, KeyValue, KvClient, PutOptions, Txn, TxnOp,
    TxnOpResponse, TxnResponse,
};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::hash::java_hash;
use super::refusal::{Meaning, meaning};
use super::watches::{Range, Watches};
use crate::tree::backend::{Changed, Live, Reading, Trouble};
use crate::tree::node::{Node, Owner};

/// The largest answer that is taken (Dubbo Java's `grpc.max.inbound.size`).
const ANSWER_BYTES_MAX: usize = 100 * 1024 * 1024;

/// Our session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    pub(super) id: i64,
    /// As the server granted it.
    pub(super) time: Duration,
}

/// One living connection.
#[derive(Clone)]
pub(crate) struct EtcdLive {
    kv: KvClient,
    lease: Lease,
    /// How long an answer is waited for.
    silence: Duration,
    epoch: u64,
    /// Our former leases, whose entries may still be there.
    former: Arc<[i64]>,
    watches: Watches,
    /// Told when the server does not know our lease.
    doubt: Arc<Notify>,
}

impl EtcdLive {
    pub(super) fn new(
        kv: KvClient,
        (lease, silence): (Lease, Duration),
        (epoch, former): (u64, Arc<[i64]>),
        watches: Watches,
        doubt: Arc<Notify>,
    ) -> Self {
        Self {
            kv: kv.max_decoding_message_size(ANSWER_BYTES_MAX),
            lease,
            silence,
            epoch,
            former,
            watches,
            doubt,
        }
    }

    /// Awaits the answer to one request.
    ///
    /// # Errors
    /// Why there is none. A server that does not answer has lost the connection, one that does not know our lease will be asked
    /// about it.
    async fn ask<T>(&self, request: impl Future<Output = Result<T, Error>>) -> Result<T, Trouble> {
        match timeout(self.silence, request).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => match meaning(&error) {
                Meaning::Trouble(trouble) => Err(trouble),
                Meaning::NoLease => {
                    self.doubt.notify_one();
                    Err(Trouble::Connection)
                }
            },
            Err(_) => Err(Trouble::Connection),
        }
    }

    async fn transact(&self, txn: Txn) -> Result<TxnResponse, Trouble> {
        self.ask(self.kv.clone().txn(txn)).await
    }

    fn owner(&self, found: &KeyValue) -> Owner {
        match found.lease() {
            0 => Owner::Everybody,
            lease if lease == self.lease.id => Owner::Us,
            lease if self.former.contains(&lease) => Owner::FormerUs,
            _ => Owner::Other,
        }
    }

    fn put(&self, node: &Node) -> TxnOp {
        let path = node.path();
        if node.stays {
            let value = java_hash(&path).to_string();
            return TxnOp::put(path, value, None);
        }
        let options = PutOptions::new().with_lease(self.lease.id);
        TxnOp::put(path, self.lease.id.to_string(), Some(options))
    }

    /// Makes `node` ours; the revision at which that was true.
    async fn made(&self, node: &Node, claim: bool) -> Result<i64, Trouble> {
        let path = node.path();
        let put = self.put(node);
        let look = TxnOp::get(path.clone(), Some(GetOptions::new().with_keys_only()));
        let entry = when_absent(&path, put.clone()).or_else([look]);
        let above = node.directory.rsplit_once('/').map(|(above, _)| above);
        for parent in above
            .into_iter()
            .chain(node.further.iter().map(String::as_str))
        {
            self.make_parent(parent).await?;
        }
        loop {
            let answer = self.transact(entry.clone()).await?;
            let Some(found) = present(&answer) else {
                return Ok(revision(&answer));
            };
            if !node.replaces(self.owner(&found), claim) {
                return Ok(revision(&answer));
            }
            let unchanged = unchanged(&path, &found);
            let taken = Txn::new().when([unchanged]).and_then([put.clone()]);
            let answer = self.transact(taken).await?;
            if answer.succeeded() {
                return Ok(revision(&answer));
            }
        }
    }

    /// Makes a key that stays, with the value that Dubbo Java gives it. A step of its own: within another one etcd 3.4 would not ask
    /// whether our role may do it.
    async fn make_parent(&self, path: &str) -> Result<(), Trouble> {
        let put = TxnOp::put(path, java_hash(path).to_string(), None);
        self.transact(when_absent(path, put)).await.map(drop)
    }

    /// Makes the keys above a directory's entries, by which admin consoles find the interface. Who may only read leaves it.
    async fn found_directory(&self, directory: &str) {
        let above = directory.rsplit_once('/').map(|(above, _)| above);
        for parent in above.into_iter().chain([directory]) {
            if let Err(trouble) = self.make_parent(parent).await {
                tracing::debug!(parent, ?trouble, "registry directory is not made");
                return;
            }
        }
    }

    /// The keys in `[start, end)`, with the revision at which there were no others.
    async fn keys(&self, start: &str, end: String) -> Result<(Vec<String>, i64), Trouble> {
        let options = GetOptions::new().with_range(end).with_keys_only();
        let answer = self.ask(self.kv.clone().get(start, Some(options))).await?;
        let key = |kv: &KeyValue| String::from_utf8_lossy(kv.key()).into_owned();
        let keys = answer.kvs().iter().map(key).collect();
        let revision = answer.header().map_or(0, |header| header.revision());
        Ok((keys, revision))
    }
}

impl Live for EtcdLive {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn session(&self) -> Duration {
        self.lease.time
    }

    async fn make(&self, node: &Node, claim: bool) -> Result<Changed, Trouble> {
        let revision = self.made(node, claim).await?;
        let range = Range::Key(node.path().into_bytes());
        Ok(self.watches.changed(range, revision + 1, |_| true))
    }

    async fn remove(&self, node: &Node) -> Result<(), Trouble> {
        let path = node.path();
        loop {
            let options = Some(GetOptions::new().with_keys_only());
            let answer = self.ask(self.kv.clone().get(path.clone(), options)).await?;
            let Some(found) = answer.kvs().first() else {
                return Ok(());
            };
            if !node.is_ours(self.owner(found)) {
                return Ok(());
            }
            let remove = TxnOp::delete(path.clone(), None);
            let txn = Txn::new()
                .when([unchanged(&path, found)])
                .and_then([remove]);
            if self.transact(txn).await?.succeeded() {
                return Ok(());
            }
        }
    }

    async fn names(&self, directory: &str) -> Reading<Vec<String>> {
        let prefix = format!("{directory}/");
        // The directory's own key, its entries, and what lies between their names.
        let (keys, revision) = self.keys(directory, format!("{directory}0")).await?;
        if !keys.iter().any(|key| key == directory) {
            self.found_directory(directory).await;
        }
        let name = |key: &String| Some(key.strip_prefix(&prefix)?.to_owned());
        let names = keys.iter().filter_map(name);
        let names = names.filter(|name| !name.contains('/')).collect();
        let above = prefix.len();
        let entry = move |key: &[u8]| !key.iter().skip(above).any(|byte| *byte == b'/');
        let range = Range::Prefix(prefix.into_bytes());
        Ok((names, self.watches.changed(range, revision + 1, entry)))
    }

    async fn interfaces(&self, root: &str) -> Reading<Vec<String>> {
        let root = root.trim_end_matches('/');
        let prefix = format!("{root}/");
        let (keys, revision) = self.keys(&prefix, format!("{root}0")).await?;
        let above = prefix.len();
        let first = move |key: &str| {
            let first = key.get(above..).and_then(|rest| rest.split('/').next());
            first.unwrap_or_default().to_owned()
        };
        let names: BTreeSet<String> = keys.iter().map(|key| first(key)).collect();
        let known = names.clone();
        // Whatever happens to an interface that is known already is no news here; none is ever forgotten.
        let further = move |key: &[u8]| !known.contains(&first(&String::from_utf8_lossy(key)));
        let range = Range::Prefix(prefix.into_bytes());
        let changed = self.watches.changed(range, revision + 1, further);
        Ok((names.into_iter().collect(), changed))
    }

    async fn bytes(&self, path: &str) -> Reading<Option<Vec<u8>>> {
        let answer = self.ask(self.kv.clone().get(path, None)).await?;
        let revision = answer.header().map_or(0, |header| header.revision());
        let bytes = answer.kvs().first().map(|found| found.value().to_vec());
        let range = Range::Key(path.as_bytes().to_vec());
        Ok((bytes, self.watches.changed(range, revision + 1, |_| true)))
    }

    async fn bytes_now(&self, path: &str) -> Result<Option<(Vec<u8>, i64)>, Trouble> {
        let answer = self.ask(self.kv.clone().get(path, None)).await?;
        let found = answer.kvs().first();
        Ok(found.map(|found| (found.value().to_vec(), found.mod_revision())))
    }

    async fn write(
        &self,
        path: &str,
        version: Option<i64>,
        to: Option<&[u8]>,
    ) -> Result<bool, Trouble> {
        // A key that is not there has the revision 0.
        let unchanged = Compare::mod_revision(path, CompareOp::Equal, version.unwrap_or(0));
        let step = match to {
            Some(to) => TxnOp::put(path, to, None),
            None => TxnOp::delete(path, None),
        };
        let txn = Txn::new().when([unchanged]).and_then([step]);
        Ok(self.transact(txn).await?.succeeded())
    }
}

/// Does `step` when there is no key at `path`.
fn when_absent(path: &str, step: TxnOp) -> Txn {
    let absent = Compare::version(path, CompareOp::Equal, 0);
    Txn::new().when([absent]).and_then([step])
}

fn unchanged(path: &str, found: &KeyValue) -> Compare {
    Compare::mod_revision(path, CompareOp::Equal, found.mod_revision())
}

fn revision(answer: &TxnResponse) -> i64 {
    answer.header().map_or(0, |header| header.revision())
}

/// The entry that kept ours from being made.
fn present(answer: &TxnResponse) -> Option<KeyValue> {
    match answer.op_responses().pop() {
        Some(TxnOpResponse::Get(found)) => found.kvs().first().cloned(),
        _ => None,
    }
}

impl fmt::Debug for EtcdLive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdLive")
            .field("lease", &self.lease.id)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}
