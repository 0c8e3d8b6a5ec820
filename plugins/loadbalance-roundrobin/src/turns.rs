//! The turns of one method: Dubbo's smooth weighted round robin and its rule of recycling.

use wubbo_plugin_sdk::Candidates;

/// A provider that was left out of choices for longer than this starts anew (Dubbo's `RECYCLE_PERIOD`).
const RECYCLE_MS: i64 = 60_000;

/// Rows of one word of a set.
const WORD: usize = 64;

/// The state of one provider.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// What it gained and did not pay.
    current: i64,
    weight: i64,
    /// When it was last a candidate beside others that were none.
    seen: i64,
}

/// The states of all providers, in the order of the table's identities.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    states: Vec<State>,
    /// How many of them the list has; the others left it.
    rows: usize,
    /// Epoch of the weights; `None` before they are known.
    epoch: Option<u32>,
    /// Sum of the weights of the list.
    total: i64,
    /// When there was last a choice.
    latest: i64,
    /// When all were last candidates: so long as that is not a minute ago, nobody's own time is looked at.
    full: i64,
}

impl Turns {
    /// Are these the weights of this epoch.
    pub(crate) fn is_of(&self, epoch: u32) -> bool {
        self.epoch == Some(epoch)
    }

    /// Takes the weights of the list. A state whose weight changed starts anew, as in Dubbo; a negative weight is 0.
    pub(crate) fn weigh(&mut self, column: &[i64], len: usize, epoch: u32) {
        self.states.resize(len, State::default());
        self.rows = column.len();
        self.total = 0;
        for (state, weight) in self.states.iter_mut().zip(column) {
            let weight = *weight.max(&0);
            if state.weight != weight {
                state.weight = weight;
                state.current = 0;
            }
            self.total += weight;
        }
        self.epoch = Some(epoch);
    }

    /// The candidate whose turn it is: the first of those that have most.
    pub(crate) fn next(&mut self, candidates: &Candidates<'_>, now: i64) -> Option<usize> {
        // Dubbo drops a state in the first choice that it is left out of after the period. Every choice since it was
        // last seen left it out, so the latest of them tells.
        let recycled = self.latest.saturating_sub(RECYCLE_MS);
        self.latest = now;
        let (chosen, total) = if candidates.is_full() {
            self.recycle(recycled);
            self.full = now;
            (self.gain(), self.total)
        } else {
            self.gain_some(candidates, recycled, now)
        };
        let chosen = chosen?;
        if let Some(state) = self.states.get_mut(chosen) {
            state.current -= total;
        }
        Some(chosen)
    }

    fn recycle(&mut self, recycled: i64) {
        if self.full >= recycled {
            return;
        }
        for state in self.states.iter_mut().take(self.rows) {
            if state.seen < recycled {
                state.current = 0;
            }
        }
    }

    /// Two plain passes are quicker than one that keeps the place of the most.
    fn gain(&mut self) -> Option<usize> {
        let states = self.states.get_mut(..self.rows)?;
        let mut most = i64::MIN;
        for state in &mut *states {
            state.current += state.weight;
            most = most.max(state.current);
        }
        states.iter().position(|state| state.current == most)
    }

    /// As [`Turns::gain`] for a subset; the loop is written out because it runs for each call.
    fn gain_some(
        &mut self,
        candidates: &Candidates<'_>,
        recycled: i64,
        now: i64,
    ) -> (Option<usize>, i64) {
        let (mut most, mut chosen, mut total) = (i64::MIN, None, 0);
        let stale = self.full < recycled;
        let words = candidates.words().iter().zip(self.states.chunks_mut(WORD));
        for (place, (word, states)) in words.enumerate() {
            let mut rest = *word;
            while rest != 0 {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                let Some(state) = states.get_mut(bit) else {
                    break;
                };
                if stale && state.seen < recycled {
                    state.current = 0;
                }
                state.seen = now;
                state.current += state.weight;
                total += state.weight;
                if state.current > most {
                    most = state.current;
                    chosen = Some(place * WORD + bit);
                }
            }
        }
        (chosen, total)
    }

    /// Would a provider that was left out go on where it was: not if there was a choice after the period.
    pub(crate) fn keeps(&self, place: usize) -> bool {
        let state = self.states.get(place);
        state.is_some_and(|state| self.latest - self.seen(place, state) <= RECYCLE_MS)
    }

    /// When a provider was last a candidate.
    fn seen(&self, place: usize, state: &State) -> i64 {
        if place < self.rows {
            state.seen.max(self.full)
        } else {
            state.seen
        }
    }

    /// The same turns over another list: `sources` says where each provider's state was.
    pub(crate) fn follow(&self, sources: &[Option<usize>]) -> Self {
        let state = |source: &Option<usize>| {
            let place = (*source)?;
            let state = *self.states.get(place)?;
            let seen = self.seen(place, &state);
            Some(State { seen, ..state })
        };
        Self {
            states: sources
                .iter()
                .map(|source| state(source).unwrap_or_default())
                .collect(),
            latest: self.latest,
            ..Self::default()
        }
    }
}
