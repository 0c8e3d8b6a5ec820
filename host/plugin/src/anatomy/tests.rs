use super::*;

fn anatomy(text: &str) -> Anatomy {
    Anatomy::read(&wat::parse_str(text).unwrap()).unwrap()
}

#[test]
fn every_part_of_a_module_is_named() {
    let found = anatomy(
        r#"(module
            (@custom "wubbo.plugin" "wubp\01\00\00\00{\"kind\":\"filter\",\"name\":\"x\"}")
            (@custom "wubbo.schema" "{\"type\":\"object\"}")
            (import "wubbo" "log" (func (param i32 i32 i32 i32) (result i32)))
            (import "env" "table" (table 1 funcref))
            (memory (export "memory") 3)
            (func (export "on_request") (param i32) (result i64) (i64.const 0))
            (func (export "two") (result i32 i32) (i32.const 0) (i32.const 0))
            (func (export "none")))"#,
    );
    assert_eq!(found.abi.as_deref(), Some("1.0"));
    let name = found.manifest.as_ref().map(|manifest| &manifest["name"]);
    assert_eq!(name, Some(&"x".into()));
    assert_eq!(found.schema, Some(serde_json::json!({"type": "object"})));
    let imports = found.imports.iter();
    let imports: Vec<_> = imports.map(|one| (&*one.name, &*one.kind)).collect();
    assert_eq!(
        imports,
        [
            ("wubbo.log", "(i32, i32, i32, i32) -> i32"),
            ("env.table", "table")
        ]
    );
    let exports = found.exports.iter();
    let exports: Vec<_> = exports.map(|one| (&*one.name, &*one.kind)).collect();
    assert_eq!(
        exports,
        [
            ("memory", "memory"),
            ("on_request", "(i32) -> i64"),
            ("two", "() -> (i32, i32)"),
            ("none", "() -> ()")
        ]
    );
    assert_eq!((found.functions, found.memory_bytes), (3, 3 << 16));
    assert!(found.largest_function_bytes > 3);
    let sections = found.sections.iter();
    let custom: Vec<_> = sections
        .filter(|section| section.custom)
        .map(|section| (&*section.name, section.bytes))
        .collect();
    assert!(custom.contains(&("wubbo.schema", 17)), "{custom:?}");
    assert!(
        found
            .sections
            .iter()
            .any(|one| one.name == "code" && !one.custom)
    );
}

#[test]
fn a_manifest_that_is_no_json_is_left_out() {
    let found = anatomy(
        r#"(module (@custom "wubbo.plugin" "wubp\02\00\03\00not json") (@custom "wubbo.schema" "{"))"#,
    );
    assert_eq!((found.abi.as_deref(), found.manifest), (Some("2.3"), None));
    assert!(found.schema_error.unwrap().starts_with("is no JSON: "));
}

#[test]
fn every_truncation_is_an_error_and_never_a_panic() {
    let bytes = wat::parse_str(r#"(module (memory (export "memory") 1) (func))"#).unwrap();
    for end in 0..8 {
        assert!(Anatomy::read(&bytes[..end]).is_err(), "{end}");
    }
    for end in 8..bytes.len() {
        let _may_be_whole_up_to_here = Anatomy::read(&bytes[..end]);
    }
    for place in 0..bytes.len() {
        let mut mutated = bytes.clone();
        mutated[place] ^= 0xa5;
        let _may_still_be_a_module = Anatomy::read(&mutated);
    }
    let component = wat::parse_str("(component)").unwrap();
    let error = Anatomy::read(&component).unwrap_err().to_string();
    assert!(error.contains("is a component"), "{error}");
}
