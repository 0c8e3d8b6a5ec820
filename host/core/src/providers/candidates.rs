//! The set of rows still in play.

/// Indices of a [`crate::ProviderTable`] that are still in play, in ascending order, as a bitmap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    words: Vec<u64>,
    len: usize,
}

impl Candidates {
    /// Every row of a table of `len` rows.
    #[must_use]
    pub fn all(len: usize) -> Self {
        let mut words = vec![u64::MAX; len.div_ceil(64)];
        let spare = words.len() * 64 - len;
        if let Some(last) = words.last_mut() {
            *last >>= spare;
        }
        Self { words, len }
    }

    /// These rows of a table of `len` rows; those outside of it are left out.
    #[must_use]
    pub fn of(len: usize, rows: impl IntoIterator<Item = usize>) -> Self {
        let mut words = vec![0; len.div_ceil(64)];
        for row in rows.into_iter().filter(|row| *row < len) {
            if let Some(word) = words.get_mut(row / 64) {
                *word |= 1 << (row % 64);
            }
        }
        Self { words, len }
    }

    /// The bitmap: row r is bit `r % 64` of word `r / 64`; bits behind the last row are clear.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Keeps the candidates whose bits are set in `words` too; rows that it does not reach go.
    pub fn intersect(&mut self, words: &[u64]) {
        let others = words.iter().copied().chain(std::iter::repeat(0));
        for (word, other) in self.words.iter_mut().zip(others) {
            *word &= other;
        }
    }

    /// How many candidates are left.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Whether row `index` is one of them.
    #[must_use]
    pub fn contains(&self, index: usize) -> bool {
        index < self.len
            && self
                .words
                .get(index / 64)
                .is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Takes row `index` out; one outside the table changes nothing.
    pub fn remove(&mut self, index: usize) {
        if let Some(word) = self.words.get_mut(index / 64) {
            *word &= !(1 << (index % 64));
        }
    }

    /// The indices, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(place, &word)| {
            std::iter::successors((word != 0).then_some(word), |left| {
                let next = left & (left - 1);
                (next != 0).then_some(next)
            })
            .map(move |left| place * 64 + left.trailing_zeros() as usize)
        })
    }

    /// The `nth` candidate, counted from 0.
    #[must_use]
    pub fn nth(&self, mut nth: usize) -> Option<usize> {
        for (place, &word) in self.words.iter().enumerate() {
            let ones = word.count_ones() as usize;
            if nth < ones {
                let mut left = word;
                for _ in 0..nth {
                    left &= left - 1;
                }
                return Some(place * 64 + left.trailing_zeros() as usize);
            }
            nth -= ones;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_rows_are_those_of_the_table() {
        let candidates = Candidates::of(66, [65, 3, 66, 3, usize::MAX]);
        assert_eq!(candidates.words(), [0b1000, 0b10]);
        assert_eq!(Candidates::of(130, 0..200), Candidates::all(130));
    }

    #[test]
    fn what_another_bitmap_lacks_goes() {
        let mut candidates = Candidates::all(130);
        assert_eq!(candidates.words(), [u64::MAX, u64::MAX, 0b11]);
        candidates.intersect(&[0b101, u64::MAX << 63]);
        assert_eq!(candidates.iter().collect::<Vec<_>>(), [0, 2, 127]);
        candidates.intersect(&[u64::MAX; 4]);
        assert_eq!((candidates.count(), candidates.words().len()), (3, 3));
    }

    #[test]
    fn candidates_count_and_walk_in_order() {
        for len in [0, 1, 63, 64, 65, 130] {
            let mut candidates = Candidates::all(len);
            assert_eq!(candidates.count(), len);
            assert_eq!(
                candidates.iter().collect::<Vec<_>>(),
                (0..len).collect::<Vec<_>>()
            );
            candidates.remove(0);
            candidates.remove(64);
            candidates.remove(1000);
            let left: Vec<usize> = (0..len).filter(|index| ![0, 64].contains(index)).collect();
            assert_eq!(candidates.iter().collect::<Vec<_>>(), left);
            for (nth, index) in left.iter().enumerate() {
                assert_eq!(candidates.nth(nth), Some(*index));
                assert!(candidates.contains(*index));
            }
            assert_eq!(candidates.nth(left.len()), None);
            assert!(!candidates.contains(len));
        }
    }
}
