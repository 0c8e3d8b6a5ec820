//! What is unlike between the outcomes that are right and those of another pairing, in words.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Outcomes;

/// A value in a message is cut to this many characters.
const SHOWN_MAX: usize = 160;

/// A case that differs in more places than this says so in one further line.
const LINES_PER_CASE_MAX: usize = 8;

/// One line per difference, `<case>: <field path>: want .., got ..`, in the order of the cases; empty when all is equal.
/// A case that only one side has is a difference.
pub fn diff(golden: &Outcomes, got: &Outcomes) -> Vec<String> {
    let mut lines = Vec::new();
    let cases: BTreeSet<&String> = golden.keys().chain(got.keys()).collect();
    for case in cases {
        match (golden.get(case), got.get(case)) {
            (Some(want), Some(have)) => {
                let mut found = Vec::new();
                compare("", want, have, &mut found);
                let more = found.len().saturating_sub(LINES_PER_CASE_MAX);
                lines.extend(
                    found
                        .into_iter()
                        .take(LINES_PER_CASE_MAX)
                        .map(|line| format!("{case}: {line}")),
                );
                if more > 0 {
                    lines.push(format!("{case}: and {more} more differences"));
                }
            }
            (Some(_), None) => lines.push(format!("{case}: missing")),
            (None, _) => lines.push(format!("{case}: not among the expected cases")),
        }
    }
    lines
}

fn compare(path: &str, want: &Value, have: &Value, found: &mut Vec<String>) {
    match (want, have) {
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                let inner = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                match (a.get(name), b.get(name)) {
                    (Some(want), Some(have)) => compare(&inner, want, have, found),
                    (want, have) => found.push(line(&inner, want, have)),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for i in 0..a.len().max(b.len()) {
                let inner = format!("{path}[{i}]");
                match (a.get(i), b.get(i)) {
                    (Some(want), Some(have)) => compare(&inner, want, have, found),
                    (want, have) => found.push(line(&inner, want, have)),
                }
            }
        }
        (want, have) if want != have => found.push(line(path, Some(want), Some(have))),
        _ => {}
    }
}

fn line(path: &str, want: Option<&Value>, have: Option<&Value>) -> String {
    format!("{path}: want {}, got {}", shown(want), shown(have))
}

fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else {
        return "nothing".to_owned();
    };
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!(
            "{}.. ({} bytes)",
            text.get(..end).unwrap_or_default(),
            text.len()
        ),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(want: Value, have: Value, lines: &[&str]) {
        let outcomes = |value| Outcomes::from([("echo/x".to_owned(), value)]);
        assert_eq!(diff(&outcomes(want), &outcomes(have)), lines);
    }

    #[test]
    fn equal_outcomes_differ_in_nothing_whatever_the_order_of_keys() {
        check(
            json!({"a": 1, "b": [null]}),
            json!({"b": [null], "a": 1}),
            &[],
        );
    }

    #[test]
    fn a_difference_names_case_and_field() {
        check(
            json!({"class": "A"}),
            json!({"class": "B"}),
            &["echo/x: class: want \"A\", got \"B\""],
        );
        check(
            json!({"value": {"fields": {"age": {"int": 19}}}}),
            json!({"value": {"fields": {"age": {"long": 19}}}}),
            &[
                "echo/x: value.fields.age.int: want 19, got nothing",
                "echo/x: value.fields.age.long: want nothing, got 19",
            ],
        );
        check(
            json!({"items": [1, 2]}),
            json!({"items": [1]}),
            &["echo/x: items[1]: want 2, got nothing"],
        );
        check(
            json!({"value": null}),
            json!({}),
            &["echo/x: value: want null, got nothing"],
        );
        check(
            json!({"value": 1}),
            json!({"value": [1]}),
            &["echo/x: value: want 1, got [1]"],
        );
    }

    #[test]
    fn numbers_of_another_kind_are_different() {
        check(
            json!({"int": 1}),
            json!({"int": 1.0}),
            &["echo/x: int: want 1, got 1.0"],
        );
    }

    #[test]
    fn a_case_of_one_side_only_is_a_difference() {
        let one = Outcomes::from([("a".to_owned(), json!({}))]);
        let other = Outcomes::from([("b".to_owned(), json!({}))]);
        assert_eq!(
            diff(&one, &other),
            ["a: missing", "b: not among the expected cases"]
        );
    }

    #[test]
    fn long_values_and_many_differences_are_cut() {
        let long = "\u{4e2d}".repeat(1000);
        let outcomes = |value: Value| Outcomes::from([("x".to_owned(), value)]);
        let lines = diff(&outcomes(json!({"v": long})), &outcomes(json!({"v": ""})));
        assert!(
            lines[0].ends_with(".. (3002 bytes), got \"\""),
            "{}",
            lines[0]
        );
        let lines = diff(
            &outcomes(json!([0; 20].to_vec())),
            &outcomes(json!([1; 20].to_vec())),
        );
        assert_eq!(lines.len(), 9);
        assert_eq!(lines[8], "x: and 12 more differences");
    }
}
