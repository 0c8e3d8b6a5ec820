//! The instances of one generation: an array in which every worker thread has a place of its own, most of the time.
//!
//! Index = a lazily given thread number mod slots; one uncontended try-lock takes an instance, the next slot is tried when it is
//! busy, and when none is free the caller's failure policy answers. Nobody ever waits here, and nothing is held across an await.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};

/// The instances of one generation; a slot may be empty while its instance is replaced.
pub(crate) struct Slots<T> {
    slots: Box<[Slot<T>]>,
}

/// One place, alone on its cache lines: neighbours belong to other threads.
#[repr(align(128))]
struct Slot<T> {
    place: Mutex<Option<T>>,
    tally: Tally,
}

/// What happened in one slot. Written by the holder of its lock only, so a load and a store are enough.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Hooks entered.
    pub(crate) hooks: AtomicU64,
    /// Hooks that decided: a filter that replied, a router that narrowed, a balancer that chose nobody.
    pub(crate) decided: AtomicU64,
}

/// A taken instance; given back on drop.
pub(crate) struct Taken<'a, T> {
    guard: MutexGuard<'a, Option<T>>,
    tally: &'a Tally,
}

/// Why no instance could be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoneFree {
    /// Every instance serves another thread.
    Busy,
    /// There is no instance at all: all are being replaced, or the generation is closed.
    Empty,
}

impl Tally {
    /// Adds one to a cell of this slot; the new value.
    pub(crate) fn add(cell: &AtomicU64) -> u64 {
        let value = cell.load(Ordering::Relaxed).wrapping_add(1);
        cell.store(value, Ordering::Relaxed);
        value
    }
}

impl<T> Slots<T> {
    /// `count` empty slots; at least one.
    pub(crate) fn new(count: usize) -> Self {
        let slot = |_| Slot {
            place: Mutex::new(None),
            tally: Tally::default(),
        };
        Self {
            slots: (0..count.max(1)).map(slot).collect(),
        }
    }

    /// How many slots there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Takes an instance: this thread's own, or the next free one.
    #[inline]
    pub(crate) fn take(&self) -> Result<Taken<'_, T>, NoneFree> {
        // 32 bits: a division of 64 would cost as much as the lock.
        let first = thread_number() % u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        let own = self.slots.get(first as usize);
        match own.map(Slot::take) {
            Some(Ok(Some(taken))) => Ok(taken),
            _ => self.take_another(first as usize),
        }
    }

    #[cold]
    fn take_another(&self, first: usize) -> Result<Taken<'_, T>, NoneFree> {
        let (before, after) = self.slots.split_at(first);
        let mut missing = NoneFree::Empty;
        for slot in after.iter().chain(before) {
            match slot.take() {
                Ok(Some(taken)) => return Ok(taken),
                Ok(None) => {}
                Err(Held) => missing = NoneFree::Busy,
            }
        }
        Err(missing)
    }

    /// Takes the instance of one slot, waiting for the hook that uses it now. Off the call path, never under another lock of ours.
    pub(crate) fn wait(&self, index: usize) -> Option<Taken<'_, T>> {
        let slot = self.slots.get(index)?;
        // Poisoned: as in `take`, `put` replaces what a panic of the host left.
        let guard = slot.place.lock().ok()?;
        let tally = &slot.tally;
        guard.is_some().then_some(Taken { guard, tally })
    }

    /// Waits for the instance of this thread's own slot, where every instance is in use and the caller may block.
    pub(crate) fn wait_own(&self) -> Option<Taken<'_, T>> {
        self.wait(thread_number() as usize % self.slots.len())
    }

    /// Puts an instance into an empty slot; gives it back when there is none. Off the call path.
    pub(crate) fn put(&self, instance: T) -> Result<(), T> {
        for slot in &*self.slots {
            match slot.place.try_lock() {
                Ok(mut place) if place.is_none() => {
                    *place = Some(instance);
                    return Ok(());
                }
                Err(TryLockError::Poisoned(poisoned)) => {
                    slot.place.clear_poison();
                    // What a panic of the host itself left is not to be trusted.
                    *poisoned.into_inner() = Some(instance);
                    return Ok(());
                }
                Ok(_) | Err(TryLockError::WouldBlock) => {}
            }
        }
        Err(instance)
    }

    /// Takes out every instance that is not in use beyond the first `keep`. Off the call path.
    pub(crate) fn drain(&self, keep: usize) -> Vec<T> {
        let mut kept = 0;
        let mut out = Vec::new();
        for slot in &*self.slots {
            match slot.place.try_lock() {
                Ok(mut place) if place.is_some() => {
                    if kept < keep {
                        kept += 1;
                    } else {
                        out.extend(place.take());
                    }
                }
                Err(TryLockError::WouldBlock) => kept += 1,
                _ => {}
            }
        }
        out
    }

    /// How many slots hold an instance; one in use counts.
    pub(crate) fn filled(&self) -> usize {
        let filled = |slot: &&Slot<T>| match slot.place.try_lock() {
            Ok(place) => place.is_some(),
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Poisoned(_)) => false,
        };
        self.slots.iter().filter(filled).count()
    }

    /// What `read` finds in the instances that are not in use.
    pub(crate) fn free<R>(&self, read: impl Fn(&T) -> R) -> Vec<R> {
        let value = |slot: &Slot<T>| slot.place.try_lock().ok()?.as_ref().map(&read);
        self.slots.iter().filter_map(value).collect()
    }

    /// The sum of one cell over all slots.
    pub(crate) fn sum(&self, cell: impl Fn(&Tally) -> &AtomicU64) -> u64 {
        let value = |slot: &Slot<T>| cell(&slot.tally).load(Ordering::Relaxed);
        self.slots.iter().map(value).sum()
    }
}

