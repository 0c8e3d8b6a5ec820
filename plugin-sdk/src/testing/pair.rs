//! Two instances of a policy, taken in turn, so that state wrongly kept in one of them shows.

use crate::error::Result;

pub(super) struct Pair<T: ?Sized> {
    instances: [Box<T>; 2],
    turn: bool,
}

impl<T: ?Sized> Pair<T> {
    /// Builds both.
    pub(super) fn new(mut build: impl FnMut() -> Result<Box<T>>) -> Result<Self> {
        Ok(Self {
            instances: [build()?, build()?],
            turn: false,
        })
    }

    /// The one whose turn it is.
    pub(super) fn next(&mut self) -> &mut T {
        self.turn = !self.turn;
        let [first, second] = &mut self.instances;
        if self.turn { first } else { second }
    }

    /// Does something to both: rules and lists reach every instance.
    ///
    /// # Errors
    /// The first failure.
    pub(super) fn each(&mut self, mut act: impl FnMut(&mut T) -> Result<()>) -> Result<()> {
        let [first, second] = &mut self.instances;
        act(first)?;
        act(second)
    }
}
