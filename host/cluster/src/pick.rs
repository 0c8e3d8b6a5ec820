//! The choice of one provider: uniform, among the candidates that are available and were not tried yet.

use wubbo_core::{Candidates, Invocation, ProviderList};

/// The candidates of a call: every row, until routers narrow them.
pub(crate) fn candidates(_invocation: &Invocation, list: &ProviderList) -> Candidates {
    Candidates::all(list.invokers.len())
}

/// One of the candidates. A single one is chosen whatever its state (spec/10 section 6.3), so that a lone provider gets its chance to come
/// back; of several, none is chosen twice or while it is unavailable.
pub(crate) fn pick(
    list: &ProviderList,
    candidates: &Candidates,
    invoked: &[usize],
) -> Option<usize> {
    let count = candidates.count();
    if count <= 1 {
        return candidates.nth(0);
    }
    let usable = |index: usize| {
        !invoked.contains(&index)
            && list
                .invokers
                .get(index)
                .is_some_and(|invoker| invoker.is_available())
    };
    let first = candidates
        .nth(fastrand::usize(..count))
        .filter(|index| usable(*index));
    first.or_else(|| {
        let mut left = candidates.clone();
        candidates
            .iter()
            .filter(|index| !usable(*index))
            .for_each(|index| left.remove(index));
        let count = left.count();
        if count == 0 {
            None
        } else {
            left.nth(fastrand::usize(..count))
        }
    })
}
