//! The rows of the specification and ours, as they lie in `tests/vectors`.

use wubbo_plugin_sdk::testing::vectors::{RouterCase, Vectors, failures};

#[test]
fn vectors() {
    let file = include_str!("vectors/tag.json");
    let vectors = Vectors::<RouterCase>::read(file).unwrap();
    let factory = router_tag::factory();
    let failed = failures(&vectors.cases, |case| &case.id, |case| case.check(factory));
    assert!(
        failed.is_empty(),
        "{} of {}:\n{}",
        failed.len(),
        vectors.cases.len(),
        failed.join("\n")
    );

    let mut wrong = vectors.cases[0].clone();
    wrong.expect.push(99);
    assert!(wrong.check(factory).is_err(), "another result is found");
    let refused = |case: &&RouterCase| case.rules.iter().any(|rule| rule.error.is_some());
    let mut wrong = vectors.cases.iter().find(refused).unwrap().clone();
    wrong.rules.iter_mut().for_each(|rule| rule.error = None);
    assert!(wrong.check(factory).is_err(), "a refused rule is found");
}
