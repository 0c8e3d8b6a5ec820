//! From a settled state of the directory to the view for subscribers. A pass reads what changed, leaves out
//! and removes the entries of dead owners, and tells an outage from an empty registry.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use wubbo_core::Url;
use wubbo_watch::{Change, Entry, Snapshot};

use super::entry::{Bad, read};
use super::layout::{Keeper, Place, place};
use super::owner::{Roll, call_roll, remove_lock};
use crate::board::{Item, View};

/// How long an owner's lock file may be missing before its entries are dead. A directory that is being removed
/// loses its files one by one: it must be seen as missing before its entries are seen as dead.
const LOCK_MISSING: Duration = Duration::from_secs(1);
/// How long a directory that came back is not believed: every owner notices within half of it and writes its
/// entries anew.
const COMING_BACK: Duration = Duration::from_secs(1);

/// What a pass found.
#[derive(Debug)]
pub(super) enum Found {
    /// The registry as it is.
    View(Arc<View>),
    /// Nothing changed since the last view.
    Same,
    /// The registry is there again; its entries may not be yet. The last view stays.
    ComingBack,
    /// The registry is out of reach. The last view stays.
    Outage,
}

/// Reads one registry directory, pass by pass.
#[derive(Debug)]
pub(super) struct Reader {
    directory: PathBuf,
    files: HashMap<PathBuf, Known>,
    view: Option<Arc<View>>,
    /// Whether the directory of locks was ever there: without it this is not our directory (an unmounted disk).
    had_owners: bool,
    missing_locks: HashMap<String, Instant>,
    /// Entries removed here that the state may still show. Their names never come back.
    buried: HashSet<PathBuf>,
    /// What the view was made from.
    last: Option<(Snapshot, Option<Roll>)>,
    outage: Option<String>,
    back_since: Option<Instant>,
    /// Interfaces whose directory cannot be read, told once.
    closed: BTreeSet<String>,
}

/// A file as it was read last.
#[derive(Debug)]
struct Known {
    file: Entry,
    url: Option<Url>,
    /// What was told about it.
    trouble: Option<String>,
    /// Reading failed, not the bytes: to be read again.
    again: bool,
}

