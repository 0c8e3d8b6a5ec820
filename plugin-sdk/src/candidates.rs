//! The providers that are still in question for one attempt: a set of rows, a word of 64 bits at a time.

use std::cell::Cell;
use std::fmt;

/// Mark of a count that nobody asked for yet.
const UNCOUNTED: usize = usize::MAX;

/// The rows that a router may narrow and a balancer picks from. Row r is bit `r % 64` of word `r / 64`.
///
/// A router holds it as `&mut`; there is no way to add a row.
pub struct Candidates<'a> {
    words: Words<'a>,
    rows: usize,
    count: Cell<usize>,
    narrowed: bool,
}

enum Words<'a> {
    Read(&'a [u64]),
    Write(&'a mut [u64]),
}

impl fmt::Debug for Candidates<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.iter()).finish()
    }
}

impl<'a> Candidates<'a> {
    /// `count` is the number of set bits, if it is known.
    pub(crate) fn to_narrow(words: &'a mut [u64], rows: u32, count: Option<u32>) -> Self {
        Self::new(Words::Write(words), rows, count)
    }

    /// As [`Candidates::to_narrow`], for a hook that only looks.
    pub(crate) fn to_pick(words: &'a [u64], rows: u32, count: Option<u32>) -> Self {
        Self::new(Words::Read(words), rows, count)
    }

    fn new(words: Words<'a>, rows: u32, count: Option<u32>) -> Self {
        let count = count.and_then(|count| usize::try_from(count).ok());
        Self {
            words,
            rows: usize::try_from(rows).unwrap_or(0),
            count: Cell::new(count.unwrap_or(UNCOUNTED)),
            narrowed: false,
        }
    }

    /// Was any row taken out since the hook began.
    pub(crate) const fn narrowed(&self) -> bool {
        self.narrowed
    }

    /// Rows of the table, candidates or not.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Has the table no rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Number of candidates.
    #[must_use]
    pub fn count(&self) -> usize {
        if self.count.get() == UNCOUNTED {
            self.count.set(ones(self.words()));
        }
        self.count.get()
    }

    /// Is every row a candidate.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.count() == self.rows
    }

    /// Is this row a candidate.
    #[must_use]
    pub fn contains(&self, row: usize) -> bool {
        let word = self.words().get(row / 64).copied().unwrap_or(0);
        row < self.rows && word & bit(row) != 0
    }

    /// The set as it lies: `len().div_ceil(64)` words.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        match &self.words {
            Words::Read(words) => words,
            Words::Write(words) => words,
        }
    }

    /// The candidates in the order of their rows.
    #[must_use]
    pub fn iter(&self) -> Rows<'_> {
        Rows {
            words: self.words(),
            next: 0,
            rest: 0,
        }
    }

    /// The n-th candidate, counted from 0; `None` if there are fewer.
    #[must_use]
    pub fn nth(&self, n: usize) -> Option<usize> {
        if self.is_full() {
            return (n < self.rows).then_some(n);
        }
        let mut left = n;
        for (place, word) in self.words().iter().enumerate() {
            let here = ones(std::slice::from_ref(word));
            if left < here {
                return Some(place * 64 + nth_bit(*word, left));
            }
            left -= here;
        }
        None
    }

    /// Takes a row out; whether it was in.
    pub fn remove(&mut self, row: usize) -> bool {
        if !self.contains(row) {
            return false;
        }
        if let Some(word) = self.words_mut().get_mut(row / 64) {
            *word &= !bit(row);
        }
        self.narrowed = true;
        if self.count.get() != UNCOUNTED {
            self.count.set(self.count.get() - 1);
        }
        true
    }

    /// Keeps the candidates for which `keep` answers true; it is asked about candidates only, in the order of rows.
    pub fn retain(&mut self, mut keep: impl FnMut(usize) -> bool) {
        let mut narrowed = false;
        for (place, word) in self.words_mut().iter_mut().enumerate() {
            let mut rest = *word;
            while rest != 0 {
                let lowest = rest & rest.wrapping_neg();
                if !keep(place * 64 + low(lowest)) {
                    *word &= !lowest;
                    narrowed = true;
                }
                rest ^= lowest;
            }
        }
        self.note(narrowed);
    }

    /// Keeps the candidates that are also in another set of rows. Words that it lacks count as empty.
    pub fn intersect(&mut self, with: &[u64]) {
        let mut narrowed = false;
        for (place, word) in self.words_mut().iter_mut().enumerate() {
            let kept = *word & with.get(place).copied().unwrap_or(0);
            narrowed |= kept != *word;
            *word = kept;
        }
        self.note(narrowed);
    }

    /// Keeps the candidates that are also in another set of rows if there are `at_least` of them (0 is taken for 1), and all
    /// otherwise; whether it kept only them.
    pub fn prefer(&mut self, with: &[u64], at_least: usize) -> bool {
        let pairs = self.words().iter().zip(with);
        let shared: usize = pairs.map(|(word, with)| ones(&[word & with])).sum();
        let enough = shared >= at_least.max(1);
        if enough {
            self.intersect(with);
        }
        enough
    }

    /// Takes all out: nobody may get this call.
    pub fn clear(&mut self) {
        self.intersect(&[]);
    }

    fn note(&mut self, narrowed: bool) {
        if narrowed {
            self.narrowed = true;
            self.count.set(UNCOUNTED);
        }
    }

    fn words_mut(&mut self) -> &mut [u64] {
        match &mut self.words {
            // A balancer is given no `&mut Candidates`, so this is never asked.
            Words::Read(_) => &mut [],
            Words::Write(words) => words,
        }
    }
}

