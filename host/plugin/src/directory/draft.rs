//! The next state of what the directory gives, while it is made: what is kept, started, refused; then published in one store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use wubbo_plugin_sdk::Manifest;

use super::files::Pair;
use super::load::{self, Bytes, Passed};
use super::plan::{File, Standing};
use super::rollback;
use crate::archive::{self, Note};
use crate::book::{Live, NotLive, SwapEnd};
use crate::digest::hex;
use crate::error::{PluginError, PluginErrorKind};
use crate::host::Inner;
use crate::status::{Origin, Reason, RolledBack};
use crate::wasm::{Engine, GENERATIONS_MAX};

/// A file that changed and passed the static check.
pub(super) struct Fresh {
    pub(super) stem: String,
    pub(super) pair: Pair,
    pub(super) bytes: Bytes,
    pub(super) passed: Passed,
    pub(super) owned: Option<String>,
}

/// The bytes of a file that did not pass.
pub(super) struct Seen {
    pub(super) digest: [u8; 32],
    pub(super) gives: [u8; 32],
    pub(super) manifest: Option<Manifest>,
}

/// A generation that is to be live.
pub(super) struct Wanted<'a> {
    pub(super) identity: &'a str,
    pub(super) file: String,
    pub(super) bytes: &'a Bytes,
    pub(super) passed: &'a Passed,
    pub(super) rolled_back: Option<RolledBack>,
}

/// What was waited for while a generation came up.
enum Since {
    File(Box<Pair>),
    Asked(Instant),
}

/// The next state while it is made.
pub(super) struct Draft<'a> {
    pub(super) inner: &'a Inner,
    engine: &'a Arc<Engine>,
    pub(super) before: BTreeMap<String, Live>,
    pub(super) live: BTreeMap<String, Live>,
    /// Which file gives an identity.
    owners: BTreeMap<String, String>,
    pub(super) files: BTreeMap<String, File>,
    /// New generations, to tell how long it took.
    new: Vec<(String, Since)>,
    /// What went live and is to be kept, with its own definition.
    kept: Vec<(String, Fresh)>,
    /// Identities whose file was refused.
    refused: Vec<String>,
}

/// Why a generation did not start, and how its file stands by that.
type NotStarted = (PluginError, fn(Reason) -> Standing);

fn given_already(identity: &str, owner: &str) -> NotStarted {
    let text = format!("{identity} is given by {owner}.wasm already; remove one of the two");
    let error = PluginError::new(PluginErrorKind::Duplicate, text);
    (error, Standing::Blocked)
}

impl Fresh {
    pub(super) fn identity(&self) -> String {
        self.passed.checked.manifest().identity()
    }
}

