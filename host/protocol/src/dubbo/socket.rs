//! Writing to a peer that may read slowly, or not at all, over TCP as it is or under TLS.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Buf;
use tokio::io::AsyncWrite;
use tokio::time::timeout;

use super::unsent::Unsent;

/// Pieces that are written at once: three for each long value, so this is several of them.
const SLICES_MAX: usize = 16;

/// Writes some of `unsent`, waiting up to `limit` for the peer to take any; how many were written. Under TLS they may still wait in the
/// session until [`flush`].
///
/// # Errors
/// The connection is broken, or the peer took nothing for `limit` ([`io::ErrorKind::TimedOut`]).
///
/// # Cancel safety
/// When the future is dropped nothing was written.
pub(crate) async fn write_some(
    stream: &mut (impl AsyncWrite + Unpin),
    unsent: &Unsent,
    limit: Duration,
) -> io::Result<usize> {
    let mut slices = [IoSlice::new(&[]); SLICES_MAX];
    let filled = unsent.chunks_vectored(&mut slices);
    let slices = slices.get(..filled).unwrap_or_default();
    let write = poll_fn(|cx| match slices {
        [several @ .., _] if !several.is_empty() => {
            Pin::new(&mut *stream).poll_write_vectored(cx, slices)
        }
        _ => Pin::new(&mut *stream).poll_write(cx, unsent.chunk()),
    });
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
