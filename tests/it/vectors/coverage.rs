//! What the golden bytes cover: enough distinct values, and enough of each row of the type mapping and of each tag.

use std::collections::{BTreeMap, BTreeSet};

use wubbo_hessian2::annotate;
use wubbo_tests::golden::{self, Set};
use wubbo_tests::java::Line;

/// Values of each row, and of each tag, that there must be.
const ENOUGH: usize = 5;

/// The rows of the type mapping. A class that is unknown to the reader is no row of its own: to this codec every class
/// is unknown, and those of `POJO` are read as what such a class becomes.
const ROWS: [&str; 47] = [
    "null",
    "boolean",
    "int",
    "long",
    "double",
    "char",
    "String",
    "byte[]",
    "boolean[]",
    "short[]",
    "int[]",
    "long[]",
    "float[]",
    "double[]",
    "String[]",
    "Object[]",
    "T[]",
    "nested[]",
    "Date",
    "java.sql",
    "BigDecimal",
    "BigInteger",
    "UUID",
    "File",
    "Class",
    "enum",
    "Locale",
    "Calendar",
    "EnumSet",
    "LocalDate",
    "LocalTime",
    "LocalDateTime",
    "Instant",
    "Duration",
    "Period",
    "Year",
    "YearMonth",
    "MonthDay",
    "ZoneOffset",
    "OffsetTime",
    "OffsetDateTime",
    "ZonedDateTime",
    "ZoneId",
    "Collection",
    "Map",
    "POJO",
    "Throwable",
];

/// Rows that are written as something else.
const REPLACED: [&str; 3] = ["writeReplace", "Iterator", "InputStream"];

/// The rows of the byte table: a name, and the first and last tag. The reserved ones (`40`, `45`, `47`, `50`) are of no
/// value, and `55`, a typed list of unknown length, is written by no encoder of this world; vectors by id show both.
const TAGS: [(&str, u8, u8); 44] = [
    ("short string", 0x00, 0x1f),
    ("short binary", 0x20, 0x2f),
    ("string to 1023", 0x30, 0x33),
    ("binary to 1023", 0x34, 0x37),
    ("long of 3 bytes", 0x38, 0x3f),
    ("binary chunk", 0x41, 0x41),
    ("last binary chunk", 0x42, 0x42),
    ("class", 0x43, 0x43),
    ("double", 0x44, 0x44),
    ("false", 0x46, 0x46),
    ("map", 0x48, 0x48),
    ("int of 5 bytes", 0x49, 0x49),
    ("date in ms", 0x4a, 0x4a),
    ("date in minutes", 0x4b, 0x4b),
    ("long of 9 bytes", 0x4c, 0x4c),
    ("typed map", 0x4d, 0x4d),
    ("null", 0x4e, 0x4e),
    ("object of a far class", 0x4f, 0x4f),
    ("reference", 0x51, 0x51),
    ("string chunk", 0x52, 0x52),
    ("last string chunk", 0x53, 0x53),
    ("true", 0x54, 0x54),
    ("typed list", 0x56, 0x56),
    ("list of unknown length", 0x57, 0x57),
    ("list", 0x58, 0x58),
    ("long of 5 bytes", 0x59, 0x59),
    ("end", 0x5a, 0x5a),
    ("0.0", 0x5b, 0x5b),
    ("1.0", 0x5c, 0x5c),
    ("double of 2 bytes", 0x5d, 0x5d),
    ("double of 3 bytes", 0x5e, 0x5e),
    ("thousandths", 0x5f, 0x5f),
    ("object", 0x60, 0x6f),
    ("short typed list", 0x70, 0x77),
    ("short list", 0x78, 0x7f),
    ("int of 1 byte", 0x80, 0xbf),
    ("int of 2 bytes", 0xc0, 0xcf),
    ("int of 3 bytes", 0xd0, 0xd7),
    ("long of 1 byte", 0xd8, 0xef),
    ("long of 2 bytes", 0xf0, 0xff),
    ("object of class 0", 0x60, 0x60),
    ("object of a later class", 0x61, 0x6f),
    ("empty typed list", 0x70, 0x70),
    ("empty list", 0x78, 0x78),
];

#[test]
fn there_are_500_distinct_values_from_java_and_from_go_more() {
    let distinct = |set: Set| -> BTreeSet<Vec<u8>> {
        let rows = golden::rows(set).unwrap();
        rows.into_iter().map(|row| row.bytes).collect()
    };
    let java: BTreeSet<Vec<u8>> = [Set::Rows(Line::Dubbo3), Set::Cases(Line::Dubbo3)]
        .into_iter()
        .flat_map(distinct)
        .collect();
    assert!(java.len() >= 500, "{} from Java", java.len());
    let go = distinct(Set::GoRows);
    assert!(go.len() >= 300, "{} from Go", go.len());
}

#[test]
fn every_row_of_the_type_mapping_has_five_values() {
    for line in [Line::Dubbo3, Line::Dubbo2] {
        let mut values: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
        for row in golden::rows(Set::Rows(line)).unwrap() {
            let (name, _) = row.id.rsplit_once('/').unwrap();
            values.entry(name.to_owned()).or_default().insert(row.bytes);
        }
        for row in ROWS.into_iter().chain(REPLACED) {
            let found = values.remove(row).unwrap_or_default().len();
            assert!(found >= ENOUGH, "{line:?}: {found} of {row}");
        }
        assert!(
            values.is_empty(),
            "{line:?}: rows without a name here: {values:?}"
        );
    }
}

#[test]
fn every_tag_is_in_five_values() {
    let mut found = [0_usize; TAGS.len()];
    for set in Set::ALL {
        for row in golden::rows(set).unwrap() {
            let mut tags: BTreeSet<u8> = BTreeSet::new();
            for span in annotate(&row.bytes).unwrap() {
                tags.extend(row.bytes.get(span.range.start));
            }
            for (count, (_, first, last)) in found.iter_mut().zip(TAGS) {
                *count += usize::from(tags.range(first..=last).next().is_some());
            }
        }
    }
    for (count, (name, ..)) in found.into_iter().zip(TAGS) {
        assert!(count >= ENOUGH, "{name}: {count} values");
    }
}
