//! Shared state: one space of keys per plugin and state version, used by all its instances and kept over a swap (ABI.md 8.5).
//!
//! Kept by the host, so that a window or a counter is exact across threads and generations. Each function is atomic: a short
//! lock on one of sixteen shards, touched only by plugins that ask.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wubbo_plugin_sdk::ErrorKind;
use wubbo_plugin_sdk::abi::limits::{KEY_MAX, STATE_KEYS_MAX, STATE_VALUE_MAX};
use wubbo_plugin_sdk::abi::names::TTL_KEEP;
use wubbo_plugin_sdk::native::{Expect, HostResult};

const SHARDS: usize = 16;

/// The state of one plugin in one state version.
pub(crate) struct State {
    shards: [Mutex<HashMap<Box<str>, Item>>; SHARDS],
    keys: AtomicUsize,
    hasher: RandomState,
}

struct Item {
    value: Box<[u8]>,
    expires: Option<Instant>,
}

impl Item {
    fn is_over(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            shards: Default::default(),
            keys: AtomicUsize::new(0),
            hasher: RandomState::new(),
        }
    }

    /// Keys held, expired ones included.
    pub(crate) fn keys(&self) -> usize {
        self.keys.load(Ordering::Relaxed)
    }

    pub(crate) fn get(&self, key: &str, now: Instant) -> HostResult<Vec<u8>> {
        let shard = self.shard(key)?;
        let item = shard.get(key).filter(|item| !item.is_over(now));
        item.map(|item| item.value.to_vec())
            .ok_or(ErrorKind::Absent)
    }

    pub(crate) fn add(&self, key: &str, delta: i64, ttl_ms: i64, now: Instant) -> HostResult<i64> {
        let ttl = u64::try_from(ttl_ms).map_err(|_| ErrorKind::BadArgument)?;
        self.make_room(key, now)?;
        let mut shard = self.shard(key)?;
        if let Some(item) = shard.get_mut(key).filter(|item| !item.is_over(now)) {
            let bytes: [u8; 8] = item
                .value
                .as_ref()
                .try_into()
                .map_err(|_| ErrorKind::WrongType)?;
            let sum = i64::from_le_bytes(bytes).wrapping_add(delta);
            item.value = sum.to_le_bytes().into();
            return Ok(sum);
        }
        let item = Item {
            value: delta.to_le_bytes().into(),
            expires: expiry(ttl, now),
        };
        self.insert(&mut shard, key, item)?;
        Ok(delta)
    }

    pub(crate) fn cas(
        &self,
        key: &str,
        expected: Expect<'_>,
        new: Option<&[u8]>,
        ttl_ms: i64,
        now: Instant,
    ) -> HostResult<()> {
        let ttl = match ttl_ms {
            TTL_KEEP => None,
            ttl => Some(u64::try_from(ttl).map_err(|_| ErrorKind::BadArgument)?),
        };
        if new.is_some_and(|new| new.len() > STATE_VALUE_MAX) {
            return Err(ErrorKind::TooLarge);
        }
        if new.is_some() {
            self.make_room(key, now)?;
        }
        let mut shard = self.shard(key)?;
        let present = shard.get(key).filter(|item| !item.is_over(now));
        let met = match expected {
            Expect::Any => true,
            Expect::Absent => present.is_none(),
            Expect::Value(value) => present.is_some_and(|item| *item.value == *value),
        };
        if !met {
            return Err(ErrorKind::Conflict);
        }
        let Some(new) = new else {
            if shard.remove(key).is_some() {
                self.keys.fetch_sub(1, Ordering::Relaxed);
            }
            return Ok(());
        };
        let expires = match ttl {
            Some(ttl) => expiry(ttl, now),
            None => present.and_then(|item| item.expires),
        };
        let item = Item {
            value: new.into(),
            expires,
        };
        self.insert(&mut shard, key, item)
    }

    fn shard(&self, key: &str) -> HostResult<MutexGuard<'_, HashMap<Box<str>, Item>>> {
        if key.is_empty() {
            return Err(ErrorKind::BadArgument);
        }
        if key.len() > KEY_MAX {
            return Err(ErrorKind::TooLarge);
        }
        let number = self.hasher.hash_one(key) as usize % SHARDS;
        let shard = self.shards.get(number).ok_or(ErrorKind::Unavailable)?;
        Ok(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn insert(&self, shard: &mut HashMap<Box<str>, Item>, key: &str, item: Item) -> HostResult<()> {
        if let Some(present) = shard.get_mut(key) {
            *present = item;
            return Ok(());
        }
        if self.keys.fetch_add(1, Ordering::Relaxed) >= STATE_KEYS_MAX {
            self.keys.fetch_sub(1, Ordering::Relaxed);
            return Err(ErrorKind::Quota);
        }
        shard.insert(key.into(), item);
        Ok(())
    }

    /// Forgets what has expired when the plugin's share is used up. Looks at everything, which is why it runs only then.
    fn make_room(&self, key: &str, now: Instant) -> HostResult<()> {
        if self.keys() < STATE_KEYS_MAX || self.shard(key)?.contains_key(key) {
            return Ok(());
        }
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let before = shard.len();
            shard.retain(|_, item| !item.is_over(now));
            self.keys.fetch_sub(before - shard.len(), Ordering::Relaxed);
        }
        Ok(())
    }
}