impl<'a> Draft<'a> {
    pub(super) fn new(inner: &'a Inner, engine: &'a Arc<Engine>) -> Self {
        Self {
            inner,
            engine,
            before: inner.book().files().clone(),
            live: BTreeMap::new(),
            owners: BTreeMap::new(),
            files: BTreeMap::new(),
            new: Vec::new(),
            kept: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// A file stays what it was; with `error` the reason is noted. `seen` are its new bytes.
    pub(super) fn keep(
        &mut self,
        stem: &str,
        old: Option<&File>,
        pair: Option<Pair>,
        seen: Option<Seen>,
        error: Option<PluginError>,
    ) {
        let mut file = match old {
            Some(old) => old.clone(),
            None if error.is_none() => return,
            None => File {
                pair: None,
                digest: None,
                gives: None,
                manifest: None,
                owns: None,
                standing: Standing::Disabled,
            },
        };
        file.pair = pair;
        if let Some(seen) = seen {
            file.digest = Some(seen.digest);
            file.gives = Some(seen.gives);
            file.manifest = seen.manifest.or(file.manifest);
        }
        if let Some(error) = error {
            tracing::error!(file = format!("{stem}.wasm"), %error, "plugin refused");
            if error.kind() == PluginErrorKind::File {
                // Nobody knows the bytes: whatever comes next is looked at.
                file.digest = None;
            }
            self.refused
                .extend(file.manifest.as_ref().map(Manifest::identity));
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
    pub(super) fn take(&mut self, fresh: Fresh) {
        let identity = fresh.identity();
        let mut file = File {
            pair: Some(fresh.pair.clone()),
            digest: Some(fresh.bytes.digest),
            gives: Some(fresh.passed.digest),
            manifest: Some(fresh.passed.checked.manifest().clone()),
            owns: fresh.owned.clone(),
            standing: Standing::Live,
        };
        let stem = fresh.stem.clone();
        match self.start(fresh, &identity) {
            Ok(Some(live)) => {
                file.owns = Some(identity.clone());
                self.give(&stem, identity, live);
            }
            Ok(None) => {
                file.owns = None;
                file.standing = Standing::Disabled;
            }
            Err((error, standing)) => {
                tracing::error!(file = format!("{stem}.wasm"), plugin = identity, %error, "plugin refused");
                file.standing = standing(Reason::now(&error));
                if matches!(file.standing, Standing::Refused(_)) {
                    self.refused.push(identity);
                }
                self.keep_live(&stem, &mut file);
            }
        }
        self.files.insert(stem, file);
    }

    /// `identity` is given by a file.
    pub(super) fn give(&mut self, stem: &str, identity: String, live: Live) {
        self.owners.insert(identity.clone(), stem.to_owned());
        self.live.insert(identity, live);
    }

    fn start(&mut self, fresh: Fresh, identity: &str) -> Result<Option<Live>, NotStarted> {
        if fresh.passed.settings.disabled {
            if !self.inner.book().is_required(identity) {
                return Ok(None);
            }
            let text = "enabled: false, but plugins.required names it";
            let error = PluginError::new(PluginErrorKind::Config, text);
            return Err((error, Standing::Refused));
        }
        if let Some(owner) = self.owners.get(identity) {
            return Err(given_already(identity, owner));
        }
        let file = format!("{}.wasm", fresh.stem);
        let note = self.note_of(fresh.passed.digest);
        if let Some(note) = note {
            let live = self.restore(note, file, fresh.pair);
            return live.map(Some);
        }
        let live = match self.same(identity, fresh.passed.digest) {
            Some(same) => Live {
                file: Some(file),
                rolled_back: None,
                ..same
            },
            None => {
                self.room(identity)?;
                let live = self.bring_up(Wanted {
                    identity,
                    file,
                    bytes: &fresh.bytes,
                    passed: &fresh.passed,
                    rolled_back: None,
                });
                let live = live.map_err(|error| (error, Standing::Refused as _))?;
                let since = Since::File(Box::new(fresh.pair.clone()));
                self.new.push((identity.to_owned(), since));
                live
            }
        };
        self.kept.push((identity.to_owned(), fresh));
        Ok(Some(live))
    }

    /// Whether an operator rolled back from what has this digest.
    pub(super) fn note_of(&self, digest: [u8; 32]) -> Option<Note> {
        self.inner.archive.as_ref()?.rolled_from(&digest)
    }

    /// A file that was rolled away and could not even be checked: what serves in its place.
    pub(super) fn take_rolled_away(
        &mut self,
        stem: &str,
        old: Option<&File>,
        pair: Pair,
        seen: Seen,
        note: Note,
    ) {
        let identity = note.identity.clone();
        let mut file = File {
            pair: Some(pair.clone()),
            digest: Some(seen.digest),
            gives: Some(seen.gives),
            manifest: seen.manifest,
            owns: old.and_then(|old| old.owns.clone()),
            standing: Standing::Live,
        };
        let restored = match self.owners.get(&identity) {
            Some(owner) => Err(given_already(&identity, owner)),
            None => self.restore(note, format!("{stem}.wasm"), pair),
        };
        match restored {
            Ok(live) => {
                file.owns = Some(identity.clone());
                self.give(stem, identity, live);
            }
            Err((error, standing)) => {
                tracing::error!(file = format!("{stem}.wasm"), plugin = identity, %error, "plugin refused");
                file.standing = standing(Reason::now(&error));
                self.keep_live(stem, &mut file);
            }
        }
        self.files.insert(stem.to_owned(), file);
    }

    /// What was rolled back to, in place of what a file gives.
    fn restore(&mut self, note: Note, file: String, pair: Pair) -> Result<Live, NotStarted> {
        let identity = &note.identity;
        let rolled_back = Some(note.report());
        if let Some(same) = self.same(identity, note.to) {
            return Ok(Live {
                file: Some(file),
                rolled_back,
                ..same
            });
        }
        self.room(identity)?;
        let refused = |error| (error, Standing::Refused as _);
        let (bytes, passed) = rollback::kept(self.inner, identity, &note.to).map_err(|error| {
            let from = hex(&note.from);
            refused(error.of(&format_args!("it was rolled back from {from}, and what it was rolled back to is lost; put another file, or roll back to another generation")))
        })?;
        let live = self.bring_up(Wanted {
            identity,
            file,
            bytes: &bytes,
            passed: &passed,
            rolled_back,
        });
        let live = live.map_err(refused)?;
        self.new.push((note.identity, Since::File(Box::new(pair))));
        Ok(live)
    }

    /// What is live of `identity`, if it is this very generation.
    fn same(&self, identity: &str, digest: [u8; 32]) -> Option<Live> {
        let before = self.before.get(identity);
        before
            .filter(|before| before.generation.digest == Some(digest))
            .cloned()
    }

    /// Whether there is room for another plugin, and for another generation of `identity`.
    fn room(&self, identity: &str) -> Result<(), NotStarted> {
        let max = self.inner.workshop.config.max;
        if !self.before.contains_key(identity) && self.live.len() >= max {
            let text = format!("{max} plugins are live already; raise plugins.max or remove one");
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
        Ok(())
    }

    /// Starts a generation, with the module of the one before where that is the same.
    fn bring_up(&self, wanted: Wanted<'_>) -> Result<Live, PluginError> {
        let before = self.before.get(wanted.identity);
        let sha256 = hex(&wanted.bytes.sha256);
        let module = before
            .filter(|before| before.sha256.as_ref() == Some(&sha256))
            .and_then(|before| before.generation.module());
        let replaced = before.map(|before| &*before.generation);
        let (generation, cached) = load::start(
            self.inner,
            self.engine,
            wanted.bytes,
            wanted.passed,
            replaced,
            module,
        )?;
        Ok(Live {
            generation,
            origin: Origin::Wasm,
            file: Some(wanted.file),
            sha256: Some(sha256),
            swap_ms: None,
            cached,
            rolled_back: wanted.rolled_back,
        })
    }

    /// What was asked for by name instead of by a file: live or refused, nothing in between.
    ///
    /// # Errors
    /// As the start of any generation; `Capacity` too when calls still use as many generations as may be.
    pub(super) fn ask(&mut self, wanted: Wanted<'_>, asked: Instant) -> Result<Live, PluginError> {
        let identity = wanted.identity.to_owned();
        if let Some(same) = self.same(&identity, wanted.passed.digest) {
            return Ok(Live {
                rolled_back: wanted.rolled_back,
                ..same
            });
        }
        self.room(&identity).map_err(|(error, _)| error)?;
        let live = self.bring_up(wanted)?;
        self.new.push((identity, Since::Asked(asked)));
        Ok(live)
    }

    /// A file that is not there any more.
    pub(super) fn gone(&mut self, stem: &str, file: &File) {
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

    /// Keeps on disk what goes live, and publishes the draft in one store: whoever sees a generation may count on going back to it.
    pub(super) fn commit(mut self) -> BTreeMap<String, File> {
        self.keep_on_disk();
        for (identity, since) in &self.new {
            if let Some(live) = self.live.get_mut(identity) {
                live.swap_ms = match since {
                    Since::File(pair) => load::age_ms(pair),
                    Since::Asked(asked) => u64::try_from(asked.elapsed().as_millis()).ok(),
                };
                tracing::info!(
                    plugin = live.generation.shared.label,
                    file = live.file,
                    swap_ms = live.swap_ms,
                    cached = live.cached,
                    rolled_back_from = live.rolled_back.as_ref().map(|rolled| &rolled.from),
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
        let ended = self.new.iter().map(|(identity, since)| match since {
            Since::File(_) => (identity, SwapEnd::Live),
            Since::Asked(_) => (identity, SwapEnd::RolledBack),
        });
        let refused = self
            .refused
            .iter()
            .map(|identity| (identity, SwapEnd::Refused));
        let ended = ended.chain(refused);
        {
            let mut book = self.inner.book();
            book.replace(self.live, not_live);
            book.count(ended);
        }
        self.files
    }

    /// Keeps on disk what goes live by its file, and ends roll-backs that are over by that.
    fn keep_on_disk(&self) {
        let Some(archive) = &self.inner.archive else {
            return;
        };
        let digests = self.live.values().filter_map(|live| live.generation.digest);
        let digests: BTreeSet<[u8; 32]> = digests.collect();
        for (identity, fresh) in &self.kept {
            archive.lift(identity);
            let fresh = archive::Fresh {
                identity,
                version: &fresh.passed.checked.manifest().version,
                file: &format!("{}.wasm", fresh.stem),
                digest: fresh.passed.digest,
                sha256: fresh.bytes.sha256,
                given: &fresh.passed.given,
                wasm: &fresh.bytes.wasm,
            };
            archive.keep(&fresh, &digests);
        }
    }
}
