//! A call as the host laid it into the arena: of a filter, a router, a balancer.

use crate::abi::interest::{Interest, Space};
use crate::abi::{ENTRY_ABSENT, ENTRY_BYTES, ENTRY_LAZY, call, field, keys, read_u32};
use crate::error::ErrorKind;
use crate::guest::{Input, imports};
use crate::native::{Form, HostResult, Part, Scalars};
use std::borrow::Cow;

/// What one entry of the input, or one column of a table, holds, in the order of the interest list.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    space: Space,
    /// The key's number, so that a search by a common key compares no texts; 0 if it has none.
    id: u16,
    key: String,
}

impl Slot {
    pub(crate) fn new(interest: &Interest<'_>) -> Self {
        let (space, key) = (interest.space, interest.key.to_owned());
        let id = if space == Space::Field {
            field::id(&key)
        } else {
            keys::id(&key)
        };
        Self { space, id, key }
    }

    /// `id` 0: the key is given by text.
    pub(super) fn holds(&self, space: Space, id: u16, key: &str) -> bool {
        self.space == space
            && if id == 0 {
                self.key == key
            } else {
                self.id == id
            }
    }
}

/// One call of a hook.
#[derive(Debug)]
pub(crate) struct GuestCall<'a> {
    input: Input<'a>,
    slots: &'a [Slot],
}

impl<'a> GuestCall<'a> {
    pub(crate) const fn new(input: Input<'a>, slots: &'a [Slot]) -> Self {
        Self { input, slots }
    }

    pub(super) const fn input(&self) -> Input<'a> {
        self.input
    }

    /// The text under a key: where it was laid, else what the host answers.
    pub(super) fn get(&self, space: Space, id: u16, key: &str) -> HostResult<Option<Cow<'a, str>>> {
        match self.prefetched(space, id, key) {
            Some(text) => Ok(text.map(Cow::Borrowed)),
            None => imports::get(space, id, key),
        }
    }

    /// The prefetched text: `None` if it was not prefetched, `Some(None)` if it is known to be absent.
    fn prefetched(&self, space: Space, id: u16, key: &str) -> Option<Option<&'a str>> {
        let place = self
            .slots
            .iter()
            .position(|slot| slot.holds(space, id, key))?;
        let header = usize::from(self.input.u16(call::HEADER_BYTES));
        let entry = header + place * ENTRY_BYTES;
        match self.input.u32(entry) {
            ENTRY_ABSENT => Some(None),
            ENTRY_LAZY => None,
            offset => self.input.text(offset, self.input.u32(entry + 4)).map(Some),
        }
    }

    #[inline]
    pub(crate) fn scalars(&self) -> Scalars {
        Scalars {
            flags: self.input.u16(call::FLAGS),
            service_token: self.input.u64(call::SERVICE_TOKEN),
            attempt: self.input.u32(call::ATTEMPT),
            argument_count: self.input.u32(call::ARGUMENT_COUNT),
            scratch: self.input.u64(call::SCRATCH),
            outcome: self.input.u8(call::OUTCOME),
            status: self.input.u8(call::STATUS),
            error_code: self.input.u8(call::ERROR_CODE),
        }
    }

    pub(crate) fn scratch_blob(&self) -> &'a [u8] {
        let (offset, len) = (call::SCRATCH_OFFSET, call::SCRATCH_LEN);
        let blob = self
            .input
            .bytes(self.input.u32(offset), self.input.u32(len));
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

/// What only routers and balancers are given.
impl GuestCall<'_> {
    #[inline]
    pub(crate) fn table_version(&self) -> u64 {
        self.input.u64(call::TABLE_VERSION)
    }

    #[inline]
    pub(crate) fn weights_epoch(&self) -> u32 {
        self.input.u32(call::WEIGHTS_EPOCH)
    }

    pub(crate) fn cell(&self, row: u32, what: u32) -> HostResult<i64> {
        imports::cell(row, what)
    }

    pub(crate) fn column(&self, what: u32, out: &mut Vec<i64>) -> HostResult<()> {
        let rows = usize::try_from(self.input.u32(call::ROWS)).unwrap_or(0);
        // A buffer of the right length is not filled again: the host overwrites all of it.
        out.resize(rows, 0);
        imports::column(what, out)
    }

    pub(crate) fn note(&self, row: Option<u32>, text: &str) -> HostResult<()> {
        imports::note(row, text)
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
