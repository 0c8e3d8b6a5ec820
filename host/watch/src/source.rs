//! Where wake-ups come from: the operating system's file events, when it gives them.
//!
//! An event is only a reason to look, and a hint which files are being written.
//! Losing events costs time (until the next poll), never truth.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Names kept between two looks. More of them (a mass copy) are not kept: then every watch is renewed,
/// and a file that is still written is found by its changing size.
const NAMES_MAX: usize = 4096;
/// A writer that has not been seen for so long is forgotten.
const WRITER_FORGOTTEN: Duration = Duration::from_secs(60);
/// How long a failed start of events is left alone. Limits of inotify are freed by other processes, not by haste.
const RETRY: Duration = Duration::from_secs(10);

/// What the event thread leaves for the next look.
#[derive(Debug, Default)]
struct Signals {
    /// Files with a writer that has not closed them, with the time of its last write.
    writers: HashMap<PathBuf, Instant>,
    /// Names that were renamed or removed: a watch on one of them may sit on a dead directory.
    moved: HashSet<PathBuf>,
    all_moved: bool,
    error: Option<String>,
}

impl Signals {
    /// Takes an event in and says whether it is a reason to look.
    fn note(&mut self, event: notify::Result<Event>, home: &Path) -> bool {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                self.error = Some(error.to_string());
                return true;
            }
        };
        if event.need_rescan() {
            self.all_moved = true;
            return true;
        }
        if !concerns(&event, home) {
            return false;
        }
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => self.closed(&event.paths),
            // Looking and reading make these: answering them by a look would never end.
            EventKind::Access(_) => return false,
            EventKind::Create(CreateKind::File) | EventKind::Modify(ModifyKind::Data(_)) => {
                self.written(&event.paths);
            }
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => {
                self.closed(&event.paths);
                self.all_moved |= self.moved.len() + event.paths.len() > NAMES_MAX;
                if !self.all_moved {
                    self.moved.extend(event.paths);
                }
            }
            _ => {}
        }
        true
    }

    fn closed(&mut self, paths: &[PathBuf]) {
        for path in paths {
            self.writers.remove(path);
        }
    }

    /// Only inotify tells when a writer closes; elsewhere a writer would stay known until it is forgotten.
    fn written(&mut self, paths: &[PathBuf]) {
        if !cfg!(target_os = "linux") {
            return;
        }
        for path in paths {
            if self.writers.len() < NAMES_MAX || self.writers.contains_key(path) {
                self.writers.insert(path.clone(), Instant::now());
            }
        }
    }
}

/// The directory above is watched too, and may be a busy one: only its events about our own way count.
/// Other systems report canonical paths, which need not begin like ours, so that all events count there.
fn concerns(event: &Event, home: &Path) -> bool {
    let near = |path: &PathBuf| path.starts_with(home) || home.starts_with(path);
    !cfg!(target_os = "linux") || event.paths.iter().any(near)
}

/// How events are started; tests replace it by one that fails.
pub(crate) type Open =
    fn(Box<dyn FnMut(notify::Result<Event>) + Send>) -> notify::Result<RecommendedWatcher>;

/// Starts the operating system's events.
pub(crate) fn open(
    handler: Box<dyn FnMut(notify::Result<Event>) + Send>,
) -> notify::Result<RecommendedWatcher> {
    notify::recommended_watcher(handler)
}

/// Why a watch relies on polling, if it does; shared with the consumer, logged when it changes.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<Option<String>>);

impl Health {
    pub(crate) fn degraded(&self) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether this is news.
    fn set(&self, degraded: Option<String>) -> bool {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = *current != degraded;
        *current = degraded;
        news
    }
}

/// The events of the directories of one watch.
pub(crate) struct Source {
    home: PathBuf,
    open: Option<Open>,
    wake: SyncSender<()>,
    health: Arc<Health>,
    signals: Arc<Mutex<Signals>>,
    watcher: Option<RecommendedWatcher>,
    watched: BTreeMap<PathBuf, (u64, u64)>,
    retry_at: Option<Instant>,
}

