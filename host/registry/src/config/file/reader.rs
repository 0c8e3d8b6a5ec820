//! From a settled state of the directory to the texts in it. Files are put there by anybody: a bad one is reported with its reason and
//! hurts nobody else.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wubbo_watch::{Change, Entry, ErrorKind, Snapshot};

use super::super::TEXT_BYTES_MAX;
use super::super::texts::All;
use super::name::place;

/// Most bytes of all texts together. Files above it are left out, or keep their last text.
const ALL_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Reads one directory, pass by pass.
#[derive(Debug)]
pub(super) struct Reader {
    directory: PathBuf,
    files: HashMap<PathBuf, Known>,
    /// The texts of the last pass.
    last: All,
    /// Where the texts of a group lie.
    groups: HashMap<String, PathBuf>,
    outage: Option<String>,
    /// Groups whose directory is gone or cannot be read, told once.
    closed: BTreeSet<String>,
}

/// A file as it was read last.
#[derive(Debug)]
struct Known {
    file: Entry,
    text: Option<Arc<str>>,
    /// What was told about it.
    trouble: Option<String>,
    /// Whether the bytes are still to be looked at.
    read: Read,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Read {
    /// They were.
    Done,
    /// Reading failed, not the bytes.
    Again,
    /// Not as long as the file's place is not its own.
    NotNow,
}

impl Reader {
    pub(super) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            files: HashMap::new(),
            last: All::new(),
            groups: HashMap::new(),
            outage: None,
            closed: BTreeSet::new(),
        }
    }

    /// Whether a pass may find something new although nothing changed.
    pub(super) fn is_restless(&self) -> bool {
        !self.closed.is_empty() || self.files.values().any(|known| known.read == Read::Again)
    }

    /// Every text of `state`; `None` during an outage, when the last texts stay.
    pub(super) fn pass(&mut self, state: &Change) -> Option<All> {
        let snapshot = match state {
            Change::Files(snapshot) => snapshot,
            Change::Missing => return self.out_of_reach("the directory does not exist"),
            Change::Unreadable(reason) => return self.out_of_reach(reason),
            _ => return self.out_of_reach("the directory is in an unknown state"),
        };
        if self.outage.take().is_some() {
            tracing::info!(config = %self.directory.display(), "config center is back");
        }
        self.files.retain(|name, _| snapshot.get(name).is_some());
        let mut texts = All::new();
        let mut bytes = 0_u64;
        for file in snapshot.entries() {
            match place(file.name()) {
                Ok(place) => {
                    bytes = bytes.saturating_add(file.len().min(TEXT_BYTES_MAX));
                    let text = if texts.contains_key(&place) {
                        self.refuse(file, "another file has the same group and key".to_owned());
                        None
                    } else if bytes > ALL_BYTES_MAX {
                        self.stay(
                            file,
                            format!("the texts have more than {ALL_BYTES_MAX} bytes"),
                        )
                    } else {
                        self.text(file)
                    };
                    if let Some(directory) = file.path().parent() {
                        self.groups
                            .insert(place.group.clone(), directory.to_owned());
                    }
                    texts.extend(text.map(|text| (place, text)));
                }
                Err(reason) => self.refuse(file, reason),
            }
        }
        self.keep_closed(snapshot, &mut texts);
        self.last.clone_from(&texts);
        Some(texts)
    }

    fn out_of_reach(&mut self, reason: &str) -> Option<All> {
        if self.outage.as_deref() != Some(reason) {
            tracing::warn!(
                config = %self.directory.display(),
                error = reason,
                "config center out of reach, the last rules stay"
            );
        }
        self.outage = Some(reason.to_owned());
        None
    }

    /// The text of `file`, read only when it changed. A file whose bytes cannot be used keeps its last text.
    fn text(&mut self, file: &Entry) -> Option<Arc<str>> {
        let known = self.files.get(file.name());
        if known.is_none_or(|known| known.file != *file || known.read != Read::Done) {
            let last = known.and_then(|known| known.text.clone());
            let (text, trouble, done) = match read(file) {
                Ok(text) => (Some(text), None, Read::Done),
                Err(Bad::Changed) => (last, None, Read::Again),
                Err(Bad::Unread(reason)) => (last, Some(reason), Read::Again),
                Err(Bad::Refused(reason)) => (last, Some(reason), Read::Done),
            };
            self.learn(file, text, trouble, done);
        }
        self.files.get(file.name())?.text.clone()
    }

    /// The last text of a file that is not to be read now.
    fn stay(&mut self, file: &Entry, reason: String) -> Option<Arc<str>> {
        let known = self.files.get(file.name());
        let last = known.and_then(|known| known.text.clone());
        self.learn(file, last.clone(), Some(reason), Read::NotNow);
        last
    }

    fn refuse(&mut self, file: &Entry, reason: String) {
        self.learn(file, None, Some(reason), Read::NotNow);
    }

    fn learn(&mut self, file: &Entry, text: Option<Arc<str>>, trouble: Option<String>, read: Read) {
        let before = self.files.get(file.name());
        let told = before.and_then(|known| known.trouble.as_ref());
        if let Some(error) = trouble.as_ref().filter(|reason| told != Some(reason)) {
            let kept = if text.is_some() {
                "the last text stays"
            } else {
                "it is left out"
            };
            tracing::warn!(file = %file.path().display(), error, "rule file cannot be used, {kept}");
        }
        let known = Known {
            file: file.clone(),
            text,
            trouble,
            read,
        };
        self.files.insert(file.name().to_owned(), known);
    }

    /// A group whose directory vanished or cannot be read keeps its last texts: that is an outage of its own. Rules are removed by
    /// removing their files.
    fn keep_closed(&mut self, snapshot: &Snapshot, texts: &mut All) {
        let mut closed = BTreeSet::new();
        let mut kept = All::new();
        self.groups.retain(|group, directory| {
            let mut skipped = snapshot.skipped().iter();
            if directory.is_dir() && !skipped.any(|skipped| skipped.path.starts_with(&*directory)) {
                return true;
            }
            if !self.closed.contains(group) {
                tracing::warn!(
                    directory = %directory.display(),
                    "a group of the config center is gone or cannot be read, its last rules stay"
                );
            }
            let texts = self.last.iter().filter(|(place, _)| place.group == *group);
            let before = kept.len();
            kept.extend(texts.map(|(place, text)| (place.clone(), text.clone())));
            closed.insert(group.clone());
            kept.len() > before
        });
        kept.append(texts);
        *texts = kept;
        self.closed = closed;
    }
}

/// Why a file gave no text.
enum Bad {
    /// It changed while it was read; the watch tells again.
    Changed,
    /// It cannot be read now; the same bytes may be read later.
    Unread(String),
    /// These bytes are no text.
    Refused(String),
}

fn read(file: &Entry) -> Result<Arc<str>, Bad> {
    let bytes = file
        .read(TEXT_BYTES_MAX)
        .map_err(|error| match error.kind() {
            ErrorKind::Changed => Bad::Changed,
            ErrorKind::TooLarge => Bad::Refused(error.to_string()),
            _ => Bad::Unread(error.to_string()),
        })?;
    let text = String::from_utf8(bytes).map_err(|_| Bad::Refused("is not UTF-8".to_owned()))?;
    Ok(text.into())
}
