//! A list of providers: scalars in the arena, columns pulled from the host with one import each, the words once.

use super::{GuestHost, HostRef, Slot};
use crate::abi::interest::Space;
use crate::abi::{providers as layout, read_u32};
use crate::error::ErrorKind;
use crate::guest::{Input, imports};
use crate::native::HostResult;
use crate::providers::Column;
use std::borrow::Cow;
use std::cell::OnceCell;

/// One list of `on_providers`.
#[derive(Debug)]
pub(crate) struct GuestTable<'a> {
    input: Input<'a>,
    columns: &'a [Slot],
    /// The section of the words, pulled for the first column.
    words: OnceCell<Vec<u8>>,
}

impl<'a> GuestTable<'a> {
    pub(crate) const fn new(input: Input<'a>, columns: &'a [Slot]) -> Self {
        Self {
            input,
            columns,
            words: OnceCell::new(),
        }
    }

    pub(crate) const fn functions(&self) -> HostRef<'static> {
        &GuestHost
    }

    pub(crate) fn service_token(&self) -> u64 {
        self.input.u64(layout::SERVICE_TOKEN)
    }

    pub(crate) fn version(&self) -> u64 {
        self.input.u64(layout::TABLE_VERSION)
    }

    pub(crate) fn only_weights(&self) -> bool {
        self.input.u16(layout::REASON) == layout::REASON_WEIGHTS
    }

    pub(crate) fn service(&self) -> Cow<'a, str> {
        let (offset, len) = (layout::SERVICE_OFFSET, layout::SERVICE_LEN);
        let text = self.input.text(self.input.u32(offset), self.input.u32(len));
        Cow::Borrowed(text.unwrap_or_default())
    }

    pub(crate) fn rows(&self) -> u32 {
        self.input.u32(layout::ROWS)
    }

    pub(crate) fn weights_epoch(&self) -> u32 {
        self.input.u32(layout::WEIGHTS_EPOCH)
    }

    /// A column whose words are numbered anew: the host numbers those of all columns together.
    pub(crate) fn column(&self, space: Space, key: &str) -> HostResult<Column<'_>> {
        let section = self
            .columns
            .iter()
            .position(|slot| slot.holds(space, 0, key))
            .and_then(|place| u32::try_from(place).ok())
            .filter(|place| *place < self.input.u32(layout::COLUMNS))
            .ok_or(ErrorKind::BadArgument)?;
        let bytes = self.words()?;
        let words = self.input.u32(layout::WORDS) as usize;
        let mut rows = imports::table_rows(section, self.rows())?;
        let mut own = vec![0u32; words];
        let mut texts = Vec::new();
        for row in rows.iter_mut().filter(|row| **row != 0) {
            let word = *row as usize - 1;
            let number = own.get_mut(word).ok_or(ErrorKind::Unavailable)?;
            if *number == 0 {
                let text = word_text(bytes, words, word).ok_or(ErrorKind::Unavailable)?;
                texts.push(Cow::Borrowed(text));
                *number = u32::try_from(texts.len()).map_err(|_| ErrorKind::Unavailable)?;
            }
            *row = *number;
        }
        Ok(Column::new(rows, texts))
    }

    fn words(&self) -> HostResult<&[u8]> {
        if self.words.get().is_none() {
            let bytes = imports::table_words(self.input.u32(layout::WORDS_BYTES))?;
            return Ok(self.words.get_or_init(|| bytes));
        }
        Ok(self.words.get().map_or(&[], Vec::as_slice))
    }
}

/// The text of a word: the section begins with the end of each, counted in the bytes behind those numbers.
fn word_text(section: &[u8], words: usize, word: usize) -> Option<&str> {
    let end = |word: usize| read_u32(section, word * 4).map(|end| end as usize);
    let start = match word.checked_sub(1) {
        Some(before) => end(before)?,
        None => 0,
    };
    let texts = section.get(words * 4..)?;
    std::str::from_utf8(texts.get(start..end(word)?)?).ok()
}
