//! The ring: points of all providers on a circle of 32 bits, in order.

use crate::md5::md5;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use wubbo_plugin_sdk::Candidates;

/// Points that one digest gives.
pub(crate) const POINTS: usize = 4;

/// All rows that a list can have.
const ROWS: RangeInclusive<u16> = 0..=u16::MAX;

/// Points and their providers. Two providers may share a point: the later one stands first, as it overwrites the earlier
/// one in Dubbo; the earlier one is still there for the calls that the later one is no candidate of.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    nodes: usize,
    points: Vec<u32>,
    rows: Vec<u16>,
    /// For each value of a point's highest bits the first place from which points have it or a greater one.
    starts: Vec<u32>,
    /// How far to shift a point to the right to have those bits.
    shift: u32,
}

impl Ring {
    /// The ring of `nodes` points per address, in the order of rows. What `before`, of the same number of nodes, knows of
    /// an address of `addresses_before` is taken from there.
    pub(crate) fn new(
        nodes: usize,
        addresses: &[String],
        before: Option<(&Self, &[String])>,
    ) -> Self {
        // A point, then the row from the end, so that the later row comes first.
        let mut entries: Vec<u64> = Vec::with_capacity(addresses.len() * nodes);
        let mut known = vec![false; addresses.len()];
        if let Some((ring, addresses_before)) = before {
            ring.carry(addresses_before, addresses, &mut known, &mut entries);
        }
        let mut text = String::new();
        for ((row, address), _) in ROWS
            .zip(addresses)
            .zip(&known)
            .filter(|(_, known)| !**known)
        {
            for replica in 0..nodes / POINTS {
                text.clear();
                // A String takes whatever is written to it.
                let _ = write!(text, "{address}{replica}");
                entries.extend(md5(text.as_bytes()).map(|point| entry(point, row)));
            }
        }
        // What was carried is one long run in order, which this sort leaves as it is.
        entries.sort();
        Self::index(nodes, &entries)
    }

    fn index(nodes: usize, entries: &[u64]) -> Self {
        let points: Vec<u32> = entries.iter().map(|entry| (entry >> 32) as u32).collect();
        // About eight points per start.
        let bits = points.len().max(16).ilog2() - 3;
        let shift = 32 - bits;
        let mut starts = Vec::with_capacity(1 << bits);
        let mut place = 0;
        for top in 0..1_u32 << bits {
            let rest = points.get(place..).unwrap_or_default();
            place += rest
                .iter()
                .take_while(|point| *point >> shift < top)
                .count();
            starts.push(u32::try_from(place).unwrap_or(u32::MAX));
        }
        Self {
            nodes,
            points,
            rows: entries.iter().map(|entry| row(*entry)).collect(),
            starts,
            shift,
        }
    }

    /// Appends, in order, the points of addresses that are in both lists, and marks these.
    fn carry(&self, from: &[String], to: &[String], known: &mut [bool], entries: &mut Vec<u64>) {
        let places: HashMap<&str, u16> = to.iter().map(String::as_str).zip(ROWS).collect();
        let moved: Vec<Option<u16>> = from
            .iter()
            .map(|address| {
                let row = *places.get(address.as_str())?;
                // An address that a list has twice is carried once, and made anew for its other row.
                let known = known.get_mut(usize::from(row)).filter(|known| !**known)?;
                *known = true;
                Some(row)
            })
            .collect();
        for (point, row) in self.points.iter().zip(&self.rows) {
            if let Some(Some(row)) = moved.get(usize::from(*row)) {
                entries.push(entry(*point, *row));
            }
        }
    }

    /// Points per provider.
    pub(crate) const fn nodes(&self) -> usize {
        self.nodes
    }

    /// The candidate with the first point at or after `point`, round the circle: what the ring of the candidates alone
    /// would say.
    pub(crate) fn pick(&self, point: u32, candidates: &Candidates<'_>) -> Option<usize> {
        let (before, after) = self.rows.split_at_checked(self.start(point)?)?;
        let mut round = after.iter().chain(before).map(|row| usize::from(*row));
        if candidates.is_full() {
            return round.next();
        }
        round.find(|row| candidates.contains(*row))
    }

    /// The first place whose point is `point` or more; the number of places if there is none.
    fn start(&self, point: u32) -> Option<usize> {
        let start = self.starts.get((point >> self.shift) as usize)?;
        let start = usize::try_from(*start).ok()?;
        let rest = self.points.get(start..)?;
        Some(start + rest.iter().take_while(|found| **found < point).count())
    }
}

fn entry(point: u32, row: u16) -> u64 {
    u64::from(point) << 32 | u64::from(u16::MAX - row)
}

fn row(entry: u64) -> u16 {
    u16::MAX - (entry & 0xffff) as u16
}

#[cfg(test)]
mod tests;