/// The slot's lock is held by somebody else.
struct Held;

impl<T> Slot<T> {
    #[inline]
    fn take(&self) -> Result<Option<Taken<'_, T>>, Held> {
        match self.place.try_lock() {
            Ok(guard) if guard.is_some() => Ok(Some(Taken {
                guard,
                tally: &self.tally,
            })),
            Ok(_) => Ok(None),
            // A panic of the host itself while it held the instance: `put` replaces it.
            Err(TryLockError::Poisoned(_)) => Ok(None),
            Err(TryLockError::WouldBlock) => Err(Held),
        }
    }
}

impl<T> Taken<'_, T> {
    /// The counters of this slot.
    pub(crate) fn tally(&self) -> &Tally {
        self.tally
    }

    /// Empties the slot; the instance is the caller's to drop, off the call path.
    pub(crate) fn throw_away(mut self) -> Option<T> {
        self.guard.take()
    }
}

impl<T> Deref for Taken<'_, T> {
    type Target = Option<T>;

    fn deref(&self) -> &Option<T> {
        &self.guard
    }
}

impl<T> DerefMut for Taken<'_, T> {
    fn deref_mut(&mut self) -> &mut Option<T> {
        &mut self.guard
    }
}

/// The number of this thread, given in the order in which threads first ask.
#[inline]
fn thread_number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const NOT_YET: u32 = u32::MAX;
    thread_local! {
        static NUMBER: Cell<u32> = const { Cell::new(NOT_YET) };
    }
    NUMBER.with(|number| {
        if number.get() == NOT_YET {
            number.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(count: usize) -> Slots<usize> {
        let slots = Slots::new(count);
        for number in 0..count {
            slots.put(number).unwrap();
        }
        slots
    }

    #[test]
    fn a_thread_comes_back_to_its_own_slot() {
        let slots = filled(4);
        let first = *slots.take().unwrap();
        assert_eq!(*slots.take().unwrap(), first);
    }

    #[test]
    fn a_busy_slot_is_passed_over_until_none_is_free() {
        let slots = filled(3);
        let held: Vec<_> = (0..3).map(|_| slots.take().unwrap()).collect();
        let mut instances: Vec<_> = held.iter().map(|taken| **taken).collect();
        instances.sort_unstable();
        assert_eq!(instances, [Some(0), Some(1), Some(2)]);
        assert_eq!(slots.take().err(), Some(NoneFree::Busy));
        drop(held);
        assert!(slots.take().is_ok());
    }

    #[test]
    fn a_thrown_away_instance_leaves_its_slot_empty_until_it_is_refilled() {
        let slots = filled(1);
        assert_eq!(slots.take().unwrap().throw_away(), Some(0));
        assert_eq!(slots.take().err(), Some(NoneFree::Empty));
        assert_eq!(slots.filled(), 0);
        assert_eq!(slots.put(7), Ok(()));
        assert_eq!(slots.put(8), Err(8));
        assert_eq!(*slots.take().unwrap(), Some(7));
    }

    #[test]
    fn who_may_wait_gets_the_instance_when_its_hook_is_over() {
        let slots = filled(1);
        std::thread::scope(|scope| {
            let held = slots.take().unwrap();
            let waiting = scope.spawn(|| slots.wait(0).map(|taken| *taken));
            std::thread::sleep(std::time::Duration::from_millis(5));
            assert!(!waiting.is_finished());
            drop(held);
            assert_eq!(waiting.join().unwrap(), Some(Some(0)));
        });
        slots.drain(0);
        assert!(slots.wait(0).is_none() && slots.wait_own().is_none() && slots.wait(9).is_none());
    }

    #[test]
    fn draining_keeps_what_is_in_use() {
        let slots = filled(4);
        let held = slots.take().unwrap();
        assert_eq!(slots.drain(2).len(), 2);
        assert_eq!(slots.filled(), 2);
        drop(held);
        assert_eq!(slots.drain(0).len(), 2);
    }

    #[test]
    fn a_panic_of_the_host_costs_that_instance_only() {
        let slots = filled(1);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _held = slots.take().unwrap();
            panic!("a bug");
        }));
        assert!(panicked.is_err());
        assert_eq!(slots.take().err(), Some(NoneFree::Empty));
        assert_eq!(slots.put(5), Ok(()));
        assert_eq!(*slots.take().unwrap(), Some(5));
    }
}
