//! The candidates with the fewest calls under way, and the choice among them.
//!
//! One walk over the rows finds the least and, a word of 64 rows at a time, notes how far their weights add up; the choice
//! then looks at the notes and walks a single word. The loops are written out because they run for each call.

use wubbo_plugin_sdk::Candidates;

/// Rows of one word of a set.
const WORD: usize = 64;

/// The candidates that tie for the least, up to some row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Least {
    /// Calls under way to each of them.
    active: i64,
    /// Sum of their shares.
    total: u64,
}

/// Finds the least; keeps room for its notes.
#[derive(Debug, Default)]
pub(crate) struct Search {
    /// The least up to the end of each word.
    notes: Vec<Least>,
}

impl Search {
    /// One of the candidates with the least calls under way: by weight, or with equal chances if they weigh nothing.
    /// Weights are 0 or more.
    pub(crate) fn pick(
        &mut self,
        candidates: &Candidates<'_>,
        active: &[i64],
        weights: &[i64],
        random: u64,
    ) -> Option<usize> {
        let all = || words(candidates, active, weights);
        let by_weight = self.among(all, i64::unsigned_abs, random);
        by_weight.or_else(|| self.among(all, |_| 1, random))
    }

    /// One of the least, in proportion to shares; `None` if they have none.
    fn among<'a, W: Iterator<Item = Word<'a>>>(
        &mut self,
        all: impl Fn() -> W,
        share: impl Fn(i64) -> u64,
        random: u64,
    ) -> Option<usize> {
        self.notes.clear();
        let mut least = Least {
            active: i64::MAX,
            total: 0,
        };
        for word in all() {
            visit(word, |_, active, weight| {
                if active < least.active {
                    least = Least { active, total: 0 };
                }
                if active == least.active {
                    least.total += share(weight);
                }
            });
            self.notes.push(least);
        }
        let offset = scale(random, least.total);
        let reached = |note: &Least| note.active == least.active && note.total > offset;
        let place = self.notes.iter().position(reached)?;
        let before = place
            .checked_sub(1)
            .and_then(|before| self.notes.get(before));
        let passed = before.filter(|note| note.active == least.active);
        let mut left = offset - passed.map_or(0, |note| note.total);
        let mut chosen = None;
        visit(all().nth(place)?, |bit, active, weight| {
            if chosen.is_none() && active == least.active {
                let share = share(weight);
                chosen = (left < share).then_some(place * WORD + bit);
                left = left.saturating_sub(share);
            }
        });
        chosen
    }
}

/// A word of a set, and its rows' calls under way and weights.
type Word<'a> = (u64, &'a [i64], &'a [i64]);

/// The words of a set with the numbers of their rows.
#[inline(always)]
fn words<'a>(
    candidates: &'a Candidates<'_>,
    active: &'a [i64],
    weights: &'a [i64],
) -> impl Iterator<Item = Word<'a>> {
    let numbers = active.chunks(WORD).zip(weights.chunks(WORD));
    let words = candidates.words().iter().zip(numbers);
    words.map(|(word, (active, weights))| (*word, active, weights))
}

/// Shows the candidates of a word with their numbers.
#[inline(always)]
fn visit((word, active, weights): Word<'_>, mut each: impl FnMut(usize, i64, i64)) {
    if word == u64::MAX {
        for (bit, (active, weight)) in active.iter().zip(weights).enumerate() {
            each(bit, *active, *weight);
        }
        return;
    }
    let mut rest = word;
    while rest != 0 {
        let bit = rest.trailing_zeros() as usize;
        if let (Some(active), Some(weight)) = (active.get(bit), weights.get(bit)) {
            each(bit, *active, *weight);
        }
        rest &= rest - 1;
    }
}

/// A number below `bound` from 64 random bits; the bias, `bound` in 2^64, is far below what can be seen.
fn scale(random: u64, bound: u64) -> u64 {
    let wide = u128::from(random) * u128::from(bound);
    u64::try_from(wide >> 64).unwrap_or(0)
}
