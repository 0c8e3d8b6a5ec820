//! One connection to a provider: many calls in flight, answers matched by id.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};
use wubbo_core::{Error, ErrorKind, Status};

use super::super::config::DubboConfig;
use super::super::counters::Counters;
use super::super::event::{self, Event};
use super::super::framing::{Frame, Framing};
use super::super::header::{FrameKind, HESSIAN2, Header};
use super::super::response;
use super::super::socket;
use super::super::unsent::{Apart, Unsent};
use super::outbox::Outbox;
use super::pending::{Answer, Pending, Waiting};

/// Heartbeats without an answer after which a connection is given up.
const MISSED_MAX: u32 = 3;
/// How often a connection that drains looks whether its last call is answered; a drain is rare and never urgent.
const LOOK: Duration = Duration::from_millis(100);
/// A buffer that had to grow beyond this is given back.
const KEPT_BYTES: usize = 256 * 1024;

/// What callers hold of a connection. [`run`] drives it.
#[derive(Debug)]
pub(super) struct Connection {
    address: Arc<str>,
    outbox: Outbox,
    pending: Pending,
    next_id: AtomicI64,
    pending_max: usize,
    draining: AtomicBool,
    /// Told when the provider says that it takes no new calls.
    pub(super) drained: Notify,
    counters: Arc<Counters>,
    /// Largest body that is read; grows with the references to this address (live-peer fact LJ-22).
    payload: Arc<AtomicUsize>,
}

