//! An attempt as a router or balancer sees it: the call, and the live numbers of the providers.

use super::Reader;
use crate::abi::interest::Space;
use crate::abi::keys::Key;
use crate::abi::{call, field, names};
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::native::{Form, Part};
use crate::seam::{self, RoutingRef};
use std::borrow::Cow;
use std::fmt;

/// A live number of a provider, for the service and method of the call. The numbers are the ABI's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Cell {
    /// Weight for this method, with warm-up, 0 to 2^31-1.
    Weight = 1,
    /// Calls now running to the provider.
    Active = 2,
    /// Calls that ended.
    Total = 3,
    /// Of these failed.
    Failed = 4,
    /// Smoothed latency in microseconds.
    LatencyUs = 5,
    /// Failures since the last success.
    ConsecutiveFailures = 6,
    /// Unix time of the last failure in milliseconds, 0: never.
    LastFailureMs = 7,
}

impl Cell {
    /// All cells in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Weight,
        Self::Active,
        Self::Total,
        Self::Failed,
        Self::LatencyUs,
        Self::ConsecutiveFailures,
        Self::LastFailureMs,
    ];

    /// The number that crosses the border.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Weight => names::CELL_WEIGHT,
            Self::Active => names::CELL_ACTIVE,
            Self::Total => names::CELL_TOTAL,
            Self::Failed => names::CELL_FAILED,
            Self::LatencyUs => names::CELL_LATENCY_US,
            Self::ConsecutiveFailures => names::CELL_CONSECUTIVE_FAILURES,
            Self::LastFailureMs => names::CELL_LAST_FAILURE_MS,
        }
    }

    /// The cell of an ABI number.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|cell| cell.number() == number)
    }
}

/// One attempt in `route` or `select`. Reads of what the manifest's `reads` names cost nothing; others ask the host.
pub struct Routing<'a> {
    reader: Reader<'a>,
    call: RoutingRef<'a>,
}

impl fmt::Debug for Routing<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Routing")
            .field("weights_epoch", &self.weights_epoch())
            .finish_non_exhaustive()
    }
}

impl<'a> Routing<'a> {
    pub(crate) fn new(call: RoutingRef<'a>) -> Self {
        Self {
            reader: Reader {
                call: seam::as_call(call),
            },
            call,
        }
    }

