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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use wubbo::contract::ServiceClient;

    use super::*;
    use crate::contract::EchoServiceClient;

    #[test]
    fn every_method_of_the_contract_has_a_case() {
        let cases = all();
        let called: HashSet<&str> = cases.iter().map(Case::method).collect();
        for method in EchoServiceClient::contract().methods() {
            assert!(called.contains(&**method.name()), "{method}");
        }
        assert_eq!(EchoServiceClient::contract().methods().len(), 18);
    }

    #[test]
    fn no_id_is_used_twice() {
        let cases = all();
        let ids: HashSet<&str> = cases.iter().map(Case::id).collect();
        assert_eq!(ids.len(), cases.len());
    }
}