impl Connection {
    pub(super) fn new(
        address: Arc<str>,
        config: &DubboConfig,
        counters: Arc<Counters>,
        payload: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            address,
            outbox: Outbox::new(config.write_queue_bytes),
            pending: Pending::default(),
            // Only unique on the connection; heartbeats share the numbers.
            next_id: AtomicI64::new(1),
            pending_max: config.pending_max,
            draining: AtomicBool::new(false),
            drained: Notify::new(),
            counters,
            payload,
        }
    }

    /// Whether the provider said that it takes no new calls here.
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Sends a frame that nobody answers, and waits until it is written: the connection may end with its last invoker.
    ///
    /// # Errors
    /// What `encode` says; the provider does not read; the connection ended.
    pub(super) async fn send(
        &self,
        encode: impl FnOnce(&mut BytesMut, i64) -> Result<Option<Apart>, Error>,
    ) -> Result<(), Error> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let end = encoded(
            |out| encode(out, id),
            |frame, apart| self.outbox.add(&self.address, frame, apart, |_| ()),
        )?;
        self.outbox.until_written(&self.address, end).await
    }

    /// Sends a frame; the future waits for its answer.
    ///
    /// # Errors
    /// What `encode` says; the provider does not read, or does not answer; the connection ended.
    ///
    /// # Cancel safety
    /// When the future is dropped the answer is no longer waited for, and counted as late when it comes.
    pub(super) fn ask(
        self: Arc<Self>,
        encode: impl FnOnce(&mut BytesMut, i64) -> Result<Option<Apart>, Error>,
    ) -> Result<impl Future<Output = Answer>, Error> {
        let waiting = self.pending.len();
        if waiting >= self.pending_max {
            let message = format!(
                "{} does not answer: {waiting} calls wait on its connection, no more may",
                self.address
            );
            return Err(Error::new(ErrorKind::Connect, message));
        }
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        encoded(
            |out| encode(out, id),
            |frame, apart| {
                let wait = |end| self.pending.add(id, Waiting { answer, end });
                self.outbox.add(&self.address, frame, apart, wait)
            },
        )?;
        let mut waits = Waits {
            connection: self,
            id,
            answered: false,
        };
        Ok(async move {
            let answer = answered.await;
            waits.answered = true;
            // Every call that is taken out is answered; this is for the compiler.
            answer.unwrap_or_else(|_| Err(waits.connection.gone(true, "closed")))
        })
    }

    fn gone(&self, sent: bool, cause: &str) -> Error {
        let (kind, what) = if sent {
            (ErrorKind::ChannelInactive, "with the call in flight")
        } else {
            (ErrorKind::Connect, "before the call was written")
        };
        Error::new(
            kind,
            format!("the connection to {} ended {what}: {cause}", self.address),
        )
    }

    /// Ends every waiting call: what was written may have run, the rest certainly did not.
    fn fail_all(&self, cause: &str) {
        // Who adds from here on is refused; who added before is among the pending, since both happen under the outbox's lock.
        self.outbox.close();
        for waiting in self.pending.take_all() {
            let error = self.gone(self.outbox.has_written(waiting.end), cause);
            // A caller that went away meanwhile needs no answer.
            let _caller_gone = waiting.answer.send(Err(error));
        }
    }

    fn take(&self, header: Header, body: Bytes) {
        match header.kind {
            FrameKind::Response { .. } if header.event => {}
            FrameKind::Response { status } if header.serialization == HESSIAN2 => {
                self.answer(header.id, Ok((status, body)));
            }
            FrameKind::Response { status } => {
                self.answer(
                    header.id,
                    Err(self.unreadable(status, header.serialization)),
                );
            }
            FrameKind::Request { two_way } if header.event => match Event::parse(&body) {
                Event::ReadOnly => {
                    self.draining.store(true, Ordering::Relaxed);
                    self.drained.notify_one();
                }
                _ if two_way => self.add(|out| event::heartbeat_answer(out, header.id)),
                _ => {}
            },
            // A provider's call back to its consumer: not supported, and said so (spec/40 section 3.10).
            FrameKind::Request { two_way: true } => self.add(|out| {
                let text = "callbacks are not supported by this consumer";
                response::encode_error(out, header.id, ErrorKind::ServiceError.status(), text);
            }),
            FrameKind::Request { two_way: false } => {}
        }
    }

    /// An answer in another serialization: of a refusal the status is known nevertheless. Java 3.2 refuses in the serialization that it
    /// prefers, whatever the request was written in.
    fn unreadable(&self, status: Status, serialization: u8) -> Error {
        let refused = (status != Status::OK).then(|| ErrorKind::from_status(status));
        let message = format!(
            "{} answered in serialization {serialization} with status {}, only hessian2 ({HESSIAN2}) is read here",
            self.address, status.0
        );
        Error::new(refused.flatten().unwrap_or(ErrorKind::ClientError), message)
    }

    fn refuse_size(&self, header: Header) {
        let message = format!(
            "Data length too large: {}, max payload: {}, channel: {}",
            header.body_bytes,
            self.payload.load(Ordering::Relaxed),
            self.address
        );
        if matches!(header.kind, FrameKind::Response { .. }) {
            self.answer(header.id, Err(Error::new(ErrorKind::ClientError, message)));
        }
    }

    fn answer(&self, id: i64, answer: Answer) {
        let waited = self
            .pending
            .remove(id)
            .is_some_and(|waiting| waiting.answer.send(answer).is_ok());
        if !waited {
            self.counters.late_responses.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Adds a frame of our own; on a full or closed connection it is not missed.
    fn add(&self, encode: impl FnOnce(&mut BytesMut)) {
        let mut frame = BytesMut::new();
        encode(&mut frame);
        if let Err(error) = self.outbox.add(&self.address, &frame, None, |_| ()) {
            tracing::debug!(address = %self.address, %error, "an event was not sent");
        }
    }
}

/// Gives the frame that `encode` writes to `then`. The frame is made in a buffer of the thread, so that callers encode side by side and the
/// outbox is locked for a copy only.
fn encoded<T>(
    encode: impl FnOnce(&mut BytesMut) -> Result<Option<Apart>, Error>,
    then: impl FnOnce(&[u8], Option<Apart>) -> Result<T, Error>,
) -> Result<T, Error> {
    thread_local! {
        static FRAME: RefCell<BytesMut> = RefCell::new(BytesMut::new());
    }
    // Taken out, so that an encoder that makes calls itself finds an empty one.
    let mut frame = FRAME.take();
    frame.clear();
    let outcome = encode(&mut frame).and_then(|apart| then(&frame, apart));
    if frame.capacity() <= KEPT_BYTES {
        FRAME.set(frame);
    }
    outcome
}

/// A call that waits for its answer; forgotten when its caller goes away.
struct Waits {
    connection: Arc<Connection>,
    id: i64,
    answered: bool,
}

impl Drop for Waits {
    fn drop(&mut self) {
        if !self.answered {
            self.connection.pending.remove(self.id);
        }
    }
}

/// Fails the calls in flight when the task that drives a connection ends, however it ends.
struct FailAll<'a> {
    connection: &'a Connection,
    cause: String,
}

