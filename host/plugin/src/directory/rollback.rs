//! Going back to a kept generation: through the same pipeline, published in one store, and noted, so that it stays until the file says
//! something else.

use std::sync::PoisonError;
use std::time::Instant;

use wubbo_plugin_sdk::Manifest;

use super::draft::{Draft, Wanted};
use super::load::{self, Bytes, Passed};
use super::plan::{File, Plan, Standing};
use crate::archive::{Archive, Note};
use crate::error::{PluginError, PluginErrorKind};
use crate::host::Inner;
use crate::status::unix_ms;

/// Longest digest, in hexadecimal digits.
const DIGITS: usize = 64;

impl Plan {
    /// Rolls `identity` back to the generation before the one that is live, or to the one whose digest begins with `to`. What its file
    /// gives is one of those: going there ends the roll-back.
    ///
    /// # Errors
    /// Kinds `Argument`, `Unknown`, `Conflict`, `Damaged`, and those of a generation that does not start. What is live stays.
    pub(super) fn roll_back(
        &mut self,
        inner: &Inner,
        identity: &str,
        to: Option<&str>,
    ) -> Result<(), PluginError> {
        let asked = Instant::now();
        let (Some(engine), Some(archive)) = (&inner.engine, &inner.archive) else {
            let text = "no generations are kept; set plugins.kept to a directory of this host";
            return Err(PluginError::new(PluginErrorKind::Conflict, text));
        };
        let changes = &inner.workshop.changes;
        let _alone = changes.lock().unwrap_or_else(PoisonError::into_inner);
        let (stem, gives) = self.file_of(inner, identity)?;
        let to = to.map(prefix).transpose()?;
        let mut draft = Draft::new(inner, engine);
        let live = draft.before.get(identity);
        let live = live.and_then(|live| live.generation.digest);
        let entry = archive.choose(identity, live, to.as_deref());
        let entry = entry.map_err(|error| with_builtin(inner, error, identity, &stem))?;
        let (bytes, passed) = kept(inner, identity, &entry.digest)?;
        for (stem, file) in &self.files {
            draft.keep(stem, Some(file), file.pair.clone(), None, None);
        }
        let note = (entry.digest != gives).then(|| Note {
            identity: identity.to_owned(),
            from: gives,
            to: entry.digest,
            at_ms: unix_ms(),
        });
        let wanted = Wanted {
            identity,
            file: format!("{stem}.wasm"),
            bytes: &bytes,
            passed: &passed,
            rolled_back: note.as_ref().map(Note::report),
        };
        let live = draft.ask(wanted, asked)?;
        remember(archive, identity, note)?;
        if let Some(file) = draft.files.get_mut(&stem) {
            file.owns = Some(identity.to_owned());
            file.standing = Standing::Live;
        }
        draft.give(&stem, identity.to_owned(), live);
        self.files = draft.commit();
        inner.workshop.states.forget_unused();
        Ok(())
    }

    /// The file of an identity, and the digest of what it gives.
    fn file_of(&self, inner: &Inner, identity: &str) -> Result<(String, [u8; 32]), PluginError> {
        let is_it = |file: &File| match &file.owns {
            Some(owned) => owned == identity,
            None => file.manifest.as_ref().map(Manifest::identity).as_deref() == Some(identity),
        };
        let conflict = |text: String| Err(PluginError::new(PluginErrorKind::Conflict, text));
        // One that is live comes before one that would be.
        let mut files: Vec<_> = self.files.iter().filter(|(_, file)| is_it(file)).collect();
        files.sort_by_key(|(_, file)| file.owns.is_none());
        match files.first() {
            Some((stem, file)) if file.pair.is_none() => conflict(format!(
                "{identity}: {stem}.wasm is gone or cannot be read; put the file that is wanted"
            )),
            Some((stem, file)) => match (&file.standing, file.gives) {
                (Standing::Disabled, _) => conflict(format!(
                    "{identity} is disabled by {stem}.yaml; remove `enabled: false`"
                )),
                (Standing::Blocked(reason), _) if file.owns.is_none() => {
                    conflict(format!("{stem}.wasm: {}", reason.reason))
                }
                (_, Some(gives)) => Ok(((*stem).clone(), gives)),
                (_, None) => conflict(format!("{identity}: {stem}.wasm was not read yet")),
            },
            None if inner.book().is_linked(identity) => conflict(format!(
                "{identity} is linked into the host and has no file; only plugins of the directory are rolled back"
            )),
            None => {
                let text = format!("{identity}: no file of the directory gives such a plugin");
                Err(PluginError::new(PluginErrorKind::Unknown, text))
            }
        }
    }
}

/// Notes the roll-back, or that there is none any more.
fn remember(archive: &Archive, identity: &str, note: Option<Note>) -> Result<(), PluginError> {
    match note {
        Some(note) => archive.note_down(note),
        None => {
            archive.lift(identity);
            Ok(())
        }
    }
}

/// A kept generation, proven and checked anew.
pub(super) fn kept(
    inner: &Inner,
    identity: &str,
    digest: &[u8; 32],
) -> Result<(Bytes, Passed), PluginError> {
    let Some(archive) = &inner.archive else {
        let text = format!("{identity}: no generations are kept");
        return Err(PluginError::new(PluginErrorKind::Conflict, text));
    };
    let (wasm, given) = archive.read(&archive.entry(identity, digest)?)?;
    let bytes = Bytes::new(wasm, given);
    let passed = load::check_kept(&bytes)?;
    Ok((bytes, passed))
}

fn prefix(text: &str) -> Result<String, PluginError> {
    let text = text.to_ascii_lowercase();
    let digits = text.bytes().all(|digit| digit.is_ascii_hexdigit());
    if digits && (1..=DIGITS).contains(&text.len()) {
        return Ok(text);
    }
    let text = format!("{text:?}: expected the first digits of a digest, 1 to {DIGITS} of 0-9a-f");
    Err(PluginError::new(PluginErrorKind::Argument, text))
}

/// Where nothing earlier is kept, the linked plugin that the file shadows may be what is wanted.
fn with_builtin(inner: &Inner, error: PluginError, identity: &str, stem: &str) -> PluginError {
    if error.kind() == PluginErrorKind::Conflict && inner.book().is_linked(identity) {
        let text = format!("{error}; remove {stem}.wasm and the linked one serves again");
        return PluginError::new(PluginErrorKind::Conflict, text);
    }
    error
}
