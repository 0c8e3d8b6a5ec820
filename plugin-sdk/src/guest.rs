//! The wasm form's frame: arena, panic hook, and the bodies of the exports that `#[wubbo_plugin]` makes.
//!
//! The only part of the SDK with `unsafe`: a guest has one thread and no hook is entered while another runs
//! (ABI.md section 3), which the compiler cannot know.
#![allow(
    unsafe_code,
    reason = "guest glue: wasm exports, imports and the one instance of a single-threaded module"
)]

pub(crate) mod imports;

use crate::abi::interest::{self, Hook, Interest};
use crate::abi::{codes, pack_range};
use crate::call::{Flow, Request, Response};
use crate::error::{Error, Result};
use crate::filter::{Filter, Setup, build};
use crate::host::Host;
use crate::seam::{GuestCall, GuestHost, Slot};
use std::borrow::Cow;
use std::cell::UnsafeCell;
use std::panic::PanicHookInfo;

/// Size of the arena: room for the largest bitmap and what a policy reads of an ordinary call.
const ARENA_BYTES: usize = 32 << 10;
/// Above this the command buffer of a hook is given back, so that one large rewrite does not stay for ever.
const KEEP_BYTES: usize = 64 << 10;

#[repr(align(8))]
struct Arena(UnsafeCell<[u8; ARENA_BYTES]>);

// SAFETY: a wasm32 guest without threads; the host writes only between hooks.
unsafe impl Sync for Arena {}

static ARENA: Arena = Arena(UnsafeCell::new([0; ARENA_BYTES]));

/// The input of the hook that runs now. The slice must not outlive the hook.
fn input<'a>(len: u32) -> &'a [u8] {
    let len = usize::try_from(len).unwrap_or(0).min(ARENA_BYTES);
    // SAFETY: `len` bytes of the arena; nothing writes them until the hook has returned.
    unsafe { std::slice::from_raw_parts(ARENA.0.get().cast::<u8>(), len) }
}

/// The one instance of a policy in this module; `#[wubbo_plugin]` makes a static of it.
pub struct Instance<T> {
    running: UnsafeCell<Option<Running<T>>>,
}

struct Running<T> {
    policy: T,
    out: Vec<u8>,
    request: Vec<Slot>,
    response: Vec<Slot>,
}

// SAFETY: a wasm32 guest without threads.
unsafe impl<T> Sync for Instance<T> {}

impl<T> std::fmt::Debug for Instance<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Instance")
    }
}

impl<T: Filter> Instance<T> {
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
    fn running(&self) -> Result<&mut Running<T>> {
        // SAFETY: the only access to the cell, and hooks do not nest.
        let running = unsafe { &mut *self.running.get() };
        running
            .as_mut()
            .ok_or(Error::new("the instance was not built"))
    }

    /// Export `new`.
    pub fn new_export(&self, interests: &[Interest<'static>]) -> i32 {
        let built = self.build(interests);
        status(built)
    }

    fn build(&self, interests: &[Interest<'static>]) -> Result<()> {
        let config = imports::config().map_err(|kind| Error::host(kind, "configuration"))?;
        let mut setup = Setup::new(&GuestHost);
        let policy: T = build(&config, &mut setup)?;
        let mut running = Running {
            policy,
            out: Vec::new(),
            request: Vec::new(),
            response: Vec::new(),
        };
        match setup.interest() {
            None => running.keep(interests.iter().map(|one| (*one, Cow::Borrowed(one.key)))),
            Some(list) => {
                let mut records = Vec::new();
                list.iter()
                    .for_each(|one| interest::write(&mut records, *one));
                imports::interest(&records).map_err(|kind| Error::host(kind, "interest"))?;
                running.keep(
                    list.iter()
                        .map(|one| (*one, Cow::Owned(one.key.to_owned()))),
                );
            }
        }
        // SAFETY: `new` is called once, before any hook.
        unsafe { *self.running.get() = Some(running) };
        Ok(())
    }

    /// Export `on_request`.
    pub fn on_request(&self, len: u32) -> i64 {
        commands(self.running().and_then(|running| {
            let call = GuestCall::new(input(len), &running.request);
            let flow = running
                .policy
                .on_request(&mut Request::new(&call, fresh(&mut running.out)))?;
            if let Flow::Reply(reply) = flow {
                reply.stage(&mut running.out);
            }
            Ok(running.out.as_slice())
        }))
    }

    /// Export `on_response`.
    pub fn on_response(&self, len: u32) -> i64 {
        commands(self.running().and_then(|running| {
            let call = GuestCall::new(input(len), &running.response);
            running
                .policy
                .on_response(&mut Response::new(&call, fresh(&mut running.out)))?;
            Ok(running.out.as_slice())
        }))
    }

    /// Export `tick`.
    pub fn tick(&self) -> i32 {
        status(
            self.running()
                .and_then(|running| running.policy.tick(Host::new(&GuestHost))),
        )
    }

    /// Export `self_test`.
    pub fn self_test(&self) -> i32 {
        status(
            self.running()
                .and_then(|running| running.policy.self_test(Host::new(&GuestHost))),
        )
    }

    /// Export `describe`.
    #[must_use]
    pub fn describe() -> i64 {
        range(T::schema().as_bytes())
    }
}

impl<T> Running<T> {
    fn keep<'a>(&mut self, interests: impl Iterator<Item = (Interest<'a>, Cow<'static, str>)>) {
        for (one, key) in interests {
            let slot = Slot::new(one.space, key);
            if one.hooks & Hook::OnRequest.bit() != 0 {
                self.request.push(slot.clone());
            }
            if one.hooks & Hook::OnResponse.bit() != 0 {
                self.response.push(slot);
            }
        }
    }
}

/// Export `arena`: the first call into the module, so it also installs the panic hook.
#[must_use]
pub fn arena() -> i64 {
    std::panic::set_hook(Box::new(report_panic));
    pack_range(
        address(ARENA.0.get().cast::<u8>()),
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

fn fresh(out: &mut Vec<u8>) -> &mut Vec<u8> {
    if out.capacity() > KEEP_BYTES {
        *out = Vec::new();
    }
    out.clear();
    out
}

fn address(pointer: *const u8) -> u32 {
    // An address of wasm32 has 32 bits.
    u32::try_from(pointer.addr()).unwrap_or(0)
}

fn range(bytes: &[u8]) -> i64 {
    if bytes.is_empty() {
        return 0;
    }
    pack_range(
        address(bytes.as_ptr()),
        u32::try_from(bytes.len()).unwrap_or(0),
    )
}

fn commands(result: Result<&[u8]>) -> i64 {
    match result {
        Ok(bytes) => range(bytes),
        Err(error) => i64::from(failed(&error)),
    }
}

fn status(result: Result<()>) -> i32 {
    result.map_or_else(|error| failed(&error), |()| 0)
}

#[cold]
fn failed(error: &Error) -> i32 {
    let (line, column) = error.place();
    imports::fail(line, column, &error.to_string());
    codes::FAILED
}