impl Drop for FailAll<'_> {
    fn drop(&mut self) {
        self.connection.fail_all(&self.cause);
    }
}

/// Reads and writes until the connection ends, then fails the calls in flight. Returns why it ended.
pub(super) async fn run(
    connection: &Connection,
    (reader, writer): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    config: &DubboConfig,
) -> String {
    let mut fail_all = FailAll {
        connection,
        cause: "the client was shut down".to_owned(),
    };
    let cause = tokio::select! {
        cause = read(connection, reader, config) => cause,
        cause = write(connection, writer, config) => cause,
    };
    fail_all.cause.clone_from(&cause);
    cause
}

async fn write(
    connection: &Connection,
    mut writer: impl AsyncWrite + Unpin,
    config: &DubboConfig,
) -> String {
    let mut chunk = Unsent::default();
    loop {
        connection.outbox.filled().await;
        if connection.pending.len() > 1 {
            // Callers are woken many at a time; the others that are about to write are waited for once, and share the write.
            tokio::task::yield_now().await;
        }
        connection.outbox.swap(&mut chunk);
        while !chunk.is_empty() {
            match socket::write_some(&mut writer, &chunk, config.idle).await {
                Ok(written) => {
                    // At once, byte by byte: what counts as written may have run.
                    connection.outbox.wrote(written);
                    chunk.advance(written);
                }
                Err(error) => return error.to_string(),
            }
        }
        if let Err(error) = socket::flush(&mut writer, config.idle).await {
            return error.to_string();
        }
    }
}

async fn read(
    connection: &Connection,
    mut reader: impl AsyncRead + Unpin,
    config: &DubboConfig,
) -> String {
    let mut framing = Framing::new(connection.payload.load(Ordering::Relaxed));
    let (mut heard, mut missed) = (Instant::now(), 0_u32);
    // Made once, and moved only when it fires.
    let mut quiet = pin!(sleep_until(heard + config.heartbeat));
    loop {
        tokio::select! {
            biased;
            read = reader.read_buf(framing.buffer()) => match read {
                Ok(0) => return "closed by the provider".to_owned(),
                Ok(_) => (heard, missed) = (Instant::now(), 0),
                Err(error) => return error.to_string(),
            },
            () = &mut quiet => {
                let silence = heard.elapsed();
                if silence >= config.heartbeat * (missed + 1) {
                    if missed >= MISSED_MAX {
                        return format!("no answer to {MISSED_MAX} heartbeats");
                    }
                    missed += 1;
                    let id = connection.next_id.fetch_add(1, Ordering::Relaxed);
                    connection.add(|out| event::heartbeat(out, id));
                }
                quiet.as_mut().reset(heard + config.heartbeat * (missed + 1));
            }
            () = answered(connection), if connection.is_draining() => return "drained by the provider".to_owned(),
        }
        framing.set_payload(connection.payload.load(Ordering::Relaxed));
        loop {
            match framing.next() {
                Ok(None) => break,
                Ok(Some(Frame::Whole(header, body))) => connection.take(header, body),
                Ok(Some(Frame::TooLarge(header))) => connection.refuse_size(header),
                Err(error) => return error.to_string(),
            }
        }
    }
}

/// Ends when a draining connection has no call left.
async fn answered(connection: &Connection) {
    loop {
        tokio::time::sleep(LOOK).await;
        if connection.pending.len() == 0 {
            return;
        }
    }
}
