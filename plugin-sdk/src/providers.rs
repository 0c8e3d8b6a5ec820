//! A list of providers as a router or balancer sees it, off the call path.

use crate::abi::interest::Space;
use crate::abi::keys::Key;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::seam::TableRef;
use std::borrow::Cow;
use std::fmt;

/// The providers of one service. A provider is known by its row, 0 to [`Providers::len`] - 1, for as long as the list
/// stands; the next list has its own rows.
pub struct Providers<'a> {
    table: TableRef<'a>,
}

impl fmt::Debug for Providers<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Providers")
            .field("service", &self.service())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Providers<'a> {
    pub(crate) const fn new(table: TableRef<'a>) -> Self {
        Self { table }
    }

    /// `[group/]interface[:version]`.
    #[must_use]
    pub fn service(&self) -> Cow<'a, str> {
        self.table.service()
    }

    /// Number of providers, at most 65,536.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.table.rows()).unwrap_or(0)
    }

    /// Has the service no provider at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Changes when any weight changed; the weights themselves are read in a call.
    #[must_use]
    pub fn weights_epoch(&self) -> u32 {
        self.table.weights_epoch()
    }

    /// The host: log, clock, shared state.
    #[must_use]
    pub fn host(&self) -> Host<'a> {
        Host::new(self.table.functions())
    }

    /// A parameter (space `Url`) or field (`address`, `host`, `port`, `protocol`) of all providers; an empty parameter
    /// counts as absent. It must be in the manifest's `reads_on_providers`, or asked for with
    /// `Setup::read(.., Hook::OnProviders)`.
    ///
    /// # Errors
    /// `BadArgument`: the manifest or `Setup::read` does not name it.
    pub fn column<'k>(&self, space: Space, key: impl Into<Key<'k>>) -> Result<Column<'a>> {
        let key = key.into();
        self.table.column(space, key.name()).map_err(|kind| {
            Error::of_key(
                kind,
                key.name(),
                "as a column, which reads_on_providers must name",
            )
        })
    }
}

/// One text of every provider, each different text kept once and numbered in the order of its first row.
#[derive(Debug, Clone, Default)]
pub struct Column<'a> {
    /// Per row the number of its word plus 1, or 0.
    rows: Vec<u32>,
    words: Vec<Cow<'a, str>>,
}

impl<'a> Column<'a> {
    pub(crate) const fn new(rows: Vec<u32>, words: Vec<Cow<'a, str>>) -> Self {
        Self { rows, words }
    }

    /// The text of a row; `None` if it has none, or there is no such row.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&str> {
        self.word(row).map(|word| self.text(word))
    }

    /// The number of a row's text: rows with equal texts have equal numbers. Below [`Column::words`].
    #[must_use]
    pub fn word(&self, row: usize) -> Option<u32> {
        self.rows.get(row)?.checked_sub(1)
    }

    /// The rows whose text is as wanted, as a set of bits for [`crate::Candidates::intersect`] and
    /// [`crate::Candidates::prefer`]. `wanted` is asked once per row, with `None` for a row without a text.
    #[must_use]
    pub fn rows_where(&self, wanted: impl Fn(Option<&str>) -> bool) -> Vec<u64> {
        let mut set = vec![0; self.rows.len().div_ceil(64)];
        for row in 0..self.rows.len() {
            if let Some(word) = set.get_mut(row / 64) {
                *word |= u64::from(wanted(self.get(row))) << (row % 64);
            }
        }
        set
    }

    /// Number of different texts in this column.
    #[must_use]
    pub fn words(&self) -> usize {
        self.words.len()
    }

    /// The text of a number; empty if there is no such number.
    #[must_use]
    pub fn text(&self, word: u32) -> &str {
        let place = usize::try_from(word).unwrap_or(usize::MAX);
        self.words.get(place).map_or("", |text| text.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_their_text() {
        let words = vec![Cow::Borrowed("a"), Cow::Borrowed("b")];
        let rows: Vec<u32> = (0..130).map(|row| row % 3).collect();
        let column = Column::new(rows, words);
        let expected = |rest: usize| {
            let mut set = vec![0u64; 3];
            let rows = (0..130).filter(|row| row % 3 == rest);
            rows.for_each(|row| set[row / 64] |= 1 << (row % 64));
            set
        };
        assert_eq!(column.rows_where(|text| text.is_none()), expected(0));
        assert_eq!(column.rows_where(|text| text == Some("b")), expected(2));
        assert_eq!(Column::default().rows_where(|_| true), Vec::<u64>::new());
    }
}
