//! Writing to a peer that may read slowly, or not at all, over TCP as it is or under TLS.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::io::AsyncWrite;
use tokio::time::timeout;

/// Writes some of `bytes`, waiting up to `limit` for the peer to take any; how many were written. Under TLS they may still wait in the
/// session until [`flush`].
///
/// # Errors
/// The connection is broken, or the peer took nothing for `limit` ([`io::ErrorKind::TimedOut`]).
///
/// # Cancel safety
/// When the future is dropped nothing was written.
pub(crate) async fn write_some(
    stream: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
    limit: Duration,
) -> io::Result<usize> {
    let write = poll_fn(|cx| Pin::new(&mut *stream).poll_write(cx, bytes));
    match within(write, limit).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        written => Ok(written),
    }
}

/// Sends what a TLS session kept back; without one there is nothing.
///
/// # Errors
/// As [`write_some`].
///
/// # Cancel safety
/// Nothing is lost.
pub(crate) async fn flush(
    stream: &mut (impl AsyncWrite + Unpin),
    limit: Duration,
) -> io::Result<()> {
    within(poll_fn(|cx| Pin::new(&mut *stream).poll_flush(cx)), limit).await
}

async fn within<T>(
    mut work: impl Future<Output = io::Result<T>> + Unpin,
    limit: Duration,
) -> io::Result<T> {
    // Nearly always there is room, and no timer is needed.
    let at_once = poll_fn(|cx| match Pin::new(&mut work).poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => Poll::Ready(None),
    });
    if let Some(done) = at_once.await {
        return done;
    }
    timeout(limit, work).await.unwrap_or_else(|_| {
        let message = format!("the peer read nothing for {} s", limit.as_secs_f32());
        Err(io::Error::new(io::ErrorKind::TimedOut, message))
    })
}
