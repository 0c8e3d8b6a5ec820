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
            let offset = scale(random, self.total());
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

    /// Sum of all rows.
    fn total(&self) -> u64 {
        self.sums.last().copied().unwrap_or(0)
    }

    /// The sums of the rows of a word: one before each of them and one at the end.
    fn of_rows(&self, first: usize) -> &[u64] {
        let end = self.sums.len().min(first + WORD + 1);
        self.sums.get(first..end).unwrap_or_default()
    }

    /// Sum over the rows of a word: over its ones, or all less its zeros where these are fewer.
    fn of_word(&self, first: usize, word: u64) -> u64 {
        let sums = self.of_rows(first);
        if word.count_ones() as usize <= WORD / 2 {
            return of_bits(sums, word);
        }
        let all = sums.last().copied().unwrap_or(0) - sums.first().copied().unwrap_or(0);
        all - of_bits(sums, !word)
    }

    fn in_word(&self, first: usize, word: u64, mut offset: u64) -> Option<usize> {
        let sums = self.of_rows(first);
        for bit in Bits(word) {
            let weight = of_bit(sums, bit);
            if offset < weight {
                return Some(first + bit);
            }
            offset -= weight;
        }
        None
    }
}

fn of_bits(sums: &[u64], word: u64) -> u64 {
    Bits(word).map(|bit| of_bit(sums, bit)).sum()
}

/// Weight of a row, 0 where the list has ended.
#[inline(always)]
fn of_bit(sums: &[u64], bit: usize) -> u64 {
    match (sums.get(bit), sums.get(bit + 1)) {
        (Some(before), Some(after)) => after - before,
        _ => 0,
    }
}

/// The places of a word's ones.
struct Bits(u64);

impl Iterator for Bits {
    type Item = usize;

    #[inline(always)]
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
