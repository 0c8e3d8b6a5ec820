//! The wasm form's frame: arena, panic hook, the one instance, and the bodies of the exports that `#[wubbo_plugin]` makes.
//!
//! With the imports the only part of the SDK with `unsafe`: a guest has one thread and no hook is entered while another
//! runs (ABI.md section 3), which the compiler cannot know. Texts that the host wrote are not checked again: it owns this
//! sandbox, so a guest that did would gain nothing.
#![allow(
    unsafe_code,
    reason = "guest glue: the arena and the one instance of a single-threaded module"
)]

mod answer;
mod build;
mod configurator;
mod filter;
pub(crate) mod imports;
mod loadbalance;
mod router;

pub use answer::describe;
pub use configurator::ConfiguratorGuest;
pub use filter::FilterGuest;
pub use loadbalance::BalancerGuest;
pub use router::RouterGuest;

use crate::abi::pack_range;
use crate::error::{Error, Result};
use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::panic::PanicHookInfo;

/// Size of the arena: room for the largest bitmap and what a policy reads of an ordinary call.
const ARENA_BYTES: usize = 32 << 10;

#[repr(align(8))]
struct Arena(UnsafeCell<[u8; ARENA_BYTES]>);

// SAFETY: a wasm32 guest without threads; the host writes only between hooks.
unsafe impl Sync for Arena {}

static ARENA: Arena = Arena(UnsafeCell::new([0; ARENA_BYTES]));

/// Export `arena`: the first call into the module, so it also installs the panic hook.
#[must_use]
pub fn arena() -> i64 {
    std::panic::set_hook(Box::new(report_panic));
    pack_range(
        answer::address(ARENA.0.get().cast::<u8>()),
        u32::try_from(ARENA_BYTES).unwrap_or(0),
    )
}

fn report_panic(info: &PanicHookInfo<'_>) {
    let place = info.location();
    let message = info.payload_as_str().unwrap_or("no message");
    imports::panic(
        message,
        place.map_or("", |place| place.file()),
        place.map_or(0, |place| place.line()),
    );
}

/// The input of the hook that runs now: it must not outlive the hook.
///
/// Numbers are read where they lie and no reference covers the whole, for the candidates may lie between the texts and
/// are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    len: usize,
    hook: PhantomData<&'a [u8]>,
}

impl<'a> Input<'a> {
    fn new(len: u32) -> Self {
        Self {
            len: (len as usize).min(ARENA_BYTES),
            hook: PhantomData,
        }
    }

    /// A little-endian number of `N` bytes as the host wrote it; 0 past the end.
    #[inline]
    fn number<const N: usize>(self, at: usize) -> [u8; N] {
        if at > self.len || self.len - at < N {
            return [0; N];
        }
        // SAFETY: within the input, which is within the arena; nothing writes numbers while the hook runs.
        unsafe { ARENA.0.get().cast::<u8>().add(at).cast::<[u8; N]>().read() }
    }

    #[inline]
    pub(crate) fn u8(self, at: usize) -> u8 {
        u8::from_le_bytes(self.number(at))
    }

    #[inline]
    pub(crate) fn u16(self, at: usize) -> u16 {
        u16::from_le_bytes(self.number(at))
    }

    #[inline]
    pub(crate) fn u32(self, at: usize) -> u32 {
        u32::from_le_bytes(self.number(at))
    }

    #[inline]
    pub(crate) fn u64(self, at: usize) -> u64 {
        u64::from_le_bytes(self.number(at))
    }

    /// Bytes that the host wrote; `None` outside the input.
    pub(crate) fn bytes(self, offset: u32, len: u32) -> Option<&'a [u8]> {
        let (offset, len) = (offset as usize, len as usize);
        if offset > self.len || self.len - offset < len {
            return None;
        }
        // SAFETY: within the input; a text never shares bytes with the candidates, and nothing else is written.
        Some(unsafe { std::slice::from_raw_parts(ARENA.0.get().cast::<u8>().add(offset), len) })
    }

    /// A text that the host wrote.
    pub(crate) fn text(self, offset: u32, len: u32) -> Option<&'a str> {
        let bytes = self.bytes(offset, len)?;
        // SAFETY: text from the host is UTF-8 (ABI.md section 1).
        Some(unsafe { std::str::from_utf8_unchecked(bytes) })
    }

    /// The candidates where they lie, to be written; asked for once in a hook.
    fn candidates(self, offset: u32, rows: u32) -> Result<&'a mut [u64]> {
        let (offset, words) = (offset as usize, (rows as usize).div_ceil(64));
        if offset % 8 != 0 || offset > self.len || (self.len - offset) / 8 < words {
            return Err(Error::new("the candidates are not within the input"));
        }
        // SAFETY: within the input and aligned, for the arena is; the only reference to these bytes in this hook.
        Ok(unsafe {
            let first = ARENA.0.get().cast::<u8>().add(offset).cast::<u64>();
            std::slice::from_raw_parts_mut(first, words)
        })
    }
}

/// The one instance of a policy in this module; `#[wubbo_plugin]` makes a static of it.
pub struct Instance<R> {
    running: UnsafeCell<Option<R>>,
}

// SAFETY: a wasm32 guest without threads.
unsafe impl<R> Sync for Instance<R> {}

impl<R> std::fmt::Debug for Instance<R> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Instance")
    }
}

impl<R> Instance<R> {
    /// Before `new` was called.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            running: UnsafeCell::new(None),
        }
    }

    #[expect(
        clippy::mut_from_ref,
        reason = "one thread, and no hook is entered while another runs"
    )]
    fn running(&self) -> Result<&mut R> {
        // SAFETY: the only access to the cell besides `start`, and hooks do not nest.
        let running = unsafe { &mut *self.running.get() };
        running
            .as_mut()
            .ok_or(Error::new("the instance was not built"))
    }

    /// Keeps what `new` built.
    fn start(&self, built: Result<R>) -> i32 {
        answer::status(built.map(|running| {
            // SAFETY: `new` is called once, before any hook.
            unsafe { *self.running.get() = Some(running) };
        }))
    }
}
