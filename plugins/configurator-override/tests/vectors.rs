//! The rows of the specification and ours, as they lie in `tests/vectors`.

use wubbo_plugin_sdk::testing::vectors::{ConfiguratorCase, Vectors, failures};

#[test]
fn vectors() {
    let file = include_str!("vectors/override.json");
    let vectors = Vectors::<ConfiguratorCase>::read(file).unwrap();
    let factory = configurator_override::factory();
    let failed = failures(&vectors.cases, |case| &case.id, |case| case.check(factory));
    assert!(
        failed.is_empty(),
        "{} of {}:\n{}",
        failed.len(),
        vectors.cases.len(),
        failed.join("\n")
    );

    let mut wrong = vectors.cases[0].clone();
    wrong.expect.push('x');
    assert!(wrong.check(factory).is_err(), "another result is found");
    let refused = |case: &&ConfiguratorCase| case.rules.iter().any(|rule| rule.error.is_some());
    let mut wrong = vectors.cases.iter().find(refused).unwrap().clone();
    wrong.rules.iter_mut().for_each(|rule| rule.error = None);
    assert!(wrong.check(factory).is_err(), "a refused rule is found");
}
