//! Generations kept on disk: what each of the last ones of an identity was made of, so that it can be made again, also after a restart;
//! and which identities were rolled back, so that the file they were rolled away from does not come back by itself.
//!
//! One file per generation and one note per roll-back, each written whole and behind its SHA-256. What cannot be believed is refused by
//! name and never used.

mod entry;
mod note;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::definition::Given;
use crate::digest::hex;
use crate::error::{PluginError, PluginErrorKind};
use crate::private_dir::PrivateDir;
use crate::status::{ArchiveStatus, DamagedFile, KeptGeneration, KeptState, unix_ms};
pub(crate) use entry::Entry;
pub(crate) use note::Note;

/// Generations kept of one identity beside the one that is live.
pub(crate) const EARLIER_MAX: usize = 3;
/// All files together; the oldest entries that are not live go first.
pub(crate) const TOTAL_BYTES_MAX: u64 = 256 << 20;

/// The directory and what is known of it.
pub(crate) struct Archive {
    dir: PrivateDir,
    bytes_max: u64,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// In the order in which they went live, oldest first.
    entries: Vec<Entry>,
    /// By identity.
    notes: BTreeMap<String, Note>,
    /// Files that are not believed, and why.
    damaged: BTreeMap<String, String>,
    last_number: u64,
}

impl Archive {
    /// Opens the directory, making it if it is not there, and looks at what it holds.
    ///
    /// # Errors
    /// Kind `Directory`: it cannot be made or read, belongs to another user, or everybody may write to it.
    pub(crate) fn open(path: &Path) -> Result<Self, PluginError> {
        Self::bounded(path, TOTAL_BYTES_MAX)
    }

