//! Every vector of the specification is a row of a table that a test runs: Hessian's in `host/hessian2/vectors`, those of
//! frames, versions, descriptors and framing in `host/protocol/vectors`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The tables, below `host`, and the number of ids in each.
const TABLES: [(&str, &str, usize); 5] = [
    ("hessian2/vectors/hessian2.tsv", "HV-", 226),
    ("protocol/vectors/frames.tsv", "F-", 24),
    ("protocol/vectors/versions.tsv", "V-", 17),
    ("protocol/vectors/descriptors.tsv", "D-", 10),
    ("protocol/vectors/codec.tsv", "X-", 13),
];

/// Ids that no table has, each with the reason. There are none.
const NOT_OURS: [(&str, &str); 0] = [];

/// The ids of a table: the first word of each row. A vector may have several rows.
fn ids(table: &str, prefix: &str) -> BTreeSet<String> {
    let host = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host");
    let text = fs::read_to_string(host.join(table)).unwrap();
    let rows = text.lines().filter(|line| line.starts_with(prefix));
    rows.filter_map(|row| row.split([' ', '\t']).next())
        .map(|id| format!("40/{id}"))
        .collect()
}

#[test]
fn every_vector_of_the_specification_is_in_a_table() {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/spec-40.txt");
    let list = fs::read_to_string(list).unwrap();
    let wanted: BTreeSet<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(wanted.len(), 290);
    let mut found = BTreeSet::new();
    for (table, prefix, count) in TABLES {
        let ids = ids(table, prefix);
        assert_eq!(ids.len(), count, "{table}");
        found.extend(ids);
    }
    let left_out: BTreeSet<&str> = NOT_OURS.iter().map(|(id, _)| *id).collect();
    for id in wanted {
        assert!(
            found.contains(id) != left_out.contains(id),
            "{id} is in one of both: a table, the list of those left out"
        );
    }
}
