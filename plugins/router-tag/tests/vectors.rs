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
}
