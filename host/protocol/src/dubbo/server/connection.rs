//! One connection of a consumer: frames in, calls to the handler, answers out, in whatever order they are ready.
//!
//! One task reads and writes. Calls that are done at once are answered in the same burst; the others get a task of their own and send
//! their answer back. What the peer does not read is not written, and then nothing more is read (live-peer fact LG-7).

use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};
use wubbo_core::{Deadline, Error, ErrorKind, Outcome, Tasks, keys};

use super::super::call::Guarded;
use super::super::decimal::Decimal;
use super::super::event::{self, Event};
use super::super::framing::{Frame, Framing};
use super::super::head::Heads;
use super::super::header::{FrameKind, HEADER_BYTES, HESSIAN2, Header};
use super::super::request::{self, Call};
use super::super::response::{self, Answering};
use super::super::socket;
use super::super::unsent::Unsent;
use super::{InFlight, Shared};

/// Answers are collected up to this size before they are written. A buffer that had to grow further is given back.
const WRITE_BYTES: usize = 256 * 1024;
/// A handler gets this much longer than its caller waits, so that its own time-out, which knows more, is told first.
const GRACE: Duration = Duration::from_millis(50);
/// How long the calls of one burst may be run here, one after the other; when it is over, later ones get tasks, which other threads can take.
const INLINE: Duration = Duration::from_micros(200);
/// What each call adds to that time: a burst of calls that are quicker than this never needs tasks, which cost about a microsecond.
const INLINE_EACH: Duration = Duration::from_micros(10);

/// A connection that was accepted.
pub(super) struct Connection {
    shared: Arc<Shared>,
    /// The owner of one-way calls, which outlive their connection.
    tasks: Weak<Tasks>,
    remote: SocketAddr,
    local: Option<SocketAddr>,
    framing: Framing,
    heads: Heads,
    out: Unsent,
    /// The place of a call whose answer is in `out`: a drain waits until it is written.
    unwritten: Option<Place>,
    calls: JoinSet<()>,
    /// One more than one-way calls of this connection are running.
    one_way: Arc<()>,
    /// Where answers of calls that waited arrive; made by the first, since it holds some kilobytes.
    answers: Option<(mpsc::Sender<Answer>, mpsc::Receiver<Answer>)>,
    /// A place for each byte of a request that waits for its answer.
    room: Arc<Semaphore>,
    /// When the calls of this burst have been run long enough.
    inline_until: Instant,
}

/// What a call's task sends back.
struct Answer {
    answering: Answering,
    outcome: Outcome,
    place: Place,
}

/// What a call holds until its answer is written: its place among the calls in flight and, when it waits, among their bytes.
type Place = (InFlight, Option<OwnedSemaphorePermit>);

/// Why a connection ended.
enum End {
    Closed,
    Bad(String),
}

impl End {
    fn of(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::TimedOut => Self::Bad(error.to_string()),
            _ => Self::Closed,
        }
    }
}

