//! Taking connections, up to the listener's limit.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use wubbo_core::Tasks;

use super::Shared;
use super::connection::Connection;

/// Pause after a failed accept, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts until the listener drains.
pub(super) async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    draining: watch::Sender<bool>,
    connections: Arc<Tasks>,
) {
    let places = Arc::new(Semaphore::new(
        shared.config.connections_max.min(Semaphore::MAX_PERMITS),
    ));
    let mut stopped = draining.subscribe();
    // Told once when it starts: whoever floods us must not flood the log.
    let (mut failing, mut full) = (false, false);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|draining| *draining) => return,
        };
        let (stream, remote) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if !failing {
                    tracing::warn!(%error, "connections cannot be accepted; trying on");
                }
                failing = true;
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        failing = false;
        let Ok(place) = places.clone().try_acquire_owned() else {
            if !full {
                let max = shared.config.connections_max;
                tracing::warn!(%remote, max, "too many connections; further ones are closed");
            }
            full = true;
            continue;
        };
        full = false;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%remote, %error, "TCP_NODELAY");
        }
        let connection = Connection::new(
            shared.clone(),
            Arc::downgrade(&connections),
            (remote, stream.local_addr().ok()),
        );
        let told = draining.subscribe();
        let shared = shared.clone();
        connections.spawn(async move {
            match &shared.tls {
                None => connection.run(stream, told).await,
                Some(tls) => match timeout(shared.config.connect_timeout, tls.accept(stream)).await
                {
                    Ok(Ok(stream)) => connection.run(stream, told).await,
                    Ok(Err(error)) => tracing::warn!(%remote, %error, "no TLS with a consumer"),
                    Err(_) => tracing::warn!(%remote, "no TLS with a consumer: it was silent"),
                },
            }
            drop(place);
        });
    }
}