impl Source {
    /// `open` is `None` where events are switched off.
    pub(crate) fn new(
        home: &Path,
        open: Option<Open>,
        wake: SyncSender<()>,
        health: Arc<Health>,
    ) -> Self {
        if open.is_none() {
            health.set(Some("file events are switched off".into()));
        }
        Self {
            home: home.to_owned(),
            open,
            wake,
            health,
            signals: Arc::default(),
            watcher: None,
            watched: BTreeMap::new(),
            retry_at: None,
        }
    }

    /// Whether `path` has a writer that has not closed it.
    pub(crate) fn has_writer(&self, path: &Path) -> bool {
        self.with_signals(|signals| signals.writers.contains_key(path))
    }

    /// Whether nothing would tell of a writer.
    pub(crate) fn is_deaf(&self) -> bool {
        self.health.degraded().is_some()
    }

    /// Makes exactly `wanted` watched, replaced directories anew. True when a watch was added: what happened
    /// before it was added is unknown, so that the caller must look again.
    pub(crate) fn sync(&mut self, wanted: &[(PathBuf, (u64, u64))], now: Instant) -> bool {
        let Some(open) = self.open else {
            return false;
        };
        self.forget_moved(now);
        if self.retry_at.is_some_and(|at| now < at) {
            return false;
        }
        self.retry_at = None;
        if let Err(error) = self.ensure_watcher(open) {
            self.fail(&error, now);
            return false;
        }
        self.unwatch_unwanted(wanted);
        self.watch_wanted(wanted, now)
    }

    fn ensure_watcher(&mut self, open: Open) -> notify::Result<()> {
        if self.watcher.is_some() {
            return Ok(());
        }
        let (home, wake) = (self.home.clone(), self.wake.clone());
        let signals = Arc::clone(&self.signals);
        self.watcher = Some(open(Box::new(move |event| {
            let look = signals
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .note(event, &home);
            if look {
                // A full channel holds a wake-up already; a closed one has nobody to wake.
                let _ = wake.try_send(());
            }
        }))?);
        Ok(())
    }

    /// Drops what may be watched in vain. A watch on a renamed or removed directory sits on the old one,
    /// and the event library may have ended it by itself.
    fn forget_moved(&mut self, now: Instant) {
        let (moved, all, error) = self.with_signals(|signals| {
            signals
                .writers
                .retain(|_, last| now.saturating_duration_since(*last) < WRITER_FORGOTTEN);
            let all = std::mem::take(&mut signals.all_moved);
            (
                std::mem::take(&mut signals.moved),
                all,
                signals.error.take(),
            )
        });
        if let Some(error) = error {
            self.watcher = None;
            self.watched.clear();
            self.fail(&notify::Error::generic(&error), now);
        }
        for path in self.watched.keys().cloned().collect::<Vec<_>>() {
            if all || moved.contains(&path) {
                self.unwatch(&path);
            }
        }
    }

    fn unwatch_unwanted(&mut self, wanted: &[(PathBuf, (u64, u64))]) {
        let wanted: BTreeMap<_, _> = wanted.iter().map(|(path, id)| (path, id)).collect();
        for (path, id) in self.watched.clone() {
            if wanted.get(&path) != Some(&&id) {
                self.unwatch(&path);
            }
        }
    }

    fn unwatch(&mut self, path: &Path) {
        self.watched.remove(path);
        if let Some(watcher) = &mut self.watcher {
            // The directory may be gone, and its watch with it: that is what we want.
            let _ = watcher.unwatch(path);
        }
    }

