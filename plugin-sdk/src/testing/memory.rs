//! The host of a test: everything in memory, time stands still until it is moved.

use crate::abi::limits;
use crate::error::ErrorKind;
use crate::native::{Clock, Expect, HostFunctions, HostResult, Level, LogTarget, MetricKind};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// A host without a process around it. Its clock starts at 1,000,000 ms; its random numbers repeat in each run.
#[derive(Debug)]
pub struct MemoryHost {
    now_ms: Cell<i64>,
    seed: Cell<u64>,
    sealed: Cell<bool>,
    in_call: Cell<bool>,
    log_open: Cell<bool>,
    logs: RefCell<Vec<(Level, String)>>,
    access: RefCell<Vec<String>>,
    state: RefCell<HashMap<String, Entry>>,
    metrics: RefCell<Vec<(MetricKind, String, i64)>>,
}

#[derive(Debug)]
struct Entry {
    value: Vec<u8>,
    expires_ms: Option<i64>,
}

impl Default for MemoryHost {
    fn default() -> Self {
        Self {
            now_ms: Cell::new(1_000_000),
            seed: Cell::new(0x9e37_79b9_7f4a_7c15),
            sealed: Cell::new(false),
            in_call: Cell::new(false),
            log_open: Cell::new(true),
            logs: RefCell::default(),
            access: RefCell::default(),
            state: RefCell::default(),
            metrics: RefCell::default(),
        }
    }
}

impl MemoryHost {
    /// Moves the clock.
    pub fn advance_ms(&self, ms: i64) {
        self.now_ms.set(self.now_ms.get().wrapping_add(ms));
    }

    /// From now on both logs answer `Quota`, as a host does whose queue is full.
    pub fn fill_log(&self) {
        self.log_open.set(false);
    }

    /// What was logged, in order.
    #[must_use]
    pub fn logs(&self) -> Vec<(Level, String)> {
        self.logs.borrow().clone()
    }

    /// The access log's lines, in order, without the time that a real host puts before them.
    #[must_use]
    pub fn access_lines(&self) -> Vec<String> {
        self.access.borrow().clone()
    }

    /// A metric: the sum of a counter or histogram, the value of a gauge; `None` if nobody made it.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<i64> {
        self.metrics
            .borrow()
            .iter()
            .find(|(_, found, _)| found == name)
            .map(|(_, _, value)| *value)
    }

    /// Metrics can be made while this runs, as during `new` in a real host, and not after.
    pub(super) fn building<T>(&self, build: impl FnOnce() -> T) -> T {
        self.sealed.set(false);
        let built = build();
        self.sealed.set(true);
        built
    }

    /// Between the two a call runs, and with it its access log is open.
    pub(super) fn in_call(&self, running: bool) {
        self.in_call.set(running);
    }

    fn line(&self, text: &str, max: usize, keep: impl FnOnce(String)) -> HostResult<()> {
        if !self.log_open.get() {
            return Err(ErrorKind::Quota);
        }
        let mut end = text.len().min(max);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let clean = |character: char| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        };
        keep(
            text.get(..end)
                .unwrap_or_default()
                .chars()
                .map(clean)
                .collect(),
        );
        Ok(())
    }

    fn live(&self, key: &str) -> HostResult<Option<Vec<u8>>> {
        if key.is_empty() || key.len() > limits::KEY_MAX {
            return Err(ErrorKind::TooLarge);
        }
        let mut state = self.state.borrow_mut();
        let now = self.now_ms.get();
        let expired = state
            .get(key)
            .is_some_and(|entry| entry.expires_ms.is_some_and(|at| at <= now));
        if expired {
            state.remove(key);
        }
        Ok(state.get(key).map(|entry| entry.value.clone()))
    }

    fn store(&self, key: &str, value: &[u8], ttl_ms: i64) -> HostResult<()> {
        if value.len() > limits::STATE_VALUE_MAX {
            return Err(ErrorKind::TooLarge);
        }
        let mut state = self.state.borrow_mut();
        let kept = state.get(key).and_then(|entry| entry.expires_ms);
        if !state.contains_key(key) && state.len() >= limits::STATE_KEYS_MAX {
            return Err(ErrorKind::Quota);
        }
        let expires_ms = match ttl_ms {
            0 => None,
            -1 => kept,
            ttl_ms => Some(self.now_ms.get().saturating_add(ttl_ms)),
        };
        state.insert(
            key.to_owned(),
            Entry {
                value: value.to_vec(),
                expires_ms,
            },
        );
        Ok(())
    }
}

