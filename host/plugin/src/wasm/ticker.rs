//! The clock of the deadlines: one OS thread per engine advances its epoch every millisecond while hooks run.
//!
//! It is a thread of its own since a task could be stuck behind the very hook it is to interrupt. It slows down while no hook runs
//! and ends with the engine, which it holds weakly.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::Duration;

use wasmtime::EngineWeak;

/// One tick.
pub(super) const TICK: Duration = Duration::from_millis(1);
/// Tick while no hook was entered for [`QUIET_TICKS`]: what a hook may be late to be seen when it starts in that very moment.
const SLOW: Duration = Duration::from_millis(20);
const QUIET_TICKS: u32 = 100;

/// Whether hooks run: set on entry, cleared by the ticker.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    active: AtomicBool,
    slow: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Pulse {
    /// A hook is entered, or still running. One load of a line that is written once a millisecond.
    #[inline]
    pub(super) fn beat(&self) {
        if !self.active.load(Ordering::Relaxed) {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        self.active.store(true, Ordering::SeqCst);
        if self.slow.load(Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }
}

/// Starts the ticker of an engine.
pub(super) fn start(engine: EngineWeak) -> std::io::Result<Arc<Pulse>> {
    let pulse = Arc::new(Pulse::default());
    let ticking = Arc::clone(&pulse);
    let thread = std::thread::Builder::new().name("wubbo-epoch".to_owned());
    let handle = thread.spawn(move || {
        let mut quiet = 0_u32;
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            if ticking.active.swap(false, Ordering::SeqCst) {
                quiet = 0;
            } else {
                quiet = quiet.saturating_add(1);
            }
            if quiet < QUIET_TICKS {
                std::thread::sleep(TICK);
                continue;
            }
            ticking.slow.store(true, Ordering::SeqCst);
            if !ticking.active.load(Ordering::SeqCst) {
                std::thread::park_timeout(SLOW);
            }
            ticking.slow.store(false, Ordering::SeqCst);
        }
    })?;
    // The thread may have looked for it already: then it was not slow yet.
    let _ = pulse.thread.set(handle.thread().clone());
    Ok(pulse)
}
