//! One directory of entries (one interface, one category) as it was listed last: from node names to URLs.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::Instant;
use wubbo_core::Url;

use super::backend::{Backend, Live, Reading};
use super::follow::Follower;
use super::path;
use super::shelves::Shelves;
use crate::board::Item;

/// How long entries that a new session does not find are still believed in, at most. After a cluster lost its data, or our
/// session with it, every provider needs as long as its own session to come back (spec 4.6).
const BELIEF_MAX: Duration = Duration::from_secs(30);
/// More entries than this in one directory are not listed but counted as unreadable.
const ENTRIES_MAX: usize = 20_000;
/// How many bad entries of one listing are told one by one.
const TOLD_MAX: usize = 10;
/// How much of a bad entry's name is told.
const NAME_CHARS_TOLD: usize = 200;

/// Reads one directory for [`Shelves`].
#[derive(Debug)]
pub(crate) struct Shelf<B: Backend> {
    pub(crate) shelves: Weak<Shelves<B>>,
    pub(crate) directory: String,
    pub(crate) interface: String,
    pub(crate) category: String,
    pub(crate) contents: Contents,
}

impl<B: Backend> Follower<B::Live> for Shelf<B> {
    type Found = Vec<String>;

    fn path(&self) -> &str {
        &self.directory
    }

    fn read(&self, live: &B::Live) -> impl Future<Output = Reading<Vec<String>>> + Send {
        live.names(&self.directory)
    }

    fn found(&mut self, live: &B::Live, names: Vec<String>) -> Option<Instant> {
        let belief = live.session().min(BELIEF_MAX);
        let read = |name: &str| path::read(name, &self.interface, &self.category);
        let session = Session {
            epoch: live.epoch(),
            belief,
        };
        let (listed, bad) = self.contents.listed(names, read, session, Instant::now());
        for (name, reason) in bad.iter().take(TOLD_MAX) {
            let name: String = name.chars().take(NAME_CHARS_TOLD).collect();
            tracing::warn!(
                directory = self.directory,
                name,
                reason,
                "registry entry is skipped"
            );
        }
        if bad.len() > TOLD_MAX {
            let further = bad.len() - TOLD_MAX;
            tracing::warn!(
                directory = self.directory,
                further,
                "further registry entries are skipped"
            );
        }
        let category = &self.category;
        let items = listed.into_iter().map(|url| Item {
            category: category.clone(),
            url,
        });
        if let Some(shelves) = self.shelves.upgrade() {
            shelves.publish(&self.directory, items.collect());
        }
        self.contents.belief_ends
    }
}

/// The session that a listing came over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session {
    epoch: u64,
    belief: Duration,
}

/// The nodes of a directory, each read once.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    nodes: HashMap<String, Option<Url>>,
    /// Entries of the former session that the new one does not show (yet).
    believed: Vec<Url>,
    belief_ends: Option<Instant>,
    epoch: u64,
}

/// A node that is no entry, and why.
type Bad = (String, String);

impl Contents {
    /// Takes the names of a new listing, and gives each entry (`None`: unreadable) and what is newly found bad.
    fn listed(
        &mut self,
        names: Vec<String>,
        read: impl Fn(&str) -> Result<Url, String>,
        session: Session,
        now: Instant,
    ) -> (Vec<Option<Url>>, Vec<Bad>) {
        let mut bad = Vec::new();
        let mut before = std::mem::take(&mut self.nodes);
        let surplus = names.len().saturating_sub(ENTRIES_MAX);
        for name in names.into_iter().take(ENTRIES_MAX) {
            let url = before.remove(&name).unwrap_or_else(|| match read(&name) {
                Ok(url) => Some(url),
                Err(reason) => {
                    bad.push((name.clone(), reason));
                    None
                }
            });
            self.nodes.insert(name, url);
        }
        if std::mem::replace(&mut self.epoch, session.epoch) != session.epoch {
            // What the last session showed and this one does not is believed in for a while; what was only believed in, too.
            self.believed.extend(before.into_values().flatten());
            self.belief_ends = (!self.believed.is_empty()).then(|| now + session.belief);
        }
        self.review(now);
        let listed = self.nodes.values().cloned();
        let believed = self.believed.iter().cloned().map(Some);
        let surplus = std::iter::repeat_n(None, surplus);
        (listed.chain(believed).chain(surplus).collect(), bad)
    }

