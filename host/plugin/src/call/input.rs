//! Writing the input of a hook into a guest's arena: header, entries of interest, texts (ABI.md sections 5 and 6).

use wubbo_core::{Candidates, ConfigureSide, Routing, Url};
use wubbo_plugin_sdk::abi::interest::{Hook, Interest, Space};
use wubbo_plugin_sdk::abi::{call, configure, field, layout, write_at};
use wubbo_plugin_sdk::native::Scalars;

use super::{CallView, routing, url};

/// One text that a hook wants prefetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) space: Space,
    /// The field's id, for space `Field`.
    pub(crate) field: u16,
    pub(crate) key: Box<str>,
}

/// What the hooks of one instance want, in the order of its interest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Interests {
    pub(crate) request: Vec<Wanted>,
    pub(crate) response: Vec<Wanted>,
    /// Of `route` or `select`.
    pub(crate) pick: Vec<Wanted>,
    pub(crate) configure: Vec<Wanted>,
    /// The columns of a table, which several instances share.
    pub(crate) providers: std::sync::Arc<[Wanted]>,
}

impl Interests {
    pub(crate) fn new<'a>(all: impl Iterator<Item = Interest<'a>> + Clone) -> Self {
        let of = |hooks: u16| {
            let named = all
                .clone()
                .filter(move |interest| interest.hooks & hooks != 0);
            named.map(Wanted::new)
        };
        Self {
            request: of(Hook::OnRequest.bit()).collect(),
            response: of(Hook::OnResponse.bit()).collect(),
            // A plugin has one of the two.
            pick: of(Hook::Route.bit() | Hook::Select.bit()).collect(),
            configure: of(Hook::ConfigureUrl.bit()).collect(),
            providers: of(Hook::OnProviders.bit()).collect(),
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
}

/// Where wanted texts come from.
trait Source {
    /// Writes the text at `end` of the arena. What this hook may not see is as good as absent.
    fn put(&self, wanted: &Wanted, arena: &mut [u8], end: usize) -> Prefetched;
}

impl Source for CallView<'_> {
    #[inline]
    fn put(&self, wanted: &Wanted, arena: &mut [u8], end: usize) -> Prefetched {
        match wanted.space {
            Space::Field => match self.field(wanted.field) {
                Ok(Some(text)) => put(arena, end, text.as_str()),
                _ => Prefetched::Absent,
            },
            space => match self.stored(space, &wanted.key) {
                Ok(Some(text)) => put(arena, end, text),
                _ => Prefetched::Absent,
            },
        }
    }
}

