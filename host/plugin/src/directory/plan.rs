//! One settled state of the directory against what is live: which files changed, which plugin each gives, what is kept, what goes.
//!
//! Whatever goes wrong with a file, the generation that it gave before serves on. All changes of one state are published in one store.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use wubbo_plugin_sdk::Manifest;
use wubbo_watch::Snapshot;

use super::draft::{Draft, Fresh, Seen};
use super::files::{Files, Pair};
use super::load::{self, NoBytes, NotPassed};
use crate::error::{PluginError, PluginErrorKind};
use crate::host::Inner;
use crate::status::{Reason, RefusedFile};

/// What is known of the files, from one settled state to the next.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) files: BTreeMap<String, File>,
    /// YAML files without a module, and since when.
    alone: BTreeMap<String, Reason>,
}

/// One file by its stem.
#[derive(Clone)]
pub(super) struct File {
    /// As it was looked at last; `None` when it is gone or cannot be looked at, so that the next sight counts as a change.
    pub(super) pair: Option<Pair>,
    /// Digest of its own bytes.
    pub(super) digest: Option<[u8; 32]>,
    /// Digest of the generation that it gives, or would give: with the settings that the host's configuration holds.
    pub(super) gives: Option<[u8; 32]>,
    pub(super) manifest: Option<Manifest>,
    /// The identity whose live generation it gave.
    pub(super) owns: Option<String>,
    pub(super) standing: Standing,
}

#[derive(Clone)]
pub(super) enum Standing {
    Live,
    Disabled,
    /// Not tried again until its bytes change.
    Refused(Reason),
    /// Refused for what others do: tried again with every settled state.
    Blocked(Reason),
    /// Blocked until an older generation has drained.
    Waits(Reason),
}

impl Plan {
    /// Whether a file waits for a generation to drain.
    pub(super) fn waits(&self) -> bool {
        self.files
            .values()
            .any(|file| matches!(file.standing, Standing::Waits(_)))
    }

    /// The files that are not live, for the status.
    pub(super) fn refused(&self) -> Vec<RefusedFile> {
        let files = self.files.iter().filter_map(|(stem, file)| {
            let error = file.standing.reason()?.clone();
            Some(RefusedFile {
                file: format!("{stem}.wasm"),
                identity: file.manifest.as_ref().map(Manifest::identity),
                error,
            })
        });
        let alone = self.alone.iter().map(|(file, error)| RefusedFile {
            file: file.clone(),
            identity: None,
            error: error.clone(),
        });
        files.chain(alone).collect()
    }

    /// Works through a settled state and publishes it.
    ///
    /// # Errors
    /// An outage: two or more files vanished at once and left none. Nothing is changed.
    pub(super) fn work(&mut self, inner: &Inner, snapshot: &Snapshot) -> Result<(), PluginError> {
        let Some(engine) = &inner.engine else {
            return Ok(());
        };
        let changes = &inner.workshop.changes;
        let _alone = changes.lock().unwrap_or_else(PoisonError::into_inner);
        let found = Files::of(snapshot);
        let had = self
            .files
            .values()
            .filter(|file| file.pair.is_some())
            .count();
        if had >= 2 && found.pairs.is_empty() && found.unreadable.is_empty() {
            let text = format!("all {had} plugin files vanished at once; taken for an outage");
            return Err(PluginError::new(PluginErrorKind::Directory, text));
        }
        self.note_alone(&found.alone);
        let mut draft = Draft::new(inner, engine);
        let fresh = self.look(&mut draft, found);
        for fresh in fresh {
            draft.take(fresh);
        }
        for (stem, file) in &self.files {
            if !draft.files.contains_key(stem) {
                draft.gone(stem, file);
            }
        }
        self.files = draft.commit();
        inner.workshop.states.forget_unused();
        Ok(())
    }

    fn note_alone(&mut self, alone: &[String]) {
        let old = std::mem::take(&mut self.alone);
        for file in alone {
            let reason = old.get(file).cloned().unwrap_or_else(|| {
                let text = format!("{file}: there is no module of that name beside it");
                Reason::now(&PluginError::new(PluginErrorKind::File, text))
            });
            self.alone.insert(file.clone(), reason);
        }
    }

    /// Looks at every file: those that did not change, or cannot be used, stay what they were; the others are given back, owners first.
    fn look(&self, draft: &mut Draft<'_>, found: Files) -> Vec<Fresh> {
        for (stem, reason) in found.unreadable {
            let error = PluginError::new(
                PluginErrorKind::File,
                format!("cannot be looked at: {reason}"),
            );
            draft.keep(&stem, self.files.get(&stem), None, None, Some(error));
        }
        let mut fresh = Vec::new();
        for (stem, pair) in found.pairs {
            let old = self.files.get(&stem);
            let retry = old.is_none_or(|old| old.standing.is_contextual());
            if !retry && old.is_some_and(|old| old.pair.as_ref() == Some(&pair)) {
                draft.keep(&stem, old, Some(pair), None, None);
                continue;
            }
            let bytes = match load::read(&pair, draft.inner.workshop.config.module_bytes_max) {
                Ok(bytes) => bytes,
                Err(NoBytes::Changed) => {
                    // A newer state follows; until then the file is what it was.
                    draft.keep(&stem, old, None, None, None);
                    continue;
                }
                Err(NoBytes::Error(error)) => {
                    draft.keep(&stem, old, Some(pair), None, Some(error));
                    continue;
                }
            };
            if !retry && old.is_some_and(|old| old.digest == Some(bytes.digest)) {
                draft.keep(&stem, old, Some(pair), None, None);
                continue;
            }
            match load::check(draft.inner, &bytes) {
                Ok(passed) => fresh.push(Fresh {
                    owned: old.and_then(|old| old.owns.clone()),
                    stem,
                    pair,
                    bytes,
                    passed,
                }),
                Err(NotPassed {
                    error,
                    manifest,
                    digest,
                }) => {
                    let seen = Seen {
                        digest: bytes.digest,
                        gives: digest,
                        manifest: manifest.map(|manifest| *manifest),
                    };
                    match draft.note_of(digest) {
                        Some(note) => draft.take_rolled_away(&stem, old, pair, seen, note),
                        None => draft.keep(&stem, old, Some(pair), Some(seen), Some(error)),
                    }
                }
            }
        }
        // A file that gives what it gave before comes before one that is new to it; else by name.
        fresh.sort_by_key(|fresh| fresh.owned != Some(fresh.identity()));
        fresh
    }
}

impl Standing {
    pub(super) fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Live | Self::Disabled => None,
            Self::Refused(reason) | Self::Blocked(reason) | Self::Waits(reason) => Some(reason),
        }
    }

    fn is_contextual(&self) -> bool {
        matches!(self, Self::Blocked(_) | Self::Waits(_))
    }
}