    /// Ends the belief in entries whose time is up or whose address is announced anew.
    fn review(&mut self, now: Instant) {
        if self.belief_ends.is_some_and(|end| end <= now) {
            self.believed.clear();
        }
        let address = |url: &Url| (url.protocol().to_owned(), url.host().to_owned(), url.port());
        if !self.believed.is_empty() {
            let listed: HashSet<_> = self.nodes.values().flatten().map(address).collect();
            self.believed.retain(|url| !listed.contains(&address(url)));
        }
        if self.believed.is_empty() {
            self.belief_ends = None;
        }
    }
}

/// The items of one directory.
pub(crate) type Items = Arc<[Item]>;

#[cfg(test)]
mod tests {
    use super::*;

    const BELIEF: Duration = Duration::from_secs(4);

    fn read(name: &str) -> Result<Url, String> {
        path::read(name, "a.B", "providers")
    }

    fn node(port: u16, life: u32) -> String {
        format!("dubbo%3A%2F%2Fh%3A{port}%2Fa.B%3Ftimestamp%3D{life}")
    }

    /// What is listed after `names` came over the session `epoch` at second `at`: `port.timestamp`, sorted.
    fn listed(
        contents: &mut Contents,
        start: Instant,
        epoch: u64,
        at: u64,
        names: &[String],
    ) -> String {
        let session = Session {
            epoch,
            belief: BELIEF,
        };
        let now = start + Duration::from_secs(at);
        let (listed, _) = contents.listed(names.to_vec(), read, session, now);
        let mut found: Vec<String> = listed
            .iter()
            .flatten()
            .map(|url| format!("{}.{}", url.port().unwrap(), url.get("timestamp").unwrap()))
            .collect();
        found.sort();
        found.join(" ")
    }

    /// Spec 4.6, F-102: an entry that did not come back is listed for one session time-out, one that came back in a new life is not.
    #[test]
    fn a_new_session_that_finds_less_is_not_believed_at_once() {
        let (mut contents, start) = (Contents::default(), Instant::now());
        let all = [node(1, 1), node(2, 1), node(3, 1)];
        assert_eq!(listed(&mut contents, start, 1, 0, &all), "1.1 2.1 3.1");
        // Within one session everything counts at once.
        assert_eq!(listed(&mut contents, start, 1, 1, &all[1..]), "2.1 3.1");
        assert_eq!(contents.belief_ends, None);
        assert_eq!(listed(&mut contents, start, 2, 10, &[]), "2.1 3.1");
        assert_eq!(contents.belief_ends, Some(start + Duration::from_secs(14)));
        assert_eq!(
            listed(&mut contents, start, 2, 11, &[node(2, 2)]),
            "2.2 3.1"
        );
        assert_eq!(listed(&mut contents, start, 2, 14, &[node(2, 2)]), "2.2");
        assert_eq!(contents.belief_ends, None);
        // The end comes also when two sessions are lost in a row.
        assert_eq!(listed(&mut contents, start, 3, 20, &[]), "2.2");
        assert_eq!(listed(&mut contents, start, 4, 21, &[]), "2.2");
        assert_eq!(listed(&mut contents, start, 4, 25, &[]), "");
    }

    #[test]
    fn bad_nodes_are_counted_each_time_and_told_once() {
        let mut contents = Contents::default();
        let session = Session {
            epoch: 1,
            belief: BELIEF,
        };
        let names = vec![node(1, 1), "nonsense".to_owned()];
        for told in [1, 0] {
            let (listed, bad) = contents.listed(names.clone(), read, session, Instant::now());
            let unreadable = listed.iter().filter(|url| url.is_none()).count();
            assert_eq!((listed.len(), unreadable, bad.len()), (2, 1, told));
        }
        let flood = (0..ENTRIES_MAX + 5).map(|number| format!("bad{number}"));
        let (listed, _) = contents.listed(flood.collect(), read, session, Instant::now());
        assert_eq!(
            (listed.len(), contents.nodes.len()),
            (ENTRIES_MAX + 5, ENTRIES_MAX)
        );
    }
}
