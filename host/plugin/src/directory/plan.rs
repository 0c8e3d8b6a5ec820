//! One settled state of the directory against what is live: which files changed, which plugin each gives, what is kept, what goes.
//!
//! Whatever goes wrong with a file, the generation that it gave before serves on. All changes of one state are published in one store.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use wubbo_plugin_sdk::Manifest;
use wubbo_watch::Snapshot;

use super::files::{Files, Pair};
use super::load::{self, Bytes, NoBytes, NotPassed, Passed};
use crate::book::{Live, NotLive};
use crate::digest::hex;
use crate::error::{PluginError, PluginErrorKind};
use crate::host::Inner;
use crate::status::{Origin, Reason, RefusedFile};
use crate::wasm::{Engine, GENERATIONS_MAX};

/// What is known of the files, from one settled state to the next.
#[derive(Default)]
pub(super) struct Plan {
    files: BTreeMap<String, File>,
    /// YAML files without a module, and since when.
    alone: BTreeMap<String, Reason>,
}

/// One file by its stem.
#[derive(Clone)]
struct File {
    /// As it was looked at last; `None` when it is gone or cannot be looked at, so that the next sight counts as a change.
    pair: Option<Pair>,
    digest: Option<[u8; 32]>,
    manifest: Option<Manifest>,
    /// The identity whose live generation it gave.
    owns: Option<String>,
    standing: Standing,
}

#[derive(Clone)]
enum Standing {
    Live,
    Disabled,
    /// Not tried again until its bytes change.
    Refused(Reason),
    /// Refused for what others do: tried again with every settled state.
    Blocked(Reason),
    /// Blocked until an older generation has drained.
    Waits(Reason),
}

/// A file that changed and passed the static check.
struct Fresh {
    stem: String,
    pair: Pair,
    bytes: Bytes,
    passed: Passed,
    owned: Option<String>,
}

/// The next state while it is made.
struct Draft<'a> {
    inner: &'a Inner,
    engine: &'a Arc<Engine>,
    before: BTreeMap<String, Live>,
    live: BTreeMap<String, Live>,
    /// Which file gives an identity.
    owners: BTreeMap<String, String>,
    files: BTreeMap<String, File>,
    /// New generations and the files they came from, to tell how long it took.
    new: Vec<(String, Pair)>,
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
        let mut draft = Draft {
            inner,
            engine,
            before: inner.book().files().clone(),
            live: BTreeMap::new(),
            owners: BTreeMap::new(),
            files: BTreeMap::new(),
            new: Vec::new(),
        };
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
                Err(NotPassed { error, manifest }) => {
                    draft.keep(
                        &stem,
                        old,
                        Some(pair),
                        Some((bytes.digest, manifest.map(|manifest| *manifest))),
                        Some(error),
                    );
                }
            }
        }
        // A file that gives what it gave before comes before one that is new to it; else by name.
        fresh.sort_by_key(|fresh| fresh.owned != Some(fresh.identity()));
        fresh
    }
}

impl Standing {
    fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Live | Self::Disabled => None,
            Self::Refused(reason) | Self::Blocked(reason) | Self::Waits(reason) => Some(reason),
        }
    }

    fn is_contextual(&self) -> bool {
        matches!(self, Self::Blocked(_) | Self::Waits(_))
    }
}

impl Fresh {
    fn identity(&self) -> String {
        self.passed.checked.manifest().identity()
    }
}

