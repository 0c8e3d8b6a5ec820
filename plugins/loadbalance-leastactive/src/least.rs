//! The candidates with the fewest calls under way, and the choice among them.

use wubbo_plugin_sdk::Candidates;

/// The candidates that tie for the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Least {
    /// Calls under way to each of them.
    active: i64,
    /// How many they are.
    pub(crate) count: u64,
    /// Sum of their weights.
    weight: u64,
    /// The first of them.
    pub(crate) first: usize,
}

impl Least {
    fn meet(&mut self, row: usize, active: i64, weight: i64) {
        if active > self.active {
            return;
        }
        let weight = weight.max(0).unsigned_abs();
        if active < self.active {
            *self = Self {
                active,
                count: 1,
                weight,
                first: row,
            };
        } else {
            self.count += 1;
            self.weight += weight;
        }
    }

    /// One of them: by weight, or with equal chances if they weigh nothing.
    pub(crate) fn pick(
        self,
        candidates: &Candidates<'_>,
        active: &[i64],
        weights: &[i64],
        random: u64,
    ) -> Option<usize> {
        let by_weight = self.weight > 0;
        let mut offset = scale(random, if by_weight { self.weight } else { self.count });
        // Answers whether the offset falls on the row.
        let mut falls = |active: i64, weight: i64| {
            if active != self.active {
                return false;
            }
            let share = if by_weight {
                weight.max(0).unsigned_abs()
            } else {
                1
            };
            let falls = offset < share;
            offset = offset.wrapping_sub(share);
            falls
        };
        if candidates.is_full() {
            let mut rows = active.iter().zip(weights).skip(self.first);
            let place = rows.position(|(active, weight)| falls(*active, *weight));
            return place.map(|place| self.first + place);
        }
        candidates
            .iter()
            .find(|row| numbers(active, weights, *row).is_some_and(|(a, w)| falls(a, w)))
    }
}

/// The least among the candidates; a row without numbers is none of them.
pub(crate) fn among(candidates: &Candidates<'_>, active: &[i64], weights: &[i64]) -> Least {
    let mut least = Least {
        active: i64::MAX,
        count: 0,
        weight: 0,
        first: 0,
    };
    if candidates.is_full() {
        for (row, (active, weight)) in active.iter().zip(weights).enumerate() {
            least.meet(row, *active, *weight);
        }
    } else {
        for row in candidates {
            if let Some((active, weight)) = numbers(active, weights, row) {
                least.meet(row, active, weight);
            }
        }
    }
    least
}

fn numbers(active: &[i64], weights: &[i64], row: usize) -> Option<(i64, i64)> {
    Some((*active.get(row)?, *weights.get(row)?))
}

/// A number below `bound` from 64 random bits; the bias, `bound` in 2^64, is far below what can be seen.
fn scale(random: u64, bound: u64) -> u64 {
    let wide = u128::from(random) * u128::from(bound);
    u64::try_from(wide >> 64).unwrap_or(0)
}
