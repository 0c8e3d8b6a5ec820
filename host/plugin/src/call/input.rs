//! Writing the input of a per-call hook into a guest's arena: header, entries of interest, texts, scratch (ABI.md section 5).

use wubbo_plugin_sdk::abi::interest::{Hook, Interest, Space};
use wubbo_plugin_sdk::abi::{call, field, layout, write_at};

use super::CallView;

/// One text that a hook wants prefetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    space: Space,
    /// The field's id, for space `Field`.
    field: u16,
    key: Box<str>,
}

/// What the hooks of one instance want, in the order of its interest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Interests {
    pub(crate) request: Vec<Wanted>,
    pub(crate) response: Vec<Wanted>,
}

impl Interests {
    pub(crate) fn new<'a>(all: impl Iterator<Item = Interest<'a>> + Clone) -> Self {
        let of = |hook: Hook| {
            let named = all
                .clone()
                .filter(|interest| interest.hooks & hook.bit() != 0);
            named.map(Wanted::new).collect()
        };
        Self {
            request: of(Hook::OnRequest),
            response: of(Hook::OnResponse),
        }
    }
}

impl Wanted {
    fn new(interest: Interest<'_>) -> Self {
        let field = match interest.space {
            Space::Field => field::id(interest.key),
            _ => 0,
        };
        Self {
            space: interest.space,
            field,
            key: interest.key.into(),
        }
    }

    /// Writes the text at `end` of the arena; where it lies, and `None` in place of a range when it must be asked for.
    #[inline]
    fn write(&self, view: &CallView<'_>, arena: &mut [u8], end: usize) -> Prefetched {
        // What this hook may not see is as good as absent.
        match self.space {
            Space::Field => match view.field(self.field) {
                Ok(Some(text)) => put(arena, end, text.as_str()),
                _ => Prefetched::Absent,
            },
            space => match view.stored(space, &self.key) {
                Ok(Some(text)) => put(arena, end, text),
                _ => Prefetched::Absent,
            },
        }
    }
}

/// What became of one wanted text.
enum Prefetched {
    Absent,
    /// It did not fit.
    Lazy,
    /// So many bytes were written.
    Written(usize),
}

#[inline]
fn put(arena: &mut [u8], end: usize, text: &str) -> Prefetched {
    match write_at(arena, end, text.as_bytes()) {
        true => Prefetched::Written(text.len()),
        false => Prefetched::Lazy,
    }
}

/// Writes the input; its length, or `None` if the arena is too small, which the check of the arena rules out.
pub(crate) fn write(arena: &mut [u8], view: &CallView<'_>, wanted: &[Wanted]) -> Option<u32> {
    let scalars = view.scalars();
    let scratch = view.scratch.1;
    let entries = call::SIZE;
    let texts = entries + wanted.len() * layout::ENTRY_BYTES + scratch.len();
    let mut header = [0_u8; call::SIZE];
    let mut put = |offset: usize, bytes: &[u8]| write_at(&mut header, offset, bytes);
    let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let written = put(call::HEADER_BYTES, &(call::SIZE as u16).to_le_bytes())
        & put(call::FLAGS, &scalars.flags.to_le_bytes())
        & put(call::ENTRIES, &narrow(wanted.len()).to_le_bytes())
        & put(call::SERVICE_TOKEN, &scalars.service_token.to_le_bytes())
        & put(call::ATTEMPT, &scalars.attempt.to_le_bytes())
        & put(call::ARGUMENT_COUNT, &scalars.argument_count.to_le_bytes())
        & put(call::SCRATCH, &scalars.scratch.to_le_bytes())
        & put(
            call::SCRATCH_OFFSET,
            &narrow(texts - scratch.len()).to_le_bytes(),
        )
        & put(call::SCRATCH_LEN, &narrow(scratch.len()).to_le_bytes())
        & put(
            call::OUTCOME,
            &[scalars.outcome, scalars.status, scalars.error_code],
        );
    if !written || !write_at(arena, 0, &header) || !write_at(arena, texts - scratch.len(), scratch)
    {
        return None;
    }
    let mut end = texts;
    let mut full = false;
    for (place, wanted) in wanted.iter().enumerate() {
        // Texts are written in order while they fit: behind the first that does not, none is.
        let room = if full { &mut [][..] } else { &mut *arena };
        let (offset, length) = match wanted.write(view, room, end) {
            Prefetched::Absent => (layout::ENTRY_ABSENT, 0),
            Prefetched::Lazy => {
                full = true;
                (layout::ENTRY_LAZY, 0)
            }
            Prefetched::Written(length) => {
                let offset = end;
                end += length;
                (narrow(offset), narrow(length))
            }
        };
        let entry = entries + place * layout::ENTRY_BYTES;
        if !write_at(arena, entry, &offset.to_le_bytes())
            || !write_at(arena, entry + 4, &length.to_le_bytes())
        {
            return None;
        }
    }
    u32::try_from(end).ok()
}