impl<'c> IntoIterator for &'c Candidates<'_> {
    type Item = usize;
    type IntoIter = Rows<'c>;

    fn into_iter(self) -> Rows<'c> {
        self.iter()
    }
}

/// The rows of a set, in order.
#[derive(Debug, Clone)]
pub struct Rows<'c> {
    words: &'c [u64],
    /// Words that were begun.
    next: usize,
    /// What is left of the last of them.
    rest: u64,
}

impl Iterator for Rows<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        while self.rest == 0 {
            self.rest = *self.words.get(self.next)?;
            self.next += 1;
        }
        let row = (self.next - 1) * 64 + low(self.rest);
        self.rest &= self.rest - 1;
        Some(row)
    }
}

const fn bit(row: usize) -> u64 {
    1 << (row % 64)
}

/// Place of the lowest set bit.
const fn low(word: u64) -> usize {
    word.trailing_zeros() as usize
}

fn ones(words: &[u64]) -> usize {
    words.iter().map(|word| word.count_ones() as usize).sum()
}

/// Place of the n-th set bit of a word that has more than n: halves are counted instead of bits cleared one by one.
const fn nth_bit(word: u64, n: usize) -> usize {
    let (mut rest, mut left, mut place, mut width) = (word, n, 0, 32);
    while width > 0 {
        let here = (rest & ((1 << width) - 1)).count_ones() as usize;
        if left >= here {
            left -= here;
            rest >>= width;
            place += width;
        }
        width /= 2;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 130 rows: two whole words and two bits.
    const ROWS: u32 = 130;

    fn set(rows: &[usize]) -> Vec<u64> {
        let mut words = vec![0; 3];
        rows.iter().for_each(|row| words[row / 64] |= bit(*row));
        words
    }

    #[test]
    fn rows_are_found_counted_and_numbered() {
        let rows = [0, 1, 63, 64, 100, 127, 128, 129];
        let words = set(&rows);
        for count in [None, Some(8)] {
            let some = Candidates::to_pick(&words, ROWS, count);
            assert_eq!(some.iter().collect::<Vec<_>>(), rows);
            assert_eq!((some.len(), some.count(), some.is_full()), (130, 8, false));
            let numbered: Vec<_> = (0..9).map(|n| some.nth(n)).collect();
            let expected: Vec<_> = rows.iter().copied().map(Some).chain([None]).collect();
            assert_eq!(numbered, expected);
            assert!((0..200).all(|row| some.contains(row) == rows.contains(&row)));
        }
        assert!(Candidates::to_pick(&[], 0, None).is_empty());
    }

    #[test]
    fn the_nth_bit_agrees_with_counting() {
        for word in [
            1,
            u64::MAX,
            1 << 63,
            0x8000_0001_0000_0001,
            0xdead_beef_cafe_f00d_u64,
        ] {
            let places: Vec<_> = (0..64).filter(|place| word >> place & 1 == 1).collect();
            let found: Vec<_> = (0..places.len()).map(|n| nth_bit(word, n)).collect();
            assert_eq!(found, places, "{word:x}");
        }
    }

    #[test]
    fn a_full_set_needs_no_search() {
        let words = [u64::MAX, u64::MAX, 3];
        let full = Candidates::to_pick(&words, ROWS, None);
        assert!(full.is_full());
        assert_eq!((full.nth(129), full.nth(130)), (Some(129), None));
    }

    #[test]
    fn narrowing_only_takes_out() {
        let mut words = set(&[0, 5, 64, 129]);
        let mut some = Candidates::to_narrow(&mut words, ROWS, Some(4));
        assert!(!some.remove(1) && !some.remove(130) && !some.narrowed());
        some.intersect(&[u64::MAX; 3]);
        some.retain(|_| true);
        assert!(!some.narrowed(), "nothing was taken out");
        assert!(some.remove(5) && some.narrowed());
        assert_eq!(some.count(), 3);
        some.retain(|row| row != 64);
        assert_eq!(
            (some.iter().collect::<Vec<_>>(), some.count()),
            (vec![0, 129], 2)
        );
        some.intersect(&[u64::MAX, u64::MAX]);
        assert_eq!(
            some.iter().collect::<Vec<_>>(),
            [0],
            "words that are not there are empty"
        );
        some.clear();
        assert_eq!(
            (some.count(), some.iter().next(), some.nth(0)),
            (0, None, None)
        );
        assert_eq!(words, [0; 3]);
    }

    #[test]
    fn rows_are_preferred_while_there_are_enough() {
        let mut words = set(&[0, 5, 64, 129]);
        let mut some = Candidates::to_narrow(&mut words, ROWS, None);
        let with = set(&[1, 5, 64]);
        assert!(!some.prefer(&with, 3) && !some.prefer(&set(&[1]), 0) && !some.narrowed());
        assert!(some.prefer(&with, 2) && some.narrowed());
        assert_eq!(some.iter().collect::<Vec<_>>(), [5, 64]);
        assert!(!some.prefer(&[], 0), "words that are not there are empty");
        assert_eq!(some.count(), 2);
    }

    #[test]
    fn bits_beyond_the_rows_are_no_candidates() {
        let mut words = set(&[1]);
        let mut some = Candidates::to_narrow(&mut words, ROWS, None);
        some.intersect(&[u64::MAX; 9]);
        assert_eq!(some.iter().collect::<Vec<_>>(), [1]);
        let stray = [0, 0, 1 << 9];
        assert!(!Candidates::to_pick(&stray, ROWS, None).contains(137));
    }
}