fn expiry(ttl_ms: u64, now: Instant) -> Option<Instant> {
    (ttl_ms > 0).then(|| now.checked_add(Duration::from_millis(ttl_ms)))?
}

/// The state of every plugin, by identity and state version; kept while a generation of the plugin is.
#[derive(Default)]
pub(crate) struct States(Mutex<HashMap<(String, u32), Arc<State>>>);

impl States {
    pub(crate) fn of(&self, identity: &str, version: u32) -> Arc<State> {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states.entry((identity.to_owned(), version));
        Arc::clone(state.or_insert_with(|| Arc::new(State::new())))
    }

    /// Forgets the state of plugins of which no generation is left.
    pub(crate) fn forget_unused(&self) {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        states.retain(|_, state| Arc::strong_count(state) > 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_window_is_one_add() {
        let (state, start) = (State::new(), Instant::now());
        assert_eq!(state.add("w", 2, 1000, start), Ok(2));
        // The time to live counts only when the key is made.
        assert_eq!(
            state.add("w", 3, 9000, start + Duration::from_millis(999)),
            Ok(5)
        );
        assert_eq!(
            state.add("w", 1, 1000, start + Duration::from_millis(1000)),
            Ok(1)
        );
    }

    #[test]
    fn compare_and_set_changes_only_what_it_expects() {
        let (state, now) = (State::new(), Instant::now());
        let cas = |expected, new, ttl| state.cas("k", expected, new, ttl, now);
        assert_eq!(
            cas(Expect::Value(b"a"), Some(b"b"), 0),
            Err(ErrorKind::Conflict)
        );
        assert_eq!(cas(Expect::Absent, Some(b"a"), 0), Ok(()));
        assert_eq!(cas(Expect::Absent, Some(b"b"), 0), Err(ErrorKind::Conflict));
        assert_eq!(cas(Expect::Value(b"a"), Some(b"b"), 0), Ok(()));
        assert_eq!(state.get("k", now), Ok(b"b".to_vec()));
        assert_eq!(state.add("k", 1, 0, now), Err(ErrorKind::WrongType));
        assert_eq!(cas(Expect::Any, None, 0), Ok(()));
        assert_eq!(state.get("k", now), Err(ErrorKind::Absent));
        assert_eq!(state.keys(), 0);
        assert_eq!(cas(Expect::Any, None, -2), Err(ErrorKind::BadArgument));
    }

    #[test]
    fn a_kept_expiry_is_kept() {
        let (state, now) = (State::new(), Instant::now());
        state.cas("k", Expect::Any, Some(b"a"), 10, now).unwrap();
        state
            .cas("k", Expect::Any, Some(b"b"), TTL_KEEP, now)
            .unwrap();
        assert!(state.get("k", now).is_ok());
        assert_eq!(
            state.get("k", now + Duration::from_millis(10)),
            Err(ErrorKind::Absent)
        );
    }

    #[test]
    fn the_share_of_keys_is_bounded_and_expired_keys_make_room() {
        let (state, now) = (State::new(), Instant::now());
        for number in 0..STATE_KEYS_MAX {
            assert!(state.add(&format!("k{number}"), 1, 5, now).is_ok());
        }
        assert_eq!(state.add("one more", 1, 5, now), Err(ErrorKind::Quota));
        assert_eq!(state.add("k7", 1, 5, now), Ok(2));
        let later = now + Duration::from_millis(5);
        assert_eq!(state.add("one more", 1, 0, later), Ok(1));
        assert_eq!(state.keys(), 1);
        assert_eq!(
            state.get(&"k".repeat(KEY_MAX + 1), now),
            Err(ErrorKind::TooLarge)
        );
        let large = vec![0; STATE_VALUE_MAX + 1];
        assert_eq!(
            state.cas("k", Expect::Any, Some(&large), 0, now),
            Err(ErrorKind::TooLarge)
        );
    }

    #[test]
    fn a_new_generation_of_the_same_state_version_finds_what_the_old_one_left() {
        let states = States::default();
        let old = states.of("filter/tps", 1);
        old.add("w", 1, 0, Instant::now()).unwrap();
        let new = states.of("filter/tps", 1);
        drop(old);
        states.forget_unused();
        assert_eq!(new.keys(), 1);
        assert_eq!(states.of("filter/tps", 2).keys(), 0);
        drop(new);
        states.forget_unused();
        assert_eq!(states.of("filter/tps", 1).keys(), 0);
    }
}
