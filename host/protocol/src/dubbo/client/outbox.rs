//! What is to be written to a provider: callers add frames under a short lock, one task writes them, many at a time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::BytesMut;
use tokio::sync::Notify;
use wubbo_core::{Error, ErrorKind};

/// The bytes that wait to be written, bounded.
#[derive(Debug)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    more: Notify,
    written: AtomicU64,
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: BytesMut,
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
            max_bytes,
        }
    }

    /// Adds the frame that `encode` writes; where it ends, counted from the connection's start. `before` runs under the same lock when the
    /// frame is complete and before it can be written, so that no answer comes sooner.
    ///
    /// # Errors
    /// What `encode` says; the queue is full; the connection is closed.
    pub(super) fn add(
        &self,
        address: &str,
        encode: impl FnOnce(&mut BytesMut) -> Result<(), Error>,
        before: impl FnOnce(u64),
    ) -> Result<(), Error> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.closed {
            return Err(Error::new(
                ErrorKind::Connect,
                format!("the connection to {address} is closed"),
            ));
        }
        let start = waiting.bytes.len();
        if start > self.max_bytes {
            let message = format!(
                "{address} does not read: {start} bytes wait to be written, {} may",
                self.max_bytes
            );
            return Err(Error::new(ErrorKind::Connect, message));
        }
        if let Err(error) = encode(&mut waiting.bytes) {
            waiting.bytes.truncate(start);
            return Err(error);
        }
        let frame = waiting.bytes.len().saturating_sub(start);
        waiting.added = waiting.added.saturating_add(frame as u64);
        before(waiting.added);
        drop(waiting);
        self.more.notify_one();
        Ok(())
    }

    /// Takes everything that waits; waits itself when there is nothing.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub(super) async fn take(&self) -> BytesMut {
        loop {
            {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                if !waiting.bytes.is_empty() {
                    return waiting.bytes.split();
                }
            }
            self.more.notified().await;
        }
    }

    /// Notes that `bytes` more were written.
    pub(super) fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Whether everything up to `end` was written.
    pub(super) fn has_written(&self, end: u64) -> bool {
        self.written.load(Ordering::Relaxed) >= end
    }

    /// Refuses everything from here on.
    pub(super) fn close(&self) {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .closed = true;
    }
}
