//! The calls that wait for an answer on one connection.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;
use wubbo_core::{Error, Status};

/// An answer as it came, or why none will.
pub(super) type Answer = Result<(Status, Bytes), Error>;

/// One call that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) answer: oneshot::Sender<Answer>,
    /// Where its frame ends in what was written to the connection.
    pub(super) end: u64,
}

/// By request id; `None` inside when the connection is gone and nobody may wait any more.
#[derive(Debug)]
pub(super) struct Pending(Mutex<Option<HashMap<i64, Waiting>>>);

impl Pending {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Some(HashMap::new())))
    }

    /// Adds a call; `false` when the connection is gone.
    pub(super) fn add(&self, id: i64, waiting: Waiting) -> bool {
        match self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()
        {
            Some(calls) => {
                calls.insert(id, waiting);
                true
            }
            None => false,
        }
    }

    /// Takes the call with this id out; `None` for an answer that nobody waits for.
    pub(super) fn remove(&self, id: i64) -> Option<Waiting> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()?
            .remove(&id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .is_none_or(HashMap::is_empty)
    }

    /// Takes every call out; no more can be added.
    pub(super) fn close(&self) -> Vec<Waiting> {
        let calls = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        calls.into_iter().flat_map(HashMap::into_values).collect()
    }
}
