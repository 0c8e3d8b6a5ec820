//! What is read, what is refused and where, and that no text takes long.

use super::*;
use std::time::{Duration, Instant};

/// The longest rule that a host hands over.
const RULE_BYTES: usize = crate::abi::limits::RULE_MAX;

fn refused(text: &str) -> (String, (u32, u32)) {
    let error = Node::parse(text).unwrap_err();
    (error.to_string(), error.place())
}

#[test]
fn values_are_read_by_key_and_kind() {
    let text = "%YAML 1.2\n---\nforce: true # a comment\nruntime: off\npriority: -3\nkey: 'a: b'\nempty:\nnothing: ~\n\
                quoted: \"~\"\nversion: 1.0\nlist: [a, 1, {b: c}]\nfolded: >\n  false\n...\n";
    let rule = Node::parse(text).unwrap();
    let of = |key| rule.get(key).unwrap().unwrap();
    assert!(of("force").switch().unwrap());
    assert!(!of("runtime").switch().unwrap());
    assert_eq!(of("priority").number().unwrap(), -3);
    assert_eq!(of("key").text().unwrap(), "a: b");
    assert_eq!(of("quoted").text().unwrap(), "~");
    assert_eq!(of("version").text().unwrap(), "1.0");
    assert_eq!(of("folded").text().unwrap(), "false\n");
    let list = of("list").list().unwrap();
    assert_eq!(list.len(), 3);
    assert_eq!(list[2].get("b").unwrap().unwrap().text().unwrap(), "c");
    assert_eq!(list[2].entries().unwrap()[0].0, "b");
    for absent in ["empty", "nothing", "other"] {
        assert_eq!(rule.get(absent).unwrap(), None, "{absent}");
    }
}

#[test]
fn an_empty_document_has_no_entries() {
    for text in ["", "\n\n", "# nothing\n", "---\n...\n", "~"] {
        let rule = Node::parse(text).unwrap();
        assert!(rule.is_null(), "{text:?}");
        assert_eq!(rule.get("force").unwrap(), None);
        assert_eq!(rule.list().unwrap(), []);
        assert_eq!(rule.text().unwrap(), "");
    }
}

#[test]
fn what_is_refused_is_refused_with_its_place() {
    let cases = [
        ("a: 1\nb: [c\n", "unclosed bracket '['", (2, 4)),
        ("a: 1\n b: 2\n", "", (2, 3)),
        ("a: 1\nb:\n\t- c\n", "tabs", (3, 2)),
        ("a: 1\nb: 2\na: 3\n", "the key a is there twice", (3, 1)),
        ("a: &x [1]\nb: *x\n", "aliases are not read", (2, 4)),
        ("a: 1\n---\nb: 2\n", "one document", (3, 1)),
        ("? [a]\n: b\n", "a key is a text", (1, 3)),
    ];
    for (text, part, place) in cases {
        let (message, found) = refused(text);
        assert!(
            message.contains(part) && !message.is_empty(),
            "{text:?}: {message}"
        );
        assert_eq!(found, place, "{text:?}: {message}");
    }
}

#[test]
fn a_value_of_another_kind_is_refused_with_its_place() {
    let rule = Node::parse("ä: [x]\nforce: maybe\npriority: 1.5\n").unwrap();
    let (list, force) = (
        rule.get("ä").unwrap().unwrap(),
        rule.get("force").unwrap().unwrap(),
    );
    let cases = [
        (
            list.text().unwrap_err(),
            "expected a text, found a list",
            (1, 4),
        ),
        (
            list.get("k").unwrap_err(),
            "expected a mapping of keys to values, found a list",
            (1, 4),
        ),
        (
            force.switch().unwrap_err(),
            "expected true or false, found maybe",
            (2, 8),
        ),
        (
            force.list().unwrap_err(),
            "expected a list, found maybe",
            (2, 8),
        ),
        (
            rule.text().unwrap_err(),
            "expected a text, found a mapping",
            (1, 1),
        ),
    ];
    for (error, message, place) in cases {
        assert_eq!(
            (error.to_string().as_str(), error.place()),
            (message, place)
        );
    }
    let priority = rule.get("priority").unwrap().unwrap();
    assert_eq!(
        priority.number().unwrap_err().to_string(),
        "expected a whole number, found 1.5"
    );
}

#[test]
fn a_byte_of_a_text_has_a_place_where_the_text_stands_as_it_is() {
    let rule =
        Node::parse("- äb c\n- 'x y'\n- \"\\u0041b\"\n- >\n  folded\n- two\n  lines\n").unwrap();
    let elements = rule.list().unwrap();
    let place = |element: usize, offset| elements[element].error_at(offset, "here").place();
    assert_eq!(place(0, 3), (1, 5), "a letter of two bytes is one column");
    assert_eq!(place(1, 2), (2, 6), "behind the quote");
    assert_eq!(place(2, 1), (3, 3), "escaped: its beginning");
    assert_eq!(place(3, 3), (5, 3), "folded: its beginning");
    assert_eq!(place(4, 5), (6, 3), "two lines: its beginning");
    assert_eq!(place(0, 999), (1, 3));
}

#[test]
fn hostile_texts_are_refused_or_read_in_bounded_time() {
    let fill = |part: &str| part.repeat(RULE_BYTES / part.len());
    let cases = [
        ("deep lists", fill("["), Some("")),
        ("deep mappings", fill("{a: "), Some("")),
        ("deep dashes", fill("- "), Some("")),
        (
            "deep blocks",
            (0..1000).map(|depth| " ".repeat(depth) + "a:\n").collect(),
            Some(""),
        ),
        (
            "64 levels and one",
            "[".repeat(66) + &"]".repeat(66),
            Some("more than 64 levels deep"),
        ),
        ("many values", fill("- a\n"), Some("more than 65536 values")),
        (
            "many keys",
            (0..60_000).map(|key| format!("k{key}: v\n")).collect(),
            None,
        ),
        ("one long text", fill("a"), None),
        ("one long quoted text", format!("\"{}\"", fill("a ")), None),
        ("an open quote", format!("\"{}", fill("a ")), Some("")),
        ("spaces", fill(" "), None),
        ("comments", fill("# a\n"), None),
        ("question marks", fill("? "), Some("")),
        ("tags", format!("!{} a", fill("t")), None),
        ("anchors", fill("&a "), Some("")),
        ("colons", fill(":"), Some("")),
        ("commas", format!("[{}", fill(",")), Some("")),
        ("directives", fill("%A b\n"), Some("")),
        (
            "one flow line",
            format!("[{}]", fill("a,")),
            Some("more than 65536 values"),
        ),
        ("nothing printable", fill("\u{1}"), Some("")),
    ];
    for (name, text, refused) in cases {
        let start = Instant::now();
        let read = Node::parse(&text);
        let took = start.elapsed();
        match (&read, refused) {
            (Ok(_), None) => {}
            (Err(error), Some(part)) => {
                assert!(error.to_string().contains(part), "{name}: {error}");
                assert_ne!(error.place().0, 0, "{name}: {error}");
            }
            _ => panic!("{name}: {:?}", read.map(|_| "read")),
        }
        println!("{name}: {} KiB in {took:?}", text.len() >> 10);
        assert!(took < Duration::from_secs(5), "{name} took {took:?}");
    }
}
