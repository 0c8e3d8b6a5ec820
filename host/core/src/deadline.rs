//! One time budget for a call: routing, retries and the network spend from it together.

use std::time::Duration;

use tokio::time::Instant;

/// The moment after which nobody waits for the answer any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// A deadline `budget` from now.
    #[must_use]
    pub fn after(budget: Duration) -> Self {
        Self(Instant::now() + budget)
    }

    /// What is left; zero when it has passed.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether it has passed.
    #[must_use]
    pub fn is_over(self) -> bool {
        self.remaining().is_zero()
    }

    /// The moment itself, for timers.
    #[must_use]
    pub fn instant(self) -> Instant {
        self.0
    }
}