impl Reader {
    pub(super) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            files: HashMap::new(),
            view: None,
            had_owners: false,
            missing_locks: HashMap::new(),
            buried: HashSet::new(),
            last: None,
            outage: None,
            back_since: None,
            closed: BTreeSet::new(),
        }
    }

    /// Reads `state`, the newest settled one, at `now`. Also called when nothing changed: owners die silently.
    pub(super) fn pass(&mut self, state: &Change, now: Instant) -> Found {
        let reached = match state {
            Change::Files(snapshot) => self.roll().map(|roll| (snapshot, roll)),
            Change::Missing => Err("the directory does not exist".to_owned()),
            Change::Unreadable(reason) => Err(format!("the directory {reason}")),
            _ => Err("the directory is in an unknown state".to_owned()),
        };
        match reached {
            Ok((snapshot, roll)) => self.reached(snapshot, roll, now),
            Err(reason) => self.out_of_reach(reason),
        }
    }

    /// Who is alive; `None` when nobody ever had a lock here.
    fn roll(&mut self) -> Result<Option<Roll>, String> {
        match call_roll(&self.directory) {
            Ok(None) if self.had_owners => Err("the directory of owners is gone".to_owned()),
            Err(error) => Err(format!("the directory of owners: {error}")),
            Ok(roll) => {
                self.had_owners |= roll.is_some();
                Ok(roll)
            }
        }
    }

    fn out_of_reach(&mut self, reason: String) -> Found {
        if self.outage.as_ref() != Some(&reason) {
            tracing::warn!(
                registry = %self.directory.display(),
                error = reason,
                "registry out of reach, the last lists stay"
            );
        }
        self.outage = Some(reason);
        self.back_since = None;
        Found::Outage
    }

    fn reached(&mut self, snapshot: &Snapshot, roll: Option<Roll>, now: Instant) -> Found {
        if self.outage.take().is_some() {
            tracing::info!(registry = %self.directory.display(), "registry is back");
            // Before the first view nobody has a list that could lose entries.
            self.back_since = self.view.as_ref().map(|_| now);
        }
        let young = |since| now.saturating_duration_since(since) < COMING_BACK;
        if self.back_since.is_some_and(young) {
            return Found::ComingBack;
        }
        self.back_since = None;
        let made_from = Some((snapshot.clone(), roll));
        if self.last == made_from && !self.is_restless() {
            return Found::Same;
        }
        self.last = made_from;
        let view = Arc::new(self.read_all(snapshot, now));
        self.view = Some(Arc::clone(&view));
        Found::View(view)
    }

    /// Whether a pass may find something new although nothing changed.
    fn is_restless(&self) -> bool {
        let dead = |(_, roll): &(Snapshot, Option<Roll>)| roll.as_ref().is_some_and(Roll::has_dead);
        !self.missing_locks.is_empty()
            || self.last.as_ref().is_some_and(dead)
            || self.files.values().any(|known| known.again)
    }

    fn read_all(&mut self, snapshot: &Snapshot, now: Instant) -> View {
        let mut view = View::new();
        let mut burials = Burials::default();
        let dead = self.dead(snapshot, now);
        self.buried.retain(|name| snapshot.get(name).is_some());
        for file in snapshot.entries() {
            let Some(place) = place(file.name()) else {
                continue;
            };
            match &place.keeper {
                Keeper::Owner(owner) if dead.contains(owner) => {
                    burials.bury(owner, file);
                    self.buried.insert(file.name().to_owned());
                }
                _ if self.buried.contains(file.name()) => {}
                _ => {
                    if let Some(item) = self.item(file, &place) {
                        view.entry(place.interface).or_default().push(item);
                    }
                }
            }
        }
        burials.finish(&self.directory, &dead);
        self.files.retain(|name, _| snapshot.get(name).is_some());
        self.keep_closed(snapshot, &mut view);
        view
    }

    /// The owners whose entries are void: those whose lock is free, and those without a lock for some time.
    fn dead(&mut self, snapshot: &Snapshot, now: Instant) -> HashSet<String> {
        let Some((_, Some(roll))) = &self.last else {
            return HashSet::new();
        };
        let mut missing = HashMap::new();
        for file in snapshot.entries() {
            let Some(Keeper::Owner(owner)) = place(file.name()).map(|place| place.keeper) else {
                continue;
            };
            let known = roll.alive.contains(&owner) || roll.dead.contains(&owner);
            if !known && !self.buried.contains(file.name()) {
                let since = self.missing_locks.get(&owner).copied().unwrap_or(now);
                missing.insert(owner, since);
            }
        }
        let mut dead = roll.dead.clone();
        for (owner, since) in &missing {
            if now.saturating_duration_since(*since) >= LOCK_MISSING {
                dead.insert(owner.clone());
            }
        }
        self.missing_locks = missing;
        dead
    }

    /// The entry in `file`, read only when it changed. `None` while it is being changed.
    fn item(&mut self, file: &Entry, place: &Place) -> Option<Item> {
        let known = self.files.get(file.name());
        if known.is_none_or(|known| known.file != *file || known.again) {
            let known = self.learn(file, place)?;
            self.files.insert(file.name().to_owned(), known);
        }
        let url = self.files.get(file.name())?.url.clone();
        Some(Item {
            category: place.category.clone(),
            url,
        })
    }

    fn learn(&self, file: &Entry, place: &Place) -> Option<Known> {
        let before = self.files.get(file.name());
        let found = match place.keeper {
            Keeper::Unknown => Err(Bad::Refused(
                "is named .live and names no owner; name a file without owner .url".into(),
            )),
            _ => read(file, place),
        };
        let (url, trouble, again) = match found {
            Ok(url) => (Some(url), None, false),
            Err(Bad::Changed) if before.is_none() => return None,
            Err(Bad::Changed) => (before.and_then(|known| known.url.clone()), None, true),
            Err(Bad::Unread(reason)) => (
                before.and_then(|known| known.url.clone()),
                Some(reason),
                true,
            ),
            Err(Bad::Refused(reason)) => (None, Some(reason), false),
        };
        let told = before.and_then(|known| known.trouble.as_ref());
        if let Some(error) = trouble.as_ref().filter(|reason| told != Some(reason)) {
            tracing::warn!(file = %file.path().display(), error, "registry entry skipped");
        }
        Some(Known {
            file: file.clone(),
            url,
            trouble,
            again,
        })
    }

    /// An interface whose directory cannot be read keeps its last entries: that is an outage of its own.
    fn keep_closed(&mut self, snapshot: &Snapshot, view: &mut View) {
        let mut closed = BTreeSet::new();
        for skipped in snapshot.skipped() {
            let Some(interface) = self.interface_of(&skipped.path) else {
                continue;
            };
            if !self.closed.contains(&interface) {
                tracing::warn!(
                    service = interface,
                    error = skipped.reason,
                    "directory in the registry cannot be read, the last lists stay"
                );
            }
            if let Some(last) = self.view.as_ref().and_then(|last| last.get(&interface)) {
                view.insert(interface.clone(), last.clone());
            }
            closed.insert(interface);
        }
        self.closed = closed;
    }

    fn interface_of(&self, path: &Path) -> Option<String> {
        let name = path.strip_prefix(&self.directory).ok()?;
        let Component::Normal(first) = name.components().next()? else {
            return None;
        };
        let any_file = Path::new(first).join("any").join("any.url");
        place(&any_file).map(|place| place.interface)
    }
}

/// What dead owners leave behind, removed by whoever finds it. Names never come back (see `layout::file_name`),
/// so that a removal cannot hit an entry that was made meanwhile, and a file removed by another reader is fine.
#[derive(Debug, Default)]
struct Burials {
    entries: HashMap<String, usize>,
    failed: HashSet<String>,
}

impl Burials {
    fn bury(&mut self, owner: &str, file: &Entry) {
        *self.entries.entry(owner.to_owned()).or_default() += 1;
        match fs::remove_file(file.path()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                self.failed.insert(owner.to_owned());
            }
            _ => {}
        }
    }

    /// The lock goes last: as long as it is there, and free, every reader knows the owner dead at once.
    fn finish(self, directory: &Path, dead: &HashSet<String>) {
        for owner in dead.iter().filter(|owner| !self.failed.contains(*owner)) {
            let entries = self.entries.get(owner).copied().unwrap_or(0);
            match remove_lock(directory, owner) {
                Ok(()) => tracing::info!(owner, entries, "owner is dead, its entries are removed"),
                Err(error) => tracing::debug!(owner, %error, "lock of a dead owner stays"),
            }
        }
    }
}

#[cfg(test)]
mod tests;
