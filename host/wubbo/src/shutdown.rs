//! The one order in which a process stops: entries taken back, consumers told, calls in flight ended, then everything closed.
//!
//! The callers take their entries back; what is the same for gateway and server is here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wubbo_core::{Listener, Tasks};

/// Drains every listener at the same time; how many calls were cut off.
pub(crate) async fn drain_all(
    listeners: impl Iterator<Item = Box<dyn Listener>>,
    limit: Duration,
) -> usize {
    let cut_off = Arc::new(AtomicUsize::new(0));
    let drains = Tasks::new("drain");
    for listener in listeners {
        let cut_off = cut_off.clone();
        drains.spawn(async move {
            cut_off.fetch_add(listener.drain(limit).await, Ordering::Relaxed);
        });
    }
    // A listener keeps to the limit itself; the second more is for closing.
    drains.join(limit + Duration::from_secs(1)).await;
    cut_off.load(Ordering::Relaxed)
}
