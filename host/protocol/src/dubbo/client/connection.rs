//! One connection to a provider: many calls in flight, answers matched by id.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use wubbo_core::{Error, ErrorKind};

use super::super::config::DubboConfig;
use super::super::counters::Counters;
use super::super::event::{self, Event};
use super::super::framing::{Frame, Framing};
use super::super::header::{FrameKind, Header};
use super::super::response;
use super::outbox::Outbox;
use super::pending::{Answer, Pending, Waiting};

/// Heartbeats without an answer after which a connection is given up.
const MISSED_MAX: u32 = 3;

/// What callers hold of a connection. [`run`] drives it.
#[derive(Debug)]
pub(super) struct Connection {
    address: String,
    outbox: Outbox,
    pending: Pending,
    next_id: AtomicI64,
    draining: AtomicBool,
    /// Told when the provider says that it takes no new calls.
    pub(super) drained: Notify,
    counters: Arc<Counters>,
}

impl Connection {
    pub(super) fn new(address: &str, config: &DubboConfig, counters: Arc<Counters>) -> Self {
        Self {
            address: address.to_owned(),
            outbox: Outbox::new(config.write_queue_bytes),
            pending: Pending::new(),
            // Only unique on the connection; heartbeats share the numbers.
            next_id: AtomicI64::new(1),
            draining: AtomicBool::new(false),
            drained: Notify::new(),
            counters,
        }
    }

    /// Whether the provider said that it takes no new calls here.
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Sends a frame that nobody answers.
    pub(super) fn send(
        &self,
        encode: impl FnOnce(&mut BytesMut, i64) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.outbox
            .add(&self.address, |out| encode(out, id), |_| ())
    }

    /// Sends a frame; the future waits for its answer.
    ///
    /// # Cancel safety
    /// When the future is dropped the answer is no longer waited for, and counted as late when it comes.
    pub(super) fn ask(
        self: Arc<Self>,
        encode: impl FnOnce(&mut BytesMut, i64) -> Result<(), Error>,
    ) -> Result<impl Future<Output = Answer>, Error> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        let mut alive = true;
        self.outbox.add(
            &self.address,
            |out| encode(out, id),
            |end| alive = self.pending.add(id, Waiting { answer, end }),
        )?;
        if !alive {
            return Err(self.gone(false, "closed"));
        }
        let forget = Forget {
            connection: self,
            id,
        };
        Ok(async move {
            let answer = answered.await;
            // The sender is dropped without an answer only when the process ends.
            answer.unwrap_or_else(|_| Err(forget.connection.gone(true, "closed")))
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
        self.outbox.close();
        for waiting in self.pending.close() {
            let error = self.gone(self.outbox.has_written(waiting.end), cause);
            // A caller that went away meanwhile needs no answer.
            let _caller_gone = waiting.answer.send(Err(error));
        }
    }

    fn take(&self, header: Header, body: Bytes) {
        match header.kind {
            FrameKind::Response { .. } if header.event => {}
            FrameKind::Response { status } => self.answer(header.id, Ok((status, body))),
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
        let added = self.outbox.add(
            &self.address,
            |out| {
                encode(out);
                Ok(())
            },
            |_| (),
        );
        if let Err(error) = added {
            tracing::debug!(address = %self.address, %error, "an event was not sent");
        }
    }
}

/// Forgets a call when its caller goes away.
struct Forget {
    connection: Arc<Connection>,
    id: i64,
}

impl Drop for Forget {
    fn drop(&mut self) {
        self.connection.pending.remove(self.id);
    }
}

/// Reads and writes until the connection ends, then fails the calls in flight. Returns why it ended.
pub(super) async fn run(
    connection: &Connection,
    stream: TcpStream,
    config: &DubboConfig,
) -> String {
    let (reader, writer) = stream.into_split();
    let cause = tokio::select! {
        cause = read(connection, reader, config) => cause,
        cause = write(connection, writer, config) => cause,
    };
    connection.fail_all(&cause);
    cause
}

async fn write(
    connection: &Connection,
    mut writer: OwnedWriteHalf,
    config: &DubboConfig,
) -> String {
    loop {
        let bytes = connection.outbox.take().await;
        let length = bytes.len();
        match timeout(config.idle, writer.write_all(&bytes)).await {
            Ok(Ok(())) => connection.outbox.wrote(length),
            Ok(Err(error)) => return error.to_string(),
            Err(_) => return "the provider does not read".to_owned(),
        }
    }
}

async fn read(connection: &Connection, mut reader: OwnedReadHalf, config: &DubboConfig) -> String {
    let mut framing = Framing::new(config.payload);
    let mut heard = Instant::now();
    let mut missed = 0;
    loop {
        let next_heartbeat = heard + config.heartbeat * (missed + 1);
        tokio::select! {
            read = reader.read_buf(framing.buffer()) => match read {
                Ok(0) => return "closed by the provider".to_owned(),
                Ok(_) => {
                    heard = Instant::now();
                    missed = 0;
                }
                Err(error) => return error.to_string(),
            },
            () = sleep_until(next_heartbeat) => {
                if missed >= MISSED_MAX {
                    return format!("no answer to {MISSED_MAX} heartbeats");
                }
                missed += 1;
                let id = connection.next_id.fetch_add(1, Ordering::Relaxed);
                connection.add(|out| event::heartbeat(out, id));
            }
            () = emptied(connection), if connection.is_draining() => return "drained by the provider".to_owned(),
        }
        loop {
            match framing.next() {
                Ok(None) => break,
                Ok(Some(Frame::Whole(header, body))) => connection.take(header, body),
                Ok(Some(Frame::TooLarge(header))) => {
                    let message = format!(
                        "Data length too large: {}, max payload: {}, channel: {}",
                        header.body_bytes, config.payload, connection.address
                    );
                    connection.answer(header.id, Err(Error::new(ErrorKind::ClientError, message)));
                }
                Err(error) => return error.to_string(),
            }
        }
    }
}

/// Ends when a draining connection has no call left. It is looked at now and then, since a drain is rare and never urgent.
async fn emptied(connection: &Connection) {
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if connection.is_draining() && connection.pending.is_empty() {
            return;
        }
    }
}