impl Draft<'_> {
    /// A file stays what it was; with `error` the reason is noted. `seen` are its new bytes.
    fn keep(
        &mut self,
        stem: &str,
        old: Option<&File>,
        pair: Option<Pair>,
        seen: Option<([u8; 32], Option<Manifest>)>,
        error: Option<PluginError>,
    ) {
        let mut file = match old {
            Some(old) => old.clone(),
            None if error.is_none() => return,
            None => File {
                pair: None,
                digest: None,
                manifest: None,
                owns: None,
                standing: Standing::Disabled,
            },
        };
        file.pair = pair;
        if let Some((digest, manifest)) = seen {
            file.digest = Some(digest);
            file.manifest = manifest.or(file.manifest);
        }
        if let Some(error) = error {
            tracing::error!(file = format!("{stem}.wasm"), %error, "plugin refused");
            if error.kind() == PluginErrorKind::File {
                // Nobody knows the bytes: whatever comes next is looked at.
                file.digest = None;
            }
            file.standing = Standing::Refused(Reason::now(&error));
        }
        self.keep_live(stem, &mut file);
        self.files.insert(stem.to_owned(), file);
    }

    /// The generation that a file gave serves on, unless another file gives that identity by now.
    fn keep_live(&mut self, stem: &str, file: &mut File) {
        let Some(identity) = file.owns.clone() else {
            return;
        };
        match self.before.get(&identity) {
            Some(live) if !self.live.contains_key(&identity) => {
                self.live.insert(identity.clone(), live.clone());
                self.owners.insert(identity, stem.to_owned());
            }
            _ => file.owns = None,
        }
    }

    /// A changed file that passed the static check: started, or refused for what others do.
    fn take(&mut self, fresh: Fresh) {
        let identity = fresh.identity();
        let mut file = File {
            pair: Some(fresh.pair.clone()),
            digest: Some(fresh.bytes.digest),
            manifest: Some(fresh.passed.checked.manifest().clone()),
            owns: fresh.owned.clone(),
            standing: Standing::Live,
        };
        match self.start(&fresh, &identity) {
            Ok(Some(live)) => {
                self.live.insert(identity.clone(), live);
                self.owners.insert(identity.clone(), fresh.stem.clone());
                file.owns = Some(identity);
            }
            Ok(None) => {
                file.owns = None;
                file.standing = Standing::Disabled;
            }
            Err((error, standing)) => {
                tracing::error!(file = format!("{}.wasm", fresh.stem), plugin = identity, %error, "plugin refused");
                file.standing = standing(Reason::now(&error));
                self.keep_live(&fresh.stem, &mut file);
            }
        }
        self.files.insert(fresh.stem, file);
    }

    #[allow(
        clippy::type_complexity,
        reason = "the standing that the error leads to, beside it"
    )]
    fn start(
        &mut self,
        fresh: &Fresh,
        identity: &str,
    ) -> Result<Option<Live>, (PluginError, fn(Reason) -> Standing)> {
        let config = &self.inner.workshop.config;
        if fresh.passed.settings.disabled {
            if !self.inner.book().is_required(identity) {
                return Ok(None);
            }
            let text = "enabled: false, but plugins.required names it";
            let error = PluginError::new(PluginErrorKind::Config, text);
            return Err((error, Standing::Refused));
        }
        if let Some(owner) = self.owners.get(identity) {
            let text =
                format!("{identity} is given by {owner}.wasm already; remove one of the two");
            let error = PluginError::new(PluginErrorKind::Duplicate, text);
            return Err((error, Standing::Blocked));
        }
        let sha256 = hex(&fresh.bytes.sha256);
        let file = Some(format!("{}.wasm", fresh.stem));
        let before = self.before.get(identity);
        if let Some(same) =
            before.filter(|before| before.generation.digest == Some(fresh.bytes.digest))
        {
            return Ok(Some(Live {
                file,
                ..same.clone()
            }));
        }
        if before.is_none() && self.live.len() >= config.max {
            let text = format!(
                "{} plugins are live already; raise plugins.max or remove one",
                config.max
            );
            let error = PluginError::new(PluginErrorKind::Capacity, text);
            return Err((error, Standing::Blocked));
        }
        if self.inner.book().holding(identity) >= GENERATIONS_MAX {
            let text = format!(
                "{GENERATIONS_MAX} generations still hold instances; waits until calls in flight leave one"
            );
            let error = PluginError::new(PluginErrorKind::Capacity, text);
            return Err((error, Standing::Waits));
        }
        let replaced = before.map(|before| &*before.generation);
        let module = before
            .filter(|before| before.sha256.as_ref() == Some(&sha256))
            .and_then(|before| before.generation.module());
        let started = load::start(
            self.inner,
            self.engine,
            &fresh.bytes,
            &fresh.passed,
            replaced,
            module,
        );
        let (generation, cached) =
            started.map_err(|error| (error, Standing::Refused as fn(Reason) -> Standing))?;
        self.new.push((identity.to_owned(), fresh.pair.clone()));
        Ok(Some(Live {
            generation,
            origin: Origin::Wasm,
            file,
            sha256: Some(sha256),
            swap_ms: None,
            cached,
        }))
    }

    /// A file that is not there any more.
    fn gone(&mut self, stem: &str, file: &File) {
        let Some(identity) = file.owns.as_deref() else {
            return;
        };
        if self.live.contains_key(identity) {
            return;
        }
        if self.inner.book().is_required(identity) {
            let error = PluginError::new(
                PluginErrorKind::File,
                "the file is gone; plugins.required names its plugin, which stays",
            );
            self.keep(stem, Some(file), None, None, Some(error));
        } else {
            tracing::info!(
                plugin = identity,
                file = format!("{stem}.wasm"),
                "plugin unloaded"
            );
        }
    }

    /// Publishes the draft in one store.
    fn commit(mut self) -> BTreeMap<String, File> {
        for (identity, pair) in &self.new {
            if let Some(live) = self.live.get_mut(identity) {
                live.swap_ms = load::age_ms(pair);
                tracing::info!(
                    plugin = live.generation.shared.label,
                    file = live.file,
                    swap_ms = live.swap_ms,
                    cached = live.cached,
                    "plugin live"
                );
            }
        }
        let not_live = self.files.iter().filter_map(|(stem, file)| {
            let error = match &file.standing {
                Standing::Live => return None,
                standing => standing.reason().cloned(),
            };
            let not_live = NotLive {
                file: format!("{stem}.wasm"),
                manifest: file.manifest.clone(),
                error,
            };
            Some((stem.clone(), not_live))
        });
        let not_live = not_live.collect();
        // What was live before must not be kept alive by this draft: the last call is to free it.
        self.before.clear();
        self.inner.book().replace(self.live, not_live);
        self.files
    }
}