    /// The host: log, clock, random bits, shared state.
    #[must_use]
    pub fn host(&self) -> Host<'a> {
        Host::new(seam::functions(self.reader.call))
    }

    /// Interface name; empty if the call has none.
    ///
    /// # Errors
    /// The host cannot tell now.
    pub fn service(&self) -> Result<Cow<'a, str>> {
        Ok(self.reader.field(field::SERVICE)?.unwrap_or_default())
    }

    /// Method name.
    ///
    /// # Errors
    /// The host cannot tell now.
    pub fn method(&self) -> Result<Cow<'a, str>> {
        Ok(self.reader.field(field::METHOD)?.unwrap_or_default())
    }

    /// A fact of the call by a number of [`crate::abi::field`].
    ///
    /// # Errors
    /// `BadArgument`: unknown field.
    pub fn field(&self, id: u16) -> Result<Option<Cow<'a, str>>> {
        self.reader.field(id)
    }

    /// A request attachment.
    ///
    /// # Errors
    /// `TooLarge`: key above 256 bytes.
    pub fn attachment<'k>(&self, key: impl Into<Key<'k>>) -> Result<Option<Cow<'a, str>>> {
        self.reader.text(Space::Attachment, key.into())
    }

    /// A parameter of the consumer's URL; an empty one counts as absent.
    ///
    /// # Errors
    /// `TooLarge`: key above 256 bytes.
    pub fn parameter<'k>(&self, key: impl Into<Key<'k>>) -> Result<Option<Cow<'a, str>>> {
        self.reader.text(Space::Url, key.into())
    }

    /// `methods.<method>.<key>` of that URL, else `<key>`.
    ///
    /// # Errors
    /// `TooLarge`: key above 256 bytes.
    pub fn method_parameter<'k>(&self, key: impl Into<Key<'k>>) -> Result<Option<Cow<'a, str>>> {
        self.reader.text(Space::MethodUrl, key.into())
    }

    /// Number of arguments.
    #[must_use]
    pub fn argument_count(&self) -> u32 {
        self.reader.call.scalars().argument_count
    }

    /// A scalar argument, or what a path such as `user.ids[0]` finds in it, as text; `None` for null or if there is no
    /// such thing. Needs `arguments = read`.
    ///
    /// # Errors
    /// `NotGranted`, `NotReadable`, `WrongType` (a list, a map, an object), `BadArgument` (path), `TooLarge`.
    pub fn argument_text(&self, index: u32, path: &str) -> Result<Option<String>> {
        self.reader
            .body_text(Part::Argument(index), Form::Text, path)
    }

    /// An argument, or what a path finds in it, as JSON. Needs `arguments = read`.
    ///
    /// # Errors
    /// As [`Routing::argument_text`].
    pub fn argument_json(&self, index: u32, path: &str) -> Result<Option<String>> {
        self.reader
            .body_text(Part::Argument(index), Form::Json, path)
    }

    /// An argument, or what a path finds in it, as a self-contained Hessian stream. Needs `arguments = read`.
    ///
    /// # Errors
    /// As [`Routing::argument_text`].
    pub fn argument_hessian(&self, index: u32, path: &str) -> Result<Option<Vec<u8>>> {
        self.reader.body(Part::Argument(index), Form::Hessian, path)
    }

    /// All arguments as one JSON array. Needs `arguments = read`.
    ///
    /// # Errors
    /// As [`Routing::argument_text`].
    pub fn arguments_json(&self) -> Result<Option<String>> {
        self.reader.body_text(Part::Arguments, Form::Json, "")
    }

    /// Milliseconds left of the call's deadline; `None` without one.
    ///
    /// # Errors
    /// The host cannot tell now.
    pub fn remaining_ms(&self) -> Result<Option<u64>> {
        self.reader.number(names::NUMBER_REMAINING_MS)
    }

    /// Number of the try, from 0.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.reader.call.scalars().attempt
    }

    /// Is this the provider's side of a call; routing as a rule is not.
    #[must_use]
    pub fn is_provider_side(&self) -> bool {
        self.reader.on_provider()
    }

    /// Is somebody listening to [`Routing::note`].
    #[must_use]
    pub fn explained(&self) -> bool {
        self.reader.has(call::flags::EXPLAIN)
    }

    /// Says in one line why a row (`None`: the whole list) was kept or dropped, for `wubbo explain`. Costs nothing and
    /// does nothing unless the call is explained; a row that does not exist is ignored.
    pub fn note(&self, row: Option<usize>, text: &str) {
        if !self.explained() {
            return;
        }
        let row = row.map(|row| u32::try_from(row).unwrap_or(u32::MAX));
        // The host knows the rows; a note about none of them concerns nobody.
        let _ = self.call.note(row, text);
    }

    /// Changes when any weight of the list changed.
    #[must_use]
    pub fn weights_epoch(&self) -> u32 {
        self.call.weights_epoch()
    }

    /// Does some provider weigh the methods of this service differently: then keep weights per method.
    #[must_use]
    pub fn has_method_weights(&self) -> bool {
        self.reader.has(call::flags::METHOD_WEIGHTS)
    }

    /// Weight of a row for this method, with warm-up, 0 to 2^31-1.
    ///
    /// # Errors
    /// `BadArgument`: no such row.
    pub fn weight(&self, row: usize) -> Result<i64> {
        self.cell(row, Cell::Weight)
    }

    /// Calls of this method now running to a row.
    ///
    /// # Errors
    /// As [`Routing::weight`].
    pub fn active(&self, row: usize) -> Result<i64> {
        self.cell(row, Cell::Active)
    }

    /// Calls of this method to a row that ended.
    ///
    /// # Errors
    /// As [`Routing::weight`].
    pub fn total(&self, row: usize) -> Result<i64> {
        self.cell(row, Cell::Total)
    }

    /// Of these failed.
    ///
    /// # Errors
    /// As [`Routing::weight`].
    pub fn failed(&self, row: usize) -> Result<i64> {
        self.cell(row, Cell::Failed)
    }

    /// Smoothed latency of this method at a row, in microseconds.
    ///
    /// # Errors
    /// As [`Routing::weight`].
    pub fn latency_us(&self, row: usize) -> Result<i64> {
        self.cell(row, Cell::LatencyUs)
    }

    /// Failures of a row since its last success.
    ///
    /// # Errors
    /// As [`Routing::weight`].
    pub fn consecutive_failures(&self, row: usize) -> Result<i64> {
        self.cell(row, Cell::ConsecutiveFailures)
    }

    /// Unix time of a row's last failure in milliseconds, 0: never.
    ///
    /// # Errors
    /// As [`Routing::weight`].
    pub fn last_failure_ms(&self, row: usize) -> Result<i64> {
        self.cell(row, Cell::LastFailureMs)
    }

    /// One live number of a row. For more than a few rows [`Routing::column`] costs less.
    ///
    /// # Errors
    /// As [`Routing::weight`].
    pub fn cell(&self, row: usize, cell: Cell) -> Result<i64> {
        let row = u32::try_from(row).map_err(|_| ErrorKind::BadArgument);
        row.and_then(|row| self.call.cell(row, cell.number()))
            .map_err(|kind| Error::host(kind, "number of a provider"))
    }

    /// One live number of all rows, in a single host call. `out` is overwritten; keep it in the policy, so that it is
    /// allocated once. After an error it is empty.
    ///
    /// # Errors
    /// The host cannot tell now.
    pub fn column(&self, cell: Cell, out: &mut Vec<i64>) -> Result<()> {
        let read = seam::numbers(self.call, cell.number(), out);
        read.map_err(|kind| {
            out.clear();
            Error::host(kind, "numbers of the providers")
        })
    }
}
