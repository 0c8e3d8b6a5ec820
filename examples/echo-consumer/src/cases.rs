//! The cases: every method of the contract with usual and with edge values, and what a provider answers besides its methods.

mod attachments;
mod failures;
mod generic;
mod manners;
mod numbers;
mod users;
mod values;

use crate::case::{Case, Cases};

/// All cases, in the order in which they run.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Cases::default();
    values::add(&mut cases);
    numbers::add(&mut cases);
    users::add(&mut cases);
    attachments::add(&mut cases);
    manners::add(&mut cases);
    failures::add(&mut cases);
    generic::add(&mut cases);
    cases.into_vec()
}
