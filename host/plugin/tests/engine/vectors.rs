//! Every first-party plugin as a wasm file in a real host, on the very rows that its linked form passes.

use std::sync::Arc;

use wubbo_plugin_sdk::testing::vectors;

use crate::built;
use crate::hosted::{Code, Hosted, identity, plugins};

/// The rows of a plugin crate.
fn rows(name: &str) -> String {
    let (_, short) = name.split_once('-').unwrap();
    let path = built::root().join(format!("plugins/{name}/tests/vectors/{short}.json"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_row_on_the_wasm_form() {
    let cache = Arc::new(tempfile::tempdir().unwrap());
    let mut total = 0;
    for name in plugins() {
        let module: Arc<[u8]> = built::plugin(&name).into();
        let text = rows(&name);
        let form = Hosted {
            identity: identity(&module),
            code: Code::Wasm {
                module,
                pooling: true,
            },
            watch: None,
            cache: Arc::clone(&cache),
        };
        assert_eq!(vectors::plugin(&text).unwrap(), form.identity);
        let cases = vectors::run(&text, &form).unwrap().prove();
        println!("{name}: {cases} rows");
        total += cases;
    }
    println!("{total} rows of {} plugins", plugins().len());
    assert!(total >= 457, "{total} rows");
}
