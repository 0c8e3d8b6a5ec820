//! What was announced and cannot be called, and why: how many, and of the first few the reasons, for the error that a caller gets.

use std::fmt;

use wubbo_core::Url;

/// How many reasons are kept: a registry may hold thousands of entries of another protocol.
const REASONS_MAX: usize = 3;
/// How long one may be, in bytes: what it says may come from a registry.
const REASON_MAX: usize = 400;

/// The entries that do not come into a list.
#[derive(Debug, Default)]
pub(super) struct Skips {
    pub(super) count: usize,
    pub(super) reasons: Vec<String>,
}

impl Skips {
    /// Adds the entry at `url`.
    pub(super) fn add(&mut self, url: &Url, why: &dyn fmt::Display) {
        self.count += 1;
        if self.reasons.len() == REASONS_MAX {
            return;
        }
        let reason = format!("{}://{}: {why}", url.protocol(), url.location());
        let shown = reason.get(..reason.floor_char_boundary(REASON_MAX));
        self.reasons.push(match shown {
            Some(start) if start.len() < reason.len() => format!("{start}.."),
            _ => reason,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_reasons_are_kept_and_long_ones_cut() {
        let url = Url::parse("tri://h:1/a.B").unwrap();
        let mut skips = Skips::default();
        let long = "\u{e4}".repeat(1000);
        for why in ["is not spoken", &*long, "c", "d"] {
            skips.add(&url, &why);
        }
        assert_eq!((skips.count, skips.reasons.len()), (4, 3));
        assert_eq!(skips.reasons[0], "tri://h:1: is not spoken");
        let cut = &skips.reasons[1];
        assert!(
            cut.starts_with("tri://h:1: \u{e4}") && cut.ends_with("\u{e4}.."),
            "{cut}"
        );
        assert!(cut.len() <= REASON_MAX + 2, "{}", cut.len());
    }
}
