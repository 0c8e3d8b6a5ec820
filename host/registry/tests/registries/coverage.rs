//! Every row of the feature table and every vector that concerns registries is in one table (`tests/rows.tsv`), with the test that
//! shows it and names it.

use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

/// The ids: what comes before the number, how wide that is, the first and the last one.
const WANTED: [(&str, usize, RangeInclusive<u32>); 12] = [
    ("F-", 2, 1..=70),
    ("F-", 2, 93..=103),
    ("F-", 3, 111..=111),
    ("F-", 3, 114..=114),
    ("001-T", 1, 1..=18),
    ("002-T", 1, 1..=25),
    ("V-BASE-", 2, 1..=18),
    ("V-ZK-", 2, 1..=13),
    ("V-ETCD-", 2, 1..=7),
    ("V-CFG-", 2, 1..=4),
    ("V-DIR-", 2, 1..=11),
    ("V-PROTO-", 2, 1..=12),
];

/// The text of the function `name` in `file`, with the comments and attributes before it.
fn function(file: &str, name: &str) -> Option<String> {
    let lines: Vec<&str> = file.lines().collect();
    let head = format!("fn {name}(");
    let at = lines.iter().position(|line| line.contains(&head))?;
    let indent = lines[at].len() - lines[at].trim_start().len();
    let before = |line: &&&str| line.trim_start().starts_with(['/', '#']);
    let above = lines[..at].iter().rev().take_while(before).count();
    let end = format!("{}}}", " ".repeat(indent));
    let below = lines[at..].iter().position(|line| *line == end)?;
    Some(lines[at - above..=at + below].join("\n"))
}

/// Whether `text` has the whole id, and not only a longer one that begins so.
fn names(text: &str, id: &str) -> bool {
    text.match_indices(id).any(|(at, _)| {
        let next = text[at + id.len()..].chars().next();
        !next.is_some_and(|next| next.is_ascii_digit())
    })
}

#[test]
fn every_row_is_shown() {
    let host = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let table = fs::read_to_string(host.join("registry/tests/rows.tsv")).unwrap();
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    let mut found: BTreeMap<&str, &str> = BTreeMap::new();
    for row in rows {
        let mut words = row.split('\t');
        let id = words.next().unwrap();
        let test = words.next().expect(id);
        let again = found.insert(id, test);
        // What differs by intent may follow.
        assert!(again.is_none() && words.count() < 2, "{id}");
    }
    let mut wanted = 0;
    for (prefix, width, numbers) in WANTED {
        for number in numbers {
            let id = format!("{prefix}{number:0width$}");
            let test = found.get(id.as_str()).expect(&id);
            wanted += 1;
            let (path, name) = test.split_once("::").expect(test);
            let file = fs::read_to_string(host.join(path)).expect(path);
            let text = function(&file, name).expect(test);
            assert!(names(&text, &id), "{test} does not name {id}");
        }
    }
    assert_eq!(found.len(), wanted, "rows that nobody asked for");
}

/// The check sees what it is about.
#[test]
fn a_test_that_does_not_name_its_row_is_found() {
    let file = "/// F-10: x.\nfn other() {\n}\n\n/// F-1.\n#[test]\nfn this() {\n    // F-2\n}\n";
    let text = function(file, "this").unwrap();
    assert!(names(&text, "F-1") && names(&text, "F-2") && !names(&text, "F-10"));
    assert!(!names("F-10", "F-1"));
    assert!(function(file, "that").is_none());
}
