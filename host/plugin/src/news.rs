//! How others learn that the status changed, without asking again and again.

use std::sync::Arc;

use tokio::sync::{Notify, watch};

/// Says that something changed; cheap to clone.
#[derive(Clone)]
pub(crate) struct News {
    version: watch::Sender<u64>,
    drained: Arc<Notify>,
}

impl News {
    pub(crate) fn new() -> Self {
        Self {
            version: watch::Sender::new(0),
            drained: Arc::new(Notify::new()),
        }
    }

    /// The status changed.
    pub(crate) fn tell(&self) {
        self.version
            .send_modify(|version| *version = version.wrapping_add(1));
    }

    /// A generation gave up its instances: a swap may have waited for that.
    pub(crate) fn drained(&self) {
        self.tell();
        self.drained.notify_one();
    }

    /// Follows the changes from now on.
    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Waits for the next [`News::drained`]; one that came while nobody waited counts.
    #[cfg(feature = "wasm")]
    pub(crate) async fn wait_drained(&self) {
        self.drained.notified().await;
    }
}
