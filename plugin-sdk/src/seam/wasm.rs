//! The wasm form: what was prefetched into the arena, and the imports for the rest.
#![allow(
    unsafe_code,
    reason = "guest glue: texts that the host wrote are not checked again"
)]

use crate::abi::interest::Space;
use crate::abi::keys::Key;
use crate::abi::{
    ENTRY_ABSENT, ENTRY_BYTES, ENTRY_LAZY, call, field, keys, read_u16, read_u32, read_u64,
};
use crate::error::ErrorKind;
use crate::guest::imports;
use crate::native::{Clock, Expect, Form, HostResult, Level, LogTarget, MetricKind, Part, Scalars};
use std::borrow::Cow;

pub(crate) type CallRef<'a> = &'a GuestCall<'a>;
pub(crate) type HostRef<'a> = &'a GuestHost;

/// What one entry of the input holds, in the order of the interest list.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    space: Space,
    /// The key's number, so that a search by a common key compares no texts; 0 if it has none.
    id: u16,
    key: Cow<'static, str>,
}

impl Slot {
    pub(crate) fn new(space: Space, key: Cow<'static, str>) -> Self {
        let id = if space == Space::Field {
            field::id(&key)
        } else {
            keys::id(&key)
        };
        Self { space, id, key }
    }

    fn holds(&self, space: Space, id: u16, key: &str) -> bool {
        self.space == space
            && if id == 0 {
                self.key == key
            } else {
                self.id == id
            }
    }
}

/// One call as the host laid it into the arena.
#[derive(Debug)]
pub(crate) struct GuestCall<'a> {
    input: &'a [u8],
    slots: &'a [Slot],
}

impl<'a> GuestCall<'a> {
    pub(crate) const fn new(input: &'a [u8], slots: &'a [Slot]) -> Self {
        Self { input, slots }
    }

    fn byte(&self, offset: usize) -> u8 {
        self.input.get(offset).copied().unwrap_or(0)
    }

    fn range(&self, offset: Option<u32>, len: Option<u32>) -> Option<&'a [u8]> {
        let start = usize::try_from(offset?).ok()?;
        let end = start.checked_add(usize::try_from(len?).ok()?)?;
        self.input.get(start..end)
    }

    /// The prefetched text: `None` if it was not prefetched, `Some(None)` if it is known to be absent.
    fn prefetched(&self, space: Space, id: u16, key: &str) -> Option<Option<Cow<'a, str>>> {
        let place = self
            .slots
            .iter()
            .position(|slot| slot.holds(space, id, key))?;
        let header = usize::from(read_u16(self.input, call::HEADER_BYTES)?);
        let entry = header.checked_add(place.checked_mul(ENTRY_BYTES)?)?;
        let offset = read_u32(self.input, entry)?;
        match offset {
            ENTRY_ABSENT => Some(None),
            ENTRY_LAZY => None,
            _ => {
                let bytes =
                    self.range(Some(offset), read_u32(self.input, entry.checked_add(4)?))?;
                // SAFETY: text from the host is UTF-8 (ABI.md section 1); the host owns this sandbox, so a guest that
                // checked it again would gain nothing.
                let text = unsafe { core::str::from_utf8_unchecked(bytes) };
                Some(Some(Cow::Borrowed(text)))
            }
        }
    }
}

pub(crate) const fn functions<'a>(_call: CallRef<'a>) -> HostRef<'a> {
    &GuestHost
}

pub(crate) fn read<'a>(
    call: CallRef<'a>,
    space: Space,
    key: Key<'_>,
) -> HostResult<Option<Cow<'a, str>>> {
    match call.prefetched(space, key.id(), key.name()) {
        Some(answer) => Ok(answer),
        None => imports::get(space, key.id(), key.name()),
    }
}

pub(crate) fn read_field<'a>(call: CallRef<'a>, id: u16) -> HostResult<Option<Cow<'a, str>>> {
    let name = crate::abi::field::name(id).ok_or(ErrorKind::BadArgument)?;
    match call.prefetched(Space::Field, id, name) {
        Some(answer) => Ok(answer),
        None => imports::get(Space::Field, id, name),
    }
}

impl<'a> GuestCall<'a> {
    pub(crate) fn scalars(&self) -> Scalars {
        Scalars {
            flags: read_u16(self.input, call::FLAGS).unwrap_or(0),
            service_token: read_u64(self.input, call::SERVICE_TOKEN).unwrap_or(0),
            attempt: read_u32(self.input, call::ATTEMPT).unwrap_or(0),
            argument_count: read_u32(self.input, call::ARGUMENT_COUNT).unwrap_or(0),
            scratch: read_u64(self.input, call::SCRATCH).unwrap_or(0),
            outcome: self.byte(call::OUTCOME),
            status: self.byte(call::STATUS),
            error_code: self.byte(call::ERROR_CODE),
        }
    }

    pub(crate) fn scratch_blob(&self) -> &'a [u8] {
        let blob = self.range(
            read_u32(self.input, call::SCRATCH_OFFSET),
            read_u32(self.input, call::SCRATCH_LEN),
        );
        blob.unwrap_or_default()
    }

    pub(crate) fn list(&self, space: Space, each: &mut dyn FnMut(&str, &str)) -> HostResult<()> {
        let bytes = imports::list(space)?;
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (key, value, after) = pair(rest).ok_or(ErrorKind::Unavailable)?;
            each(key, value);
            rest = after;
        }
        Ok(())
    }

    pub(crate) fn number(&self, what: u32) -> HostResult<u64> {
        imports::number(what)
    }

    pub(crate) fn body(&self, part: Part, form: Form, path: &str) -> HostResult<Vec<u8>> {
        imports::body(part, form, path)
    }
}

fn pair(bytes: &[u8]) -> Option<(&str, &str, &[u8])> {
    let key = usize::try_from(read_u32(bytes, 0)?).ok()?;
    let value = usize::try_from(read_u32(bytes, 4)?).ok()?;
    let (key, rest) = bytes.get(8..)?.split_at_checked(key)?;
    let (value, rest) = rest.split_at_checked(value)?;
    Some((
        core::str::from_utf8(key).ok()?,
        core::str::from_utf8(value).ok()?,
        rest,
    ))
}

/// The host, reached by imports.
#[derive(Debug)]
pub(crate) struct GuestHost;

impl GuestHost {
    pub(crate) fn log(&self, target: LogTarget, level: Level, text: &str) -> HostResult<()> {
        imports::log(target, level, text)
    }

    pub(crate) fn clock(&self, clock: Clock) -> HostResult<i64> {
        imports::clock(clock)
    }

    pub(crate) fn random(&self) -> HostResult<u64> {
        Ok(imports::random())
    }

    pub(crate) fn state_get(&self, key: &str) -> HostResult<Vec<u8>> {
        imports::state_get(key)
    }

    pub(crate) fn state_add(&self, key: &str, delta: i64, ttl_ms: i64) -> HostResult<i64> {
        imports::state_add(key, delta, ttl_ms)
    }

    pub(crate) fn state_cas(
        &self,
        key: &str,
        expected: Expect<'_>,
        new: Option<&[u8]>,
        ttl_ms: i64,
    ) -> HostResult<()> {
        imports::state_cas(key, expected, new, ttl_ms)
    }

    pub(crate) fn metric_define(
        &self,
        kind: MetricKind,
        name: &str,
        help: &str,
    ) -> HostResult<u32> {
        imports::metric_define(kind, name, help)
    }

    pub(crate) fn metric_update(&self, metric: u32, value: i64) -> HostResult<()> {
        imports::metric_update(metric, value)
    }
}
