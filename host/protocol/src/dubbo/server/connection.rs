//! One connection of a consumer: frames in, calls to the handler, answers out, in whatever order they are ready.
//!
//! One task reads and writes. Calls that are done at once are answered in the same burst; the others get a task of their own and send
//! their answer back. What the peer does not read is not written, and then nothing more is read (live-peer fact LG-7).

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use wubbo_core::{Deadline, Error, ErrorKind, Outcome, Request};

use super::super::call::Guarded;
use super::super::event::{self, Event};
use super::super::framing::{Frame, Framing};
use super::super::header::{FrameKind, HESSIAN2, Header};
use super::super::{request, response};
use super::{InFlight, Shared};

/// Answers are collected up to this size before they are written.
const WRITE_BYTES: usize = 256 * 1024;
/// A handler gets this much longer than its caller waits, so that its own time-out, which knows more, is told first.
const GRACE: Duration = Duration::from_millis(50);

/// A connection that was accepted.
pub(super) struct Connection {
    shared: Arc<Shared>,
    remote: SocketAddr,
    local: Option<SocketAddr>,
    draining: watch::Receiver<bool>,
    framing: Framing,
    out: BytesMut,
    calls: JoinSet<()>,
    answers: (mpsc::Sender<Answer>, mpsc::Receiver<Answer>),
}

/// What a call's task sends back.
struct Answer {
    id: i64,
    version: Arc<str>,
    outcome: Outcome,
    _place: InFlight,
}

/// Why a connection ended.
enum End {
    Closed,
    Bad(String),
}

impl Connection {
    pub(super) fn new(
        shared: Arc<Shared>,
        remote: SocketAddr,
        local: Option<SocketAddr>,
        draining: watch::Receiver<bool>,
    ) -> Self {
        // As many places as calls may be in flight: an answer never waits for one.
        let answers = mpsc::channel(shared.config.in_flight_connection.max(1));
        let framing = Framing::new(shared.config.payload);
        Self {
            shared,
            remote,
            local,
            draining,
            framing,
            out: BytesMut::new(),
            calls: JoinSet::new(),
            answers,
        }
    }

    pub(super) async fn run(mut self, mut stream: TcpStream) {
        match self.serve(&mut stream).await {
            Ok(()) | Err(End::Closed) => {
                tracing::debug!(remote = %self.remote, "connection closed")
            }
            Err(End::Bad(reason)) => {
                tracing::warn!(remote = %self.remote, reason, "connection closed by us")
            }
        }
        // The calls of a consumer that is gone are dropped with their tasks.
    }

    async fn serve(&mut self, stream: &mut TcpStream) -> Result<(), End> {
        let idle = self.shared.config.idle;
        let mut heard = Instant::now();
        let mut told = false;
        loop {
            self.flush(stream).await?;
            while self.calls.try_join_next().is_some() {}
            tokio::select! {
                read = stream.read_buf(self.framing.buffer()) => {
                    if read.map_err(|_| End::Closed)? == 0 {
                        return Ok(());
                    }
                    heard = Instant::now();
                    self.take_frames(stream).await?;
                }
                Some(answer) = self.answers.1.recv() => {
                    self.put(answer);
                    while self.out.len() < WRITE_BYTES && let Ok(more) = self.answers.1.try_recv() {
                        self.put(more);
                    }
                }
                () = drained(&mut self.draining), if !told => {
                    told = true;
                    event::read_only(&mut self.out, 0);
                }
                () = sleep_until(heard + idle), if self.calls.is_empty() => {
                    return Err(End::Bad(format!("nothing was read for {} s", idle.as_secs())));
                }
            }
        }
    }

