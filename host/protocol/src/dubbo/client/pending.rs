//! The calls that wait for an answer on one connection.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
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
pub(super) struct Pending {
    calls: Mutex<Calls>,
    /// How many there are, stored under the lock: who only wants to know does not wait for it.
    count: AtomicUsize,
}

impl Pending {
    /// Adds a call.
    pub(super) fn add(&self, id: i64, waiting: Waiting) {
        let mut calls = self.lock();
        calls.insert(id, waiting);
        self.count.store(calls.len(), Ordering::Relaxed);
    }

    /// Takes the call with this id out; `None` for an answer that nobody waits for.
    pub(super) fn remove(&self, id: i64) -> Option<Waiting> {
        let mut calls = self.lock();
        let waiting = calls.remove(&id);
        self.count.store(calls.len(), Ordering::Relaxed);
        waiting
    }

    /// How many calls wait; a moment ago, when others add and remove.
    pub(super) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Takes every call out.
    pub(super) fn take_all(&self) -> Vec<Waiting> {
        let mut calls = self.lock();
        self.count.store(0, Ordering::Relaxed);
        std::mem::take(&mut *calls).into_values().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
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
