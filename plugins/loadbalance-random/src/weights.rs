//! Weights as running sums, so that a choice among all is one search and a subset is summed a word at a time.

use wubbo_plugin_sdk::Candidates;

/// Rows of one word of a set.
const WORD: usize = 64;

/// The weights of all rows of a list.
#[derive(Debug, Default)]
pub(crate) struct Weights {
    /// Sum of all rows before each, and of all at the end.
    sums: Vec<u64>,
    equal: bool,
}

impl Weights {
    /// Takes the weights in the order of rows; a negative one counts as 0.
    pub(crate) fn fill(&mut self, column: &[i64]) {
        self.equal = column.windows(2).all(|pair| pair.first() == pair.last());
        self.sums.clear();
        self.sums.push(0);
        let mut sum = 0;
        self.sums.extend(column.iter().map(|weight| {
            sum += weight.max(&0).unsigned_abs();
            sum
        }));
    }

    /// One of the candidates: by weight, or with equal chances if they weigh alike or nothing. `scratch` is overwritten.
    pub(crate) fn pick(
        &self,
        candidates: &Candidates<'_>,
        random: u64,
        scratch: &mut Vec<u64>,
    ) -> Option<usize> {
        let alike = |candidates: &Candidates<'_>| candidates.nth(below(random, candidates.count()));
        if self.equal {
            return alike(candidates);
        }
        if candidates.is_full() {
            let offset = scale(random, self.before(candidates.len()));
            return Some(self.sums.partition_point(|sum| *sum <= offset) - 1);
        }
        scratch.clear();
        let words = candidates.words().iter().enumerate();
        scratch.extend(words.map(|(place, word)| self.of_word(place * WORD, *word)));
        let total = scratch.iter().sum();
        if total == 0 {
            return alike(candidates);
        }
        let mut offset = scale(random, total);
        for (place, (word, sum)) in candidates.words().iter().zip(scratch.iter()).enumerate() {
            if offset < *sum {
                return self.in_word(place * WORD, *word, offset);
            }
            offset -= sum;
        }
        None
    }

    fn before(&self, row: usize) -> u64 {
        let last = self.sums.len().saturating_sub(1);
        self.sums.get(row.min(last)).copied().unwrap_or(0)
    }

    fn of_row(&self, row: usize) -> u64 {
        self.before(row + 1) - self.before(row)
    }

    /// Sum over the rows of a word: over its ones, or all less its zeros where these are fewer.
    fn of_word(&self, first: usize, word: u64) -> u64 {
        let of = |bits: u64| Bits(bits).map(|bit| self.of_row(first + bit)).sum::<u64>();
        if word.count_ones() as usize <= WORD / 2 {
            of(word)
        } else {
            self.before(first + WORD) - self.before(first) - of(!word)
        }
    }

    fn in_word(&self, first: usize, word: u64, mut offset: u64) -> Option<usize> {
        for bit in Bits(word) {
            let weight = self.of_row(first + bit);
            if offset < weight {
                return Some(first + bit);
            }
            offset -= weight;
        }
        None
    }
}

/// The places of a word's ones.
struct Bits(u64);

impl Iterator for Bits {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let place = (self.0 != 0).then_some(self.0.trailing_zeros() as usize)?;
        self.0 &= self.0 - 1;
        Some(place)
    }
}

/// A number below `bound` from 64 random bits; the bias, `bound` in 2^64, is far below what can be seen.
fn scale(random: u64, bound: u64) -> u64 {
    let wide = u128::from(random) * u128::from(bound);
    u64::try_from(wide >> 64).unwrap_or(0)
}

fn below(random: u64, bound: usize) -> usize {
    let bound = u64::try_from(bound).unwrap_or(u64::MAX);
    usize::try_from(scale(random, bound)).unwrap_or(0)
}
