//! The rows of `tests/vectors`, and what a row cannot say.

use super::*;
use wubbo_plugin_sdk::testing::{Bench, Linked, vectors};

#[test]
fn rows() {
    let file = include_str!("../tests/vectors/tagrequest.json");
    let report = vectors::run(file, &Linked(factory())).unwrap();
    assert_eq!(report.prove(), 15);
}

#[test]
fn a_value_that_no_attachment_may_have_is_refused() {
    let long = format!(
        r#"{{"rules":[{{"set":{{"a":"{}"}}}}]}}"#,
        "x".repeat(65_537)
    );
    let error = Bench::new(factory(), &long).unwrap_err();
    assert!(error.to_string().contains("at most 64 KiB"), "{error}");
}
