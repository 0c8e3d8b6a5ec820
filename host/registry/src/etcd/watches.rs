//! All watches of one connection, on one stream of etcd however many there are. Each is good for one change: who was told reads
//! again, and watches on from the revision of what was read.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use etcd_client::{
    Event, WatchClient, WatchOptions, WatchRequestSender, WatchResponse, WatchResponseStream,
};
use tokio::sync::{Notify, oneshot};

use super::refusal::explain;
use crate::tree::backend::{Changed, Trouble};

/// The watches of one connection.
#[derive(Clone)]
pub(super) struct Watches(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Something is to be asked of the server.
    due: Notify,
}

/// As many watches as there are tasks that wait for one.
#[derive(Default)]
struct State {
    last: i64,
    watches: HashMap<i64, Watch>,
    /// Not asked for yet.
    fresh: Vec<i64>,
    /// To be cancelled at the server.
    over: Vec<i64>,
}

struct Watch {
    range: Range,
    /// The first revision that counts.
    revision: i64,
    relevant: Relevant,
    confirmed: bool,
    fired: oneshot::Sender<Result<(), Trouble>>,
}

/// Tells by its key whether an event concerns the watcher.
type Relevant = Box<dyn Fn(&[u8]) -> bool + Send>;

/// What is watched.
#[derive(Debug, Clone)]
pub(super) enum Range {
    Key(Vec<u8>),
    /// Every key that begins so.
    Prefix(Vec<u8>),
}

impl Range {
    fn key(&self) -> Vec<u8> {
        match self {
            Self::Key(key) | Self::Prefix(key) => key.clone(),
        }
    }

    fn options(&self) -> WatchOptions {
        match self {
            Self::Key(_) => WatchOptions::new(),
            Self::Prefix(_) => WatchOptions::new().with_prefix(),
        }
    }
}

impl Watches {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    /// Tells of the next event from `revision` on that is `relevant`.
    pub(super) fn changed(
        &self,
        range: Range,
        revision: i64,
        relevant: impl Fn(&[u8]) -> bool + Send + 'static,
    ) -> Changed {
        let (fired, told) = oneshot::channel();
        let mut state = self.0.lock();
        state.last += 1;
        let id = state.last;
        let watch = Watch {
            range,
            revision,
            relevant: Box::new(relevant),
            confirmed: false,
            fired,
        };
        state.watches.insert(id, watch);
        state.fresh.push(id);
        drop(state);
        self.0.due.notify_one();
        let interest = Interest {
            shared: Arc::clone(&self.0),
            id,
        };
        Box::pin(async move {
            let _interest = interest;
            told.await.unwrap_or(Err(Trouble::Connection))
        })
    }

    /// Serves the watches until the stream ends.
    pub(super) async fn run(&self, mut client: WatchClient) {
        // The library opens a stream with its first watch.
        let (id, key, options) = loop {
            match self.0.next_fresh() {
                Some(first) => break first,
                None => self.0.due.notified().await,
            }
        };
        let opened = client.watch(key, Some(options.with_watch_id(id))).await;
        let Ok(stream) = opened else { return };
        let (requests, responses) = stream.split();
        tokio::select! {
            () = self.0.ask(requests) => {}
            () = self.0.listen(responses) => {}
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_fresh(&self) -> Option<(i64, Vec<u8>, WatchOptions)> {
        let mut state = self.lock();
        while let Some(id) = state.fresh.pop() {
            if let Some(watch) = state.watches.get(&id) {
                let options = watch.range.options().with_start_revision(watch.revision);
                return Some((id, watch.range.key(), options));
            }
        }
        None
    }

    /// Makes and cancels watches at the server.
    async fn ask(&self, mut requests: WatchRequestSender) {
        loop {
            while let Some((id, key, options)) = self.next_fresh() {
                let made = requests.watch(key, Some(options.with_watch_id(id))).await;
                if made.is_err() {
                    return;
                }
            }
            let over = std::mem::take(&mut self.lock().over);
            for id in over {
                if requests.cancel(id).await.is_err() {
                    return;
                }
            }
            self.due.notified().await;
        }
    }

    /// Hands out what the server says.
    async fn listen(&self, mut responses: WatchResponseStream) {
        loop {
            match responses.message().await {
                Ok(Some(response)) => self.take(&response),
                Ok(None) => return,
                Err(error) => {
                    tracing::debug!(error = explain(&error), "watches of the registry end");
                    return;
                }
            }
        }
    }

    fn take(&self, response: &WatchResponse) {
        let mut state = self.lock();
        let id = response.watch_id();
        if response.canceled() {
            let told = cancelled(response);
            // An older server names a watch that it refuses, a newer one does not.
            let meant: Vec<i64> = match state.watches.contains_key(&id) {
                true => vec![id],
                false if id < 0 => state.unconfirmed(),
                false => Vec::new(),
            };
            for id in meant {
                if let Some(watch) = state.watches.remove(&id) {
                    let _nobody_waits = watch.fired.send(told.clone());
                }
            }
            return;
        }
        let Some(watch) = state.watches.get_mut(&id) else {
            return;
        };
        watch.confirmed = true;
        let relevant = |event: &Event| event.kv().is_some_and(|kv| (watch.relevant)(kv.key()));
        if response.events().iter().any(relevant)
            && let Some(watch) = state.watches.remove(&id)
        {
            let _nobody_waits = watch.fired.send(Ok(()));
            state.over.push(id);
            self.due.notify_one();
        }
    }
}

impl State {
    fn unconfirmed(&self) -> Vec<i64> {
        let waiting = self.watches.iter();
        let waiting = waiting.filter(|(id, watch)| !watch.confirmed && !self.fresh.contains(id));
        waiting.map(|(id, _)| *id).collect()
    }
}

/// What the end of a watch at the server says to who waits for it.
fn cancelled(response: &WatchResponse) -> Result<(), Trouble> {
    // The revision was compacted away: whatever happened, reading again shows it.
    if response.compact_revision() > 0 {
        return Ok(());
    }
    match response.cancel_reason() {
        "" => Err(Trouble::Connection),
        reason => Err(Trouble::Refused {
            error: reason.to_owned(),
            remedy: "see the log of the etcd server",
        }),
    }
}

/// Ends a watch that nobody waits for any more.
struct Interest {
    shared: Arc<Shared>,
    id: i64,
}

impl Drop for Interest {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if state.watches.remove(&self.id).is_some() {
            state.over.push(self.id);
            self.shared.due.notify_one();
        }
    }
}

impl fmt::Debug for Watches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.lock().watches.len();
        f.debug_tuple("Watches").field(&count).finish()
    }
}
