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
