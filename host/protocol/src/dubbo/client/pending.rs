//! The calls that wait for an answer on one connection.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

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

type Calls = HashMap<i64, Waiting, BuildHasherDefault<IdHasher>>;

/// By request id. Send + Sync.
#[derive(Debug, Default)]
pub(super) struct Pending(Mutex<Calls>);

impl Pending {
    /// Adds a call.
    pub(super) fn add(&self, id: i64, waiting: Waiting) {
        self.lock().insert(id, waiting);
    }

    /// Takes the call with this id out; `None` for an answer that nobody waits for.
    pub(super) fn remove(&self, id: i64) -> Option<Waiting> {
        self.lock().remove(&id)
    }

    /// How many calls wait.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Takes every call out.
    pub(super) fn take_all(&self) -> Vec<Waiting> {
        std::mem::take(&mut *self.lock()).into_values().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ids are our own consecutive numbers, so nobody can choose them to collide; one multiplication spreads them.
#[derive(Debug, Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_i64(i64::from(*byte));
        }
    }

    fn write_i64(&mut self, number: i64) {
        // 2^64 divided by the golden ratio.
        self.0 = (self.0 ^ number.cast_unsigned()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        // The map takes its buckets from the low bits and its tags from the high ones.
        self.0.rotate_left(26)
    }
}