    /// Writes what is collected; a peer that reads nothing for the idle time is given up.
    async fn flush(&mut self, stream: &mut TcpStream) -> Result<(), End> {
        if self.out.is_empty() {
            return Ok(());
        }
        let written = timeout(self.shared.config.idle, stream.write_all_buf(&mut self.out)).await;
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Closed),
            Err(_) => Err(End::Bad("the peer does not read what it asked for".into())),
        }
    }

    async fn take_frames(&mut self, stream: &mut TcpStream) -> Result<(), End> {
        loop {
            match self.framing.next() {
                Ok(None) => return Ok(()),
                Ok(Some(Frame::TooLarge(header))) => self.refuse_size(header),
                Ok(Some(Frame::Whole(header, body))) => self.take(header, body),
                Err(error) => return Err(End::Bad(error.to_string())),
            }
            if self.out.len() >= WRITE_BYTES {
                self.flush(stream).await?;
            }
        }
    }

    /// Live-peer fact LJ-5: the frame is refused by name and skipped, the connection lives on.
    fn refuse_size(&mut self, header: Header) {
        let FrameKind::Request { two_way: true } = header.kind else {
            return;
        };
        let text = format!(
            "Data length too large: {}, max payload: {}, channel: {}",
            header.body_bytes, self.shared.config.payload, self.remote
        );
        response::encode_error(
            &mut self.out,
            header.id,
            ErrorKind::Serialization.status(),
            &text,
        );
    }

    fn take(&mut self, header: Header, body: Bytes) {
        // Answers to what we never ask, and one-way events, end here.
        let FrameKind::Request { two_way } = header.kind else {
            return;
        };
        if header.event {
            if two_way && Event::parse(&body) != Event::ReadOnly {
                event::heartbeat_answer(&mut self.out, header.id);
            }
            return;
        }
        let request = if header.serialization == HESSIAN2 {
            request::decode(&body, two_way)
        } else {
            Err(unknown_serialization(header.serialization))
        };
        match request {
            Ok(request) => self.call(header.id, request, body.len()),
            Err(error) if two_way => {
                response::encode_error(
                    &mut self.out,
                    header.id,
                    error.kind().status(),
                    &error.report(),
                );
            }
            Err(error) => {
                tracing::debug!(remote = %self.remote, %error, "a one-way request was dropped")
            }
        }
    }

    fn call(&mut self, id: i64, mut request: Request, body_bytes: usize) {
        let two_way = !request.one_way;
        let place = self
            .shared
            .enter()
            .filter(|_| self.calls.len() < self.shared.config.in_flight_connection);
        let Some(place) = place else {
            if two_way {
                let text = format!("too many calls in flight at {}", self.local_text());
                response::encode_error(
                    &mut self.out,
                    id,
                    ErrorKind::ThreadPoolExhausted.status(),
                    &text,
                );
            }
            return;
        };
        request.remote = Some(self.remote);
        request.local = self.local;
        // A Java provider shows services the length of the frame (live-peer fact LJ-17).
        request.attachments.set(
            wubbo_core::keys::INPUT,
            body_bytes
                .saturating_add(super::super::header::HEADER_BYTES)
                .to_string(),
        );
        let (deadline, version) = (request.deadline, request.protocol_version.clone());
        let handler = self.shared.handler.clone();
        let mut call = Guarded(Box::pin(async move { handler.handle(request).await }));

        // Most calls are done at once and need no task. A waker that does nothing will do: a call that is not done is polled again.
        let mut nobody = Context::from_waker(std::task::Waker::noop());
        if let Poll::Ready(outcome) = Pin::new(&mut call).poll(&mut nobody) {
            if two_way {
                self.put(Answer {
                    id,
                    version,
                    outcome,
                    _place: place,
                });
            }
            return;
        }
        let answers = self.answers.0.clone();
        self.calls.spawn(async move {
            let outcome = bounded(call, deadline).await;
            if two_way {
                // The receiver is gone only with the connection.
                let _connection_gone = answers
                    .send(Answer {
                        id,
                        version,
                        outcome,
                        _place: place,
                    })
                    .await;
            }
        });
    }

    fn put(&mut self, answer: Answer) {
        response::encode(
            &mut self.out,
            answer.id,
            &answer.outcome,
            &answer.version,
            self.shared.config.payload,
        );
    }

    fn local_text(&self) -> String {
        self.local
            .map_or_else(String::new, |local| local.to_string())
    }
}

/// Ends when the listener drains.
async fn drained(draining: &mut watch::Receiver<bool>) {
    if draining.wait_for(|draining| *draining).await.is_err() {
        // Without a listener nobody drains; the connection ends with its task.
        std::future::pending::<()>().await;
    }
}

/// Lets a call run until its caller stops waiting. Dubbo Java's provider runs on and throws the answer away; here the work ends.
async fn bounded(call: Guarded, deadline: Option<Deadline>) -> Outcome {
    let Some(deadline) = deadline else {
        return call.await;
    };
    timeout_at(deadline.instant() + GRACE, call)
        .await
        .unwrap_or_else(|_| {
            Err(Error::new(
                ErrorKind::ServerTimeout,
                "the caller's time-out passed before the service answered",
            ))
        })
}

fn unknown_serialization(id: u8) -> Error {
    let message = format!(
        "unsupported serialization id {id}: this provider reads hessian2 (id 2); set serialization=hessian2 and \
         prefer.serialization=hessian2 on the provider's URL or on the consumer's reference"
    );
    Error::new(ErrorKind::BadRequest, message)
}
