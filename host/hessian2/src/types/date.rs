//! `java.util.Date`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since the epoch, UTC. `java.util.Date`.
///
/// Null is no date; a field that may be null is an `Option<Date>`. Other formats than ours see the number.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
// The literal is `magic::DATE`; an attribute takes no constant. A test compares the two.
#[serde(rename = "$wubbo_hessian2::Date")]
pub struct Date(
    /// Milliseconds since the epoch.
    pub i64,
);

impl Date {
    /// The present moment.
    pub fn now() -> Self {
        SystemTime::now().into()
    }
}

impl From<SystemTime> for Date {
    /// Cuts to milliseconds, towards the past; a time outside of the range of a `Date` becomes its end.
    fn from(time: SystemTime) -> Self {
        let millis = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => {
                let nanos = before.duration().as_nanos();
                i64::try_from(nanos.div_ceil(1_000_000)).map_or(i64::MIN, i64::wrapping_neg)
            }
        };
        Self(millis)
    }
}

impl TryFrom<Date> for SystemTime {
    type Error = crate::Error;

    /// # Errors
    /// When this platform's clock has no such time.
    fn try_from(date: Date) -> Result<Self, Self::Error> {
        let distance = Duration::from_millis(date.0.unsigned_abs());
        let time = if date.0 < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        };
        time.ok_or_else(|| {
            let message = format!("date of {} ms is outside of this platform's clock", date.0);
            crate::Error::new(crate::ErrorKind::Type, message)
        })
    }
}
