//! Writing to a peer that may read slowly, or not at all.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

/// Writes some of `bytes`, waiting up to `limit` for the peer to take any; how many were written.
///
/// # Errors
/// The connection is broken, or the peer took nothing for `limit` ([`io::ErrorKind::TimedOut`]).
///
/// # Cancel safety
/// When the future is dropped nothing was written.
pub(crate) async fn write_some(
    stream: &TcpStream,
    bytes: &[u8],
    limit: Duration,
) -> io::Result<usize> {
    loop {
        // Nearly always there is room, and no timer is needed.
        match stream.try_write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            done => return done,
        }
        match timeout(limit, stream.writable()).await {
            Ok(writable) => writable?,
            Err(_) => {
                let message = format!("the peer read nothing for {} s", limit.as_secs_f32());
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
        }
    }
}
