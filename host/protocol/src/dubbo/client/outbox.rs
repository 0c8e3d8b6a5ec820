//! What is to be written to a provider: callers add frames under a short lock, one task writes them, many at a time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wubbo_core::{Error, ErrorKind};

use super::super::unsent::{Apart, Unsent};

/// A buffer that had to grow beyond this is given back.
const KEPT_BYTES: usize = 256 * 1024;

/// The bytes that wait to be written, bounded.
#[derive(Debug)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    /// Told when there is something to write.
    more: Notify,
    /// Bytes that the system took so far.
    written: AtomicU64,
    /// Told when it took some, and when the outbox is closed.
    progress: Notify,
    max_bytes: u64,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Unsent,
    /// Bytes that were ever added.
    added: u64,
    closed: bool,
}

impl Outbox {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            more: Notify::new(),
            written: AtomicU64::new(0),
            progress: Notify::new(),
            max_bytes: max_bytes as u64,
        }
    }

    /// Adds a frame; where it ends, counted from the connection's start. `before` runs under the same lock, when it is certain that the
    /// frame will be written and before it can be, so that no answer comes sooner.
    ///
    /// # Errors
    /// The queue is full; the connection is closed.
    pub(super) fn add(
        &self,
        address: &str,
        frame: &[u8],
        apart: Option<Apart>,
        before: impl FnOnce(u64),
    ) -> Result<u64, Error> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(closed(address));
        }
        let behind = waiting
            .added
            .saturating_sub(self.written.load(Ordering::Relaxed));
        if behind > self.max_bytes {
            drop(waiting);
            let message = format!(
                "{address} does not read: {behind} bytes wait to be written, {} may",
                self.max_bytes
            );
            return Err(Error::new(ErrorKind::Connect, message));
        }
        let bytes = frame.len() + apart.as_ref().map_or(0, Apart::len);
        waiting.bytes.add(frame, apart);
        waiting.added = waiting.added.saturating_add(bytes as u64);
        let end = waiting.added;
        before(end);
        drop(waiting);
        self.more.notify_one();
        Ok(end)
    }

    /// Waits until there is something to write.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub(super) async fn filled(&self) {
        while self.lock().bytes.is_empty() {
            self.more.notified().await;
        }
    }

    /// Takes everything that waits, for the empty buffer `chunk`.
    pub(super) fn swap(&self, chunk: &mut Unsent) {
        if chunk.capacity() > KEPT_BYTES {
            *chunk = Unsent::default();
        }
        chunk.clear();
        std::mem::swap(&mut self.lock().bytes, chunk);
    }

    /// Notes that the system took `bytes` more.
    pub(super) fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Release);
        self.progress.notify_waiters();
    }

    /// Whether everything up to `end` was written.
    pub(super) fn has_written(&self, end: u64) -> bool {
        self.written.load(Ordering::Acquire) >= end
    }

    /// Waits until everything up to `end` is written.
    ///
    /// # Errors
    /// The connection ended before.
    ///
    /// # Cancel safety
    /// Nothing is lost; the frame is written nevertheless.
    pub(super) async fn until_written(&self, address: &str, end: u64) -> Result<(), Error> {
        loop {
            // Made before looking, so that news in between is not missed.
            let progress = self.progress.notified();
            if self.has_written(end) {
                return Ok(());
            }
            if self.lock().closed {
                return Err(closed(address));
            }
            progress.await;
        }
    }

    /// Refuses everything from here on.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.progress.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn closed(address: &str) -> Error {
    Error::new(
        ErrorKind::Connect,
        format!("the connection to {address} ended before the call was written"),
    )
}

#[cfg(test)]
mod tests {
    use bytes::Buf;

    use super::*;

    #[tokio::test]
    async fn everything_is_taken_in_order_and_buffers_go_round() {
        let outbox = Outbox::new(1024);
        let mut chunk = Unsent::default();
        for round in 0..3_u64 {
            outbox.add("a", b"one", None, |_| ()).unwrap();
            let end = outbox.add("a", b"two", None, |_| ()).unwrap();
            assert_eq!(end, round * 6 + 6);
            outbox.filled().await;
            outbox.swap(&mut chunk);
            assert_eq!(chunk.chunk(), b"onetwo");
            assert!(!outbox.has_written(end));
            outbox.wrote(6);
            assert!(outbox.has_written(end));
        }
    }

    #[test]
    fn a_full_outbox_refuses_and_counts_what_is_being_written() {
        let outbox = Outbox::new(10);
        let mut chunk = Unsent::default();
        outbox.add("a", &[0; 11], None, |_| ()).unwrap();
        outbox.swap(&mut chunk);
        let error = outbox
            .add("a", &[0; 1], None, |_| panic!("not added"))
            .unwrap_err();
        assert!(error.message().contains("11 bytes wait"), "{error}");
        outbox.wrote(11);
        outbox.add("a", &[0; 1], None, |_| ()).unwrap();
    }

    #[tokio::test]
    async fn who_waits_is_told_of_the_end() {
        let outbox = Outbox::new(10);
        let end = outbox.add("a", &[0; 4], None, |_| ()).unwrap();
        let (waited, ()) = tokio::join!(outbox.until_written("a", end), async {
            outbox.wrote(3);
            tokio::task::yield_now().await;
            outbox.close();
        });
        assert_eq!(waited.unwrap_err().kind(), ErrorKind::Connect);
        assert!(outbox.add("a", &[0; 1], None, |_| ()).is_err());
    }
}
