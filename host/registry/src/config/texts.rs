//! Texts by group and key, and those who follow them: what all config centers have in common.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use wubbo_core::{ConfigSubscription, Error, ErrorKind};

/// Dubbo's group of rules; also meant by an empty one.
pub(super) const DEFAULT_GROUP: &str = "dubbo";

/// Group and key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) group: String,
    pub(super) key: String,
}

/// Texts by place. Followers see none where a text is nothing but white space.
pub(super) type All = BTreeMap<Place, Arc<str>>;

/// The texts and their followers.
#[derive(Debug, Default)]
pub(super) struct Texts(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    texts: All,
    followed: HashMap<Place, watch::Sender<Option<Arc<str>>>>,
}

/// Whether followers see `text`; one of nothing but white space is none to them.
pub(super) fn is_text(text: &str) -> bool {
    !text.trim().is_empty()
}

impl Place {
    /// # Errors
    /// [`ErrorKind::Config`] when there is no key.
    pub(super) fn new(key: &str, group: &str) -> Result<Self, Error> {
        if key.is_empty() {
            let message = format!("config center: a key is wanted in group {group:?}");
            return Err(Error::new(ErrorKind::Config, message));
        }
        let group = if group.is_empty() {
            DEFAULT_GROUP
        } else {
            group
        };
        Ok(Self {
            group: group.to_owned(),
            key: key.to_owned(),
        })
    }
}

impl Texts {
    /// Replaces every text. Followers whose text did not change hear nothing.
    pub(super) fn publish(&self, texts: All) {
        self.change(|all| *all = texts);
    }

    /// Changes the texts, and tells whom it concerns.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut All) -> T) -> T {
        let mut state = self.lock();
        let answer = change(&mut state.texts);
        let State { texts, followed } = &mut *state;
        // A subscription that was dropped leaves here: at the latest with the next news.
        followed.retain(|_, sender| !sender.is_closed());
        for (place, sender) in followed {
            let text = texts.get(place).filter(|text| is_text(text));
            sender.send_if_modified(|last| {
                let news = last.as_ref() != text;
                if news {
                    *last = text.cloned();
                }
                news
            });
        }
        answer
    }

    /// The text at one place.
    pub(super) fn get(&self, place: &Place) -> Option<Arc<str>> {
        self.lock().texts.get(place).cloned()
    }

    /// Follows one place.
    pub(super) fn subscribe(&self, place: Place) -> ConfigSubscription {
        let mut state = self.lock();
        let text = state.texts.get(&place).filter(|text| is_text(text));
        let text = text.cloned();
        state.followed.retain(|_, sender| !sender.is_closed());
        let sender = state
            .followed
            .entry(place)
            .or_insert_with(|| watch::Sender::new(text));
        ConfigSubscription::new(sender.subscribe(), ())
    }

    /// Ends all subscriptions.
    pub(super) fn close(&self) {
        self.lock().followed.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_nobody_follows_any_more_are_given_up() {
        let texts = Texts::default();
        for number in 0..100 {
            drop(texts.subscribe(Place::new(&format!("key{number}"), "").unwrap()));
        }
        assert_eq!(texts.lock().followed.len(), 1);
        texts.change(|_| ());
        assert!(texts.lock().followed.is_empty());
    }

    #[test]
    fn no_group_is_dubbos_and_no_key_is_refused() {
        assert_eq!(Place::new("k", "").unwrap().group, "dubbo");
        assert_eq!(Place::new("", "g").unwrap_err().kind(), ErrorKind::Config);
    }
}
