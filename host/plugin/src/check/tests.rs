use super::*;

fn refused(text: &str) -> String {
    let bytes = wat::parse_str(text).unwrap();
    let error = Checked::new(&bytes).unwrap_err();
    assert_eq!(error.kind(), PluginErrorKind::Check);
    error.to_string()
}

fn plugin(manifest: &str, rest: &str) -> String {
    format!(
        r#"(module (@custom "wubbo.plugin" "wubp\01\00\00\00{}")
            (func (export "arena") (result i64) (i64.const 0))
            (func (export "new") (result i32) (i32.const 0))
            (func (export "on_request") (param i32) (result i64) (i64.const 0))
            {rest})"#,
        manifest.replace('"', "\\\"")
    )
}

const FILTER: &str =
    r#"{"kind":"filter","name":"x","version":"1.0.0","fail":"open","hooks":["on_request"]}"#;
const MEMORY: &str = r#"(memory (export "memory") 1)"#;

#[test]
fn a_good_module_passes_with_its_manifest_and_imports() {
    let import = r#"(import "wubbo" "random" (func (result i64)))"#;
    let text = plugin(FILTER, MEMORY).replace(
        "(func (export \"arena\")",
        &format!("{import} (func (export \"arena\")"),
    );
    let checked = Checked::new(&wat::parse_str(text).unwrap()).unwrap();
    assert_eq!(checked.manifest().identity(), "filter/x");
    assert!(checked.imports("random") && !checked.imports("get"));
}

#[test]
fn each_refusal_names_what_is_wrong_and_the_remedy() {
    let giant = format!(
        "(func (drop (i32.const 0)) {})",
        "nop ".repeat(FUNCTION_BYTES_MAX)
    );
    let cases = [
        ("(module)".to_owned(), "build it with `wubbo plugin build`"),
        (
            "(component)".to_owned(),
            "core modules, built for wasm32-unknown-unknown",
        ),
        (plugin(FILTER, ""), "no memory `memory`"),
        (
            plugin(FILTER, &format!("{MEMORY}(memory 1)")),
            "has 2 memories",
        ),
        (
            plugin(FILTER, r#"(memory (export "memory") 1025)"#),
            "of memory, at most 67108864",
        ),
        (
            plugin(
                &FILTER
                    .replace("filter", "router")
                    .replace("on_request", "route")
                    .replace("\"fail\":\"open\",", ""),
                MEMORY,
            ),
            "no function `route`, `on_request` is exported and not among the manifest's hooks",
        ),
        (
            plugin(&FILTER.replace("\"name\"", "\"nam\""), MEMORY),
            "missing field `name`",
        ),
        (
            plugin(FILTER, &format!("{MEMORY}{giant}")),
            "split it or keep the optimiser from inlining",
        ),
        (
            plugin(
                FILTER,
                &format!("{MEMORY}{}", "(func)".repeat(FUNCTIONS_MAX)),
            ),
            "functions, at most 20000",
        ),
        (
            plugin(FILTER, &format!(r#"{MEMORY}(func (export "describe"))"#)),
            "`describe` is not () -> (i64)",
        ),
        (
            plugin(FILTER, &format!("{MEMORY}(func (return_call 0))")),
            "tail calls",
        ),
        (
            plugin(
                FILTER,
                &format!("{MEMORY}(global (mut externref) (ref.null extern))"),
            ),
            "gc types are disallowed",
        ),
        (plugin(FILTER, &format!("{MEMORY}(tag)")), "exceptions"),
    ];
    for (text, words) in cases {
        let message = refused(&text);
        assert!(message.contains(words), "{words}: {message}");
    }
}

#[test]
fn every_wrong_import_is_listed() {
    let imports = r#"(import "env" "a" (func)) (import "wubbo" "b" (func)) (import "wubbo" "random" (func))
        (import "wubbo" "clock" (func (param i32) (result i64)))"#;
    let text = format!(
        r#"(module (@custom "wubbo.plugin" "wubp\01\00\00\00{}") {imports})"#,
        FILTER.replace('"', "\\\"")
    );
    let message = refused(&text);
    assert!(
        message.contains("env.a, wubbo.b, wubbo.random; "),
        "{message}"
    );
}

#[test]
fn every_truncation_is_an_error_and_never_a_panic() {
    let bytes = wat::parse_str(plugin(FILTER, MEMORY)).unwrap();
    for end in 0..bytes.len() {
        assert!(Checked::new(&bytes[..end]).is_err(), "{end}");
    }
    for place in 0..bytes.len() {
        let mut mutated = bytes.clone();
        mutated[place] ^= 0xa5;
        let _ = Checked::new(&mutated);
    }
}