    fn watch_wanted(&mut self, wanted: &[(PathBuf, (u64, u64))], now: Instant) -> bool {
        let mut added = false;
        for (path, id) in wanted {
            let Some(watcher) = &mut self.watcher else {
                return added;
            };
            if self.watched.contains_key(path) {
                continue;
            }
            match watcher.watch(path, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(path.clone(), *id);
                    added = true;
                }
                // Gone since the look: the next look says so.
                Err(_) if !path.exists() => {}
                // The directory above may be closed to us; then a replaced directory is found by the poll.
                Err(error) if !path.starts_with(&self.home) => {
                    tracing::debug!(path = %path.display(), %error, "no file events of the directory above");
                    self.watched.insert(path.clone(), *id);
                }
                Err(error) => {
                    self.fail(&error, now);
                    return added;
                }
            }
        }
        if self.health.set(None) {
            tracing::info!(path = %self.home.display(), "file events work again");
        }
        added
    }

    /// Polling goes on without events; they are tried again later.
    fn fail(&mut self, error: &notify::Error, now: Instant) {
        self.retry_at = Some(now + RETRY);
        if self.health.set(Some(error.to_string())) {
            tracing::warn!(path = %self.home.display(), %error, "no file events, relying on polling");
        }
    }

    fn with_signals<T>(&self, work: impl FnOnce(&mut Signals) -> T) -> T {
        work(&mut self.signals.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use notify::event::{DataChange, Flag, RenameMode};

    use super::*;

    const HOME: &str = "/srv/plugins";

    fn event(kind: EventKind, path: &str) -> notify::Result<Event> {
        Ok(Event::new(kind).add_path(path.into()))
    }

    #[test]
    fn an_event_is_a_reason_to_look_only_when_something_changed_on_our_way() {
        let close = |mode| EventKind::Access(AccessKind::Close(mode));
        let data = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        for (kind, path, look) in [
            (data, "/srv/plugins/a.wasm", true),
            (close(AccessMode::Write), "/srv/plugins/a.wasm", true),
            (close(AccessMode::Read), "/srv/plugins/a.wasm", false),
            (
                EventKind::Access(AccessKind::Open(AccessMode::Any)),
                HOME,
                false,
            ),
            (
                EventKind::Modify(ModifyKind::Name(RenameMode::To)),
                HOME,
                true,
            ),
            (EventKind::Create(CreateKind::Folder), "/srv", true),
        ] {
            let mut signals = Signals::default();
            assert_eq!(
                signals.note(event(kind, path), Path::new(HOME)),
                look,
                "{kind:?} {path}"
            );
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn neighbours_of_the_watched_directory_are_no_reason() {
        let mut signals = Signals::default();
        let near = event(EventKind::Create(CreateKind::File), "/srv/other.log");
        assert!(!signals.note(near, Path::new(HOME)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_writer_is_known_from_its_first_write_to_its_close() {
        let mut signals = Signals::default();
        let path = "/srv/plugins/a.wasm";
        let close = EventKind::Access(AccessKind::Close(AccessMode::Write));
        signals.note(
            event(EventKind::Create(CreateKind::File), path),
            Path::new(HOME),
        );
        assert!(signals.writers.contains_key(Path::new(path)));
        signals.note(event(close, path), Path::new(HOME));
        assert!(signals.writers.is_empty());
    }

    #[test]
    fn an_overflow_renews_every_watch() {
        let mut signals = Signals::default();
        let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert!(signals.note(Ok(overflow), Path::new(HOME)));
        assert!(signals.all_moved);
    }

    #[test]
    fn what_is_kept_of_events_is_bounded() {
        let mut signals = Signals::default();
        for number in 0..2 * NAMES_MAX {
            let path = format!("{HOME}/{number}");
            let rename = EventKind::Modify(ModifyKind::Name(RenameMode::From));
            signals.note(event(rename, &path), Path::new(HOME));
            let create = EventKind::Create(CreateKind::File);
            signals.note(event(create, &path), Path::new(HOME));
        }
        assert!(signals.all_moved);
        assert!(signals.moved.len() <= NAMES_MAX);
        assert!(signals.writers.len() <= NAMES_MAX);
    }

    #[test]
    fn the_same_trouble_is_news_once() {
        let health = Health::default();
        assert!(health.set(Some("limit reached".into())));
        assert!(!health.set(Some("limit reached".into())));
        assert!(health.set(None));
        assert!(!health.set(None));
    }
}
