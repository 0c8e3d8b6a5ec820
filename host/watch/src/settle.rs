//! Decides when a state is settled. Knows no file system and no clock: it is told what was seen when.
//!
//! The rule: a state is reported once nothing in it has changed for `settle`, so that files which change
//! together are reported together. A directory that never comes to rest does not hold its settled files
//! back for ever: after `settle_max` these are reported, and the restless ones keep their last settled entry. A restless file that is
//! replaced each time, by a rename, is whole at every moment: it is reported then as it is, or it never would be.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::options::Options;
use crate::snapshot::{Change, Entry, Snapshot};

/// What follows from a look.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// A new settled state to report.
    pub(crate) report: Option<Change>,
    /// When to look again even if nothing happens. `None`: only the poll.
    pub(crate) look_at: Option<Instant>,
}

/// The last change of a path.
#[derive(Debug, Clone, Copy)]
struct Changed {
    at: Instant,
    /// Another file took the place of the one before.
    replaced: bool,
}

#[derive(Debug)]
pub(crate) struct Settler {
    settle: Duration,
    settle_unclosed: Duration,
    settle_max: Duration,
    reported: Option<Change>,
    seen: Option<Change>,
    /// How each path was last seen to change; kept for paths that are not reported yet.
    changed: BTreeMap<PathBuf, Changed>,
    /// When the kind of the state (files, missing, unreadable) last changed.
    kind_changed_at: Option<Instant>,
    pending_since: Option<Instant>,
}

impl Settler {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            settle: options.settle,
            settle_unclosed: options.settle_unclosed,
            settle_max: options.settle_max,
            reported: None,
            seen: None,
            changed: BTreeMap::new(),
            kind_changed_at: None,
            pending_since: None,
        }
    }

    /// Takes what a look at `now` has found. `unclosed` says whether an entry may still be held open by a writer.
    pub(crate) fn observe(
        &mut self,
        now: Instant,
        state: Change,
        unclosed: impl Fn(&Entry) -> bool,
    ) -> Verdict {
        self.note_changes(now, &state);
        self.seen = Some(state.clone());
        if self.reported.as_ref() == Some(&state) {
            return self.at_rest(None);
        }
        let since = *self.pending_since.get_or_insert(now);
        let kind_due = self.kind_changed_at.unwrap_or(now) + self.settle;
        let due = self.due(&state, since, unclosed);
        let all_due = due
            .values()
            .copied()
            .max()
            .unwrap_or(kind_due)
            .max(kind_due);
        if all_due <= now {
            self.reported = Some(state.clone());
            return self.at_rest(Some(state));
        }
        let patience_ends = since + self.settle_max;
        if now < patience_ends || kind_due > now {
            return Verdict {
                report: None,
                look_at: Some(all_due.min(patience_ends.max(kind_due))),
            };
        }
        self.report_part(now, &state, &due)
    }

    fn at_rest(&mut self, report: Option<Change>) -> Verdict {
        self.changed.clear();
        self.pending_since = None;
        Verdict {
            report,
            look_at: None,
        }
    }

    fn note_changes(&mut self, now: Instant, state: &Change) {
        for path in differing(self.seen.as_ref(), Some(state)) {
            let entry = |state| entries(state).and_then(|entries| entries.get(&path));
            let replaced = match (entry(self.seen.as_ref()), entry(Some(state))) {
                (Some(before), Some(after)) => after.replaces(before),
                _ => false,
            };
            self.changed.insert(path, Changed { at: now, replaced });
        }
        if !same_beside_entries(self.seen.as_ref(), state) {
            self.kind_changed_at = Some(now);
        }
    }

    /// When each path that differs from the last report will have rested long enough.
    fn due(
        &self,
        state: &Change,
        since: Instant,
        unclosed: impl Fn(&Entry) -> bool,
    ) -> BTreeMap<PathBuf, Instant> {
        let mut due = BTreeMap::new();
        for path in differing(self.reported.as_ref(), Some(state)) {
            let entry = entries(Some(state)).and_then(|entries| entries.get(&path));
            let changed = self.changed.get(&path);
            let changed_at = changed.map_or(since, |changed| changed.at);
            let at = match entry {
                Some(entry) if unclosed(entry) => changed_at + self.settle_unclosed,
                Some(_) if changed.is_some_and(|changed| changed.replaced) => {
                    let patience_ends = since + self.settle_max;
                    (changed_at + self.settle).min(patience_ends.max(changed_at))
                }
                _ => changed_at + self.settle,
            };
            due.insert(path, at);
        }
        due
    }

    /// Reports the paths that have rested; the others stay as they were reported last.
    fn report_part(
        &mut self,
        now: Instant,
        state: &Change,
        due: &BTreeMap<PathBuf, Instant>,
    ) -> Verdict {
        let look_at = due.values().copied().filter(|at| *at > now).min();
        let Change::Files(snapshot) = state else {
            return Verdict {
                report: None,
                look_at,
            };
        };
        let mut part = entries(self.reported.as_ref()).cloned().unwrap_or_default();
        for (path, _) in due.iter().filter(|(_, at)| **at <= now) {
            match snapshot.get(path) {
                Some(entry) => part.insert(path.clone(), entry.clone()),
                None => part.remove(path),
            };
        }
        let part = Change::Files(Snapshot::new(part, snapshot.skipped().to_vec()));
        let report = (self.reported.as_ref() != Some(&part)).then(|| part.clone());
        if report.is_some() {
            self.reported = Some(part);
            self.pending_since = Some(now);
        }
        Verdict { report, look_at }
    }
}

fn entries(state: Option<&Change>) -> Option<&BTreeMap<PathBuf, Entry>> {
    match state {
        Some(Change::Files(snapshot)) => Some(snapshot.map()),
        _ => None,
    }
}

/// The paths whose entries are not the same in both states. A state without files has no entries.
fn differing(left: Option<&Change>, right: Option<&Change>) -> BTreeSet<PathBuf> {
    let empty = BTreeMap::new();
    let left = entries(left).unwrap_or(&empty);
    let right = entries(right).unwrap_or(&empty);
    let differs = |path: &Path| left.get(path) != right.get(path);
    let paths = left.keys().chain(right.keys());
    paths.filter(|path| differs(path)).cloned().collect()
}

/// Whether both states agree in everything but their entries.
fn same_beside_entries(left: Option<&Change>, right: &Change) -> bool {
    match (left, right) {
        (Some(Change::Files(left)), Change::Files(right)) => left.skipped() == right.skipped(),
        (Some(left), right) => left == right,
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests;