/// What a connection reads and writes: TCP, as it is or under TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Connection {
    pub(super) fn new(
        shared: Arc<Shared>,
        tasks: Weak<Tasks>,
        (remote, local): (SocketAddr, Option<SocketAddr>),
    ) -> Self {
        let framing = Framing::new(shared.config.payload);
        let room = shared.config.in_flight_bytes.min(Semaphore::MAX_PERMITS);
        Self {
            shared,
            tasks,
            remote,
            local,
            framing,
            heads: Heads::default(),
            out: Unsent::default(),
            unwritten: None,
            calls: JoinSet::new(),
            one_way: Arc::new(()),
            answers: None,
            room: Arc::new(Semaphore::new(room)),
            inline_until: Instant::now(),
        }
    }

    /// Serves until the consumer is gone. Its two-way calls end with it: nobody is left to answer.
    pub(super) async fn run(mut self, mut stream: impl Stream, draining: watch::Receiver<bool>) {
        match self.serve(&mut stream, draining).await {
            Ok(()) | Err(End::Closed) => {
                tracing::debug!(remote = %self.remote, "connection closed")
            }
            Err(End::Bad(reason)) => {
                tracing::warn!(remote = %self.remote, reason, "connection closed by us")
            }
        }
    }

    async fn serve(
        &mut self,
        stream: &mut impl Stream,
        draining: watch::Receiver<bool>,
    ) -> Result<(), End> {
        let idle = self.shared.config.idle;
        let mut active = Instant::now();
        // Made once and moved only when it fires: most of what happens does not concern them.
        let mut idling = pin!(sleep_until(active + idle));
        let mut drained = pin!(drained(draining));
        let mut told = false;
        loop {
            self.flush(stream).await?;
            while !self.calls.is_empty() && self.calls.try_join_next().is_some() {}
            tokio::select! {
                biased;
                Some(answer) = next(&mut self.answers) => {
                    active = Instant::now();
                    self.put(answer);
                    if self.calls.len() > 1 {
                        // Calls end many at a time, each waking this task before the next one runs; the others that are about to answer are
                        // waited for once, and share the write.
                        tokio::task::yield_now().await;
                    }
                    while self.out.remaining() < WRITE_BYTES && let Some(more) = self.another() {
                        self.put(more);
                    }
                }
                read = read(stream, self.framing.buffer(), &self.room) => {
                    if read.map_err(|_| End::Closed)? == 0 {
                        return Ok(());
                    }
                    self.shared.count_read();
                    active = Instant::now();
                    self.inline_until = active + INLINE;
                    self.take_frames(stream).await?;
                }
                () = &mut drained, if !told => {
                    told = true;
                    event::read_only(self.out.gathered(), 0);
                }
                () = &mut idling => {
                    if !self.calls.is_empty() {
                        active = Instant::now();
                    }
                    if active.elapsed() >= idle {
                        return Err(End::Bad(format!("nothing happened for {} s", idle.as_secs_f32())));
                    }
                    idling.as_mut().reset(active + idle);
                }
            }
        }
    }

    /// Writes what is collected; a peer that takes nothing for the idle time is given up.
    async fn flush(&mut self, stream: &mut impl Stream) -> Result<(), End> {
        if self.out.is_empty() {
            return Ok(());
        }
        let large = self.out.gathered().len() > WRITE_BYTES;
        let limit = self.shared.config.idle;
        while !self.out.is_empty() {
            match socket::write_some(stream, &self.out, limit).await {
                Ok(written) => self.out.advance(written),
                Err(error) => return Err(End::of(&error)),
            }
        }
        let flushed = socket::flush(stream, limit).await;
        flushed.map_err(|error| End::of(&error))?;
        self.unwritten = None;
        if large {
            self.out = Unsent::default();
        }
        Ok(())
    }

    async fn take_frames(&mut self, stream: &mut impl Stream) -> Result<(), End> {
        loop {
            match self.framing.next() {
                Ok(None) => return Ok(()),
                Ok(Some(Frame::TooLarge(header))) => self.refuse_size(header),
                Ok(Some(Frame::Whole(header, body))) => self.take(header, body),
                Err(error) => return Err(End::Bad(error.to_string())),
            }
            if self.out.remaining() >= WRITE_BYTES {
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
        self.refuse(header.id, ErrorKind::Serialization, &text);
    }

    fn refuse(&mut self, id: i64, kind: ErrorKind, text: &str) {
        response::encode_error(self.out.gathered(), id, kind.status(), text);
    }

    fn take(&mut self, header: Header, body: Bytes) {
        // Answers to what we never ask, and one-way events, end here.
        let FrameKind::Request { two_way } = header.kind else {
            return;
        };
        if header.event {
            if two_way && Event::parse(&body) != Event::ReadOnly {
                event::heartbeat_answer(self.out.gathered(), header.id);
            }
            return;
        }
        let call = if header.serialization == HESSIAN2 {
            request::decode(&body, two_way, &mut self.heads)
        } else {
            Err(unknown_serialization(header.serialization))
        };
        match call {
            Ok(call) => self.call(header, call),
            Err(error) if two_way => self.refuse(header.id, error.kind(), &error.report()),
            Err(error) => {
                tracing::debug!(remote = %self.remote, %error, "a one-way request was dropped")
            }
        }
    }

    fn call(&mut self, header: Header, call: Call) {
        let Call {
            mut request,
            answer_attachments: attachments,
        } = call;
        let two_way = !request.one_way;
        let Some(place) = self.shared.enter().filter(|_| self.has_room()) else {
            if two_way {
                let text = format!("too many calls in flight at {}", self.local_text());
                self.refuse(header.id, ErrorKind::ThreadPoolExhausted, &text);
            }
            return;
        };
        request.remote = Some(self.remote);
        request.local = self.local;
        // A Java provider shows services the length of the frame (live-peer fact LJ-17).
        let length = Decimal::new(HEADER_BYTES.saturating_add(header.body_bytes) as u64);
        request.attachments.set(keys::INPUT, length.as_str());
        let answering = Answering {
            id: header.id,
            attachments,
            payload: self.shared.config.payload,
        };
        let deadline = request.deadline;
        let handler = self.shared.handler.clone();
        let mut work = Guarded(Box::pin(async move { handler.handle(request).await }));

        // Most calls are done at once and need no task. A waker that does nothing will do: a call that is not done is polled again.
        if Instant::now() < self.inline_until {
            self.inline_until += INLINE_EACH;
            let mut nobody = Context::from_waker(std::task::Waker::noop());
            if let Poll::Ready(outcome) = Pin::new(&mut work).poll(&mut nobody) {
                if two_way {
                    self.put(Answer {
                        answering,
                        outcome,
                        place: (place, None),
                    });
                }
                return;
            }
        }
        let work = bounded(work, deadline);
        let place = (place, self.hold(header.body_bytes));
        if two_way {
            self.finish_later(work, answering, place);
        } else {
            self.finish_alone(work, place);
        }
    }

    /// Runs a call in a task that sends its answer back here.
    fn finish_later(
        &mut self,
        work: impl Future<Output = Outcome> + Send + 'static,
        answering: Answering,
        place: Place,
    ) {
        // As many places as calls may be in flight: an answer never waits for one.
        let places = self.shared.config.in_flight_connection.max(1);
        let (answers, _) = self.answers.get_or_insert_with(|| mpsc::channel(places));
        let answers = answers.clone();
        self.calls.spawn(async move {
            let outcome = work.await;
            let answer = Answer {
                answering,
                outcome,
                place,
            };
            // The receiver is gone only with the connection.
            let _connection_gone = answers.send(answer).await;
        });
    }

    /// Runs a one-way call, which goes on when its consumer is gone: who does not wait for an answer may well close.
    fn finish_alone(&mut self, work: impl Future<Output = Outcome> + Send + 'static, place: Place) {
        let counted = self.one_way.clone();
        if let Some(tasks) = self.tasks.upgrade() {
            tasks.spawn(async move {
                if let Err(error) = work.await {
                    tracing::debug!(%error, "a one-way call failed");
                }
                drop((counted, place));
            });
        }
    }

    /// Takes places for a request's bytes, fewer when fewer are left: then nothing more is read until some come back.
    fn hold(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = bytes.min(self.room.available_permits());
        let places = u32::try_from(bytes).unwrap_or(u32::MAX);
        // Nobody else takes any, so they are still there.
        self.room.clone().try_acquire_many_owned(places).ok()
    }

    /// Whether another call may be in flight on this connection.
    fn has_room(&self) -> bool {
        let one_way = Arc::strong_count(&self.one_way).saturating_sub(1);
        self.calls.len().saturating_add(one_way) < self.shared.config.in_flight_connection
    }

    /// A further answer, if one is there already.
    fn another(&mut self) -> Option<Answer> {
        let (_, answers) = self.answers.as_mut()?;
        answers.try_recv().ok()
    }

    fn put(&mut self, answer: Answer) {
        let gathered = self.out.gathered();
        if let Some(apart) = answer.answering.encode_apart(gathered, &answer.outcome) {
            self.out.insert(apart);
        }
        self.unwritten = Some(answer.place);
    }

    fn local_text(&self) -> String {
        self.local
            .map_or_else(String::new, |local| local.to_string())
    }
}

/// The next answer; none comes as long as no call waited.
///
/// # Cancel safety
/// Nothing is lost.
async fn next(
    answers: &mut Option<(mpsc::Sender<Answer>, mpsc::Receiver<Answer>)>,
) -> Option<Answer> {
    match answers {
        Some((_, answers)) => answers.recv().await,
        None => std::future::pending().await,
    }
}

/// Reads into `buffer`, as soon as there is any room.
///
/// # Cancel safety
/// Nothing is lost.
async fn read(
    stream: &mut impl Stream,
    buffer: &mut BytesMut,
    room: &Semaphore,
) -> std::io::Result<usize> {
    if room.available_permits() == 0 {
        // Closed never; the place is only looked at.
        let _looked_at = room.acquire().await;
    }
    stream.read_buf(buffer).await
}

/// Ends when the listener drains.
async fn drained(mut draining: watch::Receiver<bool>) {
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

#[cfg(test)]
mod tests;