impl HostFunctions for MemoryHost {
    fn log(&self, target: LogTarget, level: Level, text: &str) -> HostResult<()> {
        match target {
            LogTarget::Host => self.line(text, limits::LOG_LINE_MAX, |line| {
                self.logs.borrow_mut().push((level, line))
            }),
            LogTarget::Access if self.in_call.get() => {
                self.line(text, limits::ACCESS_LINE_MAX, |line| {
                    self.access.borrow_mut().push(line)
                })
            }
            LogTarget::Access => Err(ErrorKind::NotAllowed),
        }
    }

    fn clock(&self, clock: Clock) -> HostResult<i64> {
        match clock {
            Clock::UnixMs => Ok(self.now_ms.get()),
            Clock::MonotonicNs => Ok(self.now_ms.get().wrapping_mul(1_000_000)),
        }
    }

    fn random(&self) -> HostResult<u64> {
        // xorshift64: good enough to be uneven, and the same in each run.
        let mut seed = self.seed.get();
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        self.seed.set(seed);
        Ok(seed)
    }

    fn state_get(&self, key: &str) -> HostResult<Vec<u8>> {
        self.live(key)?.ok_or(ErrorKind::Absent)
    }

    fn state_add(&self, key: &str, delta: i64, ttl_ms: i64) -> HostResult<i64> {
        if ttl_ms < 0 {
            return Err(ErrorKind::BadArgument);
        }
        let Some(present) = self.live(key)? else {
            self.store(key, &delta.to_le_bytes(), ttl_ms)?;
            return Ok(delta);
        };
        let number = <[u8; 8]>::try_from(present.as_slice()).map_err(|_| ErrorKind::WrongType)?;
        let sum = i64::from_le_bytes(number).wrapping_add(delta);
        self.store(key, &sum.to_le_bytes(), -1)?;
        Ok(sum)
    }

    fn state_cas(
        &self,
        key: &str,
        expected: Expect<'_>,
        new: Option<&[u8]>,
        ttl_ms: i64,
    ) -> HostResult<()> {
        if ttl_ms < -1 {
            return Err(ErrorKind::BadArgument);
        }
        let present = self.live(key)?;
        let matches = match expected {
            Expect::Any => true,
            Expect::Absent => present.is_none(),
            Expect::Value(value) => present.as_deref() == Some(value),
        };
        match (matches, new) {
            (false, _) => Err(ErrorKind::Conflict),
            (true, Some(value)) => self.store(key, value, ttl_ms),
            (true, None) => {
                self.state.borrow_mut().remove(key);
                Ok(())
            }
        }
    }

    fn metric_define(&self, kind: MetricKind, name: &str, _help: &str) -> HostResult<u32> {
        if self.sealed.get() {
            return Err(ErrorKind::NotAllowed);
        }
        let first = name.starts_with(|first: char| first.is_ascii_lowercase());
        let rest = name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !first || !rest || name.len() > limits::NAME_MAX {
            return Err(ErrorKind::BadArgument);
        }
        let mut metrics = self.metrics.borrow_mut();
        let place = metrics.iter().position(|(_, found, _)| found == name);
        let place = match place.and_then(|place| metrics.get(place).map(|found| (place, found.0))) {
            Some((place, found)) if found == kind => place,
            Some(_) => return Err(ErrorKind::Conflict),
            None if metrics.len() >= limits::METRICS_MAX => return Err(ErrorKind::Quota),
            None => {
                metrics.push((kind, name.to_owned(), 0));
                metrics.len() - 1
            }
        };
        u32::try_from(place).map_err(|_| ErrorKind::Quota)
    }

    fn metric_update(&self, metric: u32, value: i64) -> HostResult<()> {
        let mut metrics = self.metrics.borrow_mut();
        let place = usize::try_from(metric).map_err(|_| ErrorKind::BadArgument)?;
        let (kind, _, total) = metrics.get_mut(place).ok_or(ErrorKind::BadArgument)?;
        match kind {
            MetricKind::Gauge => *total = value,
            _ if value < 0 => return Err(ErrorKind::BadArgument),
            _ => *total = total.saturating_add(value),
        }
        Ok(())
    }
}