    fn bounded(path: &Path, bytes_max: u64) -> Result<Self, PluginError> {
        let because = "what lies there may be run";
        let dir = PrivateDir::open(path, "plugins.kept", because)?;
        let unreadable = |error: std::io::Error| {
            let text = format!("plugins.kept {}: cannot be read: {error}", path.display());
            PluginError::new(PluginErrorKind::Directory, text)
        };
        let mut known = Known::default();
        for name in dir.names(entry::SUFFIX).map_err(unreadable)? {
            match Entry::look(&dir, &name) {
                Ok(Some(entry)) => known.entries.push(entry),
                Ok(None) => {}
                Err(why) => known.distrust(&name, why),
            }
        }
        for name in dir.names(note::SUFFIX).map_err(unreadable)? {
            match Note::read(&dir, &name) {
                Ok(Some(note)) => drop(known.notes.insert(note.identity.clone(), note)),
                Ok(None) => {}
                Err(why) => known.distrust(&name, why),
            }
        }
        known.entries.sort_by_key(|entry| entry.number);
        known.last_number = known.entries.last().map_or(0, |entry| entry.number);
        Ok(Self {
            dir,
            bytes_max,
            known: Mutex::new(known),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a generation that went live, as the newest of its identity, and lets the surplus go. `live` are the digests that serve now.
    pub(crate) fn keep(&self, fresh: &Fresh<'_>, live: &BTreeSet<[u8; 32]>) {
        let Some(number) = self.known().next_number(fresh) else {
            return;
        };
        let mut entry = fresh.entry(number);
        // The disk is written without the lock: whoever asks for the status does not wait for it.
        if let Err(error) = entry.write(&self.dir, fresh.given, fresh.wasm) {
            tracing::warn!(dir = %self.dir.path().display(), plugin = fresh.identity, %error, "a generation cannot be kept");
            return;
        }
        for surplus in self.known().add(entry, live, self.bytes_max) {
            self.remove(&surplus.file_name());
        }
    }

    fn remove(&self, file: &str) {
        if let Err(error) = self.dir.remove(file) {
            tracing::warn!(dir = %self.dir.path().display(), file, %error, "a file of plugins.kept cannot be removed");
        }
    }

    /// The entry that a roll-back of `identity` means: the one that went live before `live`, or the one whose digest begins with `to`.
    ///
    /// # Errors
    /// Kinds `Unknown` (no such entry) and `Conflict` (`to` fits several, or the one that is live).
    pub(crate) fn choose(
        &self,
        identity: &str,
        live: Option<[u8; 32]>,
        to: Option<&str>,
    ) -> Result<Entry, PluginError> {
        let known = self.known();
        let kept: Vec<&Entry> = known.of(identity).collect();
        let Some(prefix) = to else {
            let at = kept.iter().position(|entry| Some(entry.digest) == live);
            let before = kept.get(..at.unwrap_or(kept.len())).unwrap_or_default();
            let text = format!("{identity} has no earlier generation that is kept");
            let none = || PluginError::new(PluginErrorKind::Conflict, text);
            return before.last().map(|entry| (*entry).clone()).ok_or_else(none);
        };
        let fitting: Vec<&&Entry> = kept
            .iter()
            .filter(|entry| hex(&entry.digest).starts_with(prefix))
            .collect();
        match fitting.as_slice() {
            [entry] if Some(entry.digest) == live => {
                let text = format!("{identity}: {} is live already", hex(&entry.digest));
                Err(PluginError::new(PluginErrorKind::Conflict, text))
            }
            [entry] => Ok((**entry).clone()),
            [] => {
                let text = format!(
                    "{identity} has no kept generation {prefix}; kept: {}",
                    names(&kept)
                );
                Err(PluginError::new(PluginErrorKind::Unknown, text))
            }
            several => {
                let several: Vec<&Entry> = several.iter().map(|entry| **entry).collect();
                let text = format!("{identity}: {prefix} fits {}", names(&several));
                Err(PluginError::new(PluginErrorKind::Conflict, text))
            }
        }
    }

    /// The entry of `digest`.
    ///
    /// # Errors
    /// Kind `Unknown`: it is not kept (any more).
    pub(crate) fn entry(&self, identity: &str, digest: &[u8; 32]) -> Result<Entry, PluginError> {
        let known = self.known();
        let found = known.of(identity).find(|entry| entry.digest == *digest);
        found.cloned().ok_or_else(|| {
            let text = format!("{identity}: {} is not kept any more", hex(digest));
            PluginError::new(PluginErrorKind::Unknown, text)
        })
    }

    /// Module and settings of an entry, proven.
    ///
    /// # Errors
    /// Kind `Damaged` with the file's name; it is not offered again.
    pub(crate) fn read(&self, entry: &Entry) -> Result<(Vec<u8>, Given), PluginError> {
        entry.read(&self.dir).map_err(|why| {
            let name = entry.file_name();
            let text = format!("{}: {why}", self.dir.path().join(&name).display());
            let mut known = self.known();
            known.take(|known| known.number == entry.number);
            known.distrust(&name, why);
            PluginError::new(PluginErrorKind::Damaged, text)
        })
    }

    /// The roll-back from `digest`, if there was one: what has it does not serve.
    pub(crate) fn rolled_from(&self, digest: &[u8; 32]) -> Option<Note> {
        let known = self.known();
        let mut notes = known.notes.values();
        notes.find(|note| note.from == *digest).cloned()
    }

    /// Remembers a roll-back.
    ///
    /// # Errors
    /// Kind `Directory`: it cannot be written, so the roll-back would not outlive a restart.
    pub(crate) fn note_down(&self, note: Note) -> Result<(), PluginError> {
        note.write(&self.dir).map_err(|error| {
            let dir = self.dir.path().display();
            let text = format!("plugins.kept {dir}: the roll-back cannot be noted: {error}");
            PluginError::new(PluginErrorKind::Directory, text)
        })?;
        self.known().notes.insert(note.identity.clone(), note);
        Ok(())
    }

    /// Forgets that `identity` was rolled back: its file has other bytes or settings by now.
    pub(crate) fn lift(&self, identity: &str) {
        if self.known().notes.remove(identity).is_some() {
            self.remove(&note::file_name(identity));
        }
    }

    /// What is kept of `identity`, the newest first. `live` is the digest that serves now.
    pub(crate) fn report(&self, identity: &str, live: Option<&str>) -> Vec<KeptGeneration> {
        let known = self.known();
        let away = known.notes.get(identity).map(|note| note.from);
        let kept = known.of(identity).rev().map(|entry| {
            let digest = hex(&entry.digest);
            KeptGeneration {
                state: match live {
                    Some(live) if live == digest => KeptState::Live,
                    _ if away == Some(entry.digest) => KeptState::RolledAway,
                    _ => KeptState::Kept,
                },
                sha256: hex(&entry.sha256),
                version: entry.version.clone(),
                file: entry.file.clone(),
                live_ms: entry.live_ms,
                bytes: entry.bytes,
                digest,
            }
        });
        kept.collect()
    }

    /// The state of the directory.
    pub(crate) fn status(&self) -> ArchiveStatus {
        let known = self.known();
        let damaged = known.damaged.iter().map(|(file, reason)| DamagedFile {
            file: file.clone(),
            reason: reason.clone(),
        });
        ArchiveStatus {
            path: self.dir.path().display().to_string(),
            bytes: known.entries.iter().map(|entry| entry.bytes).sum(),
            damaged: damaged.collect(),
        }
    }
}

fn names(entries: &[&Entry]) -> String {
    if entries.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<String> = entries.iter().map(|entry| hex(&entry.digest)).collect();
    names.join(", ")
}

impl Known {
    fn of<'a>(&'a self, identity: &'a str) -> impl DoubleEndedIterator<Item = &'a Entry> {
        let entries = self.entries.iter();
        entries.filter(move |entry| entry.identity == identity)
    }

    fn distrust(&mut self, name: &str, why: String) {
        tracing::error!(file = name, why, "a file of plugins.kept is not used");
        self.damaged.insert(name.to_owned(), why);
    }

    /// The number of what goes live now; `None` when it is the newest of its identity already.
    fn next_number(&mut self, fresh: &Fresh<'_>) -> Option<u64> {
        let newest = self.of(fresh.identity).next_back();
        if newest.is_some_and(|newest| newest.digest == fresh.digest) {
            return None;
        }
        self.last_number += 1;
        Some(self.last_number)
    }

    /// Adds an entry; those that are to go.
    fn add(&mut self, entry: Entry, live: &BTreeSet<[u8; 32]>, bytes_max: u64) -> Vec<Entry> {
        let (identity, digest) = (entry.identity.clone(), entry.digest);
        let mut surplus = self.take(|old| old.identity == identity && old.digest == digest);
        self.entries.push(entry);
        let goes = self.surplus(&identity, live, bytes_max);
        surplus.extend(self.take(|entry| goes.contains(&entry.number)));
        surplus
    }

    fn take(&mut self, mut goes: impl FnMut(&Entry) -> bool) -> Vec<Entry> {
        self.entries.extract_if(.., |entry| goes(entry)).collect()
    }

    /// Whether an entry serves, or a roll-back speaks of it.
    fn is_needed(&self, entry: &Entry, live: &BTreeSet<[u8; 32]>) -> bool {
        let note = self.notes.get(&entry.identity);
        live.contains(&entry.digest)
            || note.is_some_and(|note| note.from == entry.digest || note.to == entry.digest)
    }

    /// The numbers of the entries that are too many: of `identity`, and of all together.
    fn surplus(&self, identity: &str, live: &BTreeSet<[u8; 32]>, bytes_max: u64) -> BTreeSet<u64> {
        let earlier = self
            .of(identity)
            .rev()
            .filter(|entry| !live.contains(&entry.digest));
        let mut goes: BTreeSet<u64> = earlier
            .skip(EARLIER_MAX)
            .filter(|entry| !self.is_needed(entry, live))
            .map(|entry| entry.number)
            .collect();
        let mut bytes: u64 = self.entries.iter().map(|entry| entry.bytes).sum();
        for entry in &self.entries {
            if bytes > bytes_max && !self.is_needed(entry, live) {
                bytes = bytes.saturating_sub(entry.bytes);
                goes.insert(entry.number);
            }
        }
        goes
    }
}

/// What goes live now.
pub(crate) struct Fresh<'a> {
    pub(crate) identity: &'a str,
    pub(crate) version: &'a str,
    pub(crate) file: &'a str,
    pub(crate) digest: [u8; 32],
    pub(crate) sha256: [u8; 32],
    pub(crate) given: &'a Given,
    pub(crate) wasm: &'a [u8],
}

impl Fresh<'_> {
    fn entry(&self, number: u64) -> Entry {
        Entry {
            identity: self.identity.to_owned(),
            version: self.version.to_owned(),
            file: self.file.to_owned(),
            number,
            digest: self.digest,
            sha256: self.sha256,
            live_ms: unix_ms(),
            bytes: 0,
        }
    }
}

#[cfg(test)]
mod tests;