impl Source for Url {
    fn put(&self, wanted: &Wanted, arena: &mut [u8], end: usize) -> Prefetched {
        match wanted.space {
            Space::Field => match url::of_field(self, wanted.field) {
                Ok(Some(text)) => put(arena, end, text.as_str()),
                _ => Prefetched::Absent,
            },
            Space::Url => match url::parameter(self, &wanted.key) {
                Some(text) => put(arena, end, text),
                None => Prefetched::Absent,
            },
            _ => Prefetched::Absent,
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

/// Writes the input of a filter's hook; its length, or `None` if the arena is too small, which the check of the arena rules out.
pub(crate) fn write(arena: &mut [u8], view: &CallView<'_>, wanted: &[Wanted]) -> Option<u32> {
    let scratch = view.scratch.1;
    let blob = call::SIZE + wanted.len() * layout::ENTRY_BYTES;
    let mut header = call_header(&view.scalars(), wanted.len())?;
    let mut put = |offset: usize, number: u32| write_at(&mut header, offset, &number.to_le_bytes());
    let written = put(call::SCRATCH_OFFSET, narrow(blob))
        & put(call::SCRATCH_LEN, narrow(scratch.len()))
        & write_at(arena, 0, &header)
        & write_at(arena, blob, scratch);
    written.then_some(())?;
    entries(arena, view, wanted, call::SIZE, blob + scratch.len())
}

/// Writes the input of `route` or `select`; its length.
pub(crate) fn write_routing(
    arena: &mut [u8],
    routing: &Routing<'_>,
    candidates: &Candidates,
    wanted: &[Wanted],
) -> Option<u32> {
    let bitmap = bitmap_offset(wanted);
    let mut header = call_header(&routing::scalars(routing), wanted.len())?;
    let table = routing.table;
    let mut put = |offset: usize, number: u32| write_at(&mut header, offset, &number.to_le_bytes());
    let written = put(call::ROWS, narrow(table.rows().len()))
        & put(call::BITMAP_OFFSET, narrow(bitmap))
        & put(call::CANDIDATES, narrow(candidates.count()))
        & put(call::WEIGHTS_EPOCH, table.weights_epoch())
        & write_at(
            &mut header,
            call::TABLE_VERSION,
            &table.version().to_le_bytes(),
        )
        & write_at(arena, 0, &header);
    written.then_some(())?;
    let words = candidates.words();
    let place = arena.get_mut(bitmap..bitmap + words.len() * 8)?;
    let (place, _) = place.as_chunks_mut::<8>();
    for (place, word) in place.iter_mut().zip(words) {
        *place = word.to_le_bytes();
    }
    let view = routing::view(routing);
    entries(arena, &view, wanted, call::SIZE, bitmap + words.len() * 8)
}

/// Where the bitmap lies: behind header and entries, whose lengths are multiples of 8.
fn bitmap_offset(wanted: &[Wanted]) -> usize {
    call::SIZE + wanted.len() * layout::ENTRY_BYTES
}

/// Reads the bitmap back after `route`.
pub(crate) fn read_bitmap(arena: &[u8], wanted: &[Wanted], words: &mut [u64]) -> Option<()> {
    let start = bitmap_offset(wanted);
    let bytes = arena.get(start..start + words.len() * 8)?;
    let (bytes, _) = bytes.as_chunks::<8>();
    for (word, bytes) in words.iter_mut().zip(bytes) {
        *word = u64::from_le_bytes(*bytes);
    }
    Some(())
}

/// Writes the input of `configure_url`; its length.
pub(crate) fn write_configure(
    arena: &mut [u8],
    url: &Url,
    side: ConfigureSide,
    wanted: &[Wanted],
) -> Option<u32> {
    let mut header = [0_u8; configure::SIZE];
    let flags = match side {
        ConfigureSide::Provider => configure::PROVIDER,
        ConfigureSide::Consumer => 0,
    };
    let mut put = |offset: usize, bytes: &[u8]| write_at(&mut header, offset, bytes);
    let written = put(
        configure::HEADER_BYTES,
        &(configure::SIZE as u16).to_le_bytes(),
    ) & put(configure::FLAGS, &flags.to_le_bytes())
        & put(configure::ENTRIES, &narrow(wanted.len()).to_le_bytes())
        & write_at(arena, 0, &header);
    written.then_some(())?;
    let texts = configure::SIZE + wanted.len() * layout::ENTRY_BYTES;
    entries(arena, url, wanted, configure::SIZE, texts)
}

fn call_header(scalars: &Scalars, entries: usize) -> Option<[u8; call::SIZE]> {
    let mut header = [0_u8; call::SIZE];
    let mut put = |offset: usize, bytes: &[u8]| write_at(&mut header, offset, bytes);
    let written = put(call::HEADER_BYTES, &(call::SIZE as u16).to_le_bytes())
        & put(call::FLAGS, &scalars.flags.to_le_bytes())
        & put(call::ENTRIES, &narrow(entries).to_le_bytes())
        & put(call::SERVICE_TOKEN, &scalars.service_token.to_le_bytes())
        & put(call::ATTEMPT, &scalars.attempt.to_le_bytes())
        & put(call::ARGUMENT_COUNT, &scalars.argument_count.to_le_bytes())
        & put(call::SCRATCH, &scalars.scratch.to_le_bytes())
        & put(
            call::OUTCOME,
            &[scalars.outcome, scalars.status, scalars.error_code],
        );
    written.then_some(header)
}

/// Writes the entries at `start` and their texts from `end` on; where the last text ends.
#[inline]
fn entries(
    arena: &mut [u8],
    source: &impl Source,
    wanted: &[Wanted],
    start: usize,
    mut end: usize,
) -> Option<u32> {
    let mut full = false;
    for (place, wanted) in wanted.iter().enumerate() {
        // Texts are written in order while they fit: behind the first that does not, none is.
        let room = if full { &mut [][..] } else { &mut *arena };
        let (offset, length) = match source.put(wanted, room, end) {
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
        let entry = start + place * layout::ENTRY_BYTES;
        if !write_at(arena, entry, &offset.to_le_bytes())
            || !write_at(arena, entry + 4, &length.to_le_bytes())
        {
            return None;
        }
    }
    u32::try_from(end).ok()
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
