//! The provider list of a test, its live numbers, and how hooks see them.

use super::call::View;
use super::memory::MemoryHost;
use super::url::TestUrl;
use crate::abi::call;
use crate::abi::interest::Space;
use crate::call::Cell;
use crate::error::{Error, ErrorKind, Result};
use crate::native::{
    Form, HostCall, HostFunctions, HostResult, HostRouting, HostTable, Part, Scalars,
};
use std::borrow::Cow;
use std::cell::RefCell;

/// The one service of a bench.
pub(super) const SERVICE_TOKEN: u64 = 1;
/// Dubbo's default: `weight=100`.
const DEFAULT_WEIGHT: i64 = 100;

/// Notes of one call, with the row they are about.
pub(super) type Notes = RefCell<Vec<(Option<usize>, String)>>;

#[derive(Debug, Clone, Default)]
pub(super) struct Lists {
    service: String,
    urls: Vec<TestUrl>,
    version: u64,
    epoch: u32,
    cells: [Vec<i64>; Cell::ALL.len()],
}

impl Lists {
    /// Takes over a new list; weights come from its URLs, the other numbers start at 0.
    pub(super) fn set<S: AsRef<str>>(&mut self, urls: &[S]) -> Result<()> {
        let parsed: Result<Vec<TestUrl>> = urls
            .iter()
            .map(|text| TestUrl::parse(text.as_ref()))
            .collect();
        self.urls = parsed?;
        if let Some(first) = self.urls.first() {
            self.service = first.service_key();
        }
        self.version += 1;
        self.epoch += 1;
        self.cells = Cell::ALL.map(|cell| match cell {
            Cell::Weight => self.urls.iter().map(weight).collect(),
            _ => vec![0; self.urls.len()],
        });
        Ok(())
    }

    /// Sets one live number of every row.
    pub(super) fn set_cells(&mut self, cell: Cell, values: &[i64]) -> Result<()> {
        if values.len() != self.urls.len() {
            return Err(Error::new(format!(
                "{} numbers for {} providers",
                values.len(),
                self.urls.len()
            )));
        }
        if cell == Cell::Weight {
            self.epoch += 1;
        }
        if let Some(column) = self.cells.get_mut(cell as usize - 1) {
            values.clone_into(column);
        }
        Ok(())
    }

    /// Was any list given.
    pub(super) const fn given(&self) -> bool {
        self.version > 0
    }

    pub(super) fn rows(&self) -> u32 {
        u32::try_from(self.urls.len()).unwrap_or(u32::MAX)
    }

    /// A set of rows as words.
    ///
    /// # Errors
    /// There is no such row.
    pub(super) fn words(&self, rows: impl Iterator<Item = usize>) -> Result<Vec<u64>> {
        let mut words = vec![0u64; self.urls.len().div_ceil(64)];
        for row in rows {
            let word = words.get_mut(row / 64).filter(|_| row < self.urls.len());
            *word.ok_or_else(|| Error::new(format!("there is no row {row}")))? |= 1 << (row % 64);
        }
        Ok(words)
    }

    pub(super) fn all(&self) -> Vec<usize> {
        (0..self.urls.len()).collect()
    }
}

fn weight(url: &TestUrl) -> i64 {
    let given = url.parameter("weight").and_then(|text| text.parse().ok());
    given.unwrap_or(DEFAULT_WEIGHT)
}

/// What `on_providers` sees.
pub(super) struct TableView<'a> {
    pub(super) lists: &'a Lists,
    pub(super) host: &'a MemoryHost,
    pub(super) only_weights: bool,
}

impl HostTable for TableView<'_> {
    fn functions(&self) -> &dyn HostFunctions {
        self.host
    }

    fn service_token(&self) -> u64 {
        SERVICE_TOKEN
    }

    fn version(&self) -> u64 {
        self.lists.version
    }

    fn service(&self) -> &str {
        &self.lists.service
    }

    fn rows(&self) -> u32 {
        self.lists.rows()
    }

    fn weights_epoch(&self) -> u32 {
        self.lists.epoch
    }

    fn only_weights(&self) -> bool {
        self.only_weights
    }

    fn get(&self, row: u32, space: Space, key: &str) -> HostResult<Option<Cow<'_, str>>> {
        let place = usize::try_from(row).map_err(|_| ErrorKind::BadArgument)?;
        let url = self.lists.urls.get(place).ok_or(ErrorKind::BadArgument)?;
        let found = match (space, key) {
            (Space::Url, key) => url.parameter(key),
            (Space::Field, "address" | "host" | "port" | "protocol") => url.field(key),
            _ => return Err(ErrorKind::BadArgument),
        };
        Ok(found.map(Cow::Borrowed))
    }
}

/// What `route` and `select` see.
pub(super) struct RoutingView<'a> {
    pub(super) view: View<'a>,
    pub(super) lists: &'a Lists,
    pub(super) notes: &'a Notes,
}

impl RoutingView<'_> {
    fn numbers(&self, what: u32) -> HostResult<&[i64]> {
        let cell = Cell::from_number(what).ok_or(ErrorKind::BadArgument)?;
        let column = self.lists.cells.get(cell as usize - 1);
        column.map(Vec::as_slice).ok_or(ErrorKind::BadArgument)
    }
}

impl HostCall for RoutingView<'_> {
    fn functions(&self) -> &dyn HostFunctions {
        self.view.functions()
    }

    fn scalars(&self) -> Scalars {
        let scalars = self.view.scalars();
        Scalars {
            // Whoever routes is a consumer, in an attempt.
            flags: scalars.flags & !call::flags::PROVIDER | call::flags::ATTEMPT_STAGE,
            service_token: SERVICE_TOKEN,
            ..scalars
        }
    }

    fn scratch_blob(&self) -> &[u8] {
        &[]
    }

    fn get(&self, space: Space, key: &str) -> HostResult<Option<Cow<'_, str>>> {
        self.view.get(space, key)
    }

    fn list(&self, space: Space, each: &mut dyn FnMut(&str, &str)) -> HostResult<()> {
        self.view.list(space, each)
    }

    fn number(&self, what: u32) -> HostResult<u64> {
        self.view.number(what)
    }

    fn body(&self, part: Part, form: Form, path: &str) -> HostResult<Vec<u8>> {
        self.view.body(part, form, path)
    }
}

impl HostRouting for RoutingView<'_> {
    fn table_version(&self) -> u64 {
        self.lists.version
    }

    fn rows(&self) -> u32 {
        self.lists.rows()
    }

    fn weights_epoch(&self) -> u32 {
        self.lists.epoch
    }

    fn cell(&self, row: u32, what: u32) -> HostResult<i64> {
        let row = usize::try_from(row).map_err(|_| ErrorKind::BadArgument)?;
        let number = self.numbers(what)?.get(row).copied();
        number.ok_or(ErrorKind::BadArgument)
    }

    fn column(&self, what: u32, out: &mut Vec<i64>) -> HostResult<()> {
        out.extend_from_slice(self.numbers(what)?);
        Ok(())
    }

    fn note(&self, row: Option<u32>, text: &str) -> HostResult<()> {
        if row.is_some_and(|row| row >= self.lists.rows()) {
            return Err(ErrorKind::BadArgument);
        }
        let row = row.and_then(|row| usize::try_from(row).ok());
        self.notes.borrow_mut().push((row, text.to_owned()));
        Ok(())
    }
}
