use super::*;

fn problems(text: &str) -> Vec<String> {
    let problems = Checked::problems(&wat::parse_str(text).unwrap());
    problems.iter().map(ToString::to_string).collect()
}

fn manifest(json: &str) -> String {
    let json = json.replace('"', "\\\"");
    format!(r#"(@custom "wubbo.plugin" "wubp\01\00\00\00{json}")"#)
}

const FILTER: &str =
    r#"{"kind":"filter","name":"x","version":"1.0.0","fail":"open","hooks":["on_request"]}"#;

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let text = format!(
        r#"(module {} (@custom "wubbo.schema" "[") (@custom "wubbo.schema" "{{}}")
            (import "env" "now" (func)) (memory 2000) (memory 1)
            (func (export "tick") (result i32) (i32.const 0)))"#,
        manifest(FILTER)
    );
    let found = problems(&text);
    let words = [
        "no memory `memory`, no function `arena`, no function `new`, no function `on_request`, `tick` is exported and not among",
        "env.now; a plugin imports functions of module `wubbo` only",
        "has 2 memories",
        "has 2 sections `wubbo.schema`",
        "section `wubbo.schema` is no JSON: ",
        "is not a valid module of the allowed features",
    ];
    assert_eq!(found.len(), words.len(), "{found:#?}");
    for (found, words) in found.iter().zip(words) {
        assert!(found.contains(words), "{words}: {found}");
    }
}

#[test]
fn what_a_host_takes_has_no_problem() {
    let text = format!(
        r#"(module {} (@custom "wubbo.schema" "{{}}") (memory (export "memory") 1)
            (func (export "arena") (result i64) (i64.const 0))
            (func (export "new") (result i32) (i32.const 0))
            (func (export "on_request") (param i32) (result i64) (i64.const 0)))"#,
        manifest(FILTER)
    );
    assert_eq!(problems(&text), Vec::<String>::new());
}

#[test]
fn what_a_host_refuses_always_has_one() {
    let cases = [
        ("(module)", "it is no wubbo plugin"),
        ("(component)", "is a component"),
        (
            r#"(module (@custom "wubbo.plugin" "wubp\02\00\00\00{}"))"#,
            "plugin needs ABI 2.0, this host speaks 1.0",
        ),
    ];
    for (text, words) in cases {
        let found = problems(text);
        assert!(found.iter().any(|found| found.contains(words)), "{found:?}");
    }
    let bytes = wat::parse_str("(module)").unwrap();
    for end in 0..bytes.len() {
        assert!(!Checked::problems(&bytes[..end]).is_empty(), "{end}");
    }
    let large = vec![0; limits::MODULE_MAX + 1];
    let found = Checked::problems(&large);
    assert!(found[0].to_string().starts_with("has 8388609 bytes"));
}
