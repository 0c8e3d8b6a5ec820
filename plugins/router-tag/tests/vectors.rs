//! The rows of the specification and ours on the linked form; the plugin host's tests run the same file on the wasm form.

use wubbo_plugin_sdk::testing::{Linked, vectors};

#[test]
fn vectors() {
    let file = include_str!("vectors/tag.json");
    let report = vectors::run(file, &Linked(router_tag::factory())).unwrap();
    assert_eq!(report.prove(), 75);
}
