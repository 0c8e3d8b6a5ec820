//! The thread that does what calls must not wait for: dropping instances, building replacements, closing what has drained.
//! A second thread runs the plugins' ticks, since those may use a second of CPU time.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::{PluginError, PluginErrorKind};
use crate::generation::Generation;
use crate::instance::Seat;
use crate::news::News;
use crate::tables::Tables;

/// Messages that may wait. When it is full the sender does the work itself: slower, never lost.
const QUEUE: usize = 1024;
/// The keeper looks at everything this often even if nobody calls.
const LOOK: Duration = Duration::from_secs(1);

enum Message {
    Watch(Weak<Generation>),
    Drop(Vec<Seat>),
    Nudge,
    /// Answered when everything that was sent before is done.
    Settle(SyncSender<()>),
    Stop,
}

/// The way to the keeper's threads; cheap to clone.
#[derive(Clone)]
pub(crate) struct Keeper {
    keep: SyncSender<Message>,
    tick: SyncSender<Message>,
}

/// The threads; joined by [`Threads::stop`].
pub(crate) struct Threads {
    keeper: Keeper,
    threads: Vec<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the threads.
    ///
    /// # Errors
    /// Kind `Engine`: the operating system gives no thread.
    pub(crate) fn start(news: News) -> Result<(Self, Arc<Tables>, Threads), PluginError> {
        let (keep, to_keep) = sync_channel(QUEUE);
        let (tick, to_tick) = sync_channel(QUEUE);
        let keeper = Self { keep, tick };
        let tables = Tables::new(keeper.clone());
        let known = Arc::clone(&tables);
        let threads = vec![
            spawn("wubbo-keeper", move || {
                keep_instances(&to_keep, &known, &news)
            })?,
            spawn("wubbo-tick", move || tick_plugins(&to_tick))?,
        ];
        let threads = Threads {
            keeper: keeper.clone(),
            threads,
        };
        Ok((keeper, tables, threads))
    }

    /// Takes care of a generation as long as it lives.
    pub(crate) fn watch(&self, generation: &Arc<Generation>) {
        // Blocks when the queue is full, which only a load of a thousand plugins at once could make it.
        let _ = self.keep.send(Message::Watch(Arc::downgrade(generation)));
        if generation.shared.manifest.tick_ms.is_some() {
            let _ = self.tick.send(Message::Watch(Arc::downgrade(generation)));
        }
    }

    /// Something became due.
    pub(crate) fn nudge(&self) {
        // A full queue will be worked through, and everything is looked at then.
        let _ = self.keep.try_send(Message::Nudge);
    }

    /// Waits until the instances that were given up so far are gone: whoever makes many must not be ahead of whoever drops them.
    pub(crate) fn settle(&self) {
        let (done, settled) = sync_channel(1);
        if self.keep.send(Message::Settle(done)).is_ok() {
            // A keeper that rebuilds instances for longer is not waited for.
            let _ = settled.recv_timeout(LOOK);
        }
    }

    /// Drops instances elsewhere.
    pub(crate) fn drop_later(&self, seats: Vec<Seat>) {
        if !seats.is_empty() {
            // A refused message is dropped here, and the instances with it.
            let _ = self.keep.try_send(Message::Drop(seats));
        }
    }
}

impl Threads {
    /// Ends the threads. Blocks until a tick that runs now has ended.
    pub(crate) fn stop(&mut self) {
        let _ = self.keeper.keep.send(Message::Stop);
        let _ = self.keeper.tick.send(Message::Stop);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the plugin keeper panicked");
            }
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Not joined here: a drop must not wait. `Stop` ends them; a thread that was stopped already ignores it.
        let _ = self.keeper.keep.try_send(Message::Stop);
        let _ = self.keeper.tick.try_send(Message::Stop);
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, PluginError> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    thread.map_err(|error| {
        PluginError::new(
            PluginErrorKind::Engine,
            format!("no thread {name}: {error}"),
        )
    })
}

fn keep_instances(queue: &Receiver<Message>, tables: &Tables, news: &News) {
    let mut watched: Vec<Weak<Generation>> = Vec::new();
    let mut wait = LOOK;
    loop {
        match queue.recv_timeout(wait) {
            Ok(Message::Watch(generation)) => watched.push(generation),
            Ok(Message::Drop(seats)) => {
                drop(seats);
                // Their memory is free only now.
                news.tell();
                continue;
            }
            Ok(Message::Settle(done)) => {
                let _ = done.try_send(());
                continue;
            }
            Ok(Message::Nudge) | Err(RecvTimeoutError::Timeout) => {}
            Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
        }
        if tables.drop_forgotten() {
            news.tell();
        }
        let now = Instant::now();
        let mut next = now + LOOK;
        watched.retain(|generation| {
            let Some(generation) = generation.upgrade() else {
                return false;
            };
            if let Some(due) = generation.maintain(now) {
                next = next.min(due);
            }
            true
        });
        wait = next.saturating_duration_since(Instant::now());
    }
}

fn tick_plugins(queue: &Receiver<Message>) {
    let mut watched: Vec<Weak<Generation>> = Vec::new();
    let mut wait = LOOK;
    loop {
        match queue.recv_timeout(wait) {
            Ok(Message::Watch(generation)) => watched.push(generation),
            Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Ok(Message::Drop(_) | Message::Nudge | Message::Settle(_))
            | Err(RecvTimeoutError::Timeout) => {}
        }
        let mut next = Instant::now() + LOOK;
        watched.retain(|generation| {
            let Some(generation) = generation.upgrade() else {
                return false;
            };
            if let Some(due) = generation.tick_if_due() {
                next = next.min(due);
            }
            true
        });
        wait = next.saturating_duration_since(Instant::now());
    }
}
